/** What entries change of their rooms beside the log, in the embedded database: members and settings. */
import type { Role } from "../../../domain/membership.ts";
import type { SettingChanges } from "../../../domain/room.ts";
import type { MemberChange } from "../../../domain/room_changes.ts";
import { formatRestriction, hasReadItem, LAST_SEQ } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** Of a row of `members` that says nothing: who was removed does not return by a used-up invitation. */
export const IS_EMPTY = `role IS NULL AND ban IS NULL AND mute IS NULL AND last_send_seq IS NULL
  AND coalesce(removal, 'left') NOT IN ('kicked', 'banned')`;

const HAS_READ_ITEM = hasReadItem(
  "members.user",
  "(SELECT id FROM rooms WHERE key = members.room)",
);

/** What an entry changes of its room. */
export interface RoomChanges {
  members: MemberChange[];
  settings: SettingChanges | null;
  isDeleted: boolean;
}

/** Called in the transaction of the append. */
export class SqliteRoomChanges {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  /** Adds a member that a new room begins with, unless an entry of its log has done so. */
  addFirst(roomId: string, { userId, role }: { userId: string; role: Role }, at: number): void {
    this.#sql.prepare(
      `INSERT INTO members (user, room, role, read_seq, joined_at)
       SELECT u.key, r.key, ?3, ${LAST_SEQ}, ?4 FROM rooms r, users u
       WHERE r.id = ?1 AND u.id = ?2 ON CONFLICT DO NOTHING`,
    ).run(roomId, userId, role, at);
  }

  /**
   * Does what an entry changes of its room.
   * @param at when the entry was made
   */
  apply(room: number, seq: number, at: number, changes: RoomChanges): void {
    const { members, settings, isDeleted } = changes;
    for (const change of members) this.#change(room, seq, at, change);
    if (settings) this.#set(room, seq, at, settings);
    if (isDeleted) this.#delete(room, at);
  }

  /** Its slug stays taken: a link to it never leads to another room. */
  #delete(room: number, at: number): void {
    this.#sql.prepare(
      "UPDATE members SET role = NULL, removal = 'deleted' WHERE room = ? AND role IS NOT NULL",
    ).run(room);
    this.#sql.prepare("UPDATE rooms SET deleted_at = ?2 WHERE key = ?1").run(room, at);
  }

  #change(room: number, seq: number, at: number, change: MemberChange): void {
    const { userId, role, removal = null, ban, mute, lastSend, joins } = change;
    this.#sql.prepare(
      `INSERT INTO members (user, room, role, read_seq, joined_at)
       SELECT key, ?1, NULL, ?3, ?4 FROM users WHERE id = ?2 ON CONFLICT DO NOTHING`,
    ).run(room, userId, seq, at);
    const where = "WHERE room = ?1 AND user = (SELECT key FROM users WHERE id = ?2)";
    if (role !== undefined) {
      this.#sql.prepare(
        `UPDATE members SET role = ?3, read_seq = iif(role IS NULL, ?4, read_seq),
           read_pending = iif(role IS NULL AND ?3 IS NOT NULL, ${HAS_READ_ITEM}, read_pending),
           hidden_n = iif(role IS NULL, NULL, hidden_n),
           joined_at = iif(role IS NULL, ?5, joined_at), removal = ?6 ${where}`,
      ).run(room, userId, role, seq, at, removal);
    }
    if (ban !== undefined) {
      this.#sql.prepare(`UPDATE members SET ban = ?3 ${where}`)
        .run(room, userId, formatRestriction(ban));
    }
    if (mute !== undefined) {
      this.#sql.prepare(`UPDATE members SET mute = ?3 ${where}`)
        .run(room, userId, formatRestriction(mute));
    }
    if (joins) {
      this.#sql.prepare(
        `UPDATE members SET role = 'member', read_seq = ?3, read_pending = ${HAS_READ_ITEM},
           joined_at = ?4, hidden_n = NULL ${where} AND role IS NULL`,
      ).run(room, userId, seq, at);
    }
    if (lastSend) {
      this.#sql.prepare(`UPDATE members SET last_send_seq = ?3, last_send_at = ?4 ${where}`)
        .run(room, userId, lastSend.seq, lastSend.at.getTime());
    }
    this.#sql.prepare(`DELETE FROM members ${where} AND ${IS_EMPTY}`).run(room, userId);
  }

  #set(room: number, seq: number, at: number, changes: SettingChanges): void {
    const columns = {
      name: changes.name,
      description: changes.description,
      post_policy: changes.postPolicy,
      slow_mode_seconds: changes.slowModeSeconds,
      slow_mode_seq: changes.slowModeSeconds === undefined ? undefined : seq,
      archived_at: changes.archivedAt && changes.archivedAt.getTime(),
      metadata: changes.metadata && JSON.stringify(changes.metadata),
      updated_at: at,
    };
    for (const [column, value] of Object.entries(columns)) {
      if (value === undefined) continue;
      this.#sql.prepare(`UPDATE rooms SET ${column} = ? WHERE key = ?`).run(value, room);
    }
  }
}
