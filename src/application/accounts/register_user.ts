/** Registers an account and signs it in. */
import { newId } from "../../domain/id.ts";
import { ChatError } from "../../domain/errors.ts";
import type { User } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";
import { type SignedIn, startSession } from "../sessions/start_session.ts";

/**
 * Makes an account and signs it in.
 * @param input checked and cleaned by the protocol's `Registration`
 * @throws ChatError `email_taken`
 */
export async function registerUser(
  services: Pick<Services, "store" | "tokens" | "passwords">,
  input: { email: string; password: string; displayName: string },
): Promise<SignedIn> {
  const { store, passwords } = services;
  if (await store.users.findByEmail(input.email)) {
    throw new ChatError("email_taken", "An account with this email exists already.");
  }
  const now = new Date();
  const user: User = {
    id: newId(),
    email: input.email,
    passwordHash: await passwords.hash(input.password),
    displayName: input.displayName,
    avatarUrl: null,
    onboardingCompleted: false,
    createdAt: now,
    updatedAt: now,
  };
  await store.users.create(user);
  return startSession(services, user);
}
