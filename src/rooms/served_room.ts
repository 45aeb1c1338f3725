/** One room as this instance serves it: the sockets in it, how they come in, and how they leave. */
import { SingleFlights } from "../async/single_flight.ts";
import type { Entry } from "../domain/entry.ts";
import { unavailable } from "../domain/errors.ts";
import { type Removal, removalBy } from "../domain/room_changes.ts";
import type { Store } from "../ports/store/store.ts";
import type { Services } from "../services/services.ts";
import { MISSED_MESSAGES } from "../protocol/wire/limits.ts";
import { Feed } from "./feed.ts";
import type { Flusher } from "./flusher.ts";
import { byChange, MissedMessages } from "./missed_messages.ts";
import { LatestMessages } from "./latest_messages.ts";
import type { RecentProfiles } from "./recent_profiles.ts";
import {
  isPlain,
  namedUserIds,
  referencedIds,
  type RelatedSources,
  relatedTo,
  type RelatedToReader,
} from "../services/related.ts";
import { listOf, render, type RenderedMessage, type RenderedRelated } from "./rendered_message.ts";
import type { Subscriber } from "./subscriber.ts";

/** The entry that a client has seen last in a room. */
export interface Cursor {
  seq: number;
  /** Its id, if the client knows it: another id at that number is of another log. */
  entryId?: string | undefined;
}

/** What a socket is shown of the room when it comes in. */
export interface Entered {
  /** As one JSON array. */
  messages: string;
  related: RelatedToEntered;
  lastSeq: number;
  /** The id of entry `lastSeq`; null if there is none. */
  lastEntryId: string | null;
}

/** What goes with the messages that a socket is shown. */
type RelatedToEntered = RenderedRelated & Pick<RelatedToReader, "mine" | "threads">;

/** What a socket missed in one room; see `connection:missed` in the protocol. */
export interface Missed extends Entered {
  hasMore: boolean;
  reset: boolean;
}

export interface ServedRoomOptions
  extends Pick<Services, "store" | "log" | "metrics" | "publicUsers"> {
  flusher: Flusher;
  profiles: RecentProfiles;
  /** Resolves once the room's events arrive. */
  opened: Promise<void>;
  /** A socket was taken out of the room. */
  onRemoved(subscriber: Subscriber): void;
  /** The last entry delivered has changed the room's members or settings. */
  onChange(entry: Entry): void;
}

/**
 * Lets a socket in at entry `seq`, if that can be decided in this turn; else it is asked again once the
 * promise resolves. Throws if the socket may not come in.
 */
export type Admit<A> = (seq: number) => A | Promise<unknown>;

/** Entries read at once to find what a socket missed. */
const PAGE = 200;
/** How often what goes with the messages is read again because the room has changed meanwhile. */
const RELATED_TRIES = 5;
/** UTF-16 units of the messages that go with those of an answer, well below what may wait unsent. */
const MAX_REFERENCED_LENGTH = 128 * 1024;

export class ServedRoom {
  readonly feed: Feed;
  readonly #id: string;
  readonly #store: Store;
  readonly #profiles: RecentProfiles;
  readonly #related: RelatedSources;
  readonly #latest: LatestMessages;
  readonly #onRemoved: ServedRoomOptions["onRemoved"];
  /** Pages of the log after an entry: after a restart many sockets miss the same. */
  readonly #pages = new SingleFlights((after) => this.#readPage(Number(after)));
  readonly #opened: Promise<void>;
  /** Sockets in the room that get no entries while they recover older ones. */
  readonly #paused = new Set<Subscriber>();
  /** Sockets in the room that get what is broadcast. */
  readonly #present = new Set<Subscriber>();
  /** Joins and recoveries under way. */
  #entering = 0;

  constructor(id: string, options: ServedRoomOptions) {
    this.#id = id;
    this.#store = options.store;
    this.#profiles = options.profiles;
    this.#related = options;
    this.#opened = options.opened;
    this.#onRemoved = options.onRemoved;
    this.feed = new Feed(id, {
      ...options,
      onRoomChange: (entry) => {
        this.#removeBy(entry);
        options.onChange(entry);
      },
    });
    this.#latest = new LatestMessages(id, this.feed.window, options);
  }

  /** Whether nobody is in the room or about to be. */
  get idle(): boolean {
    return this.#entering === 0 && this.feed.live.size === 0 && this.#paused.size === 0;
  }

  has(subscriber: Subscriber): boolean {
    return this.feed.live.has(subscriber) || this.#paused.has(subscriber);
  }

  /** As `Hub.join`. */
  join<A>(
    subscriber: Subscriber,
    admit: Admit<A>,
    welcome: (entered: Entered, admission: A) => void,
  ): Promise<void> {
    return this.#whileOpen(async () => {
      await this.feed.refresh();
      const { related, admission } = await this.#latestFor(subscriber, admit);
      // From the last look at the feed to the answer nothing is awaited.
      if (!subscriber.open) return;
      this.#enter(subscriber);
      welcome({ ...this.#showLatest(related), ...this.#end() }, admission);
    });
  }

