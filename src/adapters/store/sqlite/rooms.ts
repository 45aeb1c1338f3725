/** Rooms in the embedded database. */
import { LOG_START } from "../../../domain/entry.ts";
import type { NewRoom, Room } from "../../../domain/room.ts";
import { LAST_SEQ, type SqliteLog } from "./log.ts";
import type { SqliteMembers } from "./members.ts";
import type { DraftRow } from "./message_rows.ts";
import { toRoom } from "./rows.ts";
import { isUniqueViolation, type Statements } from "./statements.ts";

const ROOMS = `SELECT r.*, u.id AS creator_id, u.display_name, u.avatar_url,
  ${LAST_SEQ} AS last_seq,
  (SELECT created_at FROM messages WHERE room = r.key ORDER BY seq DESC LIMIT 1) AS last_message_at
  FROM rooms r JOIN users u ON u.key = r.creator`;

/**
 * The methods of the `RoomStore` port without the promises, and with a row for the opening; see there
 * for what each guarantees.
 */
export class SqliteRooms {
  readonly #sql: Statements;
  readonly #log: SqliteLog;
  readonly #members: SqliteMembers;

  constructor(statements: Statements, log: SqliteLog, members: SqliteMembers) {
    this.#sql = statements;
    this.#log = log;
    this.#members = members;
  }

  create(room: NewRoom, opening: DraftRow): boolean {
    try {
      this.#sql.prepare(
        `INSERT INTO rooms (id, name, slug, description, creator, created_at, updated_at)
         VALUES (?, ?, ?, ?, (SELECT key FROM users WHERE id = ?), ?, ?)`,
      ).run(
        room.id,
        room.name,
        room.slug,
        room.description,
        room.createdBy.id,
        room.createdAt.getTime(),
        room.updatedAt.getTime(),
      );
    } catch (error) {
      if (isUniqueViolation(error, "rooms.slug")) return false;
      throw error;
    }
    this.#log.append(room.id, LOG_START, [opening]);
    this.#members.add(room.id, room.createdBy.id, "owner");
    return true;
  }

  find(idOrSlug: string): Room | null {
    const row = this.#sql.prepare(`${ROOMS} WHERE r.id = ?`).get(idOrSlug) ??
      this.#sql.prepare(`${ROOMS} WHERE r.slug = ?`).get(idOrSlug);
    return row ? toRoom(row) : null;
  }

  /** The end of the log costs a look-up here, no search. */
  describe(idOrSlug: string): NewRoom | null {
    return this.find(idOrSlug);
  }

  takenSlugs(slugs: string[]): string[] {
    const rows = this.#sql.prepare(
      "SELECT slug FROM rooms WHERE slug IN (SELECT value FROM json_each(?))",
    ).all(JSON.stringify(slugs));
    return rows.map((row) => String(row.slug));
  }

  list(limit: number, after = { name: "", id: "" }): Room[] {
    return this.#sql.prepare(`${ROOMS} WHERE (r.name, r.id) > (?, ?) ORDER BY r.name, r.id LIMIT ?`)
      .all(after.name, after.id, limit).map(toRoom);
  }
}
