/** Mutes a user in a room, and lifts the mute. */
import type { Participant } from "../../domain/actor.ts";
import { isInForce, type Restriction } from "../../domain/membership.ts";
import { type ModerationDependencies, requirePower } from "../members/target.ts";
import { announce } from "../rooms/announce.ts";
import { dataOf, isSame } from "./restriction.ts";

export interface Mute extends Restriction {
  /** Id or slug. */
  room: string;
  userId: string;
}

/**
 * Mutes a user: they read, and neither send nor react.
 * @throws ChatError as `announce`; `forbidden`
 */
export async function muteMember(
  actor: Participant,
  dependencies: ModerationDependencies,
  { room, userId, ...mute }: Mute,
): Promise<void> {
  await announce(actor, dependencies, { room, userIds: [userId] }, (access, state, users) => {
    const standing = state.standing(userId);
    requirePower(actor, dependencies, access, "member.mute", { userId, standing });
    if (isSame(standing.mute, mute)) return null;
    return { systemType: "member_muted", users, data: dataOf(mute) };
  });
}

/** @throws ChatError as `announce`; `forbidden` */
export async function liftMute(
  actor: Participant,
  dependencies: ModerationDependencies,
  { room, userId }: { room: string; userId: string },
): Promise<void> {
  await announce(actor, dependencies, { room, userIds: [userId] }, (access, state, users) => {
    const standing = state.standing(userId);
    requirePower(actor, dependencies, access, "member.mute", { userId, standing });
    return isInForce(standing.mute, new Date()) ? { systemType: "member_unmuted", users } : null;
  });
}
