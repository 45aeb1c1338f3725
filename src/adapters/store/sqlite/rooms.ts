/** Rooms in the embedded database. */
import { LOG_START } from "../../../domain/entry.ts";
import type { NewRoom, Room } from "../../../domain/room.ts";
import type { SqliteLog } from "./log.ts";
import type { DraftRow } from "./message_rows.ts";
import type { SqliteRoomChanges } from "./room_changes.ts";
import { LAST_SEQ, toRoom } from "./rows.ts";
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
  readonly #changes: SqliteRoomChanges;

  constructor(statements: Statements, log: SqliteLog, changes: SqliteRoomChanges) {
    this.#sql = statements;
    this.#log = log;
    this.#changes = changes;
  }

  create(room: NewRoom, opening: DraftRow): boolean {
    try {
      this.#sql.prepare(
        `INSERT INTO rooms (id, name, slug, description, creator, created_at, updated_at, type,
           post_policy, slow_mode_seconds, archived_at, metadata)
         VALUES (?, ?, ?, ?, (SELECT key FROM users WHERE id = ?), ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        room.id,
        room.name,
        room.slug,
        room.description,
        room.createdBy.id,
        room.createdAt.getTime(),
        room.updatedAt.getTime(),
        room.type,
        room.postPolicy,
        room.slowModeSeconds,
        room.archivedAt?.getTime() ?? null,
        room.metadata && JSON.stringify(room.metadata),
      );
    } catch (error) {
      if (isUniqueViolation(error, "rooms.slug")) return false;
      throw error;
    }
    this.#log.append(room.id, LOG_START, [opening]);
    this.#changes.addOwner(room.id, room.createdBy.id, room.createdAt.getTime());
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

  list(userId: string, limit: number, after = { name: "", id: "" }): Room[] {
    const isOwn = `EXISTS (SELECT 1 FROM members WHERE room = r.key AND role IS NOT NULL
      AND user = (SELECT key FROM users WHERE id = ?1))`;
    return this.#sql.prepare(
      `${ROOMS} WHERE (r.name, r.id) > (?2, ?3)
         AND (r.type = 'public' OR r.type = 'private' AND ${isOwn})
       ORDER BY r.name, r.id LIMIT ?4`,
    ).all(userId, after.name, after.id, limit).map(toRoom);
  }
}
