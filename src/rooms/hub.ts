/** The rooms that this instance serves now: joins, recoveries and live entries meet here. */
import { within } from "../async/deadline.ts";
import type { Metrics } from "../services/metrics.ts";
import type { RoomLog } from "../services/room_log.ts";
import type { Services } from "../services/services.ts";
import { unavailable } from "../domain/errors.ts";
import type { Entry } from "../domain/entry.ts";
import { countWithin } from "../domain/message.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import { MISSED_MESSAGES } from "../protocol/wire/limits.ts";
import type { Subscriber } from "./subscriber.ts";
import { render, type RenderedEntry, withCurrentSenders } from "./rendered_entry.ts";
import { Feed } from "./feed.ts";
import type { Flusher } from "./flusher.ts";
import { RecentProfiles } from "./recent_profiles.ts";

/** The entry that a client has seen last in a room. */
export interface Cursor {
  seq: number;
  /** Its id, if the client knows it: another one at that number is of another log. */
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

/** What else begins and ends with the time that a room is served here. */
export interface RoomLife {
  /** The room is open and its events arrive; sockets come in next. */
  opened(roomId: string): void;
  closed(roomId: string): void;
}

interface OpenRoom {
  feed: Feed;
  /** Resolves once the room's events arrive. */
  opened: Promise<void>;
}

/** UTF-16 units of text in one answer; well below what may wait unsent in a socket. */
const MAX_PAGE_LENGTH = 128 * 1024;
/** Rooms whose heads are asked for at once. */
const HEADS_AT_ONCE = 500;
/** So long an entry may wait that is most likely this instance's own, to be told of without a read. */
const OWN_WRITE_MS = 50;

export class Hub {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #log: Pick<RoomLog, "published" | "advance">;
  readonly #metrics: Metrics;
  readonly #flusher: Flusher;
  readonly #profiles: RecentProfiles;
  readonly #life: RoomLife;
  readonly #rooms = new Map<string, OpenRoom>();

  /** @param profiles must hear of each change before this does */
  constructor(
    { store, bus, log, metrics }: Pick<Services, "store" | "bus" | "log" | "metrics">,
    flusher: Flusher,
    life: RoomLife,
    profiles = new RecentProfiles(),
  ) {
    this.#flusher = flusher;
    this.#profiles = profiles;
    this.#store = store;
    this.#bus = bus;
    this.#log = log;
    this.#metrics = metrics;
    this.#life = life;
    metrics.watch("rooms_open", "Rooms with a socket in them", () => this.#rooms.size);
  }

  /** Takes what the bus tells about rooms; what concerns no room served here costs a look-up. */
  receive(event: BusEvent): void {
    switch (event.kind) {
      case "appended":
        return this.#rooms.get(event.roomId)?.feed.offer(event.entries);
      case "head_advanced":
        return this.#hearOfHead(event.roomId, event.head);
      case "append_uncertain":
        return this.#rooms.get(event.roomId)?.feed.repair();
      case "profile_changed":
        for (const { feed } of this.#rooms.values()) feed.showProfile(event.user);
        return;
      case "interrupted":
        for (const { feed } of this.#rooms.values()) feed.invalidate();
    }
  }

  #hearOfHead(roomId: string, head: number): void {
    const feed = this.#rooms.get(roomId)?.feed;
    if (!feed || head <= feed.head) return;
    // The database may tell of an entry before it answers the instance that wrote it.
    const published = this.#log.published(roomId);
    if (!published) return feed.offerHead(head);
    void within(published, OWN_WRITE_MS, () => {}).then(() => feed.offerHead(head));
  }

  /**
   * Compares the rooms served here with the store, for what the bus has lost.
   * @throws ChatError `unavailable`
   */
  async checkHeads(): Promise<void> {
    const roomIds = [...this.#rooms.keys()];
    for (let i = 0; i < roomIds.length; i += HEADS_AT_ONCE) {
      const heads = await this.#store.log.heads(roomIds.slice(i, i + HEADS_AT_ONCE));
      for (const [roomId, head] of heads) this.#rooms.get(roomId)?.feed.offerHead(head);
    }
  }

  /**
   * Puts a socket into a room. `welcome` is called in the same turn in which the socket begins to
   * get entries: whatever it sends comes before entry `lastSeq` + 1 and after nothing newer.
   * @throws ChatError `unavailable`
   */
  async join(roomId: string, subscriber: Subscriber, welcome: (entered: Entered) => void) {
    await this.#inRoom(roomId, async (feed) => {
      await feed.refresh();
      // Nothing may come between the last look at the feed and what is sent of it.
      while (mustWait(feed, subscriber)) await wait(feed, subscriber);
      if (!subscriber.open) return;
      const isNew = enter(feed, subscriber);
      const { head: lastSeq, headId: lastEntryId } = feed;
      welcome({ isNew, entries: feed.latest(), lastSeq, lastEntryId });
    });
  }

  /**
   * Finds what a socket missed after `cursor`. Unless there is more than fits one answer the socket
   * is in the room when `answer` is called, as with `join`; until then it gets no live entries.
   * @param earlier what has to be answered before
   * @throws ChatError `unavailable`
   */
  async recover(
    roomId: string,
    cursor: Cursor,
    subscriber: Subscriber,
    earlier: Promise<void>,
    answer: (missed: Missed) => void,
  ) {
    await this.#inRoom(roomId, async (feed) => {
      if (feed.live.delete(subscriber)) feed.paused.add(subscriber);
      const since = this.#profiles.changes;
      await feed.refresh();
      const reset = await this.#isForeign(roomId, feed, cursor);
      await earlier;
      const entries: RenderedEntry[] = [];
      let hasMore = false;
      while (true) {
        while (mustWait(feed, subscriber)) await wait(feed, subscriber);
        if (reset) break;
        const lastSeq = entries.at(-1)?.entry.seq ?? cursor.seq;
        const space = MISSED_MESSAGES - entries.length;
        const rest = feed.after(lastSeq);
        if (rest && rest.length <= space) {
          entries.push(...rest);
          break;
        }
        if (space === 0) {
          hasMore = true;
          break;
        }
        const older = await this.#read(roomId, lastSeq, space);
        entries.push(...older.map(render));
        // The store may be ahead of what was delivered here; the feed has to be there as well.
        if (older.at(-1)!.seq > feed.head) await feed.refresh();
      }
      const messages = entries.map(({ entry }) => entry.message);
      const count = countWithin(messages, MAX_PAGE_LENGTH);
      const page = withCurrentSenders(entries.slice(0, count), this.#profiles, since);
      hasMore ||= page.length < entries.length;
      if (hasMore) {
        const { seq: lastSeq, id: lastEntryId } = page.at(-1)!.entry;
        return answer({ isNew: false, entries: page, lastSeq, lastEntryId, hasMore, reset });
      }
      if (!subscriber.open) return;
      const isNew = enter(feed, subscriber);
      const { head: lastSeq, headId: lastEntryId } = feed;
      const shown = reset ? feed.latest() : page;
      answer({ isNew, entries: shown, lastSeq, lastEntryId, hasMore, reset });
    });
  }

