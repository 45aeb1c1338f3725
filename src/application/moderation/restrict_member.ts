/** Bans or mutes a user in a room, and lifts that. */
import type { Participant } from "../../domain/actor.ts";
import { isInForce, type Restriction, restrictionData } from "../../domain/restriction.ts";
import { type ModerationDependencies, requirePower } from "../members/target.ts";
import { announce, type Announced } from "../rooms/announce.ts";

const KINDS = {
  ban: { capability: "member.ban", imposed: "member_banned", lifted: "member_unbanned" },
  mute: { capability: "member.mute", imposed: "member_muted", lifted: "member_unmuted" },
} as const;

export interface RestrictionRequest {
  kind: keyof typeof KINDS;
  /** Id or slug. */
  room: string;
  userId: string;
  /** Null lifts it. */
  restriction: Restriction | null;
  /** Of the entry. */
  clientMessageId?: string;
}

/**
 * Bans a user, which ends their membership, or mutes them: they read, and neither send nor react.
 * Lifting a ban does not restore the membership.
 * @throws ChatError as `announce`; `forbidden`
 */
export async function restrictMember(
  actor: Participant,
  dependencies: ModerationDependencies,
  { kind, room, userId, restriction, ...entry }: RestrictionRequest,
): Promise<Announced> {
  const { capability, imposed, lifted } = KINDS[kind];
  return await announce(
    actor,
    dependencies,
    { room, userIds: [userId], ...entry },
    (access, state, users) => {
      const standing = state.standing(userId);
      requirePower(actor, dependencies, access, capability, { userId, standing });
      const present = standing[kind];
      if (restriction === null) {
        return isInForce(present, new Date()) ? { systemType: lifted, users } : null;
      }
      if (isSame(present, restriction)) return null;
      return { systemType: imposed, users, data: restrictionData(restriction) };
    },
  );
}

/** Whether one that holds now is as asked. */
function isSame(present: Restriction | null, asked: Restriction): boolean {
  return present !== null && isInForce(present, new Date()) && present.reason === asked.reason &&
    present.until?.getTime() === asked.until?.getTime();
}
