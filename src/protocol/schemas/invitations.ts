/** Invitations to rooms: what clients send about them, and what the server shows. */
import { z } from "zod";
import type { Invitation as DomainInvitation } from "../../domain/invitation.ts";
import type { NewRoom } from "../../domain/room.ts";
import { publicUser } from "../../domain/user.ts";
import type * as wire from "../wire/invitations.ts";
import { MAX_ID_LENGTH, MAX_INVITATION_SECONDS, MAX_INVITATION_USES } from "../wire/limits.ts";
import { Id, Limit, PageCursor, RoomPath, Time } from "./fields.ts";
import { Room } from "./rooms.ts";
import { PublicUser } from "./users.ts";

export const InvitationCreation = z.object({
  expiresIn: z.int().min(1).max(MAX_INVITATION_SECONDS).nullish().meta({
    description: "seconds; without it the invitation does not expire",
  }),
  maxUses: z.int().min(1).max(MAX_INVITATION_USES).nullish().meta({
    description: "how many users may use it; without it any number",
  }),
}).meta({ id: "InvitationCreation" });

export const Invitation = z.object({
  id: Id,
  createdBy: PublicUser,
  createdAt: Time,
  expiresAt: Time.nullable(),
  maxUses: z.int().nullable(),
  uses: z.int(),
}).meta({ id: "Invitation" }) satisfies z.ZodType<wire.Invitation>;

export const InvitationAnswer = z.object({
  invitation: Invitation.extend({
    code: z.string().meta({ description: "shown this once" }),
    url: z.string().meta({ description: "a path on this server" }),
  }) satisfies z.ZodType<wire.NewInvitation>,
});

export const InvitationsQuery = z.object({ limit: Limit, cursor: PageCursor.optional() });

export const InvitationsPage = z.object({
  invitations: z.array(Invitation),
  nextCursor: z.string().nullable(),
}) satisfies z.ZodType<wire.InvitationsPage>;

export const InvitationPath = RoomPath.extend({ invitationId: z.string().max(MAX_ID_LENGTH) });
/** Whatever it is: what is no code is none that there is. */
export const CodePath = z.object({ code: z.string() });

export const InvitedRoomAnswer = z.object({
  room: Room.pick({ name: true, type: true, memberCount: true }),
});

export function presentInvitation(invitation: DomainInvitation): wire.Invitation {
  const { id, createdBy, createdAt, expiresAt, maxUses, uses } = invitation;
  return {
    id,
    createdBy: publicUser(createdBy),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt && expiresAt.toISOString(),
    maxUses,
    uses,
  };
}

export function presentInvited({ name, type, memberCount }: NewRoom): wire.InvitedRoom {
  return { name, type, memberCount };
}
