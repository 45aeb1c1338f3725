/** Memberships, in a collection of their own; what is unread is counted in the messages. */
import type { Collection, Document } from "mongodb";
import pLimit from "p-limit";
import { MAX_UNREAD, type Membership, type Role, type Unread } from "../../../domain/membership.ts";
import type { MemberStore } from "../../../ports/store/members.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { type MemberDocument, memberOf } from "./documents.ts";
import {
  answeredKey,
  type EntryDocument,
  mentionKey,
  type MessageDocument,
  ROOM_MENTION_KEY,
} from "./entry_documents.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import type { PendingChanges } from "./pending_changes.ts";

/** Rooms counted at once: more queries would take the connections of appends. */
const ROOMS_AT_ONCE = 10;

export class MongoMembers implements MemberStore {
  readonly #members: Collection<MemberDocument>;
  readonly #messages: Collection<EntryDocument>;
  readonly #readOptions: ReadOptions;
  readonly #changes: PendingChanges;
  readonly #ends: LogEnds;
  readonly #operations: Operations;

  constructor(
    { members, messages, readOptions }: Collections,
    changes: PendingChanges,
    ends: LogEnds,
    operations: Operations,
  ) {
    this.#members = members;
    this.#messages = messages;
    this.#readOptions = readOptions;
    this.#changes = changes;
    this.#ends = ends;
    this.#operations = operations;
  }

  add(roomId: string, userId: string, role: Role): Promise<void> {
    return this.#operations.run(async () => {
      const { seq: readSeq } = await this.#ends.find(roomId);
      const { _id, ...fields } = memberOf(roomId, userId, { role, readSeq });
      await this.#members.updateOne({ _id }, { $setOnInsert: fields }, { upsert: true });
    });
  }

  find(userId: string, roomIds: readonly string[]): Promise<Map<string, Membership>> {
    return this.#operations.run(async () => {
      const members = await this.#members
        .find({ userId, roomId: { $in: [...roomIds] } }, { batchSize: roomIds.length + 1 })
        .toArray();
      return new Map(members.map(({ roomId, role, readSeq }) => [roomId, { role, readSeq }]));
    });
  }

  setRead(roomId: string, userId: string, seq: number, back: boolean): Promise<number | null> {
    return this.#operations.run(async () => {
      const update = back ? { $min: { readSeq: seq } } : { $max: { readSeq: seq } };
      const member = await this.#members.findOneAndUpdate({ roomId, userId }, update, {
        returnDocument: "after",
      });
      return member?.readSeq ?? null;
    });
  }

  countUnread(userId: string, readSeqs: ReadonlyMap<string, number>): Promise<Map<string, Unread>> {
    return this.#operations.run(async () => {
      const counts = await pLimit(ROOMS_AT_ONCE).map(readSeqs, async ([roomId, seq]) => {
        return [roomId, await this.#count(userId, roomId, seq)] as const;
      });
      return new Map(counts);
    });
  }

  async #count(userId: string, roomId: string, after: number): Promise<Unread> {
    const end = await this.#ends.find(roomId);
    if (end.seq <= after) return { unread: 0, mentions: 0 };
    // A deletion may be pending, whose message would be counted.
    await this.#changes.settleRoom(roomId);
    const range = { $gt: after, $lte: end.seq };
    const unread = await this.#findUnread(userId, roomId, range);
    const mentions = unread.length < MAX_UNREAD
      ? unread.filter((message) => isMentioned(userId, message)).length
      : await this.#countMentions(userId, roomId, range);
    return { unread: unread.length, mentions };
  }

  /** Stages of their own: not every server finds the index for the range among other conditions. */
  #findUnread(userId: string, roomId: string, seq: Document): Promise<Mentions[]> {
    return this.#messages.aggregate<Mentions>([
      { $match: { roomId, seq } },
      { $match: countedFor(userId) },
      { $limit: MAX_UNREAD },
      { $project: { _id: 0, mentions: 1, mentionsRoom: 1, keys: 1 } },
    ], this.#readOptions).toArray();
  }

  /** By their keys, since few of very many unread messages may mention the user. */
  async #countMentions(userId: string, roomId: string, seq: Document): Promise<number> {
    const keys = [answeredKey(userId), mentionKey(userId), ROOM_MENTION_KEY];
    // Keys may be of what an edit has taken back.
    const forUser = { $or: [{ keys: keys[0] }, { mentions: userId }, { mentionsRoom: true }] };
    const [found] = await this.#messages.aggregate<{ count: number }>([
      { $match: { roomId, keys: { $in: keys } } },
      { $match: { seq, ...countedFor(userId), ...forUser } },
      { $limit: MAX_UNREAD },
      { $count: "count" },
    ], this.#readOptions).toArray();
    return found?.count ?? 0;
  }
}

/** What of a message says whom it is for. */
type Mentions = Pick<MessageDocument, "mentions" | "mentionsRoom" | "keys">;

function countedFor(userId: string): Document {
  return { senderId: { $ne: userId }, system: false, deletedAt: { $exists: false } };
}

function isMentioned(userId: string, { mentions, mentionsRoom, keys }: Mentions): boolean {
  return mentionsRoom === true || mentions?.includes(userId) === true ||
    keys?.includes(answeredKey(userId)) === true;
}
