/** Reads the user who asks. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { User } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";

/** @throws ChatError `unauthenticated` if the account no longer exists */
export async function getUser(
  { userId }: Pick<Actor, "userId">,
  { store }: Pick<Services, "store">,
): Promise<User> {
  return existing(await store.users.find(userId));
}

/**
 * What was found of the account of the user who asks.
 * @throws ChatError `unauthenticated` for null
 */
export function existing<T extends object>(found: T | null): T {
  if (!found) throw new ChatError("unauthenticated", "The account no longer exists.");
  return found;
}