  /** As `Hub.recover`. */
  recover<A>(
    cursor: Cursor,
    subscriber: Subscriber,
    earlier: Promise<void>,
    admit: Admit<A>,
    answer: (missed: Missed, admission: A) => void,
  ): Promise<void> {
    return this.#whileOpen(async () => {
      const { feed } = this;
      if (feed.live.delete(subscriber)) this.#paused.add(subscriber);
      await feed.refresh();
      const reset = await this.#isForeign(cursor);
      await earlier;
      if (reset) {
        const { related, admission } = await this.#latestFor(subscriber, admit);
        if (!subscriber.open) return;
        this.#enter(subscriber);
        const entered = { ...this.#showLatest(related), ...this.#end() };
        return answer({ ...entered, hasMore: false, reset }, admission);
      }
      const { missed, related, admission } = await this.#missedBy(subscriber, cursor, admit);
      // From the last look at the feed to the answer nothing is awaited.
      const newest = this.#newestOf(missed.rendered);
      const shown = { messages: listOf(newest), related: this.#completed(related, newest) };
      if (missed.lastSeq < feed.head) {
        const { lastSeq, lastEntryId } = missed;
        return answer({ ...shown, lastSeq, lastEntryId, hasMore: true, reset }, admission);
      }
      if (!subscriber.open) return;
      this.#enter(subscriber);
      answer({ ...shown, ...this.#end(), hasMore: false, reset }, admission);
    });
  }

  leave(subscriber: Subscriber): void {
    this.feed.live.delete(subscriber);
    this.#paused.delete(subscriber);
    this.#present.delete(subscriber);
  }

  /** The sockets in the room of these users, or of all. */
  subscribers(userIds?: readonly string[]): Subscriber[] {
    const all = [...this.feed.live, ...this.#paused];
    if (!userIds) return all;
    const ids = new Set<string | null>(userIds);
    return all.filter(({ userId }) => ids.has(userId));
  }

  /** Takes sockets out of the room; what was delivered before goes out to them first. */
  remove({ userIds, reason }: Removal): void {
    const subscribers = this.subscribers(userIds);
    if (subscribers.length === 0) return;
    this.feed.flush();
    for (const subscriber of subscribers) {
      this.#onRemoved(subscriber);
      this.leave(subscriber);
      subscriber.removed(this.#id, reason);
    }
  }

  /** As `Hub.setPresent`. */
  setPresent(subscriber: Subscriber, present: boolean): boolean {
    const was = this.#present.has(subscriber);
    if (present && this.has(subscriber)) this.#present.add(subscriber);
    if (!present) this.#present.delete(subscriber);
    return was;
  }

  /** As `Hub.broadcast`. */
  broadcast(text: string, exceptUserId?: string): void {
    for (const subscriber of this.#present) {
      if (subscriber.userId !== exceptUserId) subscriber.send(text);
    }
  }

  close(): void {
    this.feed.close();
    this.#paused.clear();
    this.#present.clear();
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

  /** Nobody gets an entry after the one that ends their right to it. */
  #removeBy({ message }: Entry): void {
    const removal = removalBy(message);
    if (removal) this.remove(removal);
  }

  /**
   * Waits until the socket takes an answer, is let in and the feed may be shown, and reads what goes
   * with the answer: it may be sent in the turn in which this resolves.
   * @param read reads what goes with the messages as they are when it is called
   * @throws ChatError `unavailable`; what `admit` throws
   */
  async #whenReady<A>(
    subscriber: Subscriber,
    admit: Admit<A>,
    read: () => Promise<RelatedToReader>,
  ): Promise<{ related: RelatedToEntered; admission: A }> {
    for (let tries = 1;; tries++) {
      while (this.feed.stale || subscriber.congested) {
        if (subscriber.congested) await subscriber.drain();
        // What was changed while the socket was slow is shown as it is now.
        await this.feed.refresh();
      }
      const { head } = this.feed;
      const related = await read();
      const isCurrent = this.feed.head === head || tries >= RELATED_TRIES;
      if (!isCurrent || this.feed.stale || subscriber.congested) continue;
      const admission = admit(this.feed.head);
      if (!(admission instanceof Promise)) return { related: this.#newest(related), admission };
      await admission;
    }
  }

  /** Finds what a socket missed, and what goes with it: all of it, or a page. */
  async #missedBy<A>(subscriber: Subscriber, cursor: Cursor, admit: Admit<A>) {
    let limit: number = MISSED_MESSAGES;
    while (true) {
      const { head } = this.feed;
      const since = this.#profiles.changes;
      const missed = new MissedMessages(cursor.seq, limit);
      await this.#readMissed(missed);
      const { related, admission } = await this.#whenReady(subscriber, admit, () => {
        this.#complete(missed);
        const messages = this.#newestOf(missed.rendered).map(({ message }) => message);
        return relatedTo(this.#related, this.#id, subscriber.userId, messages);
      });
      const count = missed.messages.length;
      if (count > 1 && lengthOf(related.referenced) > MAX_REFERENCED_LENGTH) {
        limit = Math.ceil(count / 2);
        continue;
      }
      // Else something that was read may have been deleted since, and the window does not tell.
      if (this.feed.window.after(head) === null) continue;
      this.#complete(missed);
      missed.showSenders(this.#profiles, since);
      return { missed, related, admission };
    }
  }

  /** Covers what the store has after the cursor, as far as there is space and the window has not. */
  async #readMissed(missed: MissedMessages): Promise<void> {
    while (!missed.isFull && !this.#complete(missed)) {
      missed.add(await this.#pages.run(String(missed.lastSeq)));
      // The store may be ahead of what was delivered here; the feed has to be there as well.
      if (missed.lastSeq > this.feed.head) await this.feed.refresh();
    }
  }

  async #readPage(after: number): Promise<Entry[]> {
    const entries = await this.#store.log.entriesAfter(this.#id, after, PAGE);
    if (entries.length === 0) {
      throw unavailable("The room's log has changed underneath; try again.");
    }
    return entries;
  }

  /** Covers what follows up to the log's end, if the window has it and there is space. */
  #complete(missed: MissedMessages): boolean {
    const { window } = this.feed;
    const rest = missed.isFull ? null : window.after(missed.lastSeq);
    if (!rest) return false;
    return missed.complete(rest, window);
  }

  /** The messages in their newest state, by the entry that changed each last. */
  #newestOf(rendered: readonly RenderedMessage[]): RenderedMessage[] {
    const { window } = this.feed;
    return rendered.map((each) => window.newest(each.message) ?? each).toSorted(byChange);
  }

