/** Ends a membership: one's own, or another user's. */
import type { Participant } from "../../domain/actor.ts";
import { forbidden } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";
import { announce } from "../rooms/announce.ts";
import { requireOtherOwner } from "./add_member.ts";
import { type ModerationDependencies, requirePower } from "./target.ts";

/**
 * Ends a membership; nothing changes if there is none. A plain member leaves a public room without an
 * entry.
 * @throws ChatError as `announce`; `forbidden`, `last_owner`
 */
export async function removeMember(
  actor: Participant,
  dependencies: ModerationDependencies & Pick<Dependencies, "members">,
  { room, userId }: { room: string; userId: string },
): Promise<void> {
  if (userId === actor.userId) return await leave(actor, dependencies, room);
  await announce(actor, dependencies, { room, userIds: [userId] }, (access, state, users) => {
    const standing = state.standing(userId);
    requirePower(actor, dependencies, access, "member.remove", { userId, standing });
    return standing.role === null ? null : { systemType: "member_removed", users };
  });
}

async function leave(
  actor: Participant,
  dependencies: ModerationDependencies & Pick<Dependencies, "members">,
  idOrSlug: string,
): Promise<void> {
  const { access, members } = dependencies;
  const { userId } = actor;
  const { roomId, rules } = await access.find(actor, idOrSlug);
  if (rules.type === "direct") throw forbidden();
  if (rules.type === "public" && await members.leave(roomId, userId)) return;
  const command = { room: roomId, userIds: [userId], owners: true };
  await announce(actor, dependencies, command, (_access, state, users) => {
    if (state.standing(userId).role === null) return null;
    requireOtherOwner(state, userId);
    return { systemType: "member_left", users };
  });
}
