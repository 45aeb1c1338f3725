/** The port of the accounts' streams: what has changed of an account, by number. */
import type { AccountItem } from "../../domain/account.ts";

/**
 * Every write of another port that changes what an item tells (a membership, how far a member has
 * read, a profile) makes sure that the item gets the account's next number: either in the same
 * transaction, or by a mark in the same document that `settle`, `lastSeq` and `Store.repair` look
 * for. So no process that dies between two writes keeps an item from its number.
 *
 * See {@linkcode Store} for the guarantees of every method.
 */
export interface AccountStore {
  /**
   * Gives what has changed of this account its numbers, where it has none yet. That of a read
   * position waits until a second after its last one.
   * @returns whether such a read position waits
   */
  settle(userId: string): Promise<boolean>;
  /**
   * The account's last number, 0 if it has none, once all that was changed before the call has its
   * number; of read positions those that `settle` was called for.
   */
  lastSeq(userId: string): Promise<number>;
  /**
   * Items numbered after `after`, ascending, as they are now: of each key at most the newest. What
   * they tell is at least as new as their numbers.
   * @param limit how many numbers are looked at
   */
  itemsAfter(userId: string, after: number, limit: number): Promise<AccountPage>;
  /**
   * The users among these whose accounts have numbers after the given ones.
   * @param seqs at most 500
   */
  changedAfter(seqs: ReadonlyMap<string, number>): Promise<string[]>;
}

export interface AccountPage {
  /** Fewer than numbers were looked at, where an item is obsolete already. */
  items: AccountItem[];
  /** The last number that was looked at; `after` if there was none. */
  lastSeq: number;
  /** Whether there are numbers after it. */
  hasMore: boolean;
}
