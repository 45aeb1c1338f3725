/** Messages as they are now, in the embedded database. */
import type { SQLInputValue } from "node:sqlite";
import type { LogPosition } from "../../../domain/entry.ts";
import type {
  MentionCursor,
  MentionPlace,
  Reactor,
  ReactorCursor,
  TextVersion,
  Thread,
} from "../../../ports/store/messages.ts";
import { withEarlier } from "./log.ts";
import { MESSAGE_COLUMNS, type MessageRow, toPosition } from "./message_rows.ts";
import { toDate, toPublicUser } from "./rows.ts";
import type { Statements } from "./statements.ts";

const MESSAGES = `SELECT ${MESSAGE_COLUMNS}
  FROM rooms r JOIN messages m ON m.room = r.key JOIN users u ON u.key = m.sender
  WHERE r.id = ?1`;

/** The answers to the root ?2 of the room ?1. */
const ANSWERS = `${MESSAGES} AND m.thread_seq = (
  SELECT root.seq FROM messages root JOIN rooms ON rooms.key = root.room
  WHERE root.id = ?2 AND rooms.id = ?1)`;

/**
 * The messages `m` of the room ?1 with the ids ?2, a JSON array. A CROSS JOIN is read in the order
 * written: the planner would rather look for the ids in the whole room.
 */
const BY_ID = `FROM messages m CROSS JOIN rooms r ON r.key = m.room`;
const IS_OF_IDS = "r.id = ?1 AND m.id IN (SELECT value FROM json_each(?2))";

const NEWEST = { createdAt: new Date(8.64e15), messageId: "" };
const BEFORE_ALL: ReactorCursor = { seq: 0, userId: "" };

/**
 * The methods of the `MessageStore` port without the promises, and with rows for messages; see
 * there for what each guarantees.
 */
