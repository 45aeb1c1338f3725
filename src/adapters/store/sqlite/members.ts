/** Memberships in the embedded database. */
import { MAX_UNREAD, type Membership, type Role, type Unread } from "../../../domain/membership.ts";
import { LAST_SEQ } from "./log.ts";
import type { Statements } from "./statements.ts";

/** The messages `m` of the room ?1 after entry ?3 that count for the user ?2. */
const COUNTED = `m.room = (SELECT key FROM rooms WHERE id = ?1) AND m.seq > ?3
  AND m.sender IS NOT (SELECT key FROM users WHERE id = ?2) AND m.system = 0
  AND (m.details IS NULL OR m.details ->> 'deletedAt' IS NULL)`;

/** The methods of the `MemberStore` port without the promises; see there for what each guarantees. */
export class SqliteMembers {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  add(roomId: string, userId: string, role: Role): void {
    this.#sql.prepare(
      `INSERT INTO members (user, room, role, read_seq)
       SELECT u.key, r.key, ?3, ${LAST_SEQ} FROM rooms r, users u WHERE r.id = ?1 AND u.id = ?2
       ON CONFLICT DO NOTHING`,
    ).run(roomId, userId, role);
  }

  find(userId: string, roomIds: readonly string[]): Map<string, Membership> {
    const rows = this.#sql.prepare(
      `SELECT r.id, m.role, m.read_seq FROM rooms r JOIN members m ON m.room = r.key
       WHERE m.user = (SELECT key FROM users WHERE id = ?)
         AND r.id IN (SELECT value FROM json_each(?))`,
    ).all(userId, JSON.stringify(roomIds));
    return new Map(rows.map(({ id, role, read_seq }) => {
      return [String(id), { role: role as Role, readSeq: Number(read_seq) }];
    }));
  }

  setRead(roomId: string, userId: string, seq: number, back: boolean): number | null {
    const row = this.#sql.prepare(
      `UPDATE members SET read_seq = iif(?4, min(read_seq, ?3), max(read_seq, ?3))
       WHERE user = (SELECT key FROM users WHERE id = ?2)
         AND room = (SELECT key FROM rooms WHERE id = ?1)
       RETURNING read_seq`,
    ).get(roomId, userId, seq, Number(back));
    return row ? Number(row.read_seq) : null;
  }

  countUnread(userId: string, readSeqs: ReadonlyMap<string, number>): Map<string, Unread> {
    const unread = this.#sql.prepare(
      `SELECT count(*) AS count FROM (SELECT 1 FROM messages m WHERE ${COUNTED}
         LIMIT ${MAX_UNREAD})`,
    );
    const mentions = this.#sql.prepare(
      `SELECT count(*) AS count FROM (SELECT DISTINCT m.seq
         FROM mentions x JOIN messages m ON m.room = x.room AND m.seq = x.seq
         WHERE x.user IN (0, (SELECT key FROM users WHERE id = ?2))
           AND x.room = (SELECT key FROM rooms WHERE id = ?1) AND x.seq > ?3 AND ${COUNTED}
         LIMIT ${MAX_UNREAD})`,
    );
    const counts = Array.from(readSeqs, ([roomId, seq]): [string, Unread] => [roomId, {
      unread: Number(unread.get(roomId, userId, seq)?.count),
      mentions: Number(mentions.get(roomId, userId, seq)?.count),
    }]);
    return new Map(counts);
  }
}
