/** Messages as the entries of the rooms' logs have left them. */
import type { Collection } from "mongodb";
import type { LogPosition } from "../../../domain/entry.ts";
import type { Message } from "../../../domain/message.ts";
import type {
  MentionCursor,
  MentionPlace,
  MessageStore,
  Reactor,
  ReactorCursor,
  TextVersion,
  Thread,
} from "../../../ports/store/messages.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { type EditDocument, type EntryDocument, isMessage } from "./entry_documents.ts";
import { PINNED_KEY, threadKey } from "./entry_keys.ts";
import type { EntryReader } from "./entry_reader.ts";
import type { LogEnds } from "./log_ends.ts";
import { MentionList } from "./mention_list.ts";
import type { Operations } from "./operations.ts";
import type { PendingChanges } from "./pending_changes.ts";
import { Reactions } from "./reactions.ts";

/**
 * What is not in the messages' own documents, or found by what changes, is read once the changes
 * that are pending there are applied. Whether something was erased or removed is looked at after the
 * index has found it: with that among the conditions some servers use no index at all.
 */
export class MongoMessages implements MessageStore {
  readonly #messages: Collection<EntryDocument>;
  readonly #edits: Collection<EditDocument>;
  readonly #readOptions: ReadOptions;
  readonly #reader: EntryReader;
  readonly #changes: PendingChanges;
  readonly #reactions: Reactions;
  readonly #mentions: MentionList;
  readonly #ends: LogEnds;
  readonly #operations: Operations;

  constructor(
    collections: Collections,
    reader: EntryReader,
    changes: PendingChanges,
    ends: LogEnds,
    operations: Operations,
  ) {
    const { messages, edits, readOptions } = collections;
    this.#messages = messages;
    this.#edits = edits;
    this.#reactions = new Reactions(collections, changes);
    this.#mentions = new MentionList(collections);
    this.#readOptions = readOptions;
    this.#reader = reader;
    this.#changes = changes;
    this.#ends = ends;
    this.#operations = operations;
  }

  find(roomId: string, ids: readonly string[]): Promise<Message[]> {
    return this.#operations.run(async () => {
      if (ids.length === 0) return [];
      return await this.#reader.messages(roomId, { _id: { $in: [...ids] } });
    });
  }

  position(roomId: string, id: string): Promise<LogPosition | null> {
    return this.#operations.run(async () => {
      const options = { projection: { seq: 1, n: 1, kind: 1 } };
      const entry = await this.#messages.findOne({ _id: id, roomId }, options);
      return entry && isMessage(entry) ? { seq: entry.seq, n: entry.n } : null;
    });
  }

  before(roomId: string, before: LogPosition, limit: number): Promise<Message[]> {
    return this.#operations.run(async () => {
      const exists = before.n - 1 <= this.#ends.lastSeen(roomId).n;
      const last = exists
        ? before.n - 1
        : Math.min(before.n - 1, (await this.#ends.find(roomId)).n);
      return await this.#readRange(roomId, last - limit + 1, last);
    });
  }

  after(roomId: string, { n }: LogPosition, limit: number): Promise<Message[]> {
    return this.#operations.run(() => this.#readRange(roomId, n + 1, n + limit));
  }

  answersBefore(
    roomId: string,
    threadId: string,
    { n }: LogPosition,
    limit: number,
  ): Promise<Message[]> {
    return this.#operations.run(async () => {
      const match = { keys: threadKey(threadId), n: { $lt: n } };
      const sorted = [{ $sort: { n: -1 } }, { $limit: limit }];
      return (await this.#reader.messages(roomId, match, ...sorted)).reverse();
    });
  }

  answersAfter(
    roomId: string,
    threadId: string,
    { n }: LogPosition,
    limit: number,
  ): Promise<Message[]> {
    return this.#operations.run(() => {
      const match = { keys: threadKey(threadId), n: { $gt: n } };
      return this.#reader.messages(roomId, match, { $sort: { n: 1 } }, { $limit: limit });
    });
  }

  threads(roomId: string, ids: readonly string[]): Promise<Map<string, Thread>> {
    return this.#operations.run(async () => {
      if (ids.length === 0) return new Map();
      const threads = await this.#messages.aggregate<Thread & { _id: string }>([
        { $match: { roomId, keys: { $in: ids.map(threadKey) } } },
        { $group: { _id: "$threadId", count: { $sum: 1 }, lastSeq: { $max: "$seq" } } },
      ], this.#readOptions).toArray();
      return new Map(threads.map(({ _id, ...thread }) => [_id, thread]));
    });
  }

  pinned(roomId: string): Promise<Message[]> {
    return this.#operations.run(async () => {
      await this.#changes.settleRoom(roomId);
      const match = { keys: PINNED_KEY };
      return await this.#reader.messages(roomId, match, { $sort: { pinnedSeq: -1 } });
    });
  }

  mentionsOf(
    userId: string,
    limit: number,
    before?: MentionCursor,
  ): Promise<MentionPlace[]> {
    return this.#operations.run(() => this.#mentions.page(userId, limit, before));
  }

  countPinned(roomId: string): Promise<number> {
    return this.#operations.run(async () => {
      await this.#changes.settleRoom(roomId);
      return await this.#messages.countDocuments({ roomId, keys: PINNED_KEY });
    });
  }

  earlierTexts(roomId: string, id: string): Promise<TextVersion[]> {
    return this.#operations.run(async () => {
      await this.#changes.settleMessages(roomId, [id]);
      const edits = await this.#edits
        .find({ roomId, messageId: id }, this.#readOptions)
        .sort({ seq: 1 })
        .toArray();
      return edits
        .filter(({ erasedAt }) => !erasedAt)
        .map(({ seq, text = "", editedAt }) => ({ seq, text, editedAt }));
    });
  }

  reactionsBy(
    roomId: string,
    userId: string,
    messageIds: readonly string[],
  ): Promise<Map<string, string[]>> {
    return this.#operations.run(() => this.#reactions.by(roomId, userId, messageIds));
  }

  reactors(
    roomId: string,
    messageId: string,
    emoji: string,
    limit: number,
    after?: ReactorCursor,
  ): Promise<Reactor[]> {
    const reaction = { roomId, messageId, emoji };
    return this.#operations.run(() => this.#reactions.reactors(reaction, limit, after));
  }

  reactorsAmong(
    roomId: string,
    messageId: string,
    emoji: string,
    userIds: readonly string[],
  ): Promise<Set<string>> {
    const reaction = { roomId, messageId, emoji };
    return this.#operations.run(() => this.#reactions.reactorsAmong(reaction, userIds));
  }

  #readRange(roomId: string, first: number, last: number): Promise<Message[]> {
    // Below 1 are the changes.
    const n = { $gte: Math.max(1, first), $lte: last };
    return this.#reader.messages(roomId, { n }, { $sort: { n: 1 } });
  }
}
