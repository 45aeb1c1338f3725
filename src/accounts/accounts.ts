/** The accounts that this instance serves: those with a socket here. */
import { getLogger } from "@logtape/logtape";
import { failureLevel } from "../domain/errors.ts";
import type { Mention } from "../domain/mention.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import { frame } from "../protocol/frames.ts";
import type { Subscriber } from "../rooms/subscriber.ts";
import type { AccountChanges, AccountLog } from "../services/account_log.ts";
import { AccountFeed } from "./account_feed.ts";

const logger = getLogger(["echoroom", "accounts"]);

/** Accounts compared with the store at once, and members looked for. */
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
    switch (event.kind) {
      case "account_changed":
        return this.#feeds.get(event.accountId)?.hint();
      case "mentioned":
        return this.#feeds.get(event.accountId)?.broadcast(frame("mention:new", event.mention));
      case "everybody_mentioned":
        void this.#notifyMembers(event.mention, new Set(event.notified));
    }
  }

  /** Notifies the members of a room who have a socket here. */
  async #notifyMembers(mention: Mention, except: ReadonlySet<string>): Promise<void> {
    const text = frame("mention:new", mention);
    const userIds = [...this.#feeds.keys()].filter((userId) => !except.has(userId));
    try {
      for (let i = 0; i < userIds.length; i += AT_ONCE) {
        const some = userIds.slice(i, i + AT_ONCE);
        const found = await this.#store.members.standings(mention.roomId, some);
        for (const userId of some) {
          if (found?.standings.get(userId)?.role) this.#feeds.get(userId)?.broadcast(text);
        }
      }
    } catch (error) {
      const failure = { ...mention, error };
      logger[failureLevel(error)]("Not all are notified of {messageId}: {error}", failure);
    }
  }
}