  /** Whether a socket is in a room. */
  has(roomId: string, subscriber: Subscriber): boolean {
    const feed = this.#rooms.get(roomId)?.feed;
    return feed !== undefined && (feed.live.has(subscriber) || feed.paused.has(subscriber));
  }

  leave(roomId: string, subscriber: Subscriber): void {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    room.feed.live.delete(subscriber);
    room.feed.paused.delete(subscriber);
    this.#closeIfIdle(roomId, room);
  }

  /** Sends a frame that is no entry of the log to the room's sockets, but not to `exceptUserId`'s. */
  broadcast(roomId: string, text: string, exceptUserId?: string): void {
    const feed = this.#rooms.get(roomId)?.feed;
    if (!feed) return;
    for (const members of [feed.live, feed.paused]) {
      for (const subscriber of members) {
        if (subscriber.userId !== exceptUserId) subscriber.send(text);
      }
    }
  }

  close(): void {
    for (const { feed } of this.#rooms.values()) feed.close();
    this.#rooms.clear();
  }

  /** Does something with a room's feed, for which the room is open meanwhile. */
  async #inRoom(roomId: string, work: (feed: Feed) => Promise<void>): Promise<void> {
    const room = this.#rooms.get(roomId) ?? this.#open(roomId);
    const { feed } = room;
    feed.holds++;
    try {
      await room.opened;
      await work(feed);
    } finally {
      feed.holds--;
      this.#closeIfIdle(roomId, room);
    }
  }

  #open(roomId: string): OpenRoom {
    const feed = new Feed(roomId, {
      store: this.#store,
      log: this.#log,
      flusher: this.#flusher,
      metrics: this.#metrics,
      profiles: this.#profiles,
    });
    // Events first: what is committed after the feed has read the store must be heard of.
    const opened = this.#bus.follow(roomId).then(() => this.#life.opened(roomId));
    const room = { feed, opened };
    this.#rooms.set(roomId, room);
    return room;
  }

  #closeIfIdle(roomId: string, { feed }: OpenRoom): void {
    if (!feed.idle) return;
    feed.close();
    this.#rooms.delete(roomId);
    this.#bus.unfollow(roomId);
    this.#life.closed(roomId);
  }

  /** Whether the cursor is of another log: the database was restored since. */
  async #isForeign(roomId: string, feed: Feed, { seq, entryId }: Cursor): Promise<boolean> {
    if (seq > feed.head) return true;
    if (entryId === undefined || seq === 0) return false;
    const known = feed.idOf(seq) ?? await this.#store.log.entryId(roomId, seq);
    return known !== entryId;
  }

  async #read(roomId: string, after: number, limit: number): Promise<Entry[]> {
    const page = await this.#store.log.entriesAfter(roomId, after, limit);
    if (page.length === 0) throw unavailable("The room's log has changed underneath; try again.");
    return page;
  }
}

/** Whether the feed may not be shown to this socket in this turn. */
function mustWait(feed: Feed, subscriber: Subscriber): boolean {
  return feed.stale || subscriber.congested;
}

/** @throws ChatError `unavailable` */
function wait(feed: Feed, subscriber: Subscriber): Promise<void> {
  return feed.stale ? feed.refresh() : subscriber.drain();
}

/** Puts a socket among those that get live entries. Returns whether it was not in the room before. */
function enter(feed: Feed, subscriber: Subscriber): boolean {
  const isNew = !feed.live.has(subscriber) && !feed.paused.delete(subscriber);
  // What the others still wait for is in what this socket is shown.
  feed.flush();
  feed.live.add(subscriber);
  return isNew;
}
