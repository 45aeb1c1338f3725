/** The port of bulk deletions that have not been completed. */
import type { BulkDeletion } from "../../domain/bulk_deletion.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface BulkDeletionStore {
  /** Adds one that another instance takes over from `dueAt` on. */
  add(deletion: BulkDeletion, dueAt: Date): Promise<void>;
  /** At most `limit` of those that are due at `now`, in any order. */
  due(now: Date, limit: number): Promise<BulkDeletion[]>;
  /**
   * Takes over one that is due at `now`; others may from `dueAt` on.
   * @returns whether this call has it: of several at once only one has
   */
  claim(id: string, now: Date, dueAt: Date): Promise<boolean>;
  /** Others take it over from `dueAt` on. */
  postpone(id: string, dueAt: Date): Promise<void>;
  remove(id: string): Promise<void>;
}
