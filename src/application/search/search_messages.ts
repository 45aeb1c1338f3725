/** Searches in messages. */
import { WorkSlices } from "../../async/work_slices.ts";
import type { Actor } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Room } from "../../domain/room.ts";
import {
  contentsOf,
  costOf,
  findIn,
  parseQuery,
  type Range,
  type SearchedContent,
  type SearchQuery,
  termsOfQuery,
} from "../../domain/search_query.ts";
import { type IndexPlace, MAX_SKEW_MS } from "../../ports/store/search.ts";
import { decodeCursor, encodeCursor, invalidCursor, timeIn } from "../../services/cursors.ts";
import type { Dependencies } from "../dependencies.ts";
import { type Found, readFound } from "../messages/found.ts";

/** What somebody searches for. */
export interface MessageSearch {
  q: string;
  /** Id or slug. */
  roomId?: string | undefined;
  /** The id of the sender. */
  from?: string | undefined;
  has?: SearchedContent | undefined;
  /** Sent before it. */
  before?: Date | undefined;
  /** Sent then or later. */
  after?: Date | undefined;
  /** Hits on a page. */
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

export interface FoundMessage {
  /** As it is now. */
  message: Message;
  room: Room;
  /** Where in its text the words are, in UTF-16 units. */
  highlights: Range[];
}

export interface FoundPage {
  results: FoundMessage[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

type SearchDependencies = Pick<Dependencies, "access" | "rateLimits" | "store">;

/** What one request looks at, whatever it finds: then its page ends. */
const MAX_LOOKS = 20;
const MAX_MESSAGES = 600;
const MAX_COST = 1_000_000;
/** Candidates more than are missing: some are no hits. */
const SPARE = 5;
/** Messages that are read at once. */
const MAX_READ = 200;

/** A moment before which a page begins, or a place in the index after which it does. */
type Cursor = { at: Date } | IndexPlaceKey;
type IndexPlaceKey = Pick<IndexPlace, "at" | "roomId" | "seq">;

/** What is wanted of a message beside what the index tells. */
type Wanted = Pick<MessageSearch, "from" | "has" | "before" | "after"> & { query: SearchQuery };

interface Hit extends FoundMessage {
  place: IndexPlace;
}

/**
 * Finds messages by words, the newest first: of rooms that the actor may read, and as they are at a
 * time no older than the answer. A page is shorter than asked for where much was looked at for it.
 * @throws ChatError `validation_failed` for a query without a word and for an invalid cursor,
 *   `room_not_found`, `forbidden` if the actor is banned from the room, `rate_limited`, `unavailable`
 */
export async function searchMessages(
  actor: Actor,
  dependencies: SearchDependencies,
  search: MessageSearch,
): Promise<FoundPage> {
  const { access, rateLimits, store } = dependencies;
  await rateLimits.consume("search", actor.userId);
  const query = parseQuery(search.q);
  if (!query) throw invalidQuery();
  const start = search.cursor === undefined ? null : readCursor(search.cursor);
  const room = search.roomId === undefined ? null : await access.find(actor, search.roomId);
  const index = {
    userId: actor.userId,
    terms: termsOfQuery(query),
    roomId: room?.roomId,
    senderId: search.from,
    has: search.has,
    since: search.after,
  };
  const page = new Page(search.limit);
  let before = earliest(search.before && later(search.before, MAX_SKEW_MS), start && endOf(start));
  for (let look = 0; look < MAX_LOOKS; look++) {
    // Where few candidates are hits, more are read at once.
    const limit = Math.min((page.missing + SPARE) * 2 ** look, MAX_READ);
    const { places, next } = await store.search.find({ ...index, limit, before });
    const due = places.filter((place) => !start || comesAfter(start, place)).toSorted(newestFirst);
    const end = await page.add(
      await readFound(actor, dependencies, due),
      { ...search, query },
      next,
    );
    if (end) return end;
    if (next === null) return page.end(null);
    before = next;
  }
  return page.end({ at: before! });
}

/** Gathers a page of hits, in limited work. */
class Page {
  readonly #limit: number;
  readonly #results: Hit[] = [];
  #messages = 0;
  #cost = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get missing(): number {
    return this.#limit - this.#results.length;
  }

  /**
   * Adds what is a hit.
   * @param next the moment before which what follows is; null if nothing does
   * @returns the page if it ends with these
   */
  async add(
    messages: readonly Found<IndexPlace>[],
    wanted: Wanted,
    next: Date | null,
  ): Promise<FoundPage | null> {
    const slices = new WorkSlices();
    for (const [i, each] of messages.entries()) {
      this.#messages++;
      this.#cost += costOf(each.message.text, wanted.query);
      const isLast = i === messages.length - 1;
      const highlights = highlightsOf(each.message, wanted);
      if (highlights) {
        this.#results.push({ ...each, highlights });
        if (this.missing === 0) return this.end(isLast && next === null ? null : each.place);
      }
      if (this.#cost >= MAX_COST && !isLast) return this.end(each.place);
      await slices.pause();
    }
    const isTooMuch = this.#messages >= MAX_MESSAGES || this.#cost >= MAX_COST;
    return isTooMuch && next ? this.end({ at: next }) : null;
  }

  end(cursor: Cursor | null): FoundPage {
    const results = this.#results.map(({ place: _, ...found }) => found);
    return { results, nextCursor: cursor && formatCursor(cursor) };
  }
}

/** Where the words are in a message that is a hit; null if it is none. */
function highlightsOf(message: Message, { query, from, has, before, after }: Wanted) {
  const { createdAt, deletedAt, sender, system, text } = message;
  if (deletedAt || system) return null;
  if (from !== undefined && sender.id !== from) return null;
  if (before && createdAt >= before || after && createdAt < after) return null;
  if (has && !contentsOf(message).includes(has)) return null;
  return findIn(text, query);
}

function newestFirst(a: IndexPlaceKey, b: IndexPlaceKey): number {
  const later = b.at.getTime() - a.at.getTime();
  if (later !== 0) return later;
  return a.roomId === b.roomId ? b.seq - a.seq : a.roomId < b.roomId ? 1 : -1;
}

function comesAfter(cursor: Cursor, place: IndexPlace): boolean {
  return "seq" in cursor ? newestFirst(cursor, place) < 0 : place.at < cursor.at;
}

/** The moment before which everything after the cursor is. */
function endOf(cursor: Cursor): Date {
  return "seq" in cursor ? later(cursor.at, 1) : cursor.at;
}

function later(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms);
}

function earliest(...times: (Date | null | undefined)[]): Date | undefined {
  return times.filter((time) => time instanceof Date).toSorted((a, b) => +a - +b)[0];
}

/** It names no room but one of a message that the actor may read. */
function formatCursor(cursor: Cursor): string {
  const { at } = cursor;
  return encodeCursor("seq" in cursor ? [+at, cursor.roomId, cursor.seq] : [+at]);
}

function readCursor(text: string): Cursor {
  const [time, roomId, seq, ...rest] = decodeCursor(text);
  const at = timeIn(time);
  if (rest.length > 0) throw invalidCursor();
  if (roomId === undefined) return { at };
  if (typeof roomId !== "string" || !Number.isSafeInteger(seq)) throw invalidCursor();
  return { at, roomId, seq: seq as number };
}

function invalidQuery(): ChatError {
  const message = "must hold a word, and at most 64 words, phrases and exclusions";
  return new ChatError("validation_failed", "The query is not valid.", {
    faults: [{ path: "q", message }],
  });
}
