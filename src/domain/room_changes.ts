/** What system messages change of their rooms: who is a member, who is banned or muted, the settings. */
import type { RemovalReason } from "./account.ts";
import type { CreatedDraft } from "./entry.ts";
import type { LastSend, Role, Standing } from "./membership.ts";
import { ending, type Restriction } from "./restriction.ts";
import type { Message } from "./message.ts";
import type { NewRoom, RoomRules, SettingChanges, SlowMode } from "./room.ts";

/** What a message of the system says of its room; the rest of it is a sentence for people. */
export type Notice = Pick<Message, "systemType" | "systemData" | "createdAt">;

/** What an entry makes of a user's place in the room; what is left out stays. */
export interface MemberChange {
  userId: string;
  /** Null ends the membership. */
  role?: Role | null;
  /** Why it ends. */
  removal?: RemovalReason;
  /** Null lifts it, as in `mute`. */
  ban?: Restriction | null;
  mute?: Restriction | null;
  lastSend?: LastSend;
  /** Whether they become a plain member if they are none. */
  joins?: boolean;
}

/** A user's standing after a change. */
export function standingAfter(
  standing: Standing,
  { removal: _, joins, ...change }: Omit<MemberChange, "userId">,
): Standing {
  const after = { ...standing, ...change };
  return joins && after.role === null ? { ...after, role: "member" } : after;
}

/** What a message that its sender wrote makes of their place in the room; null for nothing. */
export function senderChange(
  { sender, createdAt: at }: Pick<Message, "sender" | "createdAt">,
  seq: number,
  { isSlow = false, joins = false }: Pick<CreatedDraft, "isSlow" | "joins">,
): MemberChange | null {
  if (!isSlow && !joins) return null;
  return { userId: sender.id, joins, ...(isSlow && { lastSend: { seq, at } }) };
}

/** Whose sockets an entry takes out of its room. */
export interface Removal {
  reason: RemovalReason;
  /** Missing for everybody's. */
  userIds?: readonly string[];
}

/** The rules of a room after entry `seq`, a message of the system. */
export function rulesAfter(rules: RoomRules, notice: Notice, seq: number): RoomRules {
  if (notice.systemType === "room_deleted") return { ...rules, isDeleted: true };
  const changes = settingChanges(notice);
  if (!changes) return rules;
  const { postPolicy = rules.postPolicy, archivedAt = rules.archivedAt, slowModeSeconds } = changes;
  const slowMode = slowModeSeconds === undefined
    ? rules.slowMode
    : slowModeOf(slowModeSeconds, seq);
  return { ...rules, postPolicy, archivedAt, slowMode };
}

/** @param since the entry that set it */
export function slowModeOf(seconds: number, since: number): SlowMode | null {
  return seconds === 0 ? null : { seconds, since };
}

/** Whether a message changes its room. */
export function changesRoom({ systemType }: Pick<Message, "systemType">): boolean {
  return systemType !== null && systemType !== "room_created";
}

/** What a message makes of its room's members; none for messages that are not about them. */
export function memberChanges({ systemType, systemData }: Notice): MemberChange[] {
  if (systemData === null) return [];
  const { users, role, until = null, reason = null } = systemData;
  const restriction = ending({ until, reason });
  switch (systemType) {
    case "member_added":
    case "member_role":
      return users.map((userId) => ({ userId, role: role ?? "member" }));
    case "member_left":
      return users.map((userId) => ({ userId, role: null, removal: "left" }));
    case "member_removed":
      return users.map((userId) => ({ userId, role: null, removal: "kicked" }));
    case "member_banned":
      return users.map((userId) => ({ userId, role: null, removal: "banned", ban: restriction }));
    case "member_unbanned":
      return users.map((userId) => ({ userId, ban: null }));
    case "member_muted":
      return users.map((userId) => ({ userId, mute: restriction }));
    case "member_unmuted":
      return users.map((userId) => ({ userId, mute: null }));
    default:
      return [];
  }
}

/**
 * The members that a room begins with: the two of a direct room, else its owner and whom they added.
 * @param opening the first messages of its log
 */
export function firstMembers(
  { type, createdBy, members = [] }: NewRoom,
  opening: readonly Notice[],
): { userId: string; role: Role }[] {
  if (type === "direct") return members.map(({ id }) => ({ userId: id, role: "member" }));
  const added = opening.flatMap(memberChanges)
    .flatMap(({ userId, role }) => role ? [{ userId, role }] : []);
  return [{ userId: createdBy.id, role: "owner" }, ...added];
}

/** Whose sockets a message takes out of its room; null if it takes out none. */
export function removalBy(notice: Notice): Removal | null {
  if (notice.systemType === "room_deleted") return { reason: "deleted" };
  const removed = memberChanges(notice).filter(({ removal }) => removal !== undefined);
  const reason = removed[0]?.removal;
  return reason ? { reason, userIds: removed.map(({ userId }) => userId) } : null;
}

/** What a message makes of its room's settings; null for messages that are not about them. */
export function settingChanges(
  { systemType, systemData, createdAt }: Notice,
): SettingChanges | null {
  if (systemType !== "room_updated") return null;
  const { archived, ...changes } = systemData?.changes ?? {};
  if (archived === undefined) return changes;
  return { ...changes, archivedAt: archived ? createdAt : null };
}
