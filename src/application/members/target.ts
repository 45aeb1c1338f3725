/** What an actor may do to another user in a room. */
import type { Actor } from "../../domain/actor.ts";
import type { Standing } from "../../domain/membership.ts";
import { type Capability, mayActOn, roleOf } from "../../domain/permissions.ts";
import { forbidden, requireCapability, type RoomAccess } from "../../services/room_access.ts";

/**
 * The actor has the capability, and the user is another one whose role is not above what that allows.
 * @throws ChatError `forbidden`
 */
export function requirePower(
  actor: Actor,
  access: RoomAccess,
  capability: Capability,
  target: { userId: string; standing: Standing },
): void {
  requireCapability(access, capability);
  const role = roleOf(actor, access.rules, access.standing);
  if (target.userId === actor.userId || !mayActOn(role, target.standing.role)) throw forbidden();
}
