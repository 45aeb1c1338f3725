/** Who reads and closes the reports of a room: who moderates it, and admins, of whatever room. */
import type { Actor } from "../../domain/actor.ts";
import { isRefusal } from "../../domain/errors.ts";
import { requireCapability } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * @throws ChatError `forbidden`, `room_not_found`, `unavailable`
 */
export async function requireModerator(
  actor: Actor,
  { access }: Pick<Dependencies, "access">,
  roomId: string,
): Promise<void> {
  if (actor.isAdmin) return;
  requireCapability(await access.confirm(actor, { roomId }), "report.read");
}

/**
 * Whether `requireModerator` lets the actor pass.
 * @throws ChatError `unavailable`
 */
export async function mayReadReports(
  ...[actor, dependencies, roomId]: Parameters<typeof requireModerator>
): Promise<boolean> {
  try {
    await requireModerator(actor, dependencies, roomId);
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}
