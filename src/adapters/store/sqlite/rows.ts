/** How rows of users, rooms and sessions become domain objects. Times are milliseconds since 1970. */
import type { SQLOutputValue } from "node:sqlite";
import { ending, type Restriction } from "../../../domain/restriction.ts";
import type { PostPolicy, Room, RoomRules, RoomType } from "../../../domain/room.ts";
import { slowModeOf } from "../../../domain/room_changes.ts";
import type { Rotation, Session } from "../../../domain/session.ts";
import type { InstanceRole, KnownUser, PublicUser, User } from "../../../domain/user.ts";

export type Row = Record<string, SQLOutputValue>;

/** The number of the last entry of room `r`; 0 if it has none. */
export const LAST_SEQ = `max(coalesce((SELECT max(seq) FROM messages WHERE room = r.key), 0),
  coalesce((SELECT max(seq) FROM changes WHERE room = r.key), 0))`;

/**
 * The last number of a user's account; 0 if it has none.
 * @param user the key of the user, in SQL
 */
export function accountSeq(user: string): string {
  return `(SELECT coalesce(max(seq), 0) FROM account_items WHERE user = ${user})`;
}

/**
 * Whether a user's account has an item with how far they have read a room: it says something else
 * once a new membership begins.
 * @param user the key of the user, in SQL
 * @param roomId the id of the room, in SQL
 */
export function hasReadItem(user: string, roomId: string): string {
  return `EXISTS (SELECT 1 FROM account_items
    WHERE user = ${user} AND key = 'read:' || ${roomId})`;
}

/** Comes after all characters of words. */
export const LAST_CHARACTER = 0x10ffff;

/**
 * Whether a user's name has the beginnings of words.
 * @param user the key of the user, in SQL
 * @param words as a JSON array, in SQL
 */
export function hasNameWords(user: string, words: string): string {
  return `NOT EXISTS (SELECT 1 FROM json_each(${words}) b WHERE NOT EXISTS (
    SELECT 1 FROM user_words o WHERE o.user = ${user}
      AND o.word >= b.value AND o.word < b.value || char(${LAST_CHARACTER})))`;
}

/** A column of the last message of room `r`. */
export function lastMessage(column: "created_at" | "n"): string {
  return `(SELECT ${column} FROM messages WHERE room = r.key ORDER BY seq DESC LIMIT 1)`;
}

export function toUser(row: Row): User {
  return {
    id: String(row.id),
    email: String(row.email),
    passwordHash: String(row.password_hash),
    displayName: String(row.display_name),
    avatarUrl: toText(row.avatar_url),
    onboardingCompleted: row.onboarding_completed === 1,
    role: row.role as InstanceRole,
    ban: parseRestriction(row.ban),
    createdAt: toDate(row.created_at),
    updatedAt: toDate(row.updated_at),
  };
}

export function toKnownUser(row: Row): KnownUser {
  return {
    ...toPublicUser(row.id, row),
    role: row.role as InstanceRole,
    ban: parseRestriction(row.ban),
  };
}

export function toRoom(row: Row): Room {
  return {
    id: String(row.id),
    name: String(row.name),
    slug: String(row.slug),
    description: toText(row.description),
    createdBy: toPublicUser(row.creator_id, row),
    ...toSettings(row),
    slowModeSeconds: Number(row.slow_mode_seconds),
    metadata: row.metadata === null ? null : JSON.parse(String(row.metadata)),
    memberCount: Number(row.member_count),
    ...(typeof row.two === "string" && { members: JSON.parse(row.two) }),
    lastSeq: Number(row.last_seq),
    lastMessageAt: row.last_message_at === null ? null : toDate(row.last_message_at),
    createdAt: toDate(row.created_at),
    updatedAt: toDate(row.updated_at),
  };
}

function toSettings(row: Row): Omit<RoomRules, "slowMode" | "isDeleted"> {
  return {
    type: row.type as RoomType,
    postPolicy: row.post_policy as PostPolicy,
    archivedAt: row.archived_at === null ? null : toDate(row.archived_at),
  };
}

/** The rules of a room that is not deleted. */
export function toRules(row: Row): RoomRules {
  return {
    ...toSettings(row),
    slowMode: slowModeOf(Number(row.slow_mode_seconds), Number(row.slow_mode_seq)),
    isDeleted: false,
  };
}

export function formatRestriction(restriction: Restriction | null): string | null {
  return restriction &&
    JSON.stringify({ ...restriction, until: restriction.until?.getTime() ?? null });
}

export function parseRestriction(json: SQLOutputValue | undefined): Restriction | null {
  if (typeof json !== "string") return null;
  return ending(JSON.parse(json) as { until: number | null; reason: string | null });
}

export function toSession(row: Row): Session {
  return {
    id: String(row.id),
    userId: String(row.user_id),
    generation: Number(row.generation),
    rotations: parseRotations(String(row.rotations)),
    createdAt: toDate(row.created_at),
    expiresAt: toDate(row.expires_at),
    revokedAt: row.revoked_at === null ? null : toDate(row.revoked_at),
  };
}

export function formatRotations(rotations: Rotation[]): string {
  return JSON.stringify(rotations.map(({ generation, at }) => [generation, at.getTime()]));
}

function parseRotations(json: string): Rotation[] {
  const pairs = JSON.parse(json) as [number, number][];
  return pairs.map(([generation, at]) => ({ generation, at: new Date(at) }));
}

export function toPublicUser(id: SQLOutputValue | undefined, row: Row): PublicUser {
  return {
    id: String(id),
    displayName: String(row.display_name),
    avatarUrl: toText(row.avatar_url),
  };
}

function toText(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

export function toDate(value: SQLOutputValue | undefined): Date {
  return new Date(Number(value));
}
