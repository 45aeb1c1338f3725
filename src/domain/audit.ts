/** What moderators and admins have done: a record that only grows. */
import type { JsonObject } from "./json.ts";
import type { SystemData, SystemType } from "./message.ts";

/** The actions that are recorded; those of rooms are named as their system messages. */
export const AUDIT_ACTIONS = [
  "member_added",
  "member_removed",
  "member_role",
  "member_banned",
  "member_unbanned",
  "member_muted",
  "member_unmuted",
  "room_updated",
  "room_deleted",
  /** Of another's message. */
  "message_deleted",
  "invitation_created",
  "invitation_revoked",
  "report_resolved",
  "report_dismissed",
  "user_banned",
  "user_unbanned",
  "user_role",
] as const;

export type AuditAction = typeof AUDIT_ACTIONS[number];

export interface AuditEntry {
  /** Entries are listed by it; of what an entry of a room's log does it is that entry's. */
  id: string;
  action: AuditAction;
  /** Null for the operator of the server. */
  actorId: string | null;
  /** Null if it concerns no room. */
  roomId: string | null;
  /** Whether admins do not see it: it was done in a room that is not public, to no report. */
  isPrivate: boolean;
  /** The users whom it concerns. */
  userIds: readonly string[];
  /** What else it says, by action: `messageId`, `role`, `until`, `reason`, `changes` … */
  data: JsonObject;
  createdAt: Date;
}

/** The part of an entry that follows from the room's log. */
export type AuditRecord = Pick<AuditEntry, "action" | "userIds" | "data">;

const ACTIONS: ReadonlySet<string> = new Set(AUDIT_ACTIONS);

/**
 * What is recorded of a message of the system; null if that is nothing, as of what users do with
 * themselves.
 * @param senderId who has done what it says
 */
export function recordOfNotice(
  senderId: string,
  { systemType, systemData }: { systemType: SystemType | null; systemData: SystemData | null },
): AuditRecord | null {
  if (systemType === null || !ACTIONS.has(systemType)) return null;
  const { users: userIds = [], ...data } = systemData ?? {};
  const isOwn = systemType === "member_added" && userIds.every((id) => id === senderId);
  return isOwn ? null : { action: systemType as AuditAction, userIds, data };
}

/** What is recorded of a deletion; null if it is of one's own message. */
export function recordOfDeletion(
  by: string,
  message: { id: string; senderId: string },
): AuditRecord | null {
  if (by === message.senderId) return null;
  const { id: messageId, senderId } = message;
  return { action: "message_deleted", userIds: [senderId], data: { messageId } };
}
