/** What an actor may do to another user in a room. */
import type { Actor } from "../../domain/actor.ts";
import type { Standing } from "../../domain/membership.ts";
import { type Capability, mayActOn, roleOf } from "../../domain/permissions.ts";
import type { Dependencies } from "../dependencies.ts";
import type { AnnounceDependencies } from "../rooms/announce.ts";
import { forbidden, requireCapability, type RoomAccess } from "../../services/room_access.ts";

/** What use cases that act on others depend on. */
export type ModerationDependencies = AnnounceDependencies & Pick<Dependencies, "admins">;

/**
 * The actor has the capability, and the user is another one whose role is not above what that allows.
 * @throws ChatError `forbidden`
 */
export function requirePower(
  actor: Actor,
  { admins }: Pick<Dependencies, "admins">,
  access: RoomAccess,
  capability: Capability,
  target: { userId: string; standing: Standing },
): void {
  requireCapability(access, capability);
  const { rules } = access;
  const role = roleOf(actor, rules, access.standing);
  // Admins count as owners in public rooms, whatever they are there.
  const targetRole = roleOf({ isAdmin: admins.known(target.userId) }, rules, target.standing);
  if (target.userId === actor.userId || !mayActOn(role, targetRole)) throw forbidden();
}
