/** The rooms' logs in the embedded database. */
import { LOG_START, type LogPosition } from "../../../domain/entry.ts";
import type { SentKey } from "../../../ports/store/log.ts";
import {
  CHANGE_COLUMN,
  type ChangeRow,
  type CreatedRow,
  type DraftRow,
  type EntryRow,
  MESSAGE_COLUMNS,
  toPosition,
} from "./message_rows.ts";
import type { SqliteAudit } from "./audit.ts";
import type { SqliteRoomChanges } from "./room_changes.ts";
import { LAST_SEQ } from "./rows.ts";
import type { Statements } from "./statements.ts";

/**
 * Entries of the room ?1, with the columns of `EntryRow`: a message is also the entry that created
 * it. One statement, because two would see the log at two moments.
 * @param conditions one of a fixed number of texts, for messages `m` and for changes `c`
 */
function selectEntries(messages: string, changes: string): string {
  return `SELECT ${MESSAGE_COLUMNS}, m.seq AS entry_seq, m.n, m.request, NULL
    FROM rooms r JOIN messages m ON m.room = r.key JOIN users u ON u.key = m.sender
    WHERE r.id = ?1 AND ${messages}
  UNION ALL
    SELECT ${MESSAGE_COLUMNS}, c.seq, c.n, c.request, ${CHANGE_COLUMN}
    FROM rooms r JOIN changes c ON c.room = r.key
      JOIN messages m ON m.room = c.room AND m.seq = c.message_seq
      JOIN users u ON u.key = m.sender JOIN users a ON a.key = c.actor
    WHERE r.id = ?1 AND ${changes}`;
}

/**
 * The table `earlier`: the changes that replaced a text of a message, from the last on. Each names
 * the entry that the text before came with, which is the change before it.
 * @param message one of a fixed number of conditions for the message `m`
 */
export function withEarlier(message: string): string {
  return `WITH RECURSIVE earlier (key, room, seq, text, edited_at) AS (
      SELECT c.key, c.room, c.earlier_seq, c.earlier_text, c.earlier_edited_at
      FROM messages m JOIN changes c ON c.room = m.room AND c.seq = m.details ->> 'textSeq'
      WHERE ${message}
    UNION ALL
      SELECT c.key, c.room, c.earlier_seq, c.earlier_text, c.earlier_edited_at
      FROM earlier e JOIN changes c ON c.room = e.room AND c.seq = e.seq)`;
}

const NO_EARLIER = [null, null, null] as const;

/**
 * The methods of the `LogStore` port without the promises, and with rows for drafts and entries;
 * see there for what each guarantees.
 */
export class SqliteLog {
  readonly #sql: Statements;
  readonly #changes: SqliteRoomChanges;
  readonly #audit: SqliteAudit;
  readonly #onDeletion: () => void;

  /**
   * @param effects what entries do beside the log
   * @param onDeletion is called when a message is deleted, before the commit
   */
  constructor(
    statements: Statements,
    { changes, audit }: { changes: SqliteRoomChanges; audit: SqliteAudit },
    onDeletion: () => void,
  ) {
    this.#sql = statements;
    this.#changes = changes;
    this.#audit = audit;
    this.#onDeletion = onDeletion;
  }

