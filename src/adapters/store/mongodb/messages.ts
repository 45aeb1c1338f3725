/** Messages as the entries of the rooms' logs have left them. */
import type { Collection, Document } from "mongodb";
import type { LogPosition } from "../../../domain/entry.ts";
import type { Message } from "../../../domain/message.ts";
import { isInForce } from "../../../domain/membership.ts";
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
import type { MemberDocument } from "./member_documents.ts";
import type { RoomDocument } from "./room_documents.ts";
import {
  PUBLIC_FIELDS,
  type PublicUserDocument,
  toPublicUser,
  type UserDocument,
} from "./user_documents.ts";
import {
  type EditDocument,
  type EntryDocument,
  isMessage,
  type MessageDocument,
  type ReactionDocument,
  reactionId,
} from "./entry_documents.ts";
import { answeredKey, mentionKey, PINNED_KEY, ROOM_MENTION_KEY, threadKey } from "./entry_keys.ts";
import type { EntryReader } from "./entry_reader.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import type { PendingChanges } from "./pending_changes.ts";

/**
 * What is not in the messages' own documents, or found by what changes, is read once the changes
 * that are pending there are applied. Whether something was erased or removed is looked at after the
 * index has found it: with that among the conditions some servers use no index at all.
 */
export class MongoMessages implements MessageStore {
  readonly #messages: Collection<EntryDocument>;
  readonly #edits: Collection<EditDocument>;
  readonly #reactions: Collection<ReactionDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #members: Collection<MemberDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #readOptions: ReadOptions;
  readonly #reader: EntryReader;
  readonly #changes: PendingChanges;
  readonly #ends: LogEnds;
  readonly #operations: Operations;

