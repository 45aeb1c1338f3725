/** The rooms that this instance serves now: joins, recoveries and live entries meet here. */
import type { Metrics } from "../application/metrics.ts";
import { unavailable } from "../domain/errors.ts";
import { countWithin, type Message } from "../domain/message.ts";
import type { BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store.ts";
import { MISSED_MESSAGES } from "../protocol/events.ts";
import type { Connection } from "./connection.ts";
import { Feed } from "./feed.ts";

/** The room's latest entries and the last `seq`, as a joining socket is shown them. */
export interface Joined {
  messages: Message[];
  lastSeq: number;
}

/** What a socket missed in one room; see `connection:missed` in the protocol. */
export interface Missed extends Joined {
  hasMore: boolean;
  reset: boolean;
}

/** UTF-16 units of text in one answer; well below what may wait unsent in a socket. */
const MAX_PAGE_LENGTH = 128 * 1024;

export class Hub {
  readonly #store: Store;
  readonly #metrics: Metrics;
  readonly #feeds = new Map<string, Feed>();

  constructor(store: Store, metrics: Metrics) {
    this.#store = store;
    this.#metrics = metrics;
    metrics.watch("rooms_open", "Rooms with a socket in them", () => this.#feeds.size);
  }

  /** Takes what the bus tells about rooms; what concerns no room served here costs a look-up. */
  receive(event: BusEvent): void {
    switch (event.kind) {
      case "appended":
        return this.#feeds.get(event.roomId)?.offer(event.messages);
      case "append_unknown":
        return this.#feeds.get(event.roomId)?.repair();
      case "profile_changed":
        for (const feed of this.#feeds.values()) feed.showProfile(event.user);
    }
  }

  /**
   * Puts a socket into a room. `welcome` is called in the same turn in which the socket begins to
   * get entries: whatever it sends comes before entry `lastSeq` + 1 and after nothing newer.
   * @throws ChatError `unavailable`
   */
  async join(roomId: string, connection: Connection, welcome: (joined: Joined) => void) {
    await this.#withFeed(roomId, async (feed) => {
      await feed.refresh();
      if (!enter(feed, connection)) return;
      welcome({ messages: feed.latest(), lastSeq: feed.head });
    });
  }

  /**
   * Finds what a socket missed after `cursor`. Unless there is more than fits one answer the socket
   * is in the room when `answer` is called, as with `join`; until then it gets no live entries.
   * @throws ChatError `unavailable`
   */
  async recover(
    roomId: string,
    cursor: number,
    connection: Connection,
    answer: (missed: Missed) => void,
  ) {
    await this.#withFeed(roomId, async (feed) => {
      if (feed.live.delete(connection)) feed.paused.add(connection);
      await feed.refresh();
      const reset = cursor > feed.head;
      const messages: Message[] = [];
      let hasMore = false;
      while (!reset) {
        const lastSeq = messages.at(-1)?.seq ?? cursor;
        const space = MISSED_MESSAGES - messages.length;
        const rest = feed.after(lastSeq);
        if (rest && rest.length <= space) {
          messages.push(...rest);
          break;
        }
        if (space === 0) {
          hasMore = true;
          break;
        }
        messages.push(...await this.#read(roomId, lastSeq, space));
        // The store may be ahead of what was delivered here; the feed has to be there as well.
        if (messages.at(-1)!.seq > feed.head) await feed.refresh();
      }
      const page = messages.slice(0, countWithin(messages, MAX_PAGE_LENGTH));
      hasMore ||= page.length < messages.length;
      if (hasMore) return answer({ messages: page, lastSeq: page.at(-1)!.seq, hasMore, reset });
      if (!enter(feed, connection)) return;
      answer({ messages: reset ? feed.latest() : page, lastSeq: feed.head, hasMore, reset });
    });
  }

  leave(roomId: string, connection: Connection): void {
    const feed = this.#feeds.get(roomId);
    if (!feed) return;
    feed.live.delete(connection);
    feed.paused.delete(connection);
    this.#closeIfIdle(roomId, feed);
  }

  /** Sends a frame that is no entry of the log to the room's sockets, but not to `exceptUserId`'s. */
  broadcast(roomId: string, text: string, exceptUserId?: string): void {
    const feed = this.#feeds.get(roomId);
    if (!feed) return;
    for (const members of [feed.live, feed.paused]) {
      for (const connection of members) {
        if (connection.identity?.user.id !== exceptUserId) connection.send(text);
      }
    }
  }

  close(): void {
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }

  async #withFeed(roomId: string, work: (feed: Feed) => Promise<void>): Promise<void> {
    let feed = this.#feeds.get(roomId);
    if (!feed) this.#feeds.set(roomId, feed = new Feed(roomId, this.#store, this.#metrics));
    feed.holds++;
    try {
      await work(feed);
    } finally {
      feed.holds--;
      this.#closeIfIdle(roomId, feed);
    }
  }

  #closeIfIdle(roomId: string, feed: Feed): void {
    if (!feed.idle) return;
    feed.close();
    this.#feeds.delete(roomId);
  }

  async #read(roomId: string, after: number, limit: number): Promise<Message[]> {
    const page = await this.#store.readAfter(roomId, after, limit);
    if (page.length === 0) throw unavailable("The room's log has changed underneath; try again.");
    return page;
  }
}

/** Puts a socket among those that get live entries, unless it has closed meanwhile. */
function enter(feed: Feed, connection: Connection): boolean {
  if (!connection.open) return false;
  feed.paused.delete(connection);
  feed.live.add(connection);
  return true;
}
