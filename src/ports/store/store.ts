/** The store port: everything durable, and the guarantees that the rest of EchoRoom builds on. */
import type { AccountStore } from "./accounts.ts";
import type { AuditStore } from "./audit.ts";
import type { BlockStore } from "./blocks.ts";
import type { BulkDeletionStore } from "./bulk_deletions.ts";
import type { FileStore } from "./files.ts";
import type { InvitationStore } from "./invitations.ts";
import type { LogStore } from "./log.ts";
import type { MemberStore } from "./members.ts";
import type { MessageStore } from "./messages.ts";
import type { ReportStore } from "./reports.ts";
import type { RoomStore } from "./rooms.ts";
import type { SearchStore } from "./search.ts";
import type { SessionStore } from "./sessions.ts";
import type { UserStore } from "./users.ts";

/**
 * Everything durable, a port for each aggregate. Each adapter passes `tests/conformance/store/`
 * without a skip.
 *
 * Guarantees of every method:
 * - what a resolved write wrote survives the death of this process (and, on a replica set, a
 *   fail-over), and every later read on any instance sees it;
 * - a read never shows a write that may still be rolled back;
 * - a store that cannot be reached rejects with `ChatError` `unavailable` within about 5 s;
 * - ids are opaque strings made by the caller; an id that was never made is simply not found.
 */
export interface Store {
  /** Which store this is, for the start line: `SQLite (./data/echoroom.db)`. */
  readonly description: string;
  /**
   * Counts the times that this may have become another database, as by a fail-over or a restored
   * backup: what was read before such a change is no basis for an append after it.
   */
  readonly epoch: number;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly rooms: RoomStore;
  readonly log: LogStore;
  readonly messages: MessageStore;
  readonly members: MemberStore;
  readonly reports: ReportStore;
  readonly audit: AuditStore;
  readonly accounts: AccountStore;
  readonly blocks: BlockStore;
  readonly invitations: InvitationStore;
  readonly bulkDeletions: BulkDeletionStore;
  readonly files: FileStore;
  readonly search: SearchStore;

  /** Resolves if the store can serve requests now, else rejects with `unavailable`. */
  ping(): Promise<void>;
  /**
   * Completes a limited part of what instances that died have left undone in the database, where no
   * reader does; to be called from time to time, on any number of instances at once.
   * @throws ChatError `unavailable`
   */
  repair(): Promise<void>;
  /** Finishes pending calls and releases every resource. */
  close(): Promise<void>;
}
