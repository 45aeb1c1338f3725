/** Reads the user who asks. */
import { ChatError } from "../../domain/errors.ts";
import type { User } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";

/** @throws ChatError `unauthenticated` if the account no longer exists */
export async function getUser({ store }: Pick<Services, "store">, id: string): Promise<User> {
  return existing(await store.users.find(id));
}

/** @throws ChatError `unauthenticated` for null */
export function existing(user: User | null): User {
  if (!user) throw new ChatError("unauthenticated", "The account is gone.");
  return user;
}
