/** The accounts' streams in the embedded database; triggers give most items their numbers. */
import {
  type AccountItem,
  PROFILE_KEY,
  READ_INTERVAL_MS,
  type RemovalReason,
} from "../../../domain/account.ts";
import type { AccountPage } from "../../../ports/store/accounts.ts";
import { toMembership } from "./members.ts";
import { accountSeq, lastMessage, type Row } from "./rows.ts";
import type { Statements } from "./statements.ts";

const USER = "(SELECT key FROM users WHERE id = ?1)";
/** Accounts that one run of repairs looks at. */
const USERS_IN_A_RUN = 100;

/** The methods of the `AccountStore` port without the promises; see there for what each guarantees. */
export class SqliteAccounts {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  /** Only of read positions the numbers wait for this; all others come with the change itself. */
  settle(userId: string): boolean {
    const pending = this.#sql.prepare(
      `SELECT m.user, m.room, 'read:' || r.id AS key, i.numbered_at
       FROM members m JOIN rooms r ON r.key = m.room
         LEFT JOIN account_items i ON i.user = m.user AND i.key = 'read:' || r.id
       WHERE m.read_pending = 1 AND m.user = ${USER}`,
    ).all(userId);
    const before = Date.now() - READ_INTERVAL_MS;
    const due = pending.filter(({ numbered_at: at }) => at === null || Number(at) <= before);
    for (const { user, room, key } of due) {
      this.#sql.prepare("INSERT INTO account_numbers VALUES (?, ?, NULL)").run(user!, key!);
      this.#sql.prepare("UPDATE members SET read_pending = 0 WHERE user = ? AND room = ?")
        .run(user!, room!);
    }
    return due.length < pending.length;
  }

  lastSeq(userId: string): number {
    return Number(this.#sql.prepare(`SELECT ${accountSeq(USER)} AS seq`).get(userId)?.seq);
  }

  itemsAfter(userId: string, after: number, limit: number): AccountPage {
    const rows = this.#sql.prepare(
      `SELECT i.seq, i.key, i.removal, m.role, m.read_seq, m.notifications,
         coalesce(m.hidden_n >= ${lastMessage("n")}, 0) AS hidden,
         EXISTS (SELECT 1 FROM blocks b JOIN users u ON u.key = b.blocked
           WHERE b.user = i.user AND u.id = substr(i.key, instr(i.key, ':') + 1)) AS is_blocked
       FROM account_items i
         LEFT JOIN rooms r ON r.id = substr(i.key, instr(i.key, ':') + 1)
         LEFT JOIN members m ON m.user = i.user AND m.room = r.key
       WHERE i.user = ${USER} AND i.seq > ?2 ORDER BY i.seq LIMIT ?3`,
    ).all(userId, after, limit + 1);
    const page = rows.slice(0, limit);
    return {
      items: page.flatMap((row) => toItem(row) ?? []),
      lastSeq: Number(page.at(-1)?.seq ?? after),
      hasMore: rows.length > limit,
    };
  }

  changedAfter(seqs: ReadonlyMap<string, number>): string[] {
    return this.#sql.prepare(
      `SELECT u.id FROM json_each(?) position JOIN users u ON u.id = position.value ->> 0
       WHERE EXISTS (SELECT 1 FROM account_items
         WHERE user = u.key AND seq > position.value ->> 1)`,
    ).all(JSON.stringify([...seqs])).map(({ id }) => String(id));
  }

  /** Numbers read positions that an instance that died has left. */
  repair(): void {
    const users = this.#sql.prepare(
      `SELECT DISTINCT u.id FROM members m JOIN users u ON u.key = m.user
       WHERE m.read_pending = 1 LIMIT ${USERS_IN_A_RUN}`,
    ).all();
    for (const { id } of users) this.settle(String(id));
  }
}

function toItem(row: Row): AccountItem | null {
  const { key, removal } = row;
  const seq = Number(row.seq);
  const [type, id = ""] = String(key).split(":");
  const membership = row.role === null ? null : toMembership(row);
  switch (type) {
    case "room": {
      if (membership) return { seq, type, roomId: id, membership };
      const reason = (removal ?? "left") as RemovalReason;
      return { seq, type: "room_removed", roomId: id, reason };
    }
    case "read":
      return membership && { seq, type, roomId: id, readSeq: membership.readSeq };
    case "block":
      return { seq, type, userId: id, blocked: row.is_blocked === 1 };
    case PROFILE_KEY:
      return { seq, type: "profile" };
    default:
      return null;
  }
}
