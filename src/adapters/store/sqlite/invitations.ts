/** Invitations in the embedded database. */
import { newId } from "../../../domain/id.ts";
import type { Invitation, NewInvitation } from "../../../domain/invitation.ts";
import { type Row, toDate, toPublicUser } from "./rows.ts";
import type { Statements } from "./statements.ts";

const INVITATIONS = `SELECT i.id, r.id AS room_id, u.id AS creator_id, u.display_name, u.avatar_url,
    i.created_at, i.expires_at, i.max_uses, i.uses
  FROM invitations i JOIN rooms r ON r.key = i.room JOIN users u ON u.key = i.creator`;
const ROOM = "(SELECT key FROM rooms WHERE id = ?)";

/** The methods of the `InvitationStore` port without the promises; see there for what each guarantees. */
export class SqliteInvitations {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  create(invitation: NewInvitation): void {
    const { id, roomId, codeHash, createdBy, createdAt, expiresAt, maxUses } = invitation;
    this.#sql.prepare(`DELETE FROM invitations WHERE room = ${ROOM} AND expires_at <= ?`)
      .run(roomId, createdAt.getTime());
    this.#sql.prepare(
      `INSERT INTO invitations (id, room, code_hash, creator, created_at, expires_at, max_uses, uses)
       VALUES (?, ${ROOM}, ?, (SELECT key FROM users WHERE id = ?), ?, ?, ?, 0)`,
    ).run(
      id,
      roomId,
      codeHash,
      createdBy.id,
      createdAt.getTime(),
      expiresAt?.getTime() ?? null,
      maxUses,
    );
  }

  find(codeHash: string): Invitation | null {
    const row = this.#sql.prepare(`${INVITATIONS} WHERE i.code_hash = ?`).get(codeHash);
    return row ? toInvitation(row) : null;
  }

  list(roomId: string, now: Date, limit: number, afterId = ""): Invitation[] {
    return this.#sql.prepare(
      `${INVITATIONS} WHERE i.room = ${ROOM} AND i.id > ?
         AND (i.expires_at IS NULL OR i.expires_at > ?)
       ORDER BY i.id LIMIT ?`,
    ).all(roomId, afterId, now.getTime(), limit).map(toInvitation);
  }

  count(roomId: string, now: Date): number {
    const row = this.#sql.prepare(
      `SELECT count(*) AS count FROM invitations
       WHERE room = ${ROOM} AND (expires_at IS NULL OR expires_at > ?)`,
    ).get(roomId, now.getTime());
    return Number(row?.count);
  }

  delete(roomId: string, id: string): boolean {
    const { changes } = this.#sql.prepare(`DELETE FROM invitations WHERE id = ? AND room = ${ROOM}`)
      .run(id, roomId);
    return changes === 1;
  }

  claim(id: string, userId: string, now: Date): string | null {
    const claimed = this.#sql.prepare(
      `SELECT id FROM invitation_claims
       WHERE invitation = ? AND user = (SELECT key FROM users WHERE id = ?)`,
    ).get(id, userId);
    if (claimed) return String(claimed.id);
    const { changes } = this.#sql.prepare(
      `UPDATE invitations SET uses = uses + 1 WHERE id = ?
         AND (expires_at IS NULL OR expires_at > ?) AND (max_uses IS NULL OR uses < max_uses)`,
    ).run(id, now.getTime());
    if (changes === 0) return null;
    const claim = newId();
    this.#sql.prepare(
      `INSERT INTO invitation_claims (invitation, user, id)
       SELECT ?1, key, ?3 FROM users WHERE id = ?2`,
    ).run(id, userId, claim);
    return claim;
  }

  settle(id: string, userId: string, claim: string, isUsed: boolean): void {
    const { changes } = this.#sql.prepare(
      `DELETE FROM invitation_claims
       WHERE invitation = ?1 AND user = (SELECT key FROM users WHERE id = ?2) AND id = ?3`,
    ).run(id, userId, claim);
    if (changes === 0 || isUsed) return;
    this.#sql.prepare("UPDATE invitations SET uses = uses - 1 WHERE id = ?").run(id);
  }
}

function toInvitation(row: Row): Invitation {
  return {
    id: String(row.id),
    roomId: String(row.room_id),
    createdBy: toPublicUser(row.creator_id, row),
    createdAt: toDate(row.created_at),
    expiresAt: row.expires_at === null ? null : toDate(row.expires_at),
    maxUses: row.max_uses === null ? null : Number(row.max_uses),
    uses: Number(row.uses),
  };
}
