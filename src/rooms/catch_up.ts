/** What a socket is shown of a room when it comes in: the latest messages, or what it missed. */
import { SingleFlights } from "../async/single_flight.ts";
import type { Entry } from "../domain/entry.ts";
import { unavailable } from "../domain/errors.ts";
import type { Store } from "../ports/store/store.ts";
import { MISSED_MESSAGES } from "../protocol/wire/limits.ts";
import {
  isPlain,
  namedUserIds,
  referencedIds,
  type RelatedSources,
  relatedTo,
  type RelatedToReader,
} from "../services/related.ts";
import type { Services } from "../services/services.ts";
import type { Feed } from "./feed.ts";
import { LatestMessages } from "./latest_messages.ts";
import { byChange, isTooMuch, MissedMessages } from "./missed_messages.ts";
import type { RecentProfiles } from "./recent_profiles.ts";
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

/**
 * Lets a socket in at entry `seq`, if that can be decided in this turn; else it is asked again once the
 * promise resolves. Throws if the socket may not come in.
 */
export type Admit<A> = (seq: number) => A | Promise<unknown>;

export interface CatchUpOptions extends Pick<Services, "store" | "publicUsers"> {
  profiles: RecentProfiles;
}

/** Entries read at once to find what a socket missed. */
const PAGE = 200;
/** How often what goes with the messages is read again because the room has changed meanwhile. */
const RELATED_TRIES = 5;

/**
 * Reads what sockets are shown that come into one room. Between the admission and `show` nothing is
 * awaited, not even a promise that is resolved: the feed could deliver the entry that ends the right.
 */
export class CatchUp {
  readonly #roomId: string;
  readonly #feed: Feed;
  readonly #store: Store;
  readonly #profiles: RecentProfiles;
  readonly #related: RelatedSources;
  readonly #latest: LatestMessages;
  /** Pages of the log after an entry: after a restart many sockets miss the same. */
  readonly #pages = new SingleFlights((after) => this.#readPage(Number(after)));

  constructor(roomId: string, feed: Feed, options: CatchUpOptions) {
    this.#roomId = roomId;
    this.#feed = feed;
    this.#store = options.store;
    this.#profiles = options.profiles;
    this.#related = options;
    this.#latest = new LatestMessages(roomId, feed.window, options);
  }

  /**
   * Shows the latest messages.
   * @throws ChatError `unavailable`; what `admit` throws
   */
  async latest<A>(
    subscriber: Subscriber,
    admit: Admit<A>,
    show: (entered: Entered, admission: A) => void,
  ): Promise<void> {
    const read = () => this.#latest.related(subscriber.userId);
    await this.#whenReady(subscriber, admit, read, (related, admission) => {
      const completed = this.#completed(related, this.#feed.window.latest());
      show({ messages: this.#latest.text, related: completed, ...this.#end() }, admission);
    });
  }

