/** Registers an account and signs it in. */
import { newId } from "../../domain/id.ts";
import { ChatError } from "../../domain/errors.ts";
import type { User } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";
import { type SignedIn, startSession } from "../sessions/start_session.ts";

/** Checked and cleaned by the protocol's `Registration`. */
export interface NewAccount {
  email: string;
  password: string;
  displayName: string;
}

/**
 * Makes an account and signs it in.
 * @throws ChatError `email_taken`; `forbidden` for an email of `ADMIN_EMAIL` in production
 */
export async function registerUser(
  services: Pick<Services, "store" | "bus" | "tokens" | "passwords" | "adminSettings">,
  input: NewAccount,
): Promise<SignedIn> {
  const { store, bus, passwords, adminSettings } = services;
  if (await store.users.findByEmail(input.email)) {
    throw new ChatError("email_taken", "An account with this email exists already.");
  }
  const isNamed = adminSettings.emails.has(input.email);
  if (isNamed && !adminSettings.registered) throw reserved();
  const member = await newUser(passwords, input);
  const admin: User = { ...member, role: "admin" };
  const isFirst = adminSettings.registered && await store.users.createFirst(admin);
  if (!isFirst) await store.users.create(isNamed ? admin : member);
  const user = isFirst || isNamed ? admin : member;
  if (user.role === "admin") {
    bus.publish({ kind: "role_changed", userId: user.id, role: user.role });
  }
  return startSession(services, user);
}

/** A user as they are at their beginning. */
export async function newUser(
  passwords: Services["passwords"],
  { email, password, displayName }: NewAccount,
): Promise<User> {
  const now = new Date();
  return {
    id: newId(),
    email,
    passwordHash: await passwords.hash(password),
    displayName,
    avatarUrl: null,
    onboardingCompleted: false,
    role: "member",
    ban: null,
    createdAt: now,
    updatedAt: now,
  };
}

/** Whoever knows an admin's email could have the account before its owner. */
function reserved(): ChatError {
  return new ChatError(
    "forbidden",
    "This email is kept for an admin, whose account the operator of the server makes.",
  );
}
