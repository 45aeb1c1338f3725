/** The record of what moderators and admins have done, in the embedded database. */
import {
  type AuditAction,
  type AuditEntry,
  type AuditRecord,
  recordOfDeletion,
  recordOfNotice,
} from "../../../domain/audit.ts";
import type { JsonObject } from "../../../domain/json.ts";
import type { SystemData, SystemType } from "../../../domain/message.ts";
import type { AuditFilter } from "../../../ports/store/audit.ts";
import { type Row, toDate } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** A message of the system, with the columns of its row. */
interface NoticeRow {
  id: string;
  senderId: string;
  createdAt: number;
  /** The details as JSON. */
  details: string | null;
}

/** An entry that deletes a message. */
interface DeletionRow {
  id: string;
  /** Of the message. */
  messageSeq: number;
  actorId: string;
  createdAt: number;
}

/** The methods of the `AuditStore` port without the promises; see there for what each guarantees. */
export class SqliteAudit {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  add(entry: AuditEntry): void {
    this.#sql.prepare(
      `INSERT INTO audit (id, action, actor, room, is_private, users, data, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ).run(
      entry.id,
      entry.action,
      entry.actorId,
      entry.roomId,
      Number(entry.isPrivate),
      JSON.stringify(entry.userIds),
      JSON.stringify(entry.data),
      entry.createdAt.getTime(),
    );
  }

  list(filter: AuditFilter, limit: number, before?: string): AuditEntry[] {
    const { withPrivate, roomId, actorId, action } = filter;
    const conditions = [
      ...(before === undefined ? [] : ["id < :before"]),
      ...(withPrivate ? [] : ["is_private = 0"]),
      ...(roomId === undefined ? [] : ["room = :roomId"]),
      ...(actorId === undefined ? [] : ["actor = :actorId"]),
      ...(action === undefined ? [] : ["action = :action"]),
    ];
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    return this.#sql.prepare(`SELECT * FROM audit ${where} ORDER BY id DESC LIMIT :limit`).all({
      limit,
      ...(before !== undefined && { before }),
      ...(roomId !== undefined && { roomId }),
      ...(actorId !== undefined && { actorId }),
      ...(action !== undefined && { action }),
    }).map(toAuditEntry);
  }

  /** Records what a message says that changes its room; called in the transaction of the append. */
  addNotice(room: number, { id, senderId, createdAt, details }: NoticeRow): void {
    const { systemType = null, systemData = null } = JSON.parse(details ?? "{}") as {
      systemType?: SystemType;
      systemData?: SystemData;
    };
    const record = recordOfNotice(senderId, { systemType, systemData });
    if (record) this.#record(room, id, senderId, createdAt, record);
  }

  /** Records the deletion of another's message; called in the transaction of the append. */
  addDeletion(room: number, { id, messageSeq, actorId, createdAt }: DeletionRow): void {
    const message = this.#sql.prepare(
      `SELECT m.id, u.id AS sender FROM messages m JOIN users u ON u.key = m.sender
       WHERE m.room = ? AND m.seq = ?`,
    ).get(room, messageSeq)!;
    const record = recordOfDeletion(actorId, {
      id: String(message.id),
      senderId: String(message.sender),
    });
    if (record) this.#record(room, id, actorId, createdAt, record);
  }

  #record(room: number, id: string, actorId: string, at: number, record: AuditRecord): void {
    const row = this.#sql.prepare("SELECT id, type FROM rooms WHERE key = ?").get(room)!;
    const isPrivate = row.type !== "public";
    this.add({
      ...record,
      id,
      actorId,
      roomId: String(row.id),
      isPrivate,
      createdAt: new Date(at),
    });
  }
}

function toAuditEntry(row: Row): AuditEntry {
  return {
    id: String(row.id),
    action: row.action as AuditAction,
    actorId: row.actor as string | null,
    roomId: row.room as string | null,
    isPrivate: row.is_private === 1,
    userIds: JSON.parse(String(row.users)) as string[],
    data: JSON.parse(String(row.data)) as JsonObject,
    createdAt: toDate(row.created_at),
  };
}