  constructor(
    { messages, edits, reactions, users, members, rooms, readOptions }: Collections,
    reader: EntryReader,
    changes: PendingChanges,
    ends: LogEnds,
    operations: Operations,
  ) {
    this.#messages = messages;
    this.#edits = edits;
    this.#reactions = reactions;
    this.#users = users;
    this.#members = members;
    this.#rooms = rooms;
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
    return this.#operations.run(async () => {
      const members = await this.#members.find({ userId }, this.#readOptions).toArray();
      const own = members.filter(({ role }) => role !== null).map(({ roomId }) => roomId);
      const named = { keys: { $in: [answeredKey(userId), mentionKey(userId)] } };
      const listed = [
        { $match: { senderId: { $ne: userId }, deletedAt: { $exists: false } } },
        { $match: before ? olderThan(before) : {} },
        { $sort: { createdAt: -1, _id: -1 } },
        { $limit: limit },
        { $project: { roomId: 1, createdAt: 1, keys: 1 } },
      ];
      const find = (...stages: Document[]) =>
        this.#messages.aggregate<MessageDocument>([...stages, ...listed], this.#readOptions)
          .toArray();
      const unreadable = await this.#unreadable(named, own, members);
      const found = await Promise.all([
        find({ $match: named }, { $match: { roomId: { $nin: unreadable } } }),
        find({ $match: { roomId: { $in: own }, keys: ROOM_MENTION_KEY } }),
      ]);
      const byId = new Map(found.flat().map((message) => [message._id, message]));
      const places = Array.from(byId.values(), ({ _id, roomId, createdAt, keys = [] }) => {
        return { roomId, messageId: _id, createdAt, isAnswer: keys.includes(answeredKey(userId)) };
      });
      return places.toSorted(byTime).slice(0, limit);
    });
  }

  /** Of the rooms with messages that name a user those that they may not read, and deleted ones. */
  async #unreadable(
    named: Document,
    own: readonly string[],
    members: readonly MemberDocument[],
  ): Promise<string[]> {
    const now = new Date();
    const banned = members.filter(({ ban = null }) => isInForce(ban, now));
    const rooms = new Set<string>(await this.#messages.distinct("roomId", named));
    const others = [...rooms.difference(new Set(own))];
    const hidden = others.length === 0 ? [] : await this.#rooms
      .find({
        _id: { $in: others },
        $or: [{ type: { $ne: "public" } }, { deletedAt: { $exists: true } }],
      }, { projection: { _id: 1 } })
      .toArray();
    return [...hidden.map(({ _id }) => _id), ...banned.map(({ roomId }) => roomId)];
  }

  countPinned(roomId: string): Promise<number> {
    return this.#operations.run(async () => {
      await this.#changes.settleRoom(roomId);
      return await this.#messages.countDocuments({ roomId, keys: PINNED_KEY });
    });
  }

  earlierTexts(roomId: string, id: string): Promise<TextVersion[]> {
    return this.#operations.run(async () => {
      await this.#settle(roomId, [id]);
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
    return this.#operations.run(async () => {
      if (messageIds.length === 0) return new Map();
      await this.#settle(roomId, messageIds);
      const reactions = await this.#reactions
        .find({ roomId, userId, messageId: { $in: [...messageIds] } }, this.#readOptions)
        .toArray();
      const byMessage = Map.groupBy(reactions.filter(isPresent), ({ messageId }) => messageId);
      const emojisOf = (own: ReactionDocument[]) => own.map(({ emoji }) => emoji);
      return new Map([...byMessage].map(([id, own]) => [id, emojisOf(own)]));
    });
  }

  reactors(
    roomId: string,
    messageId: string,
    emoji: string,
    limit: number,
    after?: ReactorCursor,
  ): Promise<Reactor[]> {
    return this.#operations.run(async () => {
      await this.#settle(roomId, [messageId]);
      const reactions = await this.#reactions
        .aggregate<ReactionDocument>([
          { $match: { roomId, messageId, emoji, ...(after && { seq: { $gte: after.seq } }) } },
          { $match: { removedAt: { $exists: false }, ...later(after) } },
          { $sort: { seq: 1, userId: 1 } },
          { $limit: limit },
        ], this.#readOptions).toArray();
      const users = await this.#findUsers(reactions.map(({ userId }) => userId));
      return reactions.map(({ userId, seq }) => {
        const user = users.get(userId);
        return { user: toPublicUser(userId, user ? [user] : []), seq };
      });
    });
  }

  reactorsAmong(
    roomId: string,
    messageId: string,
    emoji: string,
    userIds: readonly string[],
  ): Promise<Set<string>> {
    return this.#operations.run(async () => {
      if (userIds.length === 0) return new Set();
      await this.#settle(roomId, [messageId]);
      const ids = userIds.map((userId) => reactionId(messageId, emoji, userId));
      const reactions = await this.#reactions
        .find({ _id: { $in: ids }, roomId }, {
          projection: { userId: 1, removedAt: 1 },
          ...this.#readOptions,
        })
        .toArray();
      return new Set(reactions.filter(isPresent).map(({ userId }) => userId));
    });
  }

  /** All at once: to look up each beside its reaction takes some servers seconds for a thousand. */
  async #findUsers(ids: string[]): Promise<Map<string, PublicUserDocument>> {
    const users = await this.#users
      .find<PublicUserDocument>({ _id: { $in: ids } }, {
        projection: PUBLIC_FIELDS,
        ...this.#readOptions,
      })
      .toArray();
    return new Map(users.map((user) => [user._id, user]));
  }

  #settle(roomId: string, ids: readonly string[]): Promise<void> {
    const match = { _id: { $in: [...ids] }, pending: { $exists: true } };
    return this.#changes.settleMessages(roomId, match);
  }

  #readRange(roomId: string, first: number, last: number): Promise<Message[]> {
    // Below 1 are the changes.
    const n = { $gte: Math.max(1, first), $lte: last };
    return this.#reader.messages(roomId, { n }, { $sort: { n: 1 } });
  }
}

function isPresent({ removedAt }: ReactionDocument): boolean {
  return removedAt === undefined;
}

/** What comes after a reaction in the order of entries, then of users, if it is none of an earlier entry. */
function later(after?: ReactorCursor): Document {
  if (!after) return {};
  const { seq, userId } = after;
  return { $or: [{ seq: { $gt: seq } }, { userId: { $gt: userId } }] };
}

function olderThan({ createdAt, messageId }: MentionCursor) {
  return {
    createdAt: { $lte: createdAt },
    $or: [{ createdAt: { $lt: createdAt } }, { _id: { $lt: messageId } }],
  };
}

/** The newest first, then by id, the greatest first. */
function byTime(a: MentionPlace, b: MentionPlace): number {
  const later = b.createdAt.getTime() - a.createdAt.getTime();
  return later !== 0 ? later : a.messageId < b.messageId ? 1 : -1;
}
