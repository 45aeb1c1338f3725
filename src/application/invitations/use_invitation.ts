/** Reads and uses an invitation by its code. */
import type { Participant } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import { type Invitation, isOpen } from "../../domain/invitation.ts";
import { isInForce } from "../../domain/restriction.ts";
import type { NewRoom } from "../../domain/room.ts";
import type { Command } from "../../services/decision.ts";
import { hashOfCode } from "../../services/invitation_codes.ts";
import type { Dependencies } from "../dependencies.ts";
import { noticeOf } from "../rooms/notice.ts";
import { type FullRoomView, getRoom } from "../rooms/get_room.ts";

type UseDependencies = Pick<
  Dependencies,
  "access" | "log" | "members" | "requestHashes" | "store"
>;

/** Thrown by the decision if they have become a member otherwise in this moment. */
class AlreadyMember extends Error {}

/**
 * The room that a code invites to.
 * @throws ChatError `invitation_not_found` if the code is wrong, used up or expired, or the actor banned
 */
export async function readInvitation(
  actor: Participant,
  { store }: Pick<Dependencies, "store">,
  code: string,
): Promise<NewRoom> {
  const { invitation, isMember } = await find(actor, { store }, code);
  if (!isMember && !isOpen(invitation, new Date())) throw invitationNotFound();
  const room = await store.rooms.describe(invitation.roomId);
  if (!room) throw invitationNotFound();
  return room;
}

/**
 * Makes the actor a member of the room that a code invites to, by an entry of its log. Nothing changes
 * if they are one already.
 * @throws ChatError as `readInvitation`; `unavailable`
 */
export async function useInvitation(
  actor: Participant,
  dependencies: UseDependencies,
  code: string,
): Promise<FullRoomView> {
  const { invitation, isMember } = await find(actor, dependencies, code);
  if (!isMember) await enter(actor, dependencies, invitation, code);
  return await getRoom(actor, dependencies, invitation.roomId);
}

async function find(
  { userId }: Participant,
  { store }: Pick<Dependencies, "store">,
  code: string,
): Promise<{ invitation: Invitation; isMember: boolean }> {
  const invitation = await store.invitations.find(await hashOfCode(code));
  if (!invitation) throw invitationNotFound();
  const found = await store.members.standings(invitation.roomId, [userId]);
  const standing = found?.standings.get(userId);
  if (!found || isInForce(standing?.ban ?? null, new Date())) throw invitationNotFound();
  return { invitation, isMember: standing !== undefined && standing.role !== null };
}

async function enter(
  actor: Participant,
  dependencies: UseDependencies,
  invitation: Invitation,
  code: string,
): Promise<void> {
  const { userId } = actor;
  const { log, requestHashes, store } = dependencies;
  const { invitations } = store;
  const { id, roomId } = invitation;
  const claim = await invitations.claim(id, userId, new Date());
  if (claim === null) {
    // Another request of the user may have had the last use in this moment.
    if ((await find(actor, { store }, code)).isMember) return;
    throw invitationNotFound();
  }
  const request = requestHashes.hash(["invitation", id]);
  let isRepeat: boolean;
  try {
    isRepeat = "isRepeat" in await log.append(roomId, addition(actor, claim, request));
  } catch (error) {
    const isMember = error instanceof AlreadyMember;
    // The claim is taken up again when the request is repeated.
    if (!isMember && !isRefusal(error)) throw error;
    await invitations.settle(id, userId, claim, false);
    if (isMember) return;
    throw invitationNotFound();
  }
  await invitations.settle(id, userId, claim, true);
  if (!isRepeat || (await find(actor, { store }, code)).isMember) return;
  // They had become a member by a claim that was not settled, and have left since.
  await enter(actor, dependencies, invitation, code);
}

/** Its entry has the id of the claim: of several requests with one claim the log has one. */
function addition(
  { userId, user }: Participant,
  clientMessageId: string,
  request: string,
): Command {
  return {
    by: user,
    clientMessageId,
    request,
    text: "",
    needs: { userIds: [userId] },
    decide(state) {
      const { role, ban } = state.standing(userId);
      if (isInForce(ban, new Date())) throw invitationNotFound();
      if (role !== null) throw new AlreadyMember();
      const data = { role: "member" } as const;
      const joined = { systemType: "member_added", users: [user], data } as const;
      return { draft: { ...noticeOf(user, joined, new Date(), clientMessageId), request } };
    },
  };
}

/** The room was deleted, or the actor was banned, in this moment. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ChatError)) return false;
  return error.code === "room_not_found" || error.code === "invitation_not_found";
}

/** It does not say why, nor whether there is a room. */
function invitationNotFound(): ChatError {
  return new ChatError(
    "invitation_not_found",
    "The invitation is wrong, has been used, or has expired.",
  );
}
