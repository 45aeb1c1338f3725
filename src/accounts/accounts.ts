/** The accounts that this instance serves: those with a socket here. */
import type { Bus, BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import type { Subscriber } from "../rooms/subscriber.ts";
import type { AccountChanges, AccountLog } from "../services/account_log.ts";
import { AccountFeed } from "./account_feed.ts";

/** Accounts compared with the store at once. */
const AT_ONCE = 500;

export interface AccountsOptions {
  store: Pick<Store, "accounts" | "members">;
  bus: Bus;
  accountLog: AccountLog;
}

export class Accounts {
  readonly #store: AccountsOptions["store"];
  readonly #bus: Bus;
  readonly #log: AccountLog;
  readonly #feeds = new Map<string, AccountFeed>();

  constructor({ store, bus, accountLog }: AccountsOptions) {
    this.#store = store;
    this.#bus = bus;
    this.#log = accountLog;
    bus.subscribe((event) => this.#receive(event));
  }

  /** A socket has identified itself; it is sent hints from now on. */
  enter(userId: string, subscriber: Subscriber): void {
    const feed = this.#feeds.get(userId) ?? this.#open(userId);
    feed.sockets.add(subscriber);
  }

  /** The socket has closed. */
  leave(userId: string, subscriber: Subscriber): void {
    const feed = this.#feeds.get(userId);
    if (!feed) return;
    feed.remove(subscriber);
    if (feed.sockets.size > 0) return;
    feed.close();
    this.#feeds.delete(userId);
    this.#bus.unfollow(userId);
  }

  /** As `AccountFeed.recover`. */
  async recover(
    userId: string,
    subscriber: Subscriber,
    { after, limit }: { after: number; limit: number },
    answer: (changes: AccountChanges) => void,
  ): Promise<void> {
    await this.#feeds.get(userId)?.recover(subscriber, after, limit, answer);
  }

  /**
   * Compares the accounts served here with the store, to find changes that the bus has lost.
   * @throws ChatError `unavailable`
   */
  async compare(): Promise<void> {
    const positions = [...this.#feeds].flatMap(([userId, { position }]) => {
      return position === null ? [] : [[userId, position] as const];
    });
    for (let i = 0; i < positions.length; i += AT_ONCE) {
      const some = new Map(positions.slice(i, i + AT_ONCE));
      const changed = await this.#store.accounts.changedAfter(some);
      for (const userId of changed) this.#feeds.get(userId)?.hint();
    }
  }

  close(): void {
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }

  #open(userId: string): AccountFeed {
    // Events first: what changes after a socket has read the store must arrive as an event.
    const feed = new AccountFeed(userId, this.#log, this.#bus.follow(userId));
    this.#feeds.set(userId, feed);
    return feed;
  }

  #receive(event: BusEvent): void {
    if (event.kind === "account_changed") this.#feeds.get(event.accountId)?.hint();
  }
}
