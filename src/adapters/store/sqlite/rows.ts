/** How rows of the embedded database become domain objects. Times are milliseconds since 1970. */
import type { SQLOutputValue } from "node:sqlite";
import type { Entry, EntryDraft, LogPosition } from "../../../domain/entry.ts";
import type { Message } from "../../../domain/message.ts";
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
    createdAt: toDate(row.created_at),
    updatedAt: toDate(row.updated_at),
  };
}

/** What is read of a message and the entry that created it, in the order of `MessageRow`. */
export const MESSAGE_COLUMNS =
  `m.id, r.id, m.seq, m.n, u.id, u.display_name, u.avatar_url, m.text, m.system, m.client_message_id,
   m.created_at, m.updated_at`;

/** A message as the worker sends it: values alone cross in a third of the time of objects. */
export type MessageRow = [
  id: string,
  roomId: string,
  seq: number,
  n: number,
  senderId: string,
  displayName: string,
  avatarUrl: string | null,
  text: string,
  system: number,
  clientMessageId: string,
  createdAt: number,
  updatedAt: number,
];

/** A draft as it is sent to the worker, in the order in which `SqliteLog.append` inserts it. */
export type DraftRow = [
  id: string,
  senderId: string,
  text: string,
  system: number,
  clientMessageId: string,
  createdAt: number,
];

export function toDraftRow({ message }: EntryDraft): DraftRow {
  const { id, sender, text, system, clientMessageId, createdAt } = message;
  return [id, sender.id, text, Number(system), clientMessageId, createdAt.getTime()];
}

export function toMessage(row: MessageRow): Message {
  return {
    id: row[0],
    roomId: row[1],
    seq: row[2],
    sender: { id: row[4], displayName: row[5], avatarUrl: row[6] },
    text: row[7],
    system: row[8] === 1,
    clientMessageId: row[9],
    createdAt: new Date(row[10]),
    updatedAt: new Date(row[11]),
  };
}

/** A message's row, which is the entry that created it as well. */
export function toEntry(row: MessageRow): Entry {
  const message = toMessage(row);
  const { id, roomId, seq } = message;
  return { kind: "created", id, roomId, seq, n: row[3], message };
}

export function toPosition({ seq, n }: Row): LogPosition {
  return { seq: Number(seq), n: Number(n) };
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

function toPublicUser(id: SQLOutputValue | undefined, row: Row): PublicUser {
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
