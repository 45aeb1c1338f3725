/** How rows of users, rooms and sessions become domain objects. Times are milliseconds since 1970. */
import type { SQLOutputValue } from "node:sqlite";
import type { Room } from "../../../domain/room.ts";
import type { Rotation, Session } from "../../../domain/session.ts";
import type { PublicUser, User } from "../../../domain/user.ts";

export type Row = Record<string, SQLOutputValue>;

export function toUser(row: Row): User {
  return {
    id: String(row.id),
    email: String(row.email),
    passwordHash: String(row.password_hash),
    displayName: String(row.display_name),
    avatarUrl: toText(row.avatar_url),
    onboardingCompleted: row.onboarding_completed === 1,
    createdAt: toDate(row.created_at),
    updatedAt: toDate(row.updated_at),
  };
}

export function toRoom(row: Row): Room {
  return {
    id: String(row.id),
    name: String(row.name),
    slug: String(row.slug),
    description: toText(row.description),
    createdBy: toPublicUser(row.creator_id, row),
    lastSeq: Number(row.last_seq),
    lastMessageAt: row.last_message_at === null ? null : toDate(row.last_message_at),
    createdAt: toDate(row.created_at),
    updatedAt: toDate(row.updated_at),
  };
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

function toDate(value: SQLOutputValue | undefined): Date {
  return new Date(Number(value));
}
