/** Rooms in the embedded database. */
import { LOG_START } from "../../../domain/entry.ts";
import type { Role } from "../../../domain/membership.ts";
import { type NewRoom, pairOf, type Room } from "../../../domain/room.ts";
import type { RoomQuery } from "../../../ports/store/rooms.ts";
import type { SqliteLog } from "./log.ts";
import type { DraftRow } from "./message_rows.ts";
import type { SqliteRoomChanges } from "./room_changes.ts";
import { LAST_SEQ, lastMessage, toRoom } from "./rows.ts";
import { isUniqueViolation, type Statements } from "./statements.ts";

/** The two of a direct room `r` as JSON, by their ids; NULL of others. */
const TWO = `CASE WHEN r.pair IS NOT NULL THEN (
    SELECT json_group_array(json_object('id', id, 'displayName', display_name,
      'avatarUrl', avatar_url) ORDER BY id)
    FROM members JOIN users ON key = user WHERE room = r.key)
  END`;

const ROOMS = `SELECT r.*, u.id AS creator_id, u.display_name, u.avatar_url,
  ${LAST_SEQ} AS last_seq, ${lastMessage("created_at")} AS last_message_at, ${TWO} AS two
  FROM rooms r JOIN users u ON u.key = r.creator`;

const IS_ARCHIVED = "r.deleted_at IS NULL AND (r.archived_at IS NOT NULL) = ?2";

/** A row of `members`: the user ?1 in the room `r`. */
const IN_ROOM = "FROM members WHERE room = r.key AND user = (SELECT key FROM users WHERE id = ?1)";

/** The public rooms from which the user ?1 is not banned, and those of theirs that are private. */
const VISIBLE = `${ROOMS} WHERE ${IS_ARCHIVED} AND (
  r.type = 'private' AND EXISTS (SELECT 1 ${IN_ROOM} AND role IS NOT NULL)
  OR r.type = 'public' AND NOT EXISTS (SELECT 1 ${IN_ROOM} AND ban IS NOT NULL
    AND (ban ->> 'until' IS NULL OR ban ->> 'until' > unixepoch('subsec') * 1000)))`;

/** The rooms of the user ?1 that they have not hidden. */
const OWN = `${ROOMS} JOIN members o ON o.room = r.key
  WHERE ${IS_ARCHIVED} AND o.user = (SELECT key FROM users WHERE id = ?1) AND o.role IS NOT NULL
    AND (o.hidden_n IS NULL OR o.hidden_n < ${lastMessage("n")})`;

/** What a room is created with, and rows for its opening. */
export interface CreationRows {
  room: NewRoom;
  opening: readonly DraftRow[];
  members: readonly { userId: string; role: Role }[];
}

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

  create({ room, opening, members }: CreationRows): boolean {
    const [first, second] = room.members ?? [];
    try {
      this.#sql.prepare(
        `INSERT INTO rooms (id, name, slug, description, creator, created_at, updated_at, type,
           post_policy, slow_mode_seconds, archived_at, metadata, pair)
         VALUES (?, ?, ?, ?, (SELECT key FROM users WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?)`,
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
        first && second ? pairOf([first.id, second.id]) : null,
      );
    } catch (error) {
      if (isUniqueViolation(error, "rooms.slug")) return false;
      if (isUniqueViolation(error, "rooms.pair")) return false;
      throw error;
    }
    this.#log.append(room.id, LOG_START, opening);
    for (const member of members) this.#changes.addFirst(room.id, member, room.createdAt.getTime());
    return true;
  }

  find(idOrSlug: string): Room | null {
    const there = "r.deleted_at IS NULL";
    const row = this.#sql.prepare(`${ROOMS} WHERE r.id = ? AND ${there}`).get(idOrSlug) ??
      this.#sql.prepare(`${ROOMS} WHERE r.slug = ? AND ${there}`).get(idOrSlug);
    return row ? toRoom(row) : null;
  }

  /** The end of the log costs a look-up here, no search. */
  describe(idOrSlug: string): NewRoom | null {
    return this.find(idOrSlug);
  }

  describeAll(ids: readonly string[]): NewRoom[] {
    return this.findAll(ids);
  }

  findDirect(userIds: readonly [string, string]): Room | null {
    const row = this.#sql.prepare(`${ROOMS} WHERE r.pair = ?`).get(pairOf(userIds));
    return row ? toRoom(row) : null;
  }

  findAll(ids: readonly string[]): Room[] {
    return this.#sql.prepare(
      `${ROOMS} WHERE r.id IN (SELECT value FROM json_each(?)) AND r.deleted_at IS NULL`,
    ).all(JSON.stringify(ids)).map(toRoom);
  }

  takenSlugs(slugs: string[]): string[] {
    const rows = this.#sql.prepare(
      "SELECT slug FROM rooms WHERE slug IN (SELECT value FROM json_each(?))",
    ).all(JSON.stringify(slugs));
    return rows.map((row) => String(row.slug));
  }

  list(userId: string, { limit, own, archived, order, after }: RoomQuery): Room[] {
    const rooms = own ? OWN : VISIBLE;
    const place = order === "activity"
      ? [after?.lastMessageAt?.getTime() ?? Number.MAX_SAFE_INTEGER, after?.id ?? ""] as const
      : [after?.name ?? "", after?.id ?? ""] as const;
    const page = order === "activity"
      ? `SELECT * FROM (${rooms}) WHERE (last_message_at, id) < (?3, ?4)
         ORDER BY last_message_at DESC, id DESC LIMIT ?5`
      : `${rooms} AND (r.name, r.id) > (?3, ?4) ORDER BY r.name, r.id LIMIT ?5`;
    return this.#sql.prepare(page).all(userId, Number(archived ?? false), ...place, limit)
      .map(toRoom);
  }
}
