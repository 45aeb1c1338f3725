/** Reports, and the record of what moderators and admins have done, as they go over the wire. */
import type { Message } from "./messages.ts";
import type { PublicUser } from "./users.ts";

/** What becomes of a report. */
export type ReportState = "open" | "resolved" | "dismissed";

/** A report as its reporter sees it. */
export interface OwnReport {
  /** Opaque. */
  id: string;
  /** The message's room. */
  roomId: string;
  /** The message that was reported. */
  messageId: string;
  /** As the reporter gave it. */
  reason: string;
  /** What else the reporter wrote. */
  comment: string | null;
  /** Whether it is closed, and how. */
  state: ReportState;
  /** ISO 8601, UTC. */
  createdAt: string;
}

/** A report as moderators see it. */
export interface Report extends Omit<OwnReport, "messageId"> {
  /** Null if it was deleted. */
  room: { id: string; name: string; slug: string; type: "public" | "private" | "direct" } | null;
  /** As it was when it was reported. */
  message: Message;
  /** As they are now. */
  reporter: PublicUser;
  /** Of who closed it. */
  note: string | null;
  /** Null while it is open. */
  closedBy: PublicUser | null;
  /** ISO 8601, UTC; null while it is open. */
  closedAt: string | null;
}

/** Something that a moderator or admin has done. */
export interface AuditEntry {
  /** Opaque. */
  id: string;
  /** What it was: named as the system message, if it made one. */
  action: string;
  /** Null for the operator of the server. */
  actor: PublicUser | null;
  /** Null for what concerns the server. */
  roomId: string | null;
  /** Whom it concerns. */
  users: PublicUser[];
  /** What else it says, by action. */
  data: { [name: string]: unknown };
  /** ISO 8601, UTC. */
  createdAt: string;
}
