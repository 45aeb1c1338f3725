/** Invitations to rooms: those one gives, and those one uses. */
import type {
  InvitationsPage,
  InvitedRoom,
  NewInvitation,
} from "../../protocol/wire/invitations.ts";
import type { ListedRoom } from "../../protocol/wire/rooms.ts";
import type { Api } from "../api.ts";
import type { PageQuery } from "./members.ts";
import { pathOf } from "../paths.ts";

/** How long an invitation is good, and for how many. */
export interface InvitationLimits {
  /** In seconds; without it, it does not expire. */
  expiresIn?: number;
  /** How many users may use it; without it any number. */
  maxUses?: number;
}

/** `POST /rooms/:id/invitations`: the code is shown this once. */
export async function createInvitation(
  api: Api,
  roomId: string,
  limits: InvitationLimits = {},
): Promise<NewInvitation> {
  const path = pathOf("rooms", roomId, "invitations");
  const call = { body: limits };
  return (await api.request<{ invitation: NewInvitation }>("POST", path, call)).invitation;
}

/** `GET /rooms/:id/invitations`, without their codes. */
export function listInvitations(
  api: Api,
  roomId: string,
  query: PageQuery = {},
): Promise<InvitationsPage> {
  return api.request("GET", pathOf("rooms", roomId, "invitations"), { query: { ...query } });
}

/** `DELETE /rooms/:id/invitations/:invitationId` */
export async function revokeInvitation(
  api: Api,
  roomId: string,
  invitationId: string,
): Promise<void> {
  await api.request("DELETE", pathOf("rooms", roomId, "invitations", invitationId));
}

/** `GET /invitations/:code`: the room that it invites to. */
export async function readInvitation(api: Api, code: string): Promise<InvitedRoom> {
  return (await api.request<{ room: InvitedRoom }>("GET", pathOf("invitations", code))).room;
}

/** `POST /invitations/:code`: one is a member of the room then. */
export async function useInvitation(api: Api, code: string): Promise<ListedRoom> {
  return (await api.request<{ room: ListedRoom }>("POST", pathOf("invitations", code))).room;
}
