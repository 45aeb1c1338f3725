/** Other users: finding them, blocking them, and what admins do with accounts. */
import type { BlocksPage } from "../../protocol/wire/blocks.ts";
import type { MentionsPage } from "../../protocol/wire/mentions.ts";
import type { FoundUser, User } from "../../protocol/wire/users.ts";
import type { Api } from "../api.ts";
import type { PageQuery, Restricting } from "./members.ts";
import { pathOf } from "../paths.ts";

/**
 * `GET /users`: those of whose names a word begins so.
 * @param query.limit 1 to 100
 */
export async function searchUsers(
  api: Api,
  query: { q: string; limit?: number },
): Promise<FoundUser[]> {
  return (await api.request<{ users: FoundUser[] }>("GET", "users", { query: { ...query } })).users;
}

/** `GET /users/:id` */
export async function readUser(api: Api, userId: string): Promise<FoundUser> {
  return (await api.request<{ user: FoundUser }>("GET", pathOf("users", userId))).user;
}

/** `PUT /users/:id/block`: there are no direct messages between the two any more. */
export async function blockUser(api: Api, userId: string): Promise<void> {
  await api.request("PUT", pathOf("users", userId, "block"));
}

/** `DELETE /users/:id/block` */
export async function unblockUser(api: Api, userId: string): Promise<void> {
  await api.request("DELETE", pathOf("users", userId, "block"));
}

/** `GET /auth/me/blocks` */
export function listBlocks(api: Api, query: PageQuery = {}): Promise<BlocksPage> {
  return api.request("GET", "auth/me/blocks", { query: { ...query } });
}

/** `GET /auth/me/mentions`, the newest first. */
export function listMentions(api: Api, query: PageQuery = {}): Promise<MentionsPage> {
  return api.request("GET", "auth/me/mentions", { query: { ...query } });
}

/** `PUT /users/:id/ban`, for admins: ends the user's sessions, and refuses new ones. */
export async function banUser(api: Api, userId: string, ban: Restricting = {}): Promise<void> {
  await api.request("PUT", pathOf("users", userId, "ban"), { body: ban });
}

/** `DELETE /users/:id/ban`, for admins. */
export async function unbanUser(api: Api, userId: string): Promise<void> {
  await api.request("DELETE", pathOf("users", userId, "ban"));
}

/** `PUT /users/:id/role`, for admins. */
export async function setUserRole(api: Api, userId: string, role: User["role"]): Promise<void> {
  await api.request("PUT", pathOf("users", userId, "role"), { body: { role } });
}
