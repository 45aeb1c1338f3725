/** Makes a user a member of a room, or gives them a role there. */
import type { Participant } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Member, Role } from "../../domain/membership.ts";
import { isInForce } from "../../domain/restriction.ts";
import { forbidden, requireCapability } from "../../services/room_access.ts";
import type { RoomState } from "../../services/room_state.ts";
import type { Dependencies } from "../dependencies.ts";
import { announce, type AnnounceDependencies } from "../rooms/announce.ts";
import { getMember } from "./list_members.ts";

/** Whom to add to which room, and as what. */
export interface Addition {
  /** Id or slug. */
  room: string;
  userId: string;
  /** Of who is a member already it changes the role; missing: as they are, or a plain member. */
  role?: Role | undefined;
}

/**
 * Adds a user, or changes a role; nothing changes if it is so already. In a public room everybody adds
 * themselves, without an entry.
 * @throws ChatError as `announce`; `forbidden`, also if the user is banned or has blocked the actor; `last_owner`
 */
export async function addMember(
  actor: Participant,
  dependencies: AnnounceDependencies & Pick<Dependencies, "members">,
  { room, userId, role }: Addition,
): Promise<Member> {
  const { access, members, store } = dependencies;
  const found = await access.find(actor, room);
  const { roomId } = found;
  if (userId === actor.userId && role === undefined && found.rules.type === "public") {
    await members.join(roomId, userId);
    return await getMember(actor, dependencies, roomId, userId);
  }
  const [blocker] = await store.blocks.blockersOf(actor.userId, [userId]);
  const command = { room: roomId, userIds: [userId], owners: role !== undefined };
  await announce(actor, dependencies, command, (access, state, users) => {
    requireCapability(access, role === undefined ? "member.add" : "member.role");
    const { role: before, ban } = state.standing(userId);
    if (before !== null && (role === undefined || role === before)) return null;
    if (before !== null) {
      if (role !== "owner") requireOtherOwner(state, userId);
      return { systemType: "member_role", users, data: { role: role! } };
    }
    if (blocker !== undefined || isInForce(ban, new Date())) throw forbidden();
    return { systemType: "member_added", users, data: { role: role ?? "member" } };
  });
  return await getMember(actor, dependencies, roomId, userId);
}

/** @throws ChatError `last_owner` */
export function requireOtherOwner(state: RoomState, userId: string): void {
  if (!state.isLastOwner(userId)) return;
  throw new ChatError("last_owner", "Make somebody else an owner first.");
}
