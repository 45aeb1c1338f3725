/** The accounts' streams: numbers what has changed, notifies every instance, and reads them. */
import { getLogger } from "@logtape/logtape";
import { CoalescingQueue } from "../async/coalescing_queue.ts";
import { type AccountItem, type FullItem, keyOf, READ_INTERVAL_MS } from "../domain/account.ts";
import { failureLevel } from "../domain/errors.ts";
import { memberChanges } from "../domain/room_changes.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";

const logger = getLogger(["echoroom", "accounts"]);

/** Accounts that get their numbers at once. */
const SETTLED_AT_ONCE = 20;

/** Items in the order of their numbers. */
export interface ItemsPage {
  items: FullItem[];
  /** The last number covered, and the cursor to go on from. */
  lastSeq: number;
  hasMore: boolean;
}

/** What has changed since a cursor. */
export interface AccountChanges extends ItemsPage {
  /** Whether the account never had the cursor's number: this is the first page of all. */
  reset: boolean;
}

type AccountStores = Pick<Store, "accounts" | "members" | "rooms" | "users">;

/**
 * Whoever changes what an item tells calls `changed` or `readMoved` afterwards. What is lost when a
 * process dies before that, the store finds by itself; see its port.
 */
export class AccountLog {
  readonly #store: AccountStores;
  readonly #bus: Bus;
  /** A room of thousands may be deleted: more at once would take the connections of appends. */
  readonly #due = new CoalescingQueue(SETTLED_AT_ONCE, (userId) => this.#trySettling(userId));
  /** Of users whose read positions wait for their numbers. */
  readonly #waiting = new Map<string, ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(store: AccountStores, bus: Bus) {
    this.#store = store;
    this.#bus = bus;
    bus.subscribe((event, from) => this.#receive(event, from));
  }

  /** Something was changed of these users' accounts: it gets its numbers, and they are notified. */
  changed(userIds: Iterable<string>): void {
    for (const userId of userIds) this.#due.add(userId);
  }

  /** A user has read on, or back: as `changed`, at most once a second. */
  readMoved(userId: string): void {
    if (!this.#waiting.has(userId)) this.changed([userId]);
  }

  /**
   * What has changed after a number, as it is now.
   * @param limit how many numbers are looked at
   * @throws ChatError `unavailable`
   */
  async changesSince(userId: string, after: number, limit: number): Promise<AccountChanges> {
    const last = await this.#store.accounts.lastSeq(userId);
    const reset = after > last;
    const page = await this.itemsAfter(userId, reset ? 0 : after, limit);
    return { ...page, reset };
  }

  /**
   * The items after a number that the account has had.
   * @throws ChatError `unavailable`
   */
  async itemsAfter(userId: string, after: number, limit: number): Promise<ItemsPage> {
    const page = await this.#store.accounts.itemsAfter(userId, after, limit);
    return { ...page, items: await this.#complete(userId, page.items) };
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  /** Whom the entries of this instance have made members, or no longer. */
  #receive(event: BusEvent, from: string): void {
    if (event.kind !== "appended" || from !== this.#bus.instanceId) return;
    for (const { kind, message } of event.entries) {
      if (kind !== "created" || !message.system) continue;
      const changes = memberChanges(message).filter(({ role }) => role !== undefined);
      this.changed(changes.map(({ userId }) => userId));
    }
  }

  async #trySettling(userId: string): Promise<void> {
    try {
      await this.#settle(userId);
    } catch (error) {
      logger[failureLevel(error)]("Account {userId} is settled later: {error}", { userId, error });
    }
  }

  async #settle(userId: string): Promise<void> {
    const isWaiting = await this.#store.accounts.settle(userId);
    this.#bus.publish({ kind: "account_changed", accountId: userId });
    if (!isWaiting || this.#closed || this.#waiting.has(userId)) return;
    const timer = setTimeout(() => {
      this.#waiting.delete(userId);
      this.changed([userId]);
    }, READ_INTERVAL_MS);
    this.#waiting.set(userId, timer);
  }

  /**
   * Adds what items tell. One whose room has gone, or in which the user is no member any more, is
   * obsolete, as another is about to say.
   */
  async #complete(userId: string, items: readonly AccountItem[]): Promise<FullItem[]> {
    const roomIds = items.flatMap((item) => item.type === "room" ? item.roomId : []);
    const isProfile = items.some(({ type }) => type === "profile");
    const [rooms, user] = await Promise.all([
      roomIds.length > 0 ? this.#store.rooms.findAll(roomIds) : [],
      isProfile ? this.#store.users.find(userId) : null,
    ]);
    // Read after the rooms: what has become of a room after a removal is not for the user.
    const members = rooms.length > 0
      ? await this.#store.members.find(userId, rooms.map(({ id }) => id))
      : new Map();
    const own = rooms.filter(({ id }) => members.has(id));
    const byId = new Map(own.map((room) => [room.id, room]));
    return items.flatMap((item): FullItem | [] => {
      const key = keyOf(item);
      if (item.type === "profile") return user ? { ...item, key, user } : [];
      if (item.type !== "room") return { ...item, key };
      const { seq, type, membership } = item;
      const room = byId.get(item.roomId);
      return room ? { seq, key, type, room, membership } : [];
    });
  }
}
