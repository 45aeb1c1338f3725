/** What concerns one account of the server in memory beyond the rooms' logs, and who gets it live. */
import type { AccountChange, AccountChanges, AccountItem } from "../../protocol/wire/account.ts";
import { ACCOUNT_PAGE_SIZE } from "../../protocol/wire/limits.ts";

/** Gets items as they come. */
export type ItemListener = (item: AccountItem) => void;

export class AccountStream {
  #lastSeq = 0;
  /** The last item of each key, by number. */
  readonly #items = new Map<string, AccountItem>();
  readonly #listeners = new Set<ItemListener>();

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Gives an item the next number, and its listeners the item. */
  put(key: string, change: AccountChange): void {
    const item = { seq: ++this.#lastSeq, key, ...change };
    this.#items.delete(key);
    this.#items.set(key, item);
    for (const listener of [...this.#listeners]) listener(item);
  }

  /** What has changed after a number; the listener gets what comes after the last page. */
  recover(after: number, listener: ItemListener, limit = ACCOUNT_PAGE_SIZE): AccountChanges {
    const reset = after > this.#lastSeq;
    const items = [...this.#items.values()].filter(({ seq }) => reset || seq > after);
    const page = items.slice(0, limit);
    const hasMore = items.length > limit;
    if (hasMore) this.#listeners.delete(listener);
    else this.#listeners.add(listener);
    return { items: page, lastSeq: hasMore ? page.at(-1)!.seq : this.#lastSeq, hasMore, reset };
  }

  /** The listener's socket has closed. */
  leave(listener: ItemListener): void {
    this.#listeners.delete(listener);
  }
}
