/** Bans a user from a room, and lifts the ban. */
import type { Participant } from "../../domain/actor.ts";
import { isInForce, type Restriction } from "../../domain/membership.ts";
import type { Dependencies } from "../dependencies.ts";
import { type ModerationDependencies, requirePower } from "../members/target.ts";
import { announce } from "../rooms/announce.ts";
import { deleteRecent } from "./delete_recent.ts";
import { dataOf, isSame } from "./restriction.ts";

export interface Ban extends Restriction {
  /** Id or slug. */
  room: string;
  userId: string;
  /** Of the last so many seconds their messages are deleted; 0 for none. */
  deleteSeconds: number;
}

/**
 * Bans a user, which ends their membership: nothing of theirs comes after the entry in the log, and
 * nothing after it goes to them. Resolves once their recent messages are deleted as well; repeated, it
 * deletes what is left.
 * @throws ChatError as `announce`; `forbidden`
 */
export async function banMember(
  actor: Participant,
  dependencies: ModerationDependencies & Pick<Dependencies, "log">,
  { room, userId, deleteSeconds, ...ban }: Ban,
): Promise<void> {
  const command = { room, userIds: [userId] };
  const { roomId } = await announce(actor, dependencies, command, (access, state, users) => {
    const standing = state.standing(userId);
    requirePower(actor, dependencies, access, "member.ban", { userId, standing });
    if (isSame(standing.ban, ban)) return null;
    return { systemType: "member_banned", users, data: dataOf(ban) };
  });
  if (deleteSeconds === 0) return;
  await deleteRecent(actor, dependencies, { roomId, userId, seconds: deleteSeconds });
}

/**
 * Lifts a ban; it does not restore the membership.
 * @throws ChatError as `announce`; `forbidden`
 */
export async function liftBan(
  actor: Participant,
  dependencies: ModerationDependencies,
  { room, userId }: { room: string; userId: string },
): Promise<void> {
  await announce(actor, dependencies, { room, userIds: [userId] }, (access, state, users) => {
    const standing = state.standing(userId);
    requirePower(actor, dependencies, access, "member.ban", { userId, standing });
    return isInForce(standing.ban, new Date()) ? { systemType: "member_unbanned", users } : null;
  });
}
