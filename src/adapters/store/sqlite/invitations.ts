/** Invitations in the embedded database. */
import { newId } from "../../../domain/id.ts";
import {
  type Invitation,
  type InvitationLimits,
  MAX_USED_UP,
  type NewInvitation,
} from "../../../domain/invitation.ts";
import { type Row, toDate, toPublicUser } from "./rows.ts";
import type { Statements } from "./statements.ts";

const INVITATIONS = `SELECT i.id, r.id AS room_id, u.id AS creator_id, u.display_name, u.avatar_url,
    i.created_at, i.expires_at, i.max_uses, i.uses
  FROM invitations i JOIN rooms r ON r.key = i.room JOIN users u ON u.key = i.creator`;
const ROOM = "(SELECT key FROM rooms WHERE id = ?)";
const USER = "(SELECT key FROM users WHERE id = ?2)";
/** The id of a claim that has ended in its use. */
const USED = "";

/** The methods of the `InvitationStore` port without the promises; see there for what each guarantees. */
export class SqliteInvitations {
  readonly #sql: Statements;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  create(invitation: NewInvitation, limits: InvitationLimits): boolean {
    const { id, roomId, codeHash, createdBy, createdAt, expiresAt, maxUses } = invitation;
    this.#forget(roomId, createdAt.getTime());
    const open = this.#sql.prepare(
      `SELECT count(*) AS room, count(*) FILTER (WHERE creator = ${USER}) AS creator
       FROM invitations WHERE room = (SELECT key FROM rooms WHERE id = ?1)
         AND (max_uses IS NULL OR uses < max_uses)`,
    ).get(roomId, createdBy.id);
    if (Number(open?.room) >= limits.room || Number(open?.creator) >= limits.creator) return false;
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
    return true;
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

  delete(roomId: string, id: string): boolean {
    const { changes } = this.#sql.prepare(`DELETE FROM invitations WHERE id = ? AND room = ${ROOM}`)
      .run(id, roomId);
    return changes === 1;
  }

  claim(id: string, userId: string, now: Date): string | null {
    const claimed = this.#sql.prepare(
      `SELECT id FROM invitation_claims WHERE invitation = ?1 AND user = ${USER}`,
    ).get(id, userId)?.id;
    if (claimed !== undefined && claimed !== USED) return String(claimed);
    const claim = newId();
    if (this.mayReturn(id, userId, now)) return claim;
    const { changes } = this.#sql.prepare(
      `UPDATE invitations SET uses = uses + 1 WHERE id = ?
         AND (expires_at IS NULL OR expires_at > ?) AND (max_uses IS NULL OR uses < max_uses)`,
    ).run(id, now.getTime());
    if (changes === 0) return null;
    this.#sql.prepare(
      `INSERT INTO invitation_claims (invitation, user, id) VALUES (?1, ${USER}, ?3)
       ON CONFLICT DO UPDATE SET id = excluded.id`,
    ).run(id, userId, claim);
    return claim;
  }

  mayReturn(id: string, userId: string, now: Date): boolean {
    return this.#sql.prepare(
      `SELECT 1 FROM invitation_claims c JOIN invitations i ON i.id = c.invitation
         LEFT JOIN members m ON m.user = c.user AND m.room = i.room
       WHERE i.id = ?1 AND c.user = ${USER} AND c.id = '${USED}'
         AND (i.expires_at IS NULL OR i.expires_at > ?3)
         AND (m.role IS NOT NULL OR coalesce(m.removal, 'left') = 'left')`,
    ).get(id, userId, now.getTime()) !== undefined;
  }

  settle(id: string, userId: string, claim: string, isUsed: boolean): void {
    const where = `WHERE invitation = ?1 AND user = ${USER} AND id = ?3`;
    if (isUsed) {
      this.#sql.prepare(`UPDATE invitation_claims SET id = '${USED}' ${where}`)
        .run(id, userId, claim);
      return;
    }
    const { changes } = this.#sql.prepare(`DELETE FROM invitation_claims ${where}`)
      .run(id, userId, claim);
    if (changes === 0) return;
    this.#sql.prepare("UPDATE invitations SET uses = uses - 1 WHERE id = ?").run(id);
  }

  #forget(roomId: string, now: number): void {
    this.#sql.prepare(`DELETE FROM invitations WHERE room = ${ROOM} AND expires_at <= ?`)
      .run(roomId, now);
    this.#sql.prepare(
      `DELETE FROM invitations WHERE id IN (
         SELECT id FROM invitations WHERE room = ${ROOM} AND uses >= max_uses
         ORDER BY id DESC LIMIT -1 OFFSET ${MAX_USED_UP})`,
    ).run(roomId);
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
