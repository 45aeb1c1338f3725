/** Use cases of accounts: register, log in, look at and change one's own. */
import { newId } from "../domain/id.ts";
import { ChatError } from "../domain/errors.ts";
import { type ProfileChanges, publicUser, type User } from "../domain/user.ts";
import type { Services } from "../services/services.ts";
import { type SignedIn, startSession } from "./sessions.ts";

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

/**
 * Signs in with email and password.
 * @throws ChatError `invalid_credentials`, the same for an unknown email and a wrong password
 */
export async function logIn(
  services: Pick<Services, "store" | "tokens" | "passwords">,
  input: { email: string; password: string },
): Promise<SignedIn> {
  const user = await services.store.users.findByEmail(input.email);
  const matches = await services.passwords.verify(input.password, user?.passwordHash);
  if (!user || !matches) {
    throw new ChatError("invalid_credentials", "The email or the password is wrong.");
  }
  return startSession(services, user);
}

/** @throws ChatError `unauthenticated` if the account is gone */
export async function getUser({ store }: Pick<Services, "store">, id: string): Promise<User> {
  return existing(await store.users.find(id));
}

/**
 * Changes the given fields of one's own profile; everything shown later shows it changed.
 * @throws ChatError `unauthenticated` if the account is gone
 */
export async function changeProfile(
  { store, bus }: Pick<Services, "store" | "bus">,
  id: string,
  changes: ProfileChanges,
): Promise<User> {
  const user = existing(await store.users.update(id, changes, new Date()));
  bus.publish({ kind: "profile_changed", user: publicUser(user) });
  return user;
}

function existing(user: User | null): User {
  if (!user) throw new ChatError("unauthenticated", "The account is gone.");
  return user;
}