  #latestFor<A>(subscriber: Subscriber, admit: Admit<A>) {
    return this.#whenReady(subscriber, admit, () => this.#latest.related(subscriber.userId));
  }

  /** Nothing that was deleted meanwhile. */
  #newest(related: RelatedToReader): RelatedToEntered {
    const { window } = this.feed;
    const referenced = related.referenced.map((each) => window.newest(each) ?? render(each));
    return { ...related, referenced };
  }

  #showLatest(related: RelatedToEntered): Pick<Entered, "messages" | "related"> {
    const completed = this.#completed(related, this.feed.window.latest());
    return { messages: this.#latest.text, related: completed };
  }

  /**
   * Adds what goes with messages only since the rest was read. All of it is known here: entries are
   * delivered with what goes with them.
   */
  #completed(related: RelatedToEntered, shown: readonly RenderedMessage[]): RelatedToEntered {
    const messages = shown.map(({ message }) => message);
    if (messages.every(isPlain)) return related;
    const { publicUsers } = this.#related;
    const referenced = withMissing(
      related.referenced,
      ({ message }) => message.id,
      referencedIds(messages),
      (id) => this.feed.window.find(id),
    );
    const users = withMissing(
      related.users,
      ({ id }) => id,
      namedUserIds([...messages, ...referenced.map(({ message }) => message)]),
      (id) => publicUsers.known(id),
    );
    return { ...related, referenced, users };
  }

  /** Where the log ends for who comes in now. */
  #end(): { lastSeq: number; lastEntryId: string | null } {
    const { head, headId } = this.feed.window;
    return { lastSeq: head, lastEntryId: headId };
  }

  /** Lets a socket get live entries. */
  #enter(subscriber: Subscriber): void {
    this.#paused.delete(subscriber);
    // What the others still wait for is in what this socket is shown.
    this.feed.flush();
    this.feed.live.add(subscriber);
  }

  /** Whether the cursor is of another log: the database was restored since. */
  async #isForeign({ seq, entryId }: Cursor): Promise<boolean> {
    if (seq > this.feed.head) return true;
    if (entryId === undefined || seq === 0) return false;
    const known = this.feed.window.idOf(seq) ?? await this.#store.log.entryId(this.#id, seq);
    return known !== entryId;
  }
}

function lengthOf(rendered: readonly RenderedMessage[]): number {
  return rendered.reduce((sum, { text }) => sum + text.length, 0);
}

/** Adds the items of these ids that are not among the others, where `find` has them. */
function withMissing<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  ids: readonly string[],
  find: (id: string) => T | undefined,
): T[] {
  const present = new Set(items.map(idOf));
  const missing = ids.filter((id) => !present.has(id)).map(find);
  return [...items, ...missing.filter((item) => item !== undefined)];
}