  /** Returns how many of the drafts, from the first on, it has appended. */
  append(roomId: string, basis: LogPosition, drafts: readonly DraftRow[]): number {
    const room = this.#sql.prepare(`SELECT key, ${LAST_SEQ} AS head FROM rooms r WHERE id = ?`)
      .get(roomId);
    if (!room || room.head !== basis.seq) return 0;
    const key = Number(room.key);
    let { seq, n } = basis;
    for (const draft of drafts) {
      const isAppended = isCreated(draft)
        // A log of which every entry is a message holds no change.
        ? !(n < seq && this.#isChange(key, draft[2], draft[5])) &&
          this.#create(key, { seq: seq + 1, n: n + 1 }, draft, basis.seq === 0)
        : this.#change(key, seq + 1, n, draft);
      if (!isAppended) break;
      seq++;
      if (isCreated(draft)) n++;
    }
    return seq - basis.seq;
  }

  findSent(roomId: string, sent: readonly SentKey[]): EntryRow[] {
    const user = "(SELECT key FROM users WHERE id = ?2)";
    const select = this.#sql.prepareArrays(selectEntries(
      `m.sender = ${user} AND m.client_message_id = ?3`,
      `c.actor = ${user} AND c.client_message_id = ?3`,
    ));
    return sent.flatMap(({ senderId, clientMessageId }) => {
      return select.all(roomId, senderId, clientMessageId) as EntryRow[];
    });
  }

  end(roomId: string): LogPosition {
    const last = (table: string) =>
      `SELECT * FROM (SELECT e.seq, e.n FROM rooms r JOIN ${table} e ON e.room = r.key
         WHERE r.id = ?1 ORDER BY e.seq DESC LIMIT 1)`;
    const row = this.#sql.prepare(
      `${last("messages")} UNION ALL ${last("changes")} ORDER BY seq DESC LIMIT 1`,
    ).get(roomId);
    return row ? toPosition(row) : LOG_START;
  }

  heads(roomIds: string[]): Map<string, number> {
    const rows = this.#sql.prepare(
      `SELECT id, ${LAST_SEQ} AS head FROM rooms r WHERE id IN (SELECT value FROM json_each(?))`,
    ).all(JSON.stringify(roomIds));
    return new Map(rows.map(({ id, head }) => [String(id), Number(head)]));
  }

  // Each table is read in the order of its key, and no further than the page goes.
  entriesAfter(roomId: string, after: number, limit: number): EntryRow[] {
    // Most often there is nothing: to ask for that alone costs a twentieth.
    const log = this.#sql.prepare(`SELECT ${LAST_SEQ} AS head FROM rooms r WHERE id = ?`)
      .get(roomId);
    if (Number(log?.head ?? 0) <= after) return [];
    const select = selectEntries("m.seq > ?2", "c.seq > ?2");
    return this.#sql.prepareArrays(`${select} ORDER BY entry_seq LIMIT ?3`)
      .all(roomId, after, limit) as EntryRow[];
  }

  entryId(roomId: string, seq: number): string | null {
    const find = (table: string) =>
      `SELECT e.id FROM rooms r JOIN ${table} e ON e.room = r.key WHERE r.id = ?1 AND e.seq = ?2`;
    const row = this.#sql.prepare(`${find("messages")} UNION ALL ${find("changes")}`)
      .get(roomId, seq);
    return row ? String(row.id) : null;
  }

  /** Whether the user has made a change with this clientMessageId. */
  #isChange(room: number, userId: string, clientMessageId: string): boolean {
    const found = this.#sql.prepare(
      `SELECT 1 FROM changes WHERE client_message_id = ? AND room = ?
         AND actor = (SELECT key FROM users WHERE id = ?)`,
    ).get(clientMessageId, room, userId);
    return found !== undefined;
  }

  /** Whether the user has sent a message with this clientMessageId. */
  #isMessage(room: number, userId: string, clientMessageId: string): boolean {
    const found = this.#sql.prepare(
      `SELECT 1 FROM messages WHERE client_message_id = ? AND room = ?
         AND sender = (SELECT key FROM users WHERE id = ?)`,
    ).get(clientMessageId, room, userId);
    return found !== undefined;
  }

  /** Returns false, and writes nothing, if it was sent before. */
  #create(room: number, { seq, n }: LogPosition, row: CreatedRow, isOpening: boolean): boolean {
    const [, id, senderId, text, system, clientMessageId, createdAt, details, request, ...related] =
      row;
    const [threadId, notified, roomChanges, files] = related;
    const { changes } = this.#sql.prepare(
      `INSERT INTO messages (room, seq, n, id, sender, text, system, client_message_id, created_at,
         updated_at, details, request)
       VALUES (?1, ?2, ?3, ?4, (SELECT key FROM users WHERE id = ?5), ?6, ?7, ?8, ?9, ?9, ?10, ?11)
       ON CONFLICT DO NOTHING`,
    ).run(
      room,
      seq,
      n,
      id,
      senderId,
      text,
      system,
      clientMessageId,
      createdAt,
      details,
      request,
    );
    if (changes === 0) return false;
    if (threadId !== null) this.#putInThread(room, seq, threadId);
    if (notified !== null) this.#notify(room, seq, notified);
    if (files !== null) this.#attach(room, seq, files);
    if (roomChanges !== null) {
      this.#changes.apply(room, seq, createdAt, roomChanges);
      if (!isOpening) this.#audit.addNotice(room, { id, senderId, createdAt, details });
    }
    return true;
  }

  #putInThread(room: number, seq: number, threadId: string): void {
    this.#sql.prepare(
      `UPDATE messages SET thread_seq = (SELECT seq FROM messages WHERE id = ?3 AND room = ?1)
       WHERE room = ?1 AND seq = ?2`,
    ).run(room, seq, threadId);
  }

  #attach(room: number, seq: number, files: string): void {
    this.#sql.prepare("INSERT INTO attachments SELECT value, ?1, ?2 FROM json_each(?3)")
      .run(room, seq, files);
  }

  /** Returns false, and writes nothing, if it was made before. */
  #change(room: number, seq: number, n: number, change: ChangeRow): boolean {
    const [kind, id, messageSeq, actorId, clientMessageId, request, createdAt, reactions] = change;
    const [earlierSeq, earlierText, earlierEditedAt] = change[11] ?? NO_EARLIER;
    if (this.#isMessage(room, actorId, clientMessageId)) return false;
    const { changes } = this.#sql.prepare(
      `INSERT INTO changes (room, seq, n, id, kind, message_seq, actor, client_message_id, request,
         created_at, reactions, earlier_seq, earlier_text, earlier_edited_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT key FROM users WHERE id = ?7), ?8, ?9, ?10, ?11, ?12,
         ?13, ?14)
       ON CONFLICT DO NOTHING`,
    ).run(
      room,
      seq,
      n,
      id,
      kind,
      messageSeq,
      actorId,
      clientMessageId,
      request,
      createdAt,
      reactions,
      earlierSeq,
      earlierText,
      earlierEditedAt,
    );
    if (changes === 0) return false;
    if (kind === "deleted") this.#audit.addDeletion(room, { id, messageSeq, actorId, createdAt });
    this.#apply(room, seq, change);
    return true;
  }

  /** Leaves the message as it is after the change. */
  #apply(room: number, seq: number, change: ChangeRow): void {
    const [kind, , messageSeq, , , , createdAt, reactions, text, details, pinned] = change;
    const { changes } = this.#sql.prepare(
      `UPDATE messages SET text = ?3, updated_at = ?4, details = ?5,
         pinned_seq = CASE WHEN ?6 THEN coalesce(pinned_seq, ?7) END
       WHERE room = ?1 AND seq = ?2`,
    ).run(room, messageSeq, text, createdAt, details, pinned, seq);
    if (changes === 0) {
      throw new Error(`Entry ${seq} changes a message that the room does not have.`);
    }
    const mentions = change[12];
    if (mentions) {
      const [notified, replyTo] = mentions;
      this.#forget(room, messageSeq, replyTo);
      if (notified !== null) this.#notify(room, messageSeq, notified);
    }
    if (reactions !== null) this.#react(room, messageSeq, seq, reactions);
    if (kind === "deleted") this.#erase(room, messageSeq);
  }

  #react(room: number, messageSeq: number, seq: number, reactions: string): void {
    const uses = `FROM json_each(?3) use CROSS JOIN users ON users.id = use.value ->> 2
      WHERE use.value ->> 1`;
    this.#sql.prepare(
      `DELETE FROM reactions WHERE room = ?1 AND message_seq = ?2
         AND (user, emoji) IN (SELECT users.key, use.value ->> 0 ${uses} = 0)`,
    ).run(room, messageSeq, reactions);
    this.#sql.prepare(
      `INSERT INTO reactions (room, message_seq, user, emoji, seq)
       SELECT ?1, ?2, users.key, use.value ->> 0, ?4 ${uses} = 1
       ON CONFLICT DO NOTHING`,
    ).run(room, messageSeq, reactions, seq);
  }

  /** @param notified as in `ChangeRow` */
  #notify(room: number, messageSeq: number, notified: string): void {
    this.#sql.prepare(
      `INSERT INTO mentions (room, seq, user)
       SELECT ?1, ?2, key FROM users WHERE id IN (SELECT value FROM json_each(?3))
       UNION SELECT ?1, ?2, 0 FROM json_each(?3) WHERE value = '*'
       ON CONFLICT DO NOTHING`,
    ).run(room, messageSeq, notified);
  }

  /** Forgets whom a message mentions, but for the author of what it answers. */
  #forget(room: number, messageSeq: number, replyTo: string | null): void {
    this.#sql.prepare(
      `DELETE FROM mentions WHERE room = ?1 AND seq = ?2
         AND user IS NOT (SELECT sender FROM messages WHERE id = ?3)`,
    ).run(room, messageSeq, replyTo);
  }

  /** Erases what is kept of a message beside its row. */
  #erase(room: number, messageSeq: number): void {
    this.#forget(room, messageSeq, null);
    this.#sql.prepare("DELETE FROM reactions WHERE room = ? AND message_seq = ?")
      .run(room, messageSeq);
    this.#sql.prepare("DELETE FROM attachments WHERE room = ? AND seq = ?").run(room, messageSeq);
    this.#sql.prepare(
      `${withEarlier("m.room = ? AND m.seq = ?")}
       UPDATE changes SET earlier_seq = NULL, earlier_text = NULL, earlier_edited_at = NULL
       WHERE key IN (SELECT key FROM earlier)`,
    ).run(room, messageSeq);
    this.#onDeletion();
  }
}

function isCreated(draft: DraftRow): draft is CreatedRow {
  return draft[0] === "created";
}
