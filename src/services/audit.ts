/** Records what moderators and admins do that no entry of a room's log says. */
import type { Actor } from "../domain/actor.ts";
import type { AuditAction, AuditEntry } from "../domain/audit.ts";
import { newId } from "../domain/id.ts";
import type { Store } from "../ports/store/store.ts";

/** What of an entry an action says; what is left out is nothing. */
export type AuditDetails = Partial<Pick<AuditEntry, "roomId" | "isPrivate" | "userIds" | "data">>;

/**
 * Records an action, to be called after it was done and before it is answered. What entries do is
 * recorded by the store (`AuditStore`).
 * @param actor null for the operator of the server
 * @throws ChatError `unavailable`
 */
export async function recordAction(
  { store }: { store: Pick<Store, "audit"> },
  actor: Pick<Actor, "userId"> | null,
  action: AuditAction,
  { roomId = null, isPrivate = false, userIds = [], data = {} }: AuditDetails,
): Promise<void> {
  const actorId = actor?.userId ?? null;
  const entry = { id: newId(), action, actorId, roomId, isPrivate, userIds, data };
  await store.audit.add({ ...entry, createdAt: new Date() });
}
