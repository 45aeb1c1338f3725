/** Bulk deletions that have not been completed, in the embedded database. */
import type { BulkDeletion } from "../../../domain/bulk_deletion.ts";
import { type Row, toDate } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** The methods of the `BulkDeletionStore` port without the promises; see there for the guarantees. */
export class SqliteBulkDeletions {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  add({ id, roomId, userId, actorId, since, createdAt }: BulkDeletion, dueAt: Date): void {
    this.#sql.prepare(
      `INSERT INTO bulk_deletions (id, room, user, actor, since, created_at, due_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ).run(id, roomId, userId, actorId, since.getTime(), createdAt.getTime(), dueAt.getTime());
  }

  due(now: Date, limit: number): BulkDeletion[] {
    return this.#sql.prepare("SELECT * FROM bulk_deletions WHERE due_at <= ? LIMIT ?")
      .all(now.getTime(), limit).map(toBulkDeletion);
  }

  claim(id: string, now: Date, dueAt: Date): boolean {
    const { changes } = this.#sql.prepare(
      "UPDATE bulk_deletions SET due_at = ?3 WHERE id = ?1 AND due_at <= ?2",
    ).run(id, now.getTime(), dueAt.getTime());
    return changes === 1;
  }

  postpone(id: string, dueAt: Date): void {
    this.#sql.prepare("UPDATE bulk_deletions SET due_at = ?2 WHERE id = ?1")
      .run(id, dueAt.getTime());
  }

  remove(id: string): void {
    this.#sql.prepare("DELETE FROM bulk_deletions WHERE id = ?").run(id);
  }
}

function toBulkDeletion(row: Row): BulkDeletion {
  return {
    id: String(row.id),
    roomId: String(row.room),
    userId: String(row.user),
    actorId: String(row.actor),
    since: toDate(row.since),
    createdAt: toDate(row.created_at),
  };
}
