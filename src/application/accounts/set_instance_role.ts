/** Makes a user an admin of the server, or takes that from them. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError, userNotFound } from "../../domain/errors.ts";
import type { InstanceRole } from "../../domain/user.ts";
import { recordAction } from "../../services/audit.ts";
import type { Services } from "../../services/services.ts";
import { onlyAdmins, requireAdmin } from "./require_admin.ts";

/**
 * Gives a user a role and notifies all instances. There is always an admin left: nobody takes the
 * role from themselves, and of two who take it from each other at once neither does.
 * @throws ChatError `forbidden` for others than admins, for oneself, for who is banned, and for who
 *   is an admin by `ADMIN_EMAIL`; `not_found`
 */
export async function setInstanceRole(
  actor: Actor,
  services: Pick<Services, "accountLog" | "store" | "bus" | "adminSettings">,
  { userId, role }: { userId: string; role: InstanceRole },
): Promise<void> {
  const { accountLog, store, bus, adminSettings } = services;
  await requireAdmin(actor, services);
  const user = await store.users.find(userId);
  if (!user) throw userNotFound();
  if (user.role === role) return;
  if (userId === actor.userId) throw forbidden("Another admin has to do this.");
  if (role === "member" && adminSettings.emails.has(user.email)) {
    throw forbidden("The operator of the server has made this user an admin.");
  }
  if (!await store.users.setRole(userId, role)) throw forbidden("The user is banned.");
  bus.publish({ kind: "role_changed", userId, role });
  if (role === "member" && (await store.users.find(actor.userId))?.role !== "admin") {
    await store.users.setRole(userId, "admin");
    bus.publish({ kind: "role_changed", userId, role: "admin" });
    throw onlyAdmins();
  }
  accountLog.changed([userId]);
  await recordAction(services, actor, "user_role", { userIds: [userId], data: { role } });
}

function forbidden(message: string): ChatError {
  return new ChatError("forbidden", message);
}
