/** Members of a room, bans and mutes; `me` as a user's id stands for oneself. */
import type { Member, MembersPage, Restricted, RoomRole } from "../../protocol/wire/members.ts";
import type { Api } from "../api.ts";
import { pathOf } from "../paths.ts";

/** Which members are listed. */
export interface MembersQuery {
  /** Only those with this role. */
  role?: RoomRole;
  /** The beginning of any word of their names. */
  q?: string;
  /** 1 to 100; 50 if not given. */
  limit?: number;
  /** The `nextCursor` of the page before. */
  cursor?: string;
}

/** A page's place in a list. */
export interface PageQuery {
  /** 1 to 100; 50 if not given. */
  limit?: number;
  /** The `nextCursor` of the page before. */
  cursor?: string;
}

/** What a ban or a mute says. */
export interface Restricting {
  /** When it ends; ISO 8601; without it, it does not. */
  until?: string | null;
  /** Up to 500 characters. */
  reason?: string | null;
}

/** What a ban says. */
export interface Banning extends Restricting {
  /** Their messages of so many seconds before are deleted; up to 604,800. */
  deleteSeconds?: number;
}

/** `GET /rooms/:id/members`, in the order in which they joined. */
export function listMembers(
  api: Api,
  roomId: string,
  query: MembersQuery = {},
): Promise<MembersPage> {
  return api.request("GET", pathOf("rooms", roomId, "members"), { query: { ...query } });
}

/**
 * `PUT /rooms/:id/members/:userId`: joins a public room (`me`), adds a user, or gives a role.
 * @param role needs `member.role` if it is given
 */
export async function addMember(
  api: Api,
  roomId: string,
  userId: string,
  role?: RoomRole,
): Promise<Member> {
  const path = pathOf("rooms", roomId, "members", userId);
  const body = role ? { role } : {};
  return (await api.request<{ member: Member }>("PUT", path, { body })).member;
}

/** `DELETE /rooms/:id/members/:userId`: leaves the room (`me`), or removes a member. */
export async function removeMember(api: Api, roomId: string, userId: string): Promise<void> {
  await api.request("DELETE", pathOf("rooms", roomId, "members", userId));
}

/** `GET /rooms/:id/bans` */
export function listBans(
  api: Api,
  roomId: string,
  query: PageQuery = {},
): Promise<{ bans: Restricted[]; nextCursor: string | null }> {
  return api.request("GET", pathOf("rooms", roomId, "bans"), { query: { ...query } });
}

/** `PUT /rooms/:id/bans/:userId` */
export async function banMember(
  api: Api,
  roomId: string,
  userId: string,
  ban: Banning = {},
): Promise<void> {
  await api.request("PUT", pathOf("rooms", roomId, "bans", userId), { body: ban });
}

/** `DELETE /rooms/:id/bans/:userId`; it does not restore the membership. */
export async function unbanMember(api: Api, roomId: string, userId: string): Promise<void> {
  await api.request("DELETE", pathOf("rooms", roomId, "bans", userId));
}

/** `GET /rooms/:id/mutes` */
export function listMutes(
  api: Api,
  roomId: string,
  query: PageQuery = {},
): Promise<{ mutes: Restricted[]; nextCursor: string | null }> {
  return api.request("GET", pathOf("rooms", roomId, "mutes"), { query: { ...query } });
}

/** `PUT /rooms/:id/mutes/:userId` */
export async function muteMember(
  api: Api,
  roomId: string,
  userId: string,
  mute: Restricting = {},
): Promise<void> {
  await api.request("PUT", pathOf("rooms", roomId, "mutes", userId), { body: mute });
}

/** `DELETE /rooms/:id/mutes/:userId` */
export async function unmuteMember(api: Api, roomId: string, userId: string): Promise<void> {
  await api.request("DELETE", pathOf("rooms", roomId, "mutes", userId));
}
