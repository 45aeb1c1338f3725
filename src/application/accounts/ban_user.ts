/** Bans a user from the server, or lifts that. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError, userNotFound } from "../../domain/errors.ts";
import { isInForce, type Restriction, restrictionData } from "../../domain/restriction.ts";
import { recordAction } from "../../services/audit.ts";
import type { Services } from "../../services/services.ts";
import { revokeSessions } from "../sessions/end_sessions.ts";
import { requireAdmin } from "./require_admin.ts";

/**
 * Bans a user: their sessions end, and until the ban does they get no other.
 * @throws ChatError `forbidden` for others than admins, for oneself and other admins, who must lose
 *   that role first; `not_found`
 */
export async function banUser(
  actor: Actor,
  services: Pick<Services, "store" | "bus">,
  userId: string,
  ban: Restriction,
): Promise<void> {
  const { store } = services;
  await requireAdmin(actor, services);
  const user = await store.users.find(userId);
  if (!user) throw userNotFound();
  if (user.role === "admin") throw isAdmin();
  // Before, so that a process that dies now leaves no banned user with a session; and after, because
  // a sign-in that did not see the ban may have begun one.
  await revokeSessions(services, userId);
  if (!await store.users.setBan(userId, ban)) throw isAdmin();
  await revokeSessions(services, userId);
  const data = restrictionData(ban);
  await recordAction(services, actor, "user_banned", { userIds: [userId], data });
}

/**
 * Lifts a ban, if there is one; sessions stay ended.
 * @throws ChatError `forbidden` for others than admins, `not_found`
 */
export async function liftBan(
  actor: Actor,
  { store }: Pick<Services, "store">,
  userId: string,
): Promise<void> {
  await requireAdmin(actor, { store });
  const user = await store.users.find(userId);
  if (!user || !await store.users.setBan(userId, null)) throw userNotFound();
  if (!isInForce(user.ban, new Date())) return;
  await recordAction({ store }, actor, "user_unbanned", { userIds: [userId] });
}

function isAdmin(): ChatError {
  return new ChatError("forbidden", "Admins are not banned; take the role from them first.");
}
