/** Blocks in the embedded database. */
import type { Block } from "../../../domain/block.ts";
import { toDate, toPublicUser } from "./rows.ts";
import type { Statements } from "./statements.ts";

const KEY_OF = "(SELECT key FROM users WHERE id = ?)";

/** The methods of the `BlockStore` port without the promises; see there for what each guarantees. */
export class SqliteBlocks {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  set(userId: string, blockedId: string, blocked: boolean): boolean {
    const { changes } = blocked
      ? this.#sql.prepare(
        `INSERT INTO blocks (user, blocked, created_at)
         SELECT u.key, b.key, ?3 FROM users u, users b WHERE u.id = ?1 AND b.id = ?2
         ON CONFLICT DO NOTHING`,
      ).run(userId, blockedId, Date.now())
      : this.#sql.prepare(`DELETE FROM blocks WHERE user = ${KEY_OF} AND blocked = ${KEY_OF}`)
        .run(userId, blockedId);
    return changes === 1;
  }

  list(userId: string, limit: number, afterId = ""): Block[] {
    return this.#sql.prepare(
      `SELECT u.id, u.display_name, u.avatar_url, b.created_at
       FROM blocks b JOIN users u ON u.key = b.blocked
       WHERE b.user = ${KEY_OF} AND u.id > ? ORDER BY u.id LIMIT ?`,
    ).all(userId, afterId, limit).map((row) => {
      return { user: toPublicUser(row.id, row), createdAt: toDate(row.created_at) };
    });
  }

  count(userId: string): number {
    const row = this.#sql.prepare(`SELECT count(*) AS count FROM blocks WHERE user = ${KEY_OF}`)
      .get(userId);
    return Number(row?.count);
  }

  blockersOf(userId: string, userIds: readonly string[]): string[] {
    return this.#sql.prepare(
      `SELECT u.id FROM users u JOIN blocks b ON b.user = u.key
       WHERE b.blocked = ${KEY_OF} AND u.id IN (SELECT value FROM json_each(?))`,
    ).all(userId, JSON.stringify(userIds)).map(({ id }) => String(id));
  }

  isBetween([one, other]: readonly [string, string]): boolean {
    return this.blockersOf(one, [other]).length > 0 || this.blockersOf(other, [one]).length > 0;
  }
}
