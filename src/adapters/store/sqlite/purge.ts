/** Deletes what deleted rooms held, a part at a time, in the embedded database. */
import { LAST_SEQ } from "./rows.ts";
import type { SqliteSearch } from "./search.ts";
import type { Statements } from "./statements.ts";

/** So long other instances may still deliver a room's last entries. */
const PURGE_AFTER_MS = 60_000;
/** Entries of a room that one run deletes: other writes wait for it. */
const ENTRIES_AT_ONCE = 2_000;

/** Called in a transaction, as the methods of ports. */
export class SqlitePurge {
  readonly #sql: Statements;
  readonly #search: SqliteSearch;
  readonly #onDeletion: () => void;

  /** @param onDeletion is called when texts are deleted, before the commit */
  constructor(statements: Statements, search: SqliteSearch, onDeletion: () => void) {
    this.#sql = statements;
    this.#search = search;
    this.#onDeletion = onDeletion;
  }

  /** Deletes a part of what one room held; its last entry stays, so that its numbers stay taken. */
  run(): void {
    const room = this.#sql.prepare(
      `SELECT key, ${LAST_SEQ} AS last, (SELECT min(seq) FROM messages WHERE room = r.key) AS first
       FROM rooms r WHERE deleted_at <= ? AND purged_at IS NULL ORDER BY deleted_at LIMIT 1`,
    ).get(Date.now() - PURGE_AFTER_MS);
    if (!room) return;
    const [key, first, last] = [Number(room.key), Number(room.first), Number(room.last)];
    if (first < last) this.#deleteBefore(key, Math.min(first + ENTRIES_AT_ONCE, last));
    else this.#finish(key);
  }

  #deleteBefore(room: number, seq: number): void {
    this.#search.purge(room, seq);
    for (const [table, column] of PARTS) {
      this.#sql.prepare(`DELETE FROM ${table} WHERE room = ? AND ${column} < ?`).run(room, seq);
    }
    this.#onDeletion();
  }

  #finish(room: number): void {
    for (const table of ["members", "invitations"]) {
      this.#sql.prepare(`DELETE FROM ${table} WHERE room = ?`).run(room);
    }
    this.#sql.prepare(
      "UPDATE rooms SET purged_at = ?2, name = '', description = NULL, metadata = NULL WHERE key = ?1",
    ).run(room, Date.now());
    this.#onDeletion();
  }
}

/** The tables of what a room's log holds, and their numbers of its entries. */
const PARTS = [
  ["reactions", "message_seq"],
  ["mentions", "seq"],
  ["attachments", "seq"],
  ["changes", "seq"],
  ["messages", "seq"],
] as const;
