/** Reads and uses an invitation by its code. */
import type { Participant } from "../../domain/actor.ts";
import { ChatError, hasCode } from "../../domain/errors.ts";
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
 * What has become of a claim: they are a member by it; were one by it, and may have left since; are one
 * otherwise; or may not be one, because the room was deleted, or they were banned, in this moment.
 */
type Outcome = "entered" | "repeated" | "member" | "refused";

/** An invitation, and what the actor is in its room. */
interface Found {
  invitation: Invitation;
  isPublic: boolean;
  isMember: boolean;
}

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
  const now = new Date();
  const mayEnter = isMember || isOpen(invitation, now) ||
    await store.invitations.mayReturn(invitation.id, actor.userId, now);
  if (!mayEnter) throw invitationNotFound();
  const room = await store.rooms.describe(invitation.roomId);
  if (!room) throw invitationNotFound();
  return room;
}

/**
 * Makes the actor a member of the room that a code invites to: by an entry of its log, but of a public
 * room without one. Nothing changes if they are one already. Who has used it and left by themselves
 * uses it again without another use.
 * @throws ChatError as `readInvitation`; `unavailable`
 */
export async function useInvitation(
  actor: Participant,
  dependencies: UseDependencies,
  code: string,
): Promise<FullRoomView> {
  const found = await find(actor, dependencies, code);
  if (!found.isMember) await enter(actor, dependencies, found, code);
  return await getRoom(actor, dependencies, found.invitation.roomId);
}

async function find(
  { userId }: Participant,
  { store }: Pick<Dependencies, "store">,
  code: string,
): Promise<Found> {
  const invitation = await store.invitations.find(await hashOfCode(code));
  if (!invitation) throw invitationNotFound();
  const found = await store.members.standings(invitation.roomId, [userId]);
  const standing = found?.standings.get(userId);
  if (!found || isInForce(standing?.ban ?? null, new Date())) throw invitationNotFound();
  const isMember = standing !== undefined && standing.role !== null;
  return { invitation, isPublic: found.rules.type === "public", isMember };
}

async function enter(
  actor: Participant,
  dependencies: UseDependencies,
  found: Found,
  code: string,
): Promise<void> {
  const { userId } = actor;
  const { store } = dependencies;
  const { id } = found.invitation;
  const isMember = async () => (await find(actor, { store }, code)).isMember;
  const claim = await store.invitations.claim(id, userId, new Date());
  if (claim === null) {
    // Another request of the user may have had the last use in this moment.
    if (await isMember()) return;
    throw invitationNotFound();
  }
  // If this fails, the claim is taken up again when the request is repeated.
  const outcome = await (found.isPublic ? join : append)(actor, dependencies, found, claim);
  const isUsed = outcome === "entered" || outcome === "repeated";
  await store.invitations.settle(id, userId, claim, isUsed);
  if (outcome === "refused") throw invitationNotFound();
  if (outcome !== "repeated" || await isMember()) return;
  // They had become a member by a claim that was not settled, and have left since.
  await enter(actor, dependencies, found, code);
}

/** Who joins in this moment by themselves has used it as well: which was first makes no difference. */
async function join(
  { userId }: Participant,
  { members, store }: UseDependencies,
  { invitation: { roomId } }: Found,
): Promise<Outcome> {
  await members.join(roomId, userId);
  return await store.members.get(roomId, userId) ? "entered" : "refused";
}

async function append(
  actor: Participant,
  { log, requestHashes }: UseDependencies,
  { invitation: { id, roomId } }: Found,
  claim: string,
): Promise<Outcome> {
  const request = requestHashes.hash(["invitation", id]);
  try {
    const appended = await log.append(roomId, addition(actor, claim, request));
    return "isRepeat" in appended ? "repeated" : "entered";
  } catch (error) {
    if (error instanceof AlreadyMember) return "member";
    if (isGone(error)) return "refused";
    throw error;
  }
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
function isGone(error: unknown): boolean {
  return hasCode(error, "room_not_found", "invitation_not_found");
}

/** It does not say why, nor whether there is a room. */
function invitationNotFound(): ChatError {
  return new ChatError(
    "invitation_not_found",
    "The invitation is wrong, has been used, or has expired.",
  );
}
