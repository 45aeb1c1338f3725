/** What an entry of the audit log says, as a sentence. */
import type { AuditEntry } from "../../src/client/rest/mod.ts";
import { describeEnd } from "../people/periods.ts";

/** The actions that can be filtered by, with how they are called. */
export const ACTIONS: Record<string, string> = {
  member_added: "Added a member",
  member_removed: "Removed a member",
  member_role: "Gave a role in a room",
  member_banned: "Banned from a room",
  member_unbanned: "Lifted a ban from a room",
  member_muted: "Muted in a room",
  member_unmuted: "Lifted a mute",
  room_updated: "Changed a room",
  room_deleted: "Deleted a room",
  message_deleted: "Deleted a message",
  invitation_created: "Made an invitation",
  invitation_revoked: "Revoked an invitation",
  report_resolved: "Resolved a report",
  report_dismissed: "Dismissed a report",
  user_banned: "Banned from the server",
  user_unbanned: "Lifted a ban from the server",
  user_role: "Made or unmade an admin",
};

/**
 * What was done, to be read after the actor's name.
 * @param room how the room is called, if there is one
 */
export function deedOf({ action, users, data }: AuditEntry, room: string): string {
  const people = users.map(({ displayName }) => displayName || "somebody").join(", ");
  const role = data.role === "owner" || data.role === "admin"
    ? `an ${data.role}`
    : `a ${data.role}`;
  switch (action) {
    case "member_added":
      return `added ${people} to ${room}${data.role === undefined ? "" : ` as ${role}`}`;
    case "member_removed":
      return `removed ${people} from ${room}`;
    case "member_role":
      return `made ${people} ${role} of ${room}`;
    case "member_banned":
      return `banned ${people} from ${room}${until(data)}`;
    case "member_unbanned":
      return `lifted the ban of ${people} from ${room}`;
    case "member_muted":
      return `muted ${people} in ${room}${until(data)}`;
    case "member_unmuted":
      return `lifted the mute of ${people} in ${room}`;
    case "room_updated":
      return changesOf(data.changes as Record<string, unknown> ?? {}, room);
    case "room_deleted":
      return `deleted ${room}`;
    case "message_deleted":
      return `deleted a message of ${people} in ${room}`;
    case "invitation_created":
      return `made an invitation to ${room}`;
    case "invitation_revoked":
      return `revoked an invitation to ${room}`;
    case "report_resolved":
      return `resolved a report of a message of ${people} in ${room}`;
    case "report_dismissed":
      return `dismissed a report of a message of ${people} in ${room}`;
    case "user_banned":
      return `banned ${people} from the server${until(data)}`;
    case "user_unbanned":
      return `lifted the ban of ${people} from the server`;
    case "user_role":
      return data.role === "admin"
        ? `made ${people} an admin of the server`
        : `took the role of an admin from ${people}`;
    default:
      // Of a later release of the server.
      return `${action.replaceAll("_", " ")} ${people}`.trim();
  }
}

/** Why it was done, as its actor said; `""` if nothing was said. */
export function reasonOf({ data: { reason, note } }: AuditEntry): string {
  return [reason, note].filter((each) => typeof each === "string").join(" – ");
}

function until({ until }: AuditEntry["data"]): string {
  return typeof until === "string" ? describeEnd(until) : "";
}

const SETTINGS: Record<string, string> = {
  name: "the name",
  description: "the description",
  postPolicy: "who may write",
  slowModeSeconds: "slow mode",
  metadata: "the metadata",
};

function changesOf({ archived, ...changes }: Record<string, unknown>, room: string): string {
  const settings = Object.keys(changes).map((name) => SETTINGS[name] ?? name).join(", ");
  const changed = settings && `changed ${settings} of ${room}`;
  if (archived === undefined) return changed || `changed ${room}`;
  const archiving = archived ? `archived ${room}` : `took ${room} out of the archive`;
  return changed ? `${archiving} and ${changed}` : archiving;
}
