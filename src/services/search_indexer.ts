/** Keeps the index that messages are found by up with the rooms' logs, in the background. */
import { setTimeout as sleep } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import type { Entry } from "../domain/entry.ts";
import { newId } from "../domain/id.ts";
import type { IndexPart, IndexProgress } from "../ports/store/search.ts";
import type { Store } from "../ports/store/store.ts";
import { type KnownEntries, SearchBacklog } from "./search_backlog.ts";
import { MAX_TERMS, partsOf } from "./search_parts.ts";

const logger = getLogger(["echoroom", "search"]);

/** From an append to its indexing: what comes meanwhile shares a transaction. */
const DELAY_MS = 400;
/** After a failure. */
const RETRY_MS = 2_000;
/** Entries of a room, and rooms, that are read at once. */
const PAGE = 128;
const ROOMS_AT_ONCE = 512;
/** Rooms that are looked at at once for what is left. */
const ROOMS_ON_A_PAGE = 250;
/** For how long a look through all rooms is claimed, after what time that is prolonged, and its rest. */
const CLAIM_MS = 30_000;
const RENEW_MS = 10_000;
const UNTOUCHED_MS = 120_000;
/** Milliseconds of rest for each of work, in a look through all rooms and after what was appended. */
const PACE = 2;
const BACKLOG_PACE = 1;
const REPORT_MS = 10_000;
const START: IndexProgress = { seq: 0, at: new Date(0) };

/** How much of what others have left is indexed. */
export interface Indexed {
  rooms: number;
  messages: number;
}

/**
 * Follows the logs by how far each is in the index, which is moved with what is added: so each entry
 * is indexed at least once, by whichever instance, and a crash leaves nothing out. The instance that
 * appends indexes at once; what it leaves is found by a look through all rooms.
 */
