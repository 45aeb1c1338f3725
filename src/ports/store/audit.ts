/** The port of the record of what moderators and admins have done. */
import type { AuditAction, AuditEntry } from "../../domain/audit.ts";

/**
 * See {@linkcode Store} for the guarantees of every method. Entries are never changed or deleted.
 * What an entry of a room's log does, by `recordOfNotice` and `recordOfDeletion`, is recorded by the
 * append: from the moment that it resolves, and also if the process dies before. What a room is
 * created with is not.
 */
export interface AuditStore {
  /** Adds an entry. Nothing changes if there is one with its id. */
  add(entry: AuditEntry): Promise<void>;
  /**
   * The last entries, by id.
   * @param before the id of the last entry of the page before
   */
  list(filter: AuditFilter, limit: number, before?: string): Promise<AuditEntry[]>;
}

/** Which entries are listed. */
export interface AuditFilter {
  /** Whether those are among them that are private. */
  withPrivate: boolean;
  roomId?: string | undefined;
  actorId?: string | undefined;
  action?: AuditAction | undefined;
}
