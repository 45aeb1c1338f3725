/** Creates, lists and revokes invitations to a room. */
import type { Participant } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import { newId } from "../../domain/id.ts";
import {
  type Invitation,
  type InvitationLimits,
  MEMBERS_LIMITS,
  MODERATORS_LIMITS,
} from "../../domain/invitation.ts";
import { publicUser } from "../../domain/user.ts";
import { decodeId, pageOf } from "../../services/cursors.ts";
import { hashOfCode, newCode } from "../../services/invitation_codes.ts";
import { recordAction } from "../../services/audit.ts";
import { requireCapability, type RoomAccess } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";

type InvitationDependencies = Pick<Dependencies, "access" | "store">;

export interface InvitationInput {
  /** Seconds; missing: it does not expire. */
  expiresIn?: number | undefined;
  /** How many users may use it; missing: any number. */
  maxUses?: number | undefined;
}

/**
 * Creates an invitation.
 * @param room id or slug
 * @returns the invitation with its code, which is not stored: nobody is shown it again
 * @throws ChatError `room_not_found`, `forbidden`, `limit_reached`
 */
export async function createInvitation(
  actor: Participant,
  dependencies: InvitationDependencies,
  room: string,
  { expiresIn, maxUses }: InvitationInput,
): Promise<{ invitation: Invitation; code: string }> {
  const { store: { invitations } } = dependencies;
  const { roomId, ...inviter } = await requireInviter(actor, dependencies, room);
  const createdAt = new Date();
  const code = newCode();
  const invitation = {
    id: newId(),
    roomId,
    createdBy: publicUser(actor.user),
    createdAt,
    expiresAt: expiresIn === undefined ? null : new Date(createdAt.getTime() + expiresIn * 1_000),
    maxUses: maxUses ?? null,
  };
  const isModerator = inviter.capabilities.has("member.add");
  const limits = isModerator ? MODERATORS_LIMITS : MEMBERS_LIMITS;
  const codeHash = await hashOfCode(code);
  if (!await invitations.create({ ...invitation, codeHash }, limits)) throw limitReached(limits);
  const { id: invitationId, expiresAt } = invitation;
  await recordAction(dependencies, actor, "invitation_created", {
    roomId,
    isPrivate: isPrivate(inviter),
    data: {
      invitationId,
      expiresAt: expiresAt && expiresAt.toISOString(),
      maxUses: invitation.maxUses,
    },
  });
  return { invitation: { ...invitation, uses: 0 }, code };
}

/**
 * Lists a room's invitations, used up ones too, in the order in which they were created.
 * @param cursor `nextCursor` of the page before
 * @throws ChatError `room_not_found`, `forbidden`; `validation_failed` for an invalid cursor
 */
export async function listInvitations(
  actor: Participant,
  dependencies: InvitationDependencies,
  room: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ invitations: Invitation[]; nextCursor: string | null }> {
  const { roomId } = await requireInviter(actor, dependencies, room);
  const { invitations } = dependencies.store;
  const after = decodeId(cursor);
  const found = await invitations.list(roomId, new Date(), limit + 1, after);
  const { items, nextCursor } = pageOf(found, limit, ({ id }) => [id]);
  return { invitations: items, nextCursor };
}

/**
 * Revokes an invitation, if there is one.
 * @throws ChatError `room_not_found`, `forbidden`
 */
export async function revokeInvitation(
  actor: Participant,
  dependencies: InvitationDependencies,
  room: string,
  id: string,
): Promise<void> {
  const { roomId, ...inviter } = await requireInviter(actor, dependencies, room);
  if (!await dependencies.store.invitations.delete(roomId, id)) return;
  await recordAction(dependencies, actor, "invitation_revoked", {
    roomId,
    isPrivate: isPrivate(inviter),
    data: { invitationId: id },
  });
}

/** The room, if the actor may invite to it now. */
async function requireInviter(
  actor: Participant,
  { access }: InvitationDependencies,
  idOrSlug: string,
): Promise<RoomAccess> {
  const found = await access.find(actor, idOrSlug);
  const room = await access.confirm(actor, found);
  requireCapability(room, "member.invite");
  return room;
}

function limitReached({ room, creator }: InvitationLimits): ChatError {
  const detail = creator < room
    ? `A member has at most ${creator} open invitations, and members a room at most ${room}.`
    : `A room has at most ${room} open invitations.`;
  return new ChatError("limit_reached", detail);
}

function isPrivate({ rules }: Pick<RoomAccess, "rules">): boolean {
  return rules.type !== "public";
}
