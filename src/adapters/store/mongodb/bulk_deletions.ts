/** Bulk deletions that have not been completed, in a collection that is empty most of the time. */
import type { Collection } from "mongodb";
import type { BulkDeletion } from "../../../domain/bulk_deletion.ts";
import type { BulkDeletionStore } from "../../../ports/store/bulk_deletions.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { BulkDeletionDocument } from "./documents.ts";
import type { Operations } from "./operations.ts";

export class MongoBulkDeletions implements BulkDeletionStore {
  readonly #deletions: Collection<BulkDeletionDocument>;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;

  constructor({ bulkDeletions, readOptions }: Collections, operations: Operations) {
    this.#deletions = bulkDeletions;
    this.#readOptions = readOptions;
    this.#operations = operations;
  }

  add({ id, ...fields }: BulkDeletion, dueAt: Date): Promise<void> {
    return this.#operations.run(async () => {
      await this.#deletions.insertOne({ _id: id, ...fields, dueAt });
    });
  }

  due(now: Date, limit: number): Promise<BulkDeletion[]> {
    return this.#operations.run(async () => {
      const found = await this.#deletions
        .find({ dueAt: { $lte: now } }, this.#readOptions).limit(limit).toArray();
      return found.map(({ _id: id, dueAt: _, ...fields }) => ({ id, ...fields }));
    });
  }

  claim(id: string, now: Date, dueAt: Date): Promise<boolean> {
    return this.#operations.run(async () => {
      const { modifiedCount } = await this.#deletions.updateOne(
        { _id: id, dueAt: { $lte: now } },
        { $set: { dueAt } },
      );
      return modifiedCount > 0;
    });
  }

  postpone(id: string, dueAt: Date): Promise<void> {
    return this.#operations.run(async () => {
      await this.#deletions.updateOne({ _id: id }, { $set: { dueAt } });
    });
  }

  remove(id: string): Promise<void> {
    return this.#operations.run(async () => {
      await this.#deletions.deleteOne({ _id: id });
    });
  }
}
