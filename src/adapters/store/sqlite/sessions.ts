/** Sessions in the embedded database. */
import type { Session, SessionRotation } from "../../../domain/session.ts";
import type { Identification } from "../../../ports/store/sessions.ts";
import { accountSeq, formatRotations, toDate, toSession, toUser } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** The methods of the `SessionStore` port without the promises; see there for what each guarantees. */
export class SqliteSessions {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  create(session: Session): void {
    this.#sql.prepare("DELETE FROM sessions WHERE expires_at <= ?").run(Date.now());
    this.#sql.prepare(
      `INSERT INTO sessions (id, user, generation, rotations, created_at, expires_at, revoked_at)
       VALUES (?, (SELECT key FROM users WHERE id = ?), ?, ?, ?, ?, ?)`,
    ).run(
      session.id,
      session.userId,
      session.generation,
      formatRotations(session.rotations),
      session.createdAt.getTime(),
      session.expiresAt.getTime(),
      session.revokedAt?.getTime() ?? null,
    );
  }

  find(id: string): Session | null {
    const row = this.#sql.prepare(
      `SELECT s.*, u.id AS user_id FROM sessions s JOIN users u ON u.key = s.user
       WHERE s.id = ? AND s.expires_at > ?`,
    ).get(id, Date.now());
    return row ? toSession(row) : null;
  }

  identify(ids: readonly string[]): Map<string, Identification> {
    const rows = this.#sql.prepare(
      `SELECT u.*, s.id AS session_id, s.revoked_at, ${accountSeq("u.key")} AS account_seq
       FROM sessions s JOIN users u ON u.key = s.user
       WHERE s.id IN (SELECT value FROM json_each(?)) AND s.expires_at > ?`,
    ).all(JSON.stringify(ids), Date.now());
    return new Map(rows.map((row) => [String(row.session_id), {
      revokedAt: row.revoked_at === null ? null : toDate(row.revoked_at),
      user: toUser(row),
      accountSeq: Number(row.account_seq),
    }]));
  }

  rotate(id: string, from: number, rotation: SessionRotation): boolean {
    const { changes } = this.#sql.prepare(
      `UPDATE sessions SET generation = ?, rotations = ?, expires_at = ?
       WHERE id = ? AND generation = ? AND revoked_at IS NULL`,
    ).run(
      rotation.generation,
      formatRotations(rotation.rotations),
      rotation.expiresAt.getTime(),
      id,
      from,
    );
    return changes === 1;
  }

  revoke(id: string, revokedAt: Date): boolean {
    const { changes } = this.#sql.prepare(
      "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
    ).run(revokedAt.getTime(), id);
    return changes === 1;
  }

  revokeAll(userId: string, revokedAt: Date): string[] {
    return this.#sql.prepare(
      `UPDATE sessions SET revoked_at = ?
       WHERE user = (SELECT key FROM users WHERE id = ?) AND revoked_at IS NULL RETURNING id`,
    ).all(revokedAt.getTime(), userId).map(({ id }) => String(id));
  }

  revoked(ids: string[]): string[] {
    return this.#sql.prepare(
      `SELECT id FROM sessions
       WHERE id IN (SELECT value FROM json_each(?)) AND revoked_at IS NOT NULL`,
    ).all(JSON.stringify(ids)).map(({ id }) => String(id));
  }
}
