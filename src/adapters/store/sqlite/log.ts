/** The rooms' logs in the embedded database. */
import type { SQLInputValue } from "node:sqlite";
import { LOG_START, type LogPosition } from "../../../domain/entry.ts";
import type { SentKey } from "../../../ports/store/log.ts";
import { type DraftRow, MESSAGE_COLUMNS, type MessageRow, toPosition } from "./rows.ts";
import type { Statements } from "./statements.ts";

const MESSAGES = `SELECT ${MESSAGE_COLUMNS}
  FROM rooms r JOIN messages m ON m.room = r.key JOIN users u ON u.key = m.sender
  WHERE r.id = ?`;

/**
 * The methods of the `LogStore` port without the promises, and with rows for drafts, entries and
 * messages;
 * see there for what each guarantees.
 */
export class SqliteLog {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  /** Returns how many of the drafts, from the first on, it has appended. */
  append(roomId: string, basis: LogPosition, drafts: readonly DraftRow[]): number {
    const room = this.#sql.prepare(
      `SELECT key, (SELECT max(seq) FROM messages WHERE room = rooms.key) AS head
       FROM rooms WHERE id = ?`,
    ).get(roomId);
    // The primary key refuses a number that is taken; one that is not the next is refused here.
    if (!room || Number(room.head) !== basis.seq) return 0;
    const key = Number(room.key);
    const insert = this.#sql.prepare(
      `INSERT INTO messages (room, seq, n, id, sender, text, system, client_message_id, created_at,
         updated_at)
       VALUES (?1, ?2, ?3, ?4, (SELECT key FROM users WHERE id = ?5), ?6, ?7, ?8, ?9, ?9)
       ON CONFLICT DO NOTHING`,
    );
    const refused = drafts.findIndex((draft, i) => {
      const { changes } = insert.run(key, basis.seq + 1 + i, basis.n + 1 + i, ...draft);
      return changes === 0;
    });
    return refused < 0 ? drafts.length : refused;
  }

  findSent(roomId: string, sent: readonly SentKey[]): MessageRow[] {
    const condition =
      "AND m.sender = (SELECT key FROM users WHERE id = ?) AND m.client_message_id = ?";
    return sent.flatMap(({ senderId, clientMessageId }) => {
      return this.#findMessages(condition, roomId, senderId, clientMessageId);
    });
  }

  end(roomId: string): LogPosition {
    const row = this.#sql.prepare(
      `SELECT m.seq, m.n FROM rooms r JOIN messages m ON m.room = r.key WHERE r.id = ?
       ORDER BY m.seq DESC LIMIT 1`,
    ).get(roomId);
    return row ? toPosition(row) : LOG_START;
  }

  heads(roomIds: string[]): Map<string, number> {
    const rows = this.#sql.prepare(
      `SELECT id, coalesce((SELECT max(seq) FROM messages WHERE room = rooms.key), 0) AS head
       FROM rooms WHERE id IN (SELECT value FROM json_each(?))`,
    ).all(JSON.stringify(roomIds));
    return new Map(rows.map(({ id, head }) => [String(id), Number(head)]));
  }

  entriesAfter(roomId: string, after: number, limit: number): MessageRow[] {
    return this.#findMessages("AND m.seq > ? ORDER BY m.seq LIMIT ?", roomId, after, limit);
  }

  entriesBefore(roomId: string, before: number, limit: number): MessageRow[] {
    return this.#findMessages("AND m.seq < ? ORDER BY m.seq DESC LIMIT ?", roomId, before, limit)
      .reverse();
  }

  entryId(roomId: string, seq: number): string | null {
    const row = this.#sql.prepare(
      "SELECT m.id FROM rooms r JOIN messages m ON m.room = r.key WHERE r.id = ? AND m.seq = ?",
    ).get(roomId, seq);
    return row ? String(row.id) : null;
  }

  // Messages are clustered by the entries that created them: a page is one range of numbers.
  messagesBefore(roomId: string, { seq }: LogPosition, limit: number): MessageRow[] {
    return this.entriesBefore(roomId, seq, limit);
  }

  messagesAfter(roomId: string, { seq }: LogPosition, limit: number): MessageRow[] {
    return this.entriesAfter(roomId, seq, limit);
  }

  position(roomId: string, messageId: string): LogPosition | null {
    const row = this.#sql.prepare(
      "SELECT m.seq, m.n FROM messages m JOIN rooms r ON r.key = m.room WHERE m.id = ? AND r.id = ?",
    ).get(messageId, roomId);
    return row ? toPosition(row) : null;
  }

  /** @param condition one of a fixed number of texts; its values follow the room's id */
  #findMessages(condition: string, ...values: SQLInputValue[]): MessageRow[] {
    return this.#sql.prepareArrays(`${MESSAGES} ${condition}`).all(...values) as MessageRow[];
  }
}