export class SearchIndexer {
  readonly #store: Pick<Store, "log" | "search">;
  readonly #owner = newId();
  readonly #waiting = new SearchBacklog();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(store: Pick<Store, "log" | "search">) {
    this.#store = store;
  }

  /** These entries were appended on this instance; or something may have been, if there are none. */
  appended(roomId: string, entries: readonly Entry[]): void {
    this.#waiting.append(roomId, entries.length > 0 ? entries : null);
    this.#schedule(DELAY_MS);
  }

  /**
   * Indexes what others have left, unless another instance is at it or was so a short time ago; to be
   * called from time to time.
   * @throws ChatError `unavailable`
   */
  async lookThrough(): Promise<void> {
    const claim = (ms: number) => {
      const now = Date.now();
      return this.#store.search.claim(this.#owner, new Date(now), new Date(now + ms));
    };
    let claimedAt = -Infinity;
    const isClaimed = async () => {
      const now = performance.now();
      if (now - claimedAt < RENEW_MS) return true;
      if (!await claim(CLAIM_MS)) return false;
      claimedAt = now;
      return true;
    };
    const start = performance.now();
    const { messages, rooms } = await this.indexRest(PACE, reportProgress, isClaimed);
    const seconds = Math.ceil((performance.now() - start) / 1_000);
    const level = seconds * 1_000 > REPORT_MS && messages > 0 ? "info" : "debug";
    logger[level]("Indexed {messages} messages of {rooms} rooms for search in {seconds} s", {
      messages,
      rooms,
      seconds,
    });
    if (await isClaimed()) await claim(UNTOUCHED_MS);
  }

  /**
   * Indexes what is left in all rooms, also while other instances do so, but for rooms that wait to be
   * indexed after an append.
   * @param pace milliseconds of rest for each of work
   * @param onProgress is told from time to time
   * @param mayGoOn is asked before each step
   * @throws ChatError `unavailable`
   */
  async indexRest(
    pace = 0,
    onProgress: (indexed: Indexed) => void = () => {},
    mayGoOn: () => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<Indexed> {
    const { search, log } = this.#store;
    const indexed = { rooms: 0, messages: 0 };
    let reported = performance.now();
    for (let last: string | undefined = ""; last !== undefined;) {
      const rooms: string[] = await search.roomsAfter(last, ROOMS_ON_A_PAGE);
      const [heads, progress] = await Promise.all([log.heads(rooms), search.progress(rooms)]);
      for (const roomId of rooms) {
        const [head, seq] = [heads.get(roomId) ?? 0, progress.get(roomId)?.seq ?? 0];
        if (head === seq || this.#waiting.has(roomId)) continue;
        if (head < seq) await this.#startAgainIfAhead(roomId, seq);
        indexed.rooms++;
        if (this.#closed || !await mayGoOn()) return indexed;
        let start = performance.now();
        for await (const messages of this.#indexRoom(roomId)) {
          indexed.messages += messages;
          await sleep(pace * (performance.now() - start));
          if (performance.now() - reported >= REPORT_MS) {
            reported = performance.now();
            onProgress(indexed);
          }
          if (this.#closed || !await mayGoOn()) return indexed;
          start = performance.now();
        }
      }
      if (this.#closed || !await mayGoOn()) return indexed;
      last = rooms.at(-1);
    }
    return indexed;
  }

  /** Begins nothing more; resolves once what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(delayMs: number): void {
    if (this.#closed || this.#running) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#run();
    }, delayMs);
  }

  async #run(): Promise<void> {
    let delayMs = DELAY_MS;
    try {
      if (await this.#indexWaiting()) delayMs = 0;
    } catch (error) {
      logger.debug("Indexing failed, and is tried again: {error}", { error });
      delayMs = RETRY_MS;
    }
    this.#running = undefined;
    if (this.#waiting.size > 0) this.#schedule(delayMs);
  }

  /**
   * Indexes a page of each of some rooms that wait.
   * @returns whether more was waiting than that
   * @throws what the last failure was; rooms that failed wait again, others are indexed
   */
  async #indexWaiting(): Promise<boolean> {
    const due = this.#waiting.take(ROOMS_AT_ONCE);
    let isBacklog = this.#waiting.size > 0;
    let failure: { error: unknown } | undefined;
    const portion: IndexPart[] = [];
    let size = 0;
    const flush = async () => {
      const parts = portion.splice(0);
      size = 0;
      try {
        await this.#add(parts);
      } catch (error) {
        for (const { roomId } of parts) this.#waiting.prepend(roomId, null);
        failure = { error };
      }
    };
    const progress = await this.#progressOf(due);
    for (const [roomId, known] of due) {
      // What is left out then is found by a look through all rooms.
      if (this.#closed) break;
      try {
        const from = progress.get(roomId) ?? START;
        const { entries, rest: left } = await this.#nextPage(roomId, from.seq, known);
        if (left === null || left.length > 0) isBacklog = true;
        for await (const next of partsOf(roomId, from, entries)) {
          if (this.#closed) break;
          const isFull = size > 0 && size + next.size > MAX_TERMS;
          if (isFull || portion.at(-1)?.roomId === roomId) await flush();
          portion.push(next.part);
          size += next.size;
        }
        if (left === null) this.appended(roomId, []);
        else if (left.length > 0) this.#waiting.prepend(roomId, left);
      } catch (error) {
        this.#waiting.prepend(roomId, null);
        failure = { error };
      }
    }
    if (portion.length > 0) await flush();
    if (failure) throw failure.error;
    return isBacklog;
  }

  async #progressOf(due: ReadonlyMap<string, unknown>): Promise<Map<string, IndexProgress>> {
    try {
      return await this.#store.search.progress([...due.keys()]);
    } catch (error) {
      for (const roomId of due.keys()) this.#waiting.prepend(roomId, null);
      throw error;
    }
  }

  /** Adds parts of distinct rooms, and rests, so that others can write. */
  async #add(parts: readonly IndexPart[]): Promise<void> {
    const start = performance.now();
    const added = await this.#store.search.index(parts);
    // Another instance was first, and may not know of all.
    for (const { roomId } of parts) if (!added.has(roomId)) this.appended(roomId, []);
    await sleep(BACKLOG_PACE * (performance.now() - start));
  }

  /**
   * A page of what follows an entry, from memory if it is there, and what of that is left; null where
   * it is to be read from the log.
   */
  async #nextPage(roomId: string, seq: number, known: KnownEntries) {
    if (known && known[0]!.seq <= seq + 1) {
      const due = known.filter((entry) => entry.seq > seq);
      return { entries: due.slice(0, PAGE), rest: due.slice(PAGE) };
    }
    const entries = await this.#store.log.entriesAfter(roomId, seq, PAGE);
    return { entries, rest: entries.length === PAGE ? null : [] };
  }

  /** A backup that was taken while messages were sent may have more of the index than of the log. */
  async #startAgainIfAhead(roomId: string, seq: number): Promise<void> {
    const heads = await this.#store.log.heads([roomId]);
    if ((heads.get(roomId) ?? 0) >= seq) return;
    await this.#store.search.index([{ roomId, from: seq, to: START, messages: [], removed: [] }]);
  }

  /** Indexes what is left of a room, from the log: yields the number of messages of each part. */
  async *#indexRoom(roomId: string): AsyncGenerator<number> {
    const { search, log } = this.#store;
    for (let isLeft = true; isLeft;) {
      const from = (await search.progress([roomId])).get(roomId) ?? START;
      const entries = await log.entriesAfter(roomId, from.seq, PAGE);
      isLeft = entries.length === PAGE;
      for await (const { part } of partsOf(roomId, from, entries)) {
        const added = await search.index([part]);
        yield part.messages.length;
        // Another instance was first.
        if (!added.has(roomId)) break;
      }
    }
  }
}

function reportProgress({ rooms, messages }: Indexed): void {
  logger.info("Indexing for search: {messages} messages of {rooms} rooms so far", {
    rooms,
    messages,
  });
}
