/** One room as this instance serves it: the sockets in it, how they come in, and how they leave. */
import type { Entry } from "../domain/entry.ts";
import { type Removal, removalBy } from "../domain/room_changes.ts";
import type { Services } from "../services/services.ts";
import { type Admit, CatchUp, type Cursor, type Entered, type Missed } from "./catch_up.ts";
import { Feed } from "./feed.ts";
import type { Flusher } from "./flusher.ts";
import type { RecentProfiles } from "./recent_profiles.ts";
import type { Subscriber } from "./subscriber.ts";

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

export class ServedRoom {
  readonly feed: Feed;
  readonly #id: string;
  readonly #catchUp: CatchUp;
  readonly #onRemoved: ServedRoomOptions["onRemoved"];
  readonly #opened: Promise<void>;
  /** Sockets in the room that get no entries while they recover older ones. */
  readonly #paused = new Set<Subscriber>();
  /** Sockets in the room that get what is broadcast. */
  readonly #present = new Set<Subscriber>();
  /** Joins and recoveries under way. */
  #entering = 0;

  constructor(id: string, options: ServedRoomOptions) {
    this.#id = id;
    this.#opened = options.opened;
    this.#onRemoved = options.onRemoved;
    this.feed = new Feed(id, {
      ...options,
      onRoomChange: (entry) => {
        this.#removeBy(entry);
        options.onChange(entry);
      },
    });
    this.#catchUp = new CatchUp(id, this.feed, options);
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
      // From the last look at the feed to the answer nothing is awaited.
      await this.#catchUp.latest(subscriber, admit, (entered, admission) => {
        if (!subscriber.open) return;
        this.#enter(subscriber);
        welcome(entered, admission);
      });
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
      if (this.feed.live.delete(subscriber)) this.#paused.add(subscriber);
      await this.feed.refresh();
      const reset = await this.#catchUp.isForeign(cursor);
      await earlier;
      // From the last look at the feed to the answer nothing is awaited.
      const show = (missed: Missed, admission: A) => {
        if (!missed.hasMore) {
          if (!subscriber.open) return;
          this.#enter(subscriber);
        }
        answer(missed, admission);
      };
      if (!reset) return await this.#catchUp.missed(cursor, subscriber, admit, show);
      await this.#catchUp.latest(subscriber, admit, (entered, admission) => {
        show({ ...entered, hasMore: false, reset }, admission);
      });
    });
  }

  /** As `Hub.leave`. */
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

  /** Lets a socket get live entries. */
  #enter(subscriber: Subscriber): void {
    this.#paused.delete(subscriber);
    // What the others still wait for is in what this socket is shown.
    this.feed.flush();
    this.feed.live.add(subscriber);
  }
}
