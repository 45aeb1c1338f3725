/** Finds people: one by their id, several by their names. */
import type { Actor } from "../../domain/actor.ts";
import { userNotFound } from "../../domain/errors.ts";
import { nameWords } from "../../domain/name.ts";
import { type KnownUser, type PublicUser, publicUser } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";

/** Role and ban are for admins. */
export type FoundUser = PublicUser | KnownUser;

export interface UserSearch {
  /** Beginnings of words; everybody is found by an empty text. */
  q: string;
  /** 1 to 100. */
  limit: number;
}

/** Those whose names have the beginning of each word; admins also find who is banned. */
export async function searchUsers(
  { isAdmin = false }: Actor,
  { store }: Pick<Services, "store">,
  { q, limit }: UserSearch,
): Promise<FoundUser[]> {
  const words = q.trim() === "" ? [""] : nameWords(q);
  const users = await store.users.search(words, limit, isAdmin);
  return isAdmin ? users : users.map(publicUser);
}

/** @throws ChatError `not_found` */
export async function findUser(
  { isAdmin = false }: Actor,
  { store }: Pick<Services, "store">,
  userId: string,
): Promise<FoundUser> {
  const user = await store.users.find(userId);
  if (!user) throw userNotFound();
  return isAdmin ? { ...publicUser(user), role: user.role, ban: user.ban } : publicUser(user);
}
