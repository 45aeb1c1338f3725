/** The numbers of the items of accounts' streams: given one after another, and looked up. */
import { LRUCache } from "lru-cache";
import type { Collection } from "mongodb";
import type { Collections, ReadOptions } from "./collections.ts";
import type { AccountItemDocument } from "./account_documents.ts";
import type { UserDocument } from "./user_documents.ts";
import { isDuplicateKey } from "./errors.ts";

/** Accounts of which the last number known is remembered. */
const MAX_HINTS = 10_000;

/**
 * A number is one past the last under a unique index, and the last is never deleted: entries are
 * marked once a later one has replaced them, and go an hour later. A writer stalls for less, so that
 * no number is given to two items, of which a reader might miss the second.
 */
export class AccountNumbers {
  readonly #items: Collection<AccountItemDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #readOptions: ReadOptions;
  /** Numbers that accounts have reached, at least. */
  readonly #hints = new LRUCache<string, number>({ max: MAX_HINTS });

  constructor({ accountItems, users, readOptions }: Collections) {
    this.#items = accountItems;
    this.#users = users;
    this.#readOptions = readOptions;
  }

  /** Gives each key the account's next number, in their order. */
  async give(userId: string, keys: readonly string[]): Promise<void> {
    const numbered: AccountItemDocument[] = [];
    while (numbered.length < keys.length) {
      const last = await this.last(userId);
      const numberedAt = new Date();
      const items = keys.slice(numbered.length).map((key, i) => {
        const seq = last + 1 + i;
        return { _id: `${userId} ${seq}`, userId, seq, key, numberedAt };
      });
      numbered.push(...items.slice(0, await this.#insert(items)));
      const end = numbered.at(-1);
      if (end) this.#hints.set(userId, end.seq);
    }
    const accountSeq = numbered.at(-1)!.seq;
    await this.#users.updateOne({ _id: userId }, { $max: { accountSeq } });
    await this.#items.bulkWrite(
      numbered.map(({ seq, key, numberedAt }) => ({
        updateMany: {
          filter: { userId, key, seq: { $lt: seq }, replacedAt: { $exists: false } },
          update: { $set: { replacedAt: numberedAt } },
        },
      })),
      { ordered: false },
    );
  }

  /** The last number of an account; 0 if it has none. */
  async last(userId: string): Promise<number> {
    const hint = this.#hints.get(userId) ?? 0;
    const last = await this.#lastFrom(userId, hint) ??
      (hint > 0 ? await this.#lastFrom(userId, 0) : null);
    this.#hints.set(userId, last ?? 0);
    return last ?? 0;
  }

  /** Whether the key has a number in the account, of whatever age. */
  async has(userId: string, key: string): Promise<boolean> {
    return await this.#items.findOne({ userId, key }) !== null;
  }

  /** Whether the key got a number in the last so many milliseconds. */
  async hasRecent(userId: string, key: string, milliseconds: number): Promise<boolean> {
    const since = new Date(Date.now() - milliseconds);
    return await this.#items.findOne({ userId, key, numberedAt: { $gt: since } }) !== null;
  }

  /** The database may have become another, as after a fail-over or a restored backup. */
  forget(): void {
    this.#hints.clear();
  }

  /** Returns how many were inserted, from the first on: as far as their numbers were free. */
  async #insert(items: AccountItemDocument[]): Promise<number> {
    try {
      await this.#items.insertMany(items, { ordered: true });
      return items.length;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return (error as { insertedCount?: number }).insertedCount ?? 0;
    }
  }

  async #lastFrom(userId: string, seq: number): Promise<number | null> {
    const [last] = await this.#items
      .find({ userId, seq: { $gte: seq } }, { projection: { seq: 1 }, ...this.#readOptions })
      .sort({ seq: -1 })
      .limit(1)
      .toArray();
    return last?.seq ?? null;
  }
}
