/** The gate of what admins alone may do, beside rooms. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Services } from "../../services/services.ts";

/**
 * Lets only admins pass, as the store has them now.
 * @throws ChatError `forbidden`
 */
export async function requireAdmin(
  { userId, isAdmin = false }: Actor,
  { store }: Pick<Services, "store">,
): Promise<void> {
  const isStill = isAdmin && (await store.users.find(userId))?.role === "admin";
  if (!isStill) throw onlyAdmins();
}

export function onlyAdmins(): ChatError {
  return new ChatError("forbidden", "Only admins of this server may do this.");
}
