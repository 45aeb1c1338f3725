/** Memberships, bans and mutes in the embedded database. */
import {
  MAX_UNREAD,
  type Member,
  type Membership,
  type Notifications,
  type Preferences,
  type ReadMove,
  type Restricted,
  type Role,
  type Standing,
  type Unread,
} from "../../../domain/membership.ts";
import { nameWords } from "../../../domain/name.ts";
import type { MemberQuery, Standings } from "../../../ports/store/members.ts";
import {
  hasNameWords,
  hasReadItem,
  LAST_SEQ,
  lastMessage,
  parseRestriction,
  type Row,
  toDate,
  toPublicUser,
  toRules,
} from "./rows.ts";
import { IS_EMPTY } from "./room_changes.ts";
import type { Statements } from "./statements.ts";

/** Whether the message `m` counts for the user ?2. */
const COUNTS = `m.sender IS NOT (SELECT key FROM users WHERE id = ?2) AND m.system = 0
  AND (m.details IS NULL OR m.details ->> 'deletedAt' IS NULL)`;

/**
 * What the user ?2 has not read in each of the rooms in ?1, as JSON of `[room id, entry]`. All in one
 * statement: one for each room takes twice the time. Mentions are found by the index on users, or
 * all messages after the entry would be read where few mention the user.
 */
const UNREAD = `SELECT e.value ->> 0 AS id,
  (SELECT count(*) FROM (SELECT 1 FROM messages m
     WHERE m.room = r.key AND m.seq > e.value ->> 1 AND ${COUNTS}
     LIMIT ${MAX_UNREAD})) AS unread,
  (SELECT count(*) FROM (SELECT DISTINCT x.seq FROM mentions x INDEXED BY mentions_by_user
     WHERE x.user IN (0, (SELECT key FROM users WHERE id = ?2)) AND x.room = r.key
       AND x.seq > e.value ->> 1
       AND EXISTS (SELECT 1 FROM messages m
         WHERE m.room = x.room AND m.seq = x.seq AND ${COUNTS})
     LIMIT ${MAX_UNREAD})) AS mentions
  FROM json_each(?1) e LEFT JOIN rooms r ON r.id = e.value ->> 0`;

/** Whether one of the two of the direct room `r` has blocked the other; NULL of other rooms. */
const IS_PAIR_BLOCKED = `CASE WHEN r.pair IS NOT NULL THEN EXISTS (
    SELECT 1 FROM members a JOIN members b ON b.room = a.room AND b.user <> a.user
      JOIN blocks x ON x.user = a.user AND x.blocked = b.user
    WHERE a.room = r.key)
  END`;

