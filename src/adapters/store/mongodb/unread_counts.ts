/** What members have not read, counted in the messages. */
import type { Collection, Document } from "mongodb";
import pLimit from "p-limit";
import { MAX_UNREAD, type Unread } from "../../../domain/membership.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { EntryDocument } from "./entry_documents.ts";
import { answeredKey, mentionKey, ROOM_MENTION_KEY } from "./entry_keys.ts";
import { anyOf, inPortions } from "./room_portions.ts";

/** Entries after what was read that are counted for many rooms at once; most rooms have fewer. */
const RANGE = MAX_UNREAD + 28;
/** Rooms whose counts are completed at once: more queries would take the connections of appends. */
const ROOMS_AT_ONCE = 5;

/** A room, and the entry up to which the user has read it. */
type RoomPosition = readonly [roomId: string, seq: number];

/** What a range of a room's entries holds. */
interface Counted extends Unread {
  _id: string;
  entries: number;
}

/** How many messages of a room match. */
interface Count {
  _id: string;
  count: number;
}

export class UnreadCounts {
  readonly #messages: Collection<EntryDocument>;
  readonly #readOptions: ReadOptions;

  constructor({ messages, readOptions }: Pick<Collections, "messages" | "readOptions">) {
    this.#messages = messages;
    this.#readOptions = readOptions;
  }

  /** @param readSeqs the entries up to which the user has read, by room */
  async count(
    userId: string,
    readSeqs: ReadonlyMap<string, number>,
  ): Promise<Map<string, Unread>> {
    const rooms = [...readSeqs];
    const found = await inPortions(rooms, (portion) => this.#countRanges(userId, portion));
    const ranges = new Map(found.map((range) => [range._id, range]));
    // Logs have no gap: after a range that is not full there is nothing.
    const longer = rooms.filter(([roomId]) => ranges.get(roomId)?.entries === RANGE);
    const uncounted = longer.filter(([roomId]) => ranges.get(roomId)!.unread < MAX_UNREAD);
    const [unread, mentions] = await Promise.all([
      pLimit(ROOMS_AT_ONCE).map(uncounted, (room) => this.#countUnread(userId, room)),
      inPortions(longer, (portion) => this.#countMentions(userId, portion)),
    ]);
    const [unreadOf, mentionsOf] = [unread.flat(), mentions].map(byRoom);
    return new Map(rooms.map(([roomId]) => {
      const range = ranges.get(roomId) ?? { unread: 0, mentions: 0 };
      return [roomId, {
        unread: atMost(unreadOf!.get(roomId) ?? range.unread),
        mentions: atMost(mentionsOf!.get(roomId) ?? range.mentions),
      }];
    }));
  }

  /** Of each room with entries after what was read. */
  #countRanges(userId: string, rooms: readonly RoomPosition[]): Promise<Counted[]> {
    const ranges = rooms.map(([roomId, seq]) => ({ roomId, seq: { $gt: seq, $lte: seq + RANGE } }));
    const one = (condition: Document) => ({ $sum: { $cond: [condition, 1, 0] } });
    return this.#messages.aggregate<Counted>([
      { $match: anyOf(ranges) },
      {
        $group: {
          _id: "$roomId",
          entries: { $sum: 1 },
          unread: one(countsFor(userId)),
          mentions: one({ $and: [mentions(userId), countsFor(userId)] }),
        },
      },
    ], this.#readOptions).toArray();
  }

  /** Stages of their own: not every server finds the index for the range among other conditions. */
  #countUnread(userId: string, [roomId, seq]: RoomPosition): Promise<Count[]> {
    const matches = [{ roomId, seq: { $gt: seq } }, { $expr: countsFor(userId) }];
    return this.#countMatching(matches, MAX_UNREAD);
  }

  /**
   * By their keys, which may be of what an edit has taken back: few of many messages have any. Where
   * there are more than the limit, which those of one room may be, each half of the rooms is counted by
   * itself.
   */
  async #countMentions(userId: string, rooms: RoomPosition[]): Promise<Count[]> {
    const keys = [answeredKey(userId), mentionKey(userId), ROOM_MENTION_KEY];
    const places = rooms.map(([roomId, seq]) => {
      const conditions = [{ $gt: ["$seq", seq] }, countsFor(userId), mentions(userId)];
      return { roomId, keys: { $in: keys }, $expr: { $and: conditions } };
    });
    const limit = MAX_UNREAD * rooms.length;
    const counts = await this.#countMatching([anyOf(places)], limit);
    const total = counts.reduce((sum, { count }) => sum + count, 0);
    if (total < limit || rooms.length === 1) return counts;
    const middle = rooms.length >> 1;
    const first = await this.#countMentions(userId, rooms.slice(0, middle));
    return [...first, ...await this.#countMentions(userId, rooms.slice(middle))];
  }

  #countMatching(matches: Document[], limit: number): Promise<Count[]> {
    const groups = { $group: { _id: "$roomId", count: { $sum: 1 } } };
    const stages = [...matches.map(($match) => ({ $match })), { $limit: limit }, groups];
    return this.#messages.aggregate<Count>(stages, this.#readOptions).toArray();
  }
}

function byRoom(counts: Count[]): Map<string, number> {
  return new Map(counts.map(({ _id, count }) => [_id, count]));
}

function atMost(count: number): number {
  return Math.min(count, MAX_UNREAD);
}

/** The expression of whether a message counts as unread. */
function countsFor(userId: string): Document {
  const isThere = { $eq: [{ $type: "$deletedAt" }, "missing"] };
  const isOfOthers = { $ne: ["$senderId", { $literal: userId }] };
  return { $and: [isOfOthers, { $eq: ["$system", false] }, isThere] };
}

/** The expression of whether a message mentions the user or answers them. */
function mentions(userId: string): Document {
  const holds = (field: string, value: string) => {
    return { $in: [{ $literal: value }, { $ifNull: [field, []] }] };
  };
  const isForAll = { $eq: ["$mentionsRoom", true] };
  return { $or: [isForAll, holds("$mentions", userId), holds("$keys", answeredKey(userId))] };
}
