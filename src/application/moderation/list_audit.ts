/** Lists what moderators and admins have done, page by page. */
import type { Actor } from "../../domain/actor.ts";
import type { AuditAction, AuditEntry } from "../../domain/audit.ts";
import { hasCode, roomNotFound } from "../../domain/errors.ts";
import type { PublicUser } from "../../domain/user.ts";
import type { AuditFilter } from "../../ports/store/audit.ts";
import { decodeId, pageOf } from "../../services/cursors.ts";
import { requireCapability } from "../../services/room_access.ts";
import { onlyAdmins } from "../accounts/require_admin.ts";
import type { Dependencies } from "../dependencies.ts";

export interface AuditRequest {
  /** Id or slug. */
  roomId?: string | undefined;
  actorId?: string | undefined;
  action?: AuditAction | undefined;
  /** 1 to 100. */
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

export interface AuditPage {
  entries: AuditEntry[];
  /** Whom the entries name. */
  users: Map<string, PublicUser>;
  nextCursor: string | null;
}

type AuditDependencies = Pick<Dependencies, "access" | "publicUsers" | "store">;

/**
 * The last entries first: of one room for its owners, of all that is public for admins, deleted rooms
 * included.
 * @throws ChatError `validation_failed` for an invalid cursor, `room_not_found`, `forbidden`
 */
export async function listAudit(
  actor: Actor,
  { access, publicUsers, store }: AuditDependencies,
  { roomId, actorId, action, limit, cursor }: AuditRequest,
): Promise<AuditPage> {
  const before = decodeId(cursor);
  const scope = await scopeOf(actor, { access }, roomId);
  const found = await store.audit.list({ ...scope, actorId, action }, limit + 1, before);
  // To admins a private room does not exist, a deleted one does.
  if (roomId !== undefined && !scope.withPrivate && found.length === 0) {
    const [any] = await store.audit.list(scope, 1);
    if (!any) throw roomNotFound();
  }
  const { items: entries, nextCursor } = pageOf(found, limit, ({ id }) => [id]);
  const ids = entries.flatMap(({ actorId, userIds }) => actorId ? [actorId, ...userIds] : userIds);
  const users = await publicUsers.find([...new Set(ids)]);
  return { entries, users: new Map(users.map((user) => [user.id, user])), nextCursor };
}

async function scopeOf(
  actor: Actor,
  { access }: Pick<Dependencies, "access">,
  roomId: string | undefined,
): Promise<Pick<AuditFilter, "roomId" | "withPrivate">> {
  if (roomId === undefined) {
    if (!actor.isAdmin) throw onlyAdmins();
    return { withPrivate: false };
  }
  try {
    const room = await access.confirm(actor, await access.find(actor, roomId));
    requireCapability(room, "audit.read");
    return { roomId: room.roomId, withPrivate: true };
  } catch (error) {
    const isHidden = hasCode(error, "room_not_found");
    if (!isHidden || !actor.isAdmin) throw error;
    return { roomId, withPrivate: false };
  }
}
