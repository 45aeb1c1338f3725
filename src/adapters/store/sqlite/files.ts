/** Files in the embedded database. */
import {
  CLAIM_MS,
  type File,
  type FileContent,
  type FileState,
  refusalOf,
  REPORTED_MS,
  SEVERAL_MESSAGES,
} from "../../../domain/file.ts";
import type { ClaimOutcome, FileClaim, StoredFile } from "../../../ports/store/files.ts";
import { hasReport } from "./reports.ts";
import { type Row, toDate } from "./rows.ts";
import type { Statements } from "./statements.ts";

const USER = "(SELECT key FROM users WHERE id = ?)";
/** As the condition of the index on owners has it. */
const COUNTS = "state <> 'deleted' AND state <> 'reported'";
const FILES = `SELECT f.*, u.id AS owner_id, r.id AS room_id,
    EXISTS (SELECT 1 FROM attachments a WHERE a.file = f.id) AS is_in_message,
    ${hasReport("f.id")} AS is_in_report
  FROM files f JOIN users u ON u.key = f.owner LEFT JOIN rooms r ON r.key = f.room`;

/**
 * The methods of the `FileStore` port without the promises; see there for what each guarantees.
 * Triggers on the table `attachments` keep what files have of the messages that they are in.
 */
export class SqliteFiles {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  create(file: File, quota: number, dueAt: Date): boolean {
    const used = this.#sql.prepare(
      `SELECT coalesce(sum(quota_bytes), 0) AS bytes FROM files
       WHERE owner = ${USER} AND ${COUNTS}`,
    ).get(file.ownerId);
    if (Number(used?.bytes) + file.quotaBytes > quota) return false;
    this.#sql.prepare(
      `INSERT INTO files (id, owner, state, name, type, size, width, height, has_thumbnail,
         quota_bytes, blob_key, created_at, due_at)
       VALUES (?, ${USER}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      file.id,
      file.ownerId,
      file.state,
      file.name,
      file.type,
      file.size,
      file.width,
      file.height,
      Number(file.hasThumbnail),
      file.quotaBytes,
      file.blobKey,
      file.createdAt.getTime(),
      dueAt.getTime(),
    );
    return true;
  }

  reserve(id: string, quotaBytes: number, quota: number): boolean {
    const others = this.#sql.prepare(
      `SELECT coalesce(sum(quota_bytes), 0) AS bytes FROM files
       WHERE owner = (SELECT owner FROM files WHERE id = ?1) AND ${COUNTS} AND id <> ?1`,
    ).get(id);
    if (Number(others?.bytes) + quotaBytes > quota) return false;
    this.#sql.prepare("UPDATE files SET quota_bytes = ? WHERE id = ? AND state = 'uploading'")
      .run(quotaBytes, id);
    return true;
  }

  complete(id: string, content: FileContent, dueAt: Date): boolean {
    const { type, size, width, height, hasThumbnail, quotaBytes, blobKey } = content;
    const { changes } = this.#sql.prepare(
      `UPDATE files SET state = 'ready', type = ?, size = ?, width = ?, height = ?,
         has_thumbnail = ?, quota_bytes = ?, blob_key = ?, due_at = ?
       WHERE id = ? AND state = 'uploading'`,
    ).run(
      type,
      size,
      width,
      height,
      Number(hasThumbnail),
      quotaBytes,
      blobKey,
      dueAt.getTime(),
      id,
    );
    return changes === 1;
  }

  abort(id: string, leaseEnd: Date): File | null {
    const row = this.#row(id);
    return row?.state === "uploading" ? this.#delete(row, leaseEnd) : null;
  }

  find(id: string): File | null {
    const row = this.#row(id);
    return row ? toFile(row) : null;
  }

  claim(ids: readonly string[], claim: FileClaim): ClaimOutcome {
    const { roomId, messageId, at } = claim;
    const rows = ids.map((id) => this.#row(id));
    for (const row of rows) {
      const isBound = row !== undefined && isClaimed(row, at);
      const refusal = refusalOf(row ? toFile(row) : null, claim, isBound);
      if (refusal) return { refusal };
    }
    for (const row of rows) {
      const isShared = isClaimed(row!, at) && row!.claimed_by !== messageId;
      this.#sql.prepare(
        `UPDATE files SET room = (SELECT key FROM rooms WHERE id = ?), claimed_by = ?, claimed_at = ?
         WHERE id = ?`,
      ).run(roomId, isShared ? SEVERAL_MESSAGES : messageId, at.getTime(), row!.id!);
    }
    return { files: rows.map((row) => toFile(row!)) };
  }

  release(ids: readonly string[], messageId: string): void {
    for (const id of ids) {
      this.#sql.prepare(
        `UPDATE files SET claimed_by = NULL, claimed_at = NULL, room = iif(is_attached, room, NULL)
         WHERE id = ? AND claimed_by = ?`,
      ).run(id, messageId);
    }
  }

  discard(id: string, now: Date, leaseEnd: Date): File | null {
    const row = this.#row(id);
    if (!row || row.is_attached === 1 || isClaimed(row, now)) return null;
    if (row.state === "deleted" || row.state === "reported") return null;
    return this.#delete(row, leaseEnd);
  }

  collect(now: Date, leaseEnd: Date, limit: number): File[] {
    const due = this.#sql.prepare(`${FILES} WHERE f.due_at <= ? ORDER BY f.due_at LIMIT ?`)
      .all(now.getTime(), limit);
    return due.flatMap((row) => {
      if (isClaimed(row, now)) {
        this.#setDue(row, Number(row.claimed_at) + CLAIM_MS);
        return [];
      }
      if (stateOf(row) !== "reported") return [this.#delete(row, leaseEnd)];
      this.#keepReported(row, now);
      return [];
    });
  }

  remove(id: string): void {
    this.#sql.prepare("DELETE FROM files WHERE id = ? AND state = 'deleted'").run(id);
  }

  list(after: string, limit: number): StoredFile[] {
    const rows = this.#sql.prepare("SELECT * FROM files WHERE id > ? ORDER BY id LIMIT ?")
      .all(after, limit);
    return rows.map((row) => ({
      id: String(row.id),
      blobKey: String(row.blob_key),
      size: Number(row.size),
      hasThumbnail: row.has_thumbnail === 1,
      createdAt: toDate(row.created_at),
      state: row.state === "reported" ? "ready" : row.state as StoredFile["state"],
    }));
  }

  #row(id: string): Row | undefined {
    return this.#sql.prepare(`${FILES} WHERE f.id = ?`).get(id);
  }

  #delete(row: Row, leaseEnd: Date): File {
    this.#sql.prepare("UPDATE files SET state = 'deleted', due_at = ? WHERE id = ?")
      .run(leaseEnd.getTime(), row.id!);
    return { ...toFile(row), state: "deleted" };
  }

  #keepReported(row: Row, now: Date): void {
    this.#sql.prepare("UPDATE files SET state = 'reported', due_at = ? WHERE id = ?")
      .run(now.getTime() + REPORTED_MS, row.id!);
  }

  #setDue(row: Row, dueAt: number): void {
    this.#sql.prepare("UPDATE files SET due_at = ? WHERE id = ?").run(dueAt, row.id!);
  }
}

/** Whether a message that is about to be appended has it; of a deleted upload nothing can. */
function isClaimed({ state, claimed_at }: Row, now: Date): boolean {
  return state === "ready" && claimed_at !== null && Number(claimed_at) > now.getTime() - CLAIM_MS;
}

function stateOf({ state, is_attached, is_in_message, is_in_report }: Row): FileState {
  const wasInMessage = state === "reported" || (state === "ready" && is_attached === 1);
  if (!wasInMessage) return state as FileState;
  if (is_in_message === 1) return "attached";
  return is_in_report === 1 ? "reported" : "deleted";
}

function toFile(row: Row): File {
  return {
    id: String(row.id),
    ownerId: String(row.owner_id),
    state: stateOf(row),
    name: String(row.name),
    type: String(row.type),
    size: Number(row.size),
    width: row.width === null ? null : Number(row.width),
    height: row.height === null ? null : Number(row.height),
    hasThumbnail: row.has_thumbnail === 1,
    quotaBytes: Number(row.quota_bytes),
    blobKey: String(row.blob_key),
    roomId: row.room_id === null ? null : String(row.room_id),
    createdAt: toDate(row.created_at),
  };
}
