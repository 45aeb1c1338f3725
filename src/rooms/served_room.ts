/** One room as this instance serves it: the sockets in it, how they come in, and how they leave. */
import type { Services } from "../services/services.ts";
import type { Entry } from "../domain/entry.ts";
import { SingleFlights } from "../async/single_flight.ts";
import { unavailable } from "../domain/errors.ts";
import { countWithin } from "../domain/message.ts";
import type { Store } from "../ports/store/store.ts";
import { MISSED_MESSAGES } from "../protocol/wire/limits.ts";
import type { Subscriber } from "./subscriber.ts";
import { render, type RenderedEntry, withCurrentSenders } from "./rendered_entry.ts";
import { Feed } from "./feed.ts";
import type { Flusher } from "./flusher.ts";
import type { RecentProfiles } from "./recent_profiles.ts";

/** The entry that a client has seen last in a room. */
export interface Cursor {
  seq: number;
  /** Its id, if the client knows it: another id at that number is of another log. */
  entryId?: string | undefined;
}

/** What a socket is shown of the log when it comes into a room. */
export interface Entered {
  /** Whether the socket was not in the room before. */
  isNew: boolean;
  entries: RenderedEntry[];
  lastSeq: number;
  /** The id of entry `lastSeq`; null if there is none. */
  lastEntryId: string | null;
}

/** What a socket missed in one room; see `connection:missed` in the protocol. */
export interface Missed extends Entered {
  hasMore: boolean;
  reset: boolean;
}

export interface ServedRoomOptions extends Pick<Services, "store" | "log" | "metrics"> {
  flusher: Flusher;
  profiles: RecentProfiles;
  /** Resolves once the room's events arrive. */
  opened: Promise<void>;
}

/** UTF-16 units of text in one answer; well below what may wait unsent in a socket. */
const MAX_PAGE_LENGTH = 128 * 1024;

export class ServedRoom {
  readonly feed: Feed;
  readonly #id: string;
  readonly #store: Store;
  readonly #profiles: RecentProfiles;
  /** Pages of the log after an entry: after a restart many sockets miss the same. */
  readonly #pages = new SingleFlights((after) => this.#read(Number(after)));
  readonly #opened: Promise<void>;
  /** Sockets in the room that get no entries while they recover older ones. */
  readonly #paused = new Set<Subscriber>();
  /** Joins and recoveries under way. */
  #entering = 0;

  constructor(id: string, options: ServedRoomOptions) {
    this.#id = id;
    this.#store = options.store;
    this.#profiles = options.profiles;
    this.#opened = options.opened;
    this.feed = new Feed(id, options);
  }

  /** Whether nobody is in the room or about to be. */
  get idle(): boolean {
    return this.#entering === 0 && this.feed.live.size === 0 && this.#paused.size === 0;
  }

  has(subscriber: Subscriber): boolean {
    return this.feed.live.has(subscriber) || this.#paused.has(subscriber);
  }

