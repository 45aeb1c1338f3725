/** What documents have in common, and those of audits, reports, deletions and the database itself. */
import type { AuditEntry } from "../../../domain/audit.ts";
import type { BulkDeletion } from "../../../domain/bulk_deletion.ts";
import type { Report } from "../../../domain/report.ts";

/** A domain object whose `id` is the document's key. */
export type Stored<T extends { id: string }> = Omit<T, "id"> & { _id: string };

/** What a moderator or admin has done; its key is that of the entry that did it, if one did. */
export type AuditDocument = Stored<Omit<AuditEntry, "data" | "userIds">> & {
  userIds: string[];
  /** As JSON. */
  data: string;
};

export function fromAuditEntry({ id, userIds, data, ...fields }: AuditEntry): AuditDocument {
  return { _id: id, ...fields, userIds: [...userIds], data: JSON.stringify(data) };
}

export function toAuditEntry({ _id, data, ...fields }: AuditDocument): AuditEntry {
  return { id: _id, ...fields, data: JSON.parse(data) };
}

export type ReportDocument = Stored<Omit<Report, "message">> & {
  messageId: string;
  /** The ids of the message's files; absent if it has none. */
  fileIds?: string[];
  /** The message as it was, as JSON. */
  message: string;
};

/** One that another instance takes over from `dueAt` on. */
export type BulkDeletionDocument = Stored<BulkDeletion> & { dueAt: Date };

/** Says something of the database as a whole, by a key of its own. */
export type MetaDocument =
  | { _id: "schema"; version: number }
  /** There is one as soon as one user was about to become the first. */
  | { _id: "first user"; userId: string }
  /** Of the index that messages are found by. */
  | { _id: "search"; generation: number }
  /** Who indexes what others have left. */
  | { _id: "search claim"; owner: string; until: Date };
