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

/** What a range of a room's entries holds. */
interface Counted extends Unread {
  _id: string;
  entries: number;
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
    const found = await inPortions([...readSeqs], (rooms) => this.#countRanges(userId, rooms));
    const byRoom = new Map(found.map((counted) => [counted._id, counted]));
    const counts = await pLimit(ROOMS_AT_ONCE).map(readSeqs, async ([roomId, seq]) => {
      return [roomId, await this.#complete(userId, roomId, seq, byRoom.get(roomId))] as const;
    });
    return new Map(counts);
  }

  /** Of each room with entries after what was read. */
  #countRanges(userId: string, rooms: readonly [string, number][]): Promise<Counted[]> {
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

  /** What was counted, and what follows where there may be more. */
  async #complete(userId: string, roomId: string, seq: number, counted?: Counted): Promise<Unread> {
    const { entries, unread, mentions } = counted ?? { entries: 0, unread: 0, mentions: 0 };
    // Logs have no gap: then that is all.
    if (entries < RANGE) return { unread: atMost(unread), mentions: atMost(mentions) };
    const [all, forUser] = await Promise.all([
      unread < MAX_UNREAD ? this.#countUnread(userId, roomId, seq) : MAX_UNREAD,
      this.#countMentions(userId, roomId, seq),
    ]);
    return { unread: all, mentions: forUser };
  }

  /** Stages of their own: not every server finds the index for the range among other conditions. */
  #countUnread(userId: string, roomId: string, seq: number): Promise<number> {
    return this.#countMatching(
      { roomId, seq: { $gt: seq } },
      { $expr: countsFor(userId) },
    );
  }

  /** By their keys, which may be of what an edit has taken back: few of many messages have any. */
  #countMentions(userId: string, roomId: string, seq: number): Promise<number> {
    const keys = [answeredKey(userId), mentionKey(userId), ROOM_MENTION_KEY];
    return this.#countMatching(
      { roomId, keys: { $in: keys } },
      { seq: { $gt: seq }, $expr: { $and: [countsFor(userId), mentions(userId)] } },
    );
  }

  async #countMatching(place: Document, condition: Document): Promise<number> {
    const [found] = await this.#messages.aggregate<{ count: number }>([
      { $match: place },
      { $match: condition },
      { $limit: MAX_UNREAD },
      { $count: "count" },
    ], this.#readOptions).toArray();
    return found?.count ?? 0;
  }
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