  /** As `Hub.join`. */
  join(subscriber: Subscriber, welcome: (entered: Entered) => void): Promise<void> {
    return this.#whileOpen(async () => {
      const { feed } = this;
      await feed.refresh();
      while (this.#mustWait(subscriber)) await this.#wait(subscriber);
      // From the last look at the feed to the answer nothing is awaited.
      if (!subscriber.open) return;
      const isNew = this.#enter(subscriber);
      const { head: lastSeq, headId: lastEntryId } = feed;
      welcome({ isNew, entries: feed.latest(), lastSeq, lastEntryId });
    });
  }

  /** As `Hub.recover`. */
  recover(
    cursor: Cursor,
    subscriber: Subscriber,
    earlier: Promise<void>,
    answer: (missed: Missed) => void,
  ): Promise<void> {
    return this.#whileOpen(async () => {
      const { feed } = this;
      if (feed.live.delete(subscriber)) this.#paused.add(subscriber);
      const since = this.#profiles.changes;
      await feed.refresh();
      const reset = await this.#isForeign(cursor);
      await earlier;
      const missed: RenderedEntry[] = [];
      while (true) {
        while (this.#mustWait(subscriber)) await this.#wait(subscriber);
        // From the last look at the feed to the answer nothing is awaited.
        if (reset || this.#complete(missed, cursor) || missed.length >= MISSED_MESSAGES) break;
        await this.#readMore(missed, cursor);
      }
      const entries = reset
        ? feed.latest()
        : withCurrentSenders(page(missed), this.#profiles, since);
      const last = entries.at(-1)?.entry;
      if (!reset && last && last.seq < feed.head) {
        const { seq: lastSeq, id: lastEntryId } = last;
        return answer({ isNew: false, entries, lastSeq, lastEntryId, hasMore: true, reset });
      }
      if (!subscriber.open) return;
      const isNew = this.#enter(subscriber);
      const { head: lastSeq, headId: lastEntryId } = feed;
      answer({ isNew, entries, lastSeq, lastEntryId, hasMore: false, reset });
    });
  }

  leave(subscriber: Subscriber): void {
    this.feed.live.delete(subscriber);
    this.#paused.delete(subscriber);
  }

  /** As `Hub.broadcast`. */
  broadcast(text: string, exceptUserId?: string): void {
    for (const subscribers of [this.feed.live, this.#paused]) {
      for (const subscriber of subscribers) {
        if (subscriber.userId !== exceptUserId) subscriber.send(text);
      }
    }
  }

  close(): void {
    this.feed.close();
    this.#paused.clear();
  }

  async #whileOpen(work: () => Promise<void>): Promise<void> {
    this.#entering++;
    try {
      await this.#opened;
      await work();
    } finally {
      this.#entering--;
    }
  }

  /** Whether the feed may not be shown to this socket in this turn. */
  #mustWait(subscriber: Subscriber): boolean {
    return this.feed.stale || subscriber.congested;
  }

  /** @throws ChatError `unavailable` */
  #wait(subscriber: Subscriber): Promise<void> {
    return this.feed.stale ? this.feed.refresh() : subscriber.drain();
  }

  /** Lets a socket get live entries. Returns whether it was not in the room before. */
  #enter(subscriber: Subscriber): boolean {
    const isNew = !this.has(subscriber);
    this.#paused.delete(subscriber);
    // What the others still wait for is in what this socket is shown.
    this.feed.flush();
    this.feed.live.add(subscriber);
    return isNew;
  }

  /** Whether the cursor is of another log: the database was restored since. */
  async #isForeign({ seq, entryId }: Cursor): Promise<boolean> {
    if (seq > this.feed.head) return true;
    if (entryId === undefined || seq === 0) return false;
    const known = this.feed.idOf(seq) ?? await this.#store.log.entryId(this.#id, seq);
    return known !== entryId;
  }

  /** Adds what follows up to the log's end, if the feed has it and there is space. */
  #complete(missed: RenderedEntry[], cursor: Cursor): boolean {
    const rest = this.feed.after(lastSeq(missed, cursor));
    if (!rest || missed.length + rest.length > MISSED_MESSAGES) return false;
    missed.push(...rest);
    return true;
  }

  /** Adds what follows in the store, as far as there is space. */
  async #readMore(missed: RenderedEntry[], cursor: Cursor): Promise<void> {
    const space = MISSED_MESSAGES - missed.length;
    const page = await this.#pages.run(String(lastSeq(missed, cursor)));
    const older = page.slice(0, space);
    missed.push(...older.map(render));
    // The store may be ahead of what was delivered here; the feed has to be there as well.
    if (older.at(-1)!.seq > this.feed.head) await this.feed.refresh();
  }

  async #read(after: number): Promise<Entry[]> {
    const entries = await this.#store.log.entriesAfter(this.#id, after, MISSED_MESSAGES);
    if (entries.length === 0) {
      throw unavailable("The room's log has changed underneath; try again.");
    }
    return entries;
  }
}

function lastSeq(missed: readonly RenderedEntry[], cursor: Cursor): number {
  return missed.at(-1)?.entry.seq ?? cursor.seq;
}

/** As many of these, from the first on, as fit one answer. */
function page(missed: RenderedEntry[]): RenderedEntry[] {
  const messages = missed.map(({ entry }) => entry.message);
  return missed.slice(0, countWithin(messages, MAX_PAGE_LENGTH));
}