  /**
   * Shows what is after a cursor of this log: all of it, or a page.
   * @throws ChatError `unavailable`; what `admit` throws
   */
  async missed<A>(
    cursor: Cursor,
    subscriber: Subscriber,
    admit: Admit<A>,
    show: (missed: Missed, admission: A) => void,
  ): Promise<void> {
    let limit: number = MISSED_MESSAGES;
    for (let isShown = false; !isShown;) {
      const { head } = this.#feed;
      const since = this.#profiles.changes;
      const missed = new MissedMessages(cursor.seq, limit);
      await this.#readMissed(missed);
      const read = () => {
        this.#complete(missed);
        const messages = this.#newestOf(missed.rendered).map(({ message }) => message);
        return relatedTo(this.#related, this.#roomId, subscriber.userId, messages);
      };
      await this.#whenReady(subscriber, admit, read, (related, admission) => {
        const count = missed.messages.length;
        if (count > 1 && isTooMuch(related.referenced)) {
          limit = Math.ceil(count / 2);
          return;
        }
        // Else something that was read may have been deleted since, and the window does not tell.
        if (this.#feed.window.after(head) === null) return;
        this.#complete(missed);
        missed.showSenders(this.#profiles, since);
        isShown = true;
        show(this.#shown(missed, related), admission);
      });
    }
  }

  /** Whether the cursor is of another log: the database was restored since. */
  async isForeign({ seq, entryId }: Cursor): Promise<boolean> {
    if (seq > this.#feed.head) return true;
    if (entryId === undefined || seq === 0) return false;
    const known = this.#feed.window.idOf(seq) ??
      await this.#store.log.entryId(this.#roomId, seq);
    return known !== entryId;
  }

  /**
   * Waits until the socket takes an answer, is let in and the feed may be shown, and reads what goes
   * with the answer.
   * @param read reads what goes with the messages as they are when it is called
   * @param show is called in the turn of the admission
   * @throws ChatError `unavailable`; what `admit` throws
   */
  async #whenReady<A>(
    subscriber: Subscriber,
    admit: Admit<A>,
    read: () => Promise<RelatedToReader>,
    show: (related: RelatedToEntered, admission: A) => void,
  ): Promise<void> {
    const feed = this.#feed;
    for (let tries = 1;; tries++) {
      while (feed.stale || subscriber.congested) {
        if (subscriber.congested) await subscriber.drain();
        // What was changed while the socket was slow is shown as it is now.
        await feed.refresh();
      }
      const { head } = feed;
      const related = await read();
      const isCurrent = feed.head === head || tries >= RELATED_TRIES;
      if (!isCurrent || feed.stale || subscriber.congested) continue;
      const admission = admit(feed.head);
      if (!(admission instanceof Promise)) return show(this.#newest(related), admission);
      await admission;
    }
  }

  /** Covers what the store has after the cursor, as far as there is space and the window has not. */
  async #readMissed(missed: MissedMessages): Promise<void> {
    while (!missed.isFull && !this.#complete(missed)) {
      missed.add(await this.#pages.run(String(missed.lastSeq)));
      // The store may be ahead of what was delivered here; the feed has to be there as well.
      if (missed.lastSeq > this.#feed.head) await this.#feed.refresh();
    }
  }

  async #readPage(after: number): Promise<Entry[]> {
    const entries = await this.#store.log.entriesAfter(this.#roomId, after, PAGE);
    if (entries.length === 0) {
      throw unavailable("The room's log has changed underneath; try again.");
    }
    return entries;
  }

  /** Covers what follows up to the log's end, if the window has it and there is space. */
  #complete(missed: MissedMessages): boolean {
    const { window } = this.#feed;
    const rest = missed.isFull ? null : window.after(missed.lastSeq);
    if (!rest) return false;
    return missed.complete(rest, window);
  }

  #shown(missed: MissedMessages, related: RelatedToEntered): Missed {
    const newest = this.#newestOf(missed.rendered);
    const { lastSeq, lastEntryId } = missed;
    const hasMore = lastSeq < this.#feed.head;
    return {
      messages: listOf(newest),
      related: this.#completed(related, newest),
      ...(hasMore ? { lastSeq, lastEntryId } : this.#end()),
      hasMore,
      reset: false,
    };
  }

  /** The messages in their newest state, by the entry that changed each last. */
  #newestOf(rendered: readonly RenderedMessage[]): RenderedMessage[] {
    const { window } = this.#feed;
    return rendered.map((each) => window.newest(each.message) ?? each).toSorted(byChange);
  }

  /** Nothing that was deleted meanwhile. */
  #newest(related: RelatedToReader): RelatedToEntered {
    const { window } = this.#feed;
    const referenced = related.referenced.map((each) => window.newest(each) ?? render(each));
    return { ...related, referenced };
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
      (id) => this.#feed.window.find(id),
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
    const { head, headId } = this.#feed.window;
    return { lastSeq: head, lastEntryId: headId };
  }
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