/** The methods of the `MemberStore` port without the promises; see there for what each guarantees. */
export class SqliteMembers {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  join(roomId: string, userId: string): void {
    const now = Date.now();
    this.#sql.prepare(
      `INSERT INTO members (user, room, role, read_seq, joined_at, read_pending)
       SELECT u.key, r.key, 'member', ${LAST_SEQ}, ?3, ${hasReadItem("u.key", "r.id")}
       FROM rooms r, users u
       WHERE r.id = ?1 AND r.type = 'public' AND r.deleted_at IS NULL AND u.id = ?2
       ON CONFLICT DO UPDATE SET role = excluded.role, read_seq = excluded.read_seq,
         read_pending = excluded.read_pending, joined_at = excluded.joined_at, hidden_n = NULL
       WHERE role IS NULL AND (ban IS NULL OR ban ->> 'until' <= ?3)`,
    ).run(roomId, userId, now);
  }

  leave(roomId: string, userId: string): boolean {
    this.#sql.prepare(
      `UPDATE members SET role = NULL, removal = 'left' WHERE role = 'member'
         AND user = (SELECT key FROM users WHERE id = ?2)
         AND room = (SELECT key FROM rooms WHERE id = ?1)`,
    ).run(roomId, userId);
    this.#deleteEmpty(roomId, userId);
    return !this.find(userId, [roomId]).has(roomId);
  }

  standings(roomId: string, userIds: readonly string[]): Standings | null {
    const room = this.#sql.prepare(
      `SELECT type, post_policy, archived_at, slow_mode_seconds, slow_mode_seq,
         ${IS_PAIR_BLOCKED} AS is_blocked FROM rooms r WHERE id = ? AND deleted_at IS NULL`,
    ).get(roomId);
    if (!room) return null;
    const blocked = room.is_blocked !== null && { isBlocked: room.is_blocked === 1 };
    const rows = this.#sql.prepare(
      `SELECT u.id, m.role, m.ban, m.mute, m.last_send_seq, m.last_send_at FROM users u JOIN members m ON m.user = u.key
       WHERE m.room = (SELECT key FROM rooms WHERE id = ?)
         AND u.id IN (SELECT value FROM json_each(?))`,
    ).all(roomId, JSON.stringify(userIds));
    return {
      rules: toRules(room),
      standings: new Map(rows.map((row) => {
        return [String(row.id), { ...toStanding(row), ...blocked }];
      })),
    };
  }

  get(roomId: string, userId: string): Member | null {
    const row = this.#sql.prepare(
      `SELECT u.id, u.display_name, u.avatar_url, m.role, m.mute, m.joined_at
       FROM users u JOIN members m ON m.user = u.key
       WHERE u.id = ?2 AND m.room = (SELECT key FROM rooms WHERE id = ?1) AND m.role IS NOT NULL`,
    ).get(roomId, userId);
    return row ? toMember(row) : null;
  }

  restricted(
    roomId: string,
    kind: "ban" | "mute",
    { limit, after = "" }: { limit: number; after?: string | undefined },
  ): Restricted[] {
    // As in the index: it is chosen by this condition.
    return this.#sql.prepare(
      `SELECT u.id, u.display_name, u.avatar_url, m.${kind} AS restriction
       FROM members m JOIN users u ON u.key = m.user
       WHERE m.room = (SELECT key FROM rooms WHERE id = ?1)
         AND (m.ban IS NOT NULL OR m.mute IS NOT NULL) AND m.${kind} IS NOT NULL AND u.id > ?2
         AND (m.${kind} ->> 'until' IS NULL OR m.${kind} ->> 'until' > ?3)
       ORDER BY u.id LIMIT ?4`,
    ).all(roomId, after, Date.now(), limit).map((row) => {
      return { user: toPublicUser(row.id, row), ...parseRestriction(row.restriction)! };
    });
  }

  list(roomId: string, { limit, after, role, name }: MemberQuery): Member[] {
    const rows = this.#sql.prepare(
      `SELECT u.id, u.display_name, u.avatar_url, m.role, m.mute, m.joined_at
       FROM members m JOIN users u ON u.key = m.user
       WHERE m.room = (SELECT key FROM rooms WHERE id = ?1) AND m.role IS NOT NULL
         AND (?2 IS NULL OR m.role = ?2) AND (m.joined_at, u.id) > (?3, ?4)
         AND (?5 IS NULL OR ${hasNameWords("m.user", "?5")})
       ORDER BY m.joined_at, u.id LIMIT ?6`,
    );
    const cursor = after ? [after.joinedAt.getTime(), after.userId] as const : [-1, ""] as const;
    const words = name === undefined ? null : JSON.stringify(nameWords(name));
    return rows.all(roomId, role ?? null, ...cursor, words, limit).map(toMember);
  }

  moderated(userId: string, limit: number): string[] {
    return this.#sql.prepare(
      `SELECT r.id FROM members m JOIN rooms r ON r.key = m.room
       WHERE m.user = (SELECT key FROM users WHERE id = ?) AND m.role IN ('moderator', 'owner')
       LIMIT ?`,
    ).all(userId, limit).map(({ id }) => String(id));
  }

  find(userId: string, roomIds: readonly string[]): Map<string, Membership> {
    const rows = this.#sql.prepare(
      `SELECT r.id, m.role, m.read_seq, m.notifications,
         coalesce(m.hidden_n >= ${lastMessage("n")}, 0) AS hidden
       FROM rooms r JOIN members m ON m.room = r.key
       WHERE m.user = (SELECT key FROM users WHERE id = ?) AND m.role IS NOT NULL
         AND r.id IN (SELECT value FROM json_each(?))`,
    ).all(userId, JSON.stringify(roomIds));
    return new Map(rows.map(({ id, ...row }) => [String(id), toMembership(row)]));
  }

  setRead(roomId: string, userId: string, seq: number, back: boolean): ReadMove | null {
    const { changes } = this.#sql.prepare(
      `UPDATE members SET read_seq = ?3, read_pending = 1
       WHERE user = (SELECT key FROM users WHERE id = ?2) AND role IS NOT NULL
         AND room = (SELECT key FROM rooms WHERE id = ?1)
         AND iif(?4, ?3 < read_seq, ?3 > read_seq)`,
    ).run(roomId, userId, seq, Number(back));
    if (changes > 0) return { readSeq: seq, moved: true };
    const row = this.#sql.prepare(
      `SELECT read_seq FROM members
       WHERE user = (SELECT key FROM users WHERE id = ?2) AND role IS NOT NULL
         AND room = (SELECT key FROM rooms WHERE id = ?1)`,
    ).get(roomId, userId);
    return row ? { readSeq: Number(row.read_seq), moved: false } : null;
  }

  setPreferences(
    roomId: string,
    userId: string,
    { notifications, hidden }: Partial<Preferences>,
  ): boolean {
    const { changes } = this.#sql.prepare(
      `UPDATE members SET notifications = coalesce(?3, notifications),
         hidden_n = CASE ?4 WHEN 1 THEN (SELECT ${lastMessage("n")} FROM rooms r WHERE key = room)
           WHEN 0 THEN NULL ELSE hidden_n END
       WHERE user = (SELECT key FROM users WHERE id = ?2) AND role IS NOT NULL
         AND room = (SELECT key FROM rooms WHERE id = ?1)`,
    ).run(roomId, userId, notifications ?? null, hidden === undefined ? null : Number(hidden));
    return changes === 1;
  }

  countUnread(userId: string, readSeqs: ReadonlyMap<string, number>): Map<string, Unread> {
    const rows = this.#sql.prepare(UNREAD).all(JSON.stringify([...readSeqs]), userId);
    return new Map(rows.map(({ id, unread, mentions }) => {
      return [String(id), { unread: Number(unread), mentions: Number(mentions) }];
    }));
  }

  #deleteEmpty(roomId: string, userId: string): void {
    this.#sql.prepare(
      `DELETE FROM members WHERE ${IS_EMPTY}
         AND user = (SELECT key FROM users WHERE id = ?2)
         AND room = (SELECT key FROM rooms WHERE id = ?1)`,
    ).run(roomId, userId);
  }
}

export function toMembership({ role, read_seq, notifications, hidden }: Row): Membership {
  return {
    role: role as Role,
    readSeq: Number(read_seq),
    notifications: notifications as Notifications,
    hidden: hidden === 1,
  };
}

function toStanding({ role, ban, mute, last_send_seq: seq, last_send_at: at }: Row): Standing {
  return {
    role: role as Role | null,
    ban: parseRestriction(ban),
    mute: parseRestriction(mute),
    lastSend: seq === null ? null : { seq: Number(seq), at: toDate(at) },
  };
}

function toMember(row: Row): Member {
  return {
    user: toPublicUser(row.id, row),
    role: row.role as Role,
    joinedAt: toDate(row.joined_at),
    mute: parseRestriction(row.mute),
  };
}
