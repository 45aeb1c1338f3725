/** Bans a user from a room, and deletes what they have written lately. */
import type { Participant } from "../../domain/actor.ts";
import type { Restriction } from "../../domain/membership.ts";
import type { Dependencies } from "../dependencies.ts";
import type { ModerationDependencies } from "../members/target.ts";
import { deleteRecent } from "./delete_recent.ts";
import { restrictMember } from "./restrict_member.ts";

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
  const { roomId } = await restrictMember(actor, dependencies, {
    kind: "ban",
    room,
    userId,
    restriction: ban,
  });
  if (deleteSeconds === 0) return;
  await deleteRecent(actor, dependencies, { roomId, userId, seconds: deleteSeconds });
}