export class SqliteMessages {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  find(roomId: string, ids: readonly string[]): MessageRow[] {
    return this.#find(
      `SELECT ${MESSAGE_COLUMNS} ${BY_ID} CROSS JOIN users u ON u.key = m.sender
       WHERE ${IS_OF_IDS}`,
      roomId,
      JSON.stringify(ids),
    );
  }

  position(roomId: string, id: string): LogPosition | null {
    const row = this.#sql.prepare(
      "SELECT m.seq, m.n FROM messages m JOIN rooms r ON r.key = m.room WHERE m.id = ? AND r.id = ?",
    ).get(id, roomId);
    return row ? toPosition(row) : null;
  }

  // Messages are clustered by the entries that created them: a page is one range of numbers.
  before(roomId: string, { seq }: LogPosition, limit: number): MessageRow[] {
    return this.#find(`${MESSAGES} AND m.seq < ?2 ORDER BY m.seq DESC LIMIT ?3`, roomId, seq, limit)
      .reverse();
  }

  after(roomId: string, { seq }: LogPosition, limit: number): MessageRow[] {
    return this.#find(`${MESSAGES} AND m.seq > ?2 ORDER BY m.seq LIMIT ?3`, roomId, seq, limit);
  }

  answersBefore(
    roomId: string,
    threadId: string,
    { seq }: LogPosition,
    limit: number,
  ): MessageRow[] {
    const page = "AND m.seq < ?3 ORDER BY m.seq DESC LIMIT ?4";
    return this.#find(`${ANSWERS} ${page}`, roomId, threadId, seq, limit).reverse();
  }

  answersAfter(
    roomId: string,
    threadId: string,
    { seq }: LogPosition,
    limit: number,
  ): MessageRow[] {
    const page = "AND m.seq > ?3 ORDER BY m.seq LIMIT ?4";
    return this.#find(`${ANSWERS} ${page}`, roomId, threadId, seq, limit);
  }

  threads(roomId: string, ids: readonly string[]): Map<string, Thread> {
    const rows = this.#sql.prepare(
      `SELECT m.id, count(*) AS count, max(answer.seq) AS last_seq ${BY_ID}
         CROSS JOIN messages answer ON answer.room = m.room AND answer.thread_seq = m.seq
       WHERE ${IS_OF_IDS} GROUP BY m.id`,
    ).all(roomId, JSON.stringify(ids));
    return new Map(rows.map(({ id, count, last_seq }) => {
      return [String(id), { count: Number(count), lastSeq: Number(last_seq) }];
    }));
  }

  pinned(roomId: string): MessageRow[] {
    const condition = "AND m.pinned_seq IS NOT NULL ORDER BY m.pinned_seq DESC";
    return this.#find(`${MESSAGES} ${condition}`, roomId);
  }

  mentionsOf(
    userId: string,
    limit: number,
    before: MentionCursor = NEWEST,
  ): MentionPlace[] {
    const rows = this.#sql.prepare(
      `WITH me (key) AS (SELECT key FROM users WHERE id = ?1),
       found (room, seq, is_named) AS (
           SELECT x.room, x.seq, 1 FROM me CROSS JOIN mentions x ON x.user = me.key
         UNION ALL
           SELECT x.room, x.seq, 0 FROM me
             CROSS JOIN members p ON p.user = me.key AND p.role IS NOT NULL
             CROSS JOIN mentions x ON x.user = 0 AND x.room = p.room
           WHERE NOT EXISTS (SELECT 1 FROM mentions own
             WHERE own.room = x.room AND own.seq = x.seq AND own.user = me.key))
       SELECT r.id AS room_id, m.id, m.created_at, found.is_named
       FROM me CROSS JOIN found
         CROSS JOIN messages m ON m.room = found.room AND m.seq = found.seq
         CROSS JOIN rooms r ON r.key = found.room
         LEFT JOIN members p ON p.user = me.key AND p.room = found.room
       WHERE m.sender <> me.key AND (m.created_at, m.id) < (?2, ?3) AND r.deleted_at IS NULL
         AND (p.role IS NOT NULL OR r.type = 'public' AND (p.ban IS NULL OR p.ban ->> 'until' <= ?4))
       ORDER BY m.created_at DESC, m.id DESC LIMIT ?5`,
    ).all(userId, before.createdAt.getTime(), before.messageId, Date.now(), limit);
    return rows.map(({ room_id, id, created_at, is_named }) => ({
      roomId: String(room_id),
      messageId: String(id),
      createdAt: toDate(created_at),
      isAnswer: is_named === 1,
    }));
  }

  countPinned(roomId: string): number {
    const row = this.#sql.prepare(
      `SELECT count(*) AS count FROM rooms r JOIN messages m ON m.room = r.key
       WHERE r.id = ? AND m.pinned_seq IS NOT NULL`,
    ).get(roomId);
    return Number(row?.count);
  }

  earlierTexts(roomId: string, id: string): TextVersion[] {
    const rows = this.#sql.prepare(
      `${withEarlier("m.id = ?2 AND m.room = (SELECT key FROM rooms WHERE id = ?1)")}
       SELECT seq, text, edited_at FROM earlier WHERE text IS NOT NULL ORDER BY seq`,
    ).all(roomId, id);
    return rows.map(({ seq, text, edited_at }) => ({
      seq: Number(seq),
      text: String(text),
      editedAt: edited_at === null ? null : new Date(Number(edited_at)),
    }));
  }

  reactionsBy(
    roomId: string,
    userId: string,
    messageIds: readonly string[],
  ): Map<string, string[]> {
    const rows = this.#sql.prepare(
      `SELECT m.id, x.emoji ${BY_ID}
         CROSS JOIN reactions x ON x.room = m.room AND x.message_seq = m.seq
       WHERE ${IS_OF_IDS} AND x.user = (SELECT key FROM users WHERE id = ?3)`,
    ).all(roomId, JSON.stringify(messageIds), userId);
    const byMessage = Map.groupBy(rows, ({ id }) => String(id)).entries();
    return new Map(byMessage.map(([id, of]) => [id, of.map(({ emoji }) => String(emoji))]));
  }

  reactors(
    roomId: string,
    messageId: string,
    emoji: string,
    limit: number,
    { seq, userId }: ReactorCursor = BEFORE_ALL,
  ): Reactor[] {
    const rows = this.#sql.prepare(
      `SELECT u.id, u.display_name, u.avatar_url, x.seq
       FROM messages m JOIN rooms r ON r.key = m.room
         JOIN reactions x ON x.room = m.room AND x.message_seq = m.seq JOIN users u ON u.key = x.user
       WHERE r.id = ?1 AND m.id = ?2 AND x.emoji = ?3
         AND x.seq >= ?4 AND (x.seq > ?4 OR u.id > ?5)
       ORDER BY x.seq, u.id LIMIT ?6`,
    ).all(roomId, messageId, emoji, seq, userId, limit);
    return rows.map((row) => ({ user: toPublicUser(row.id, row), seq: Number(row.seq) }));
  }

  reactorsAmong(
    roomId: string,
    messageId: string,
    emoji: string,
    userIds: readonly string[],
  ): Set<string> {
    const rows = this.#sql.prepare(
      `SELECT u.id ${BY_ID} CROSS JOIN users u CROSS JOIN reactions x
         ON x.room = m.room AND x.message_seq = m.seq AND x.user = u.key
       WHERE r.id = ?1 AND m.id = ?2 AND x.emoji = ?3
         AND u.id IN (SELECT value FROM json_each(?4))`,
    ).all(roomId, messageId, emoji, JSON.stringify(userIds));
    return new Set(rows.map(({ id }) => String(id)));
  }

  /** @param sql one of a fixed number of texts */
  #find(sql: string, ...values: SQLInputValue[]): MessageRow[] {
    return this.#sql.prepareArrays(sql).all(...values) as MessageRow[];
  }
}
