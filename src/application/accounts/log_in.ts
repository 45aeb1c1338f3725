/** Signs in with email and password. */
import { ChatError } from "../../domain/errors.ts";
import { isInForce } from "../../domain/restriction.ts";
import type { Services } from "../../services/services.ts";
import { requireNotBanned } from "../sessions/authenticate.ts";
import { revokeSessions } from "../sessions/end_sessions.ts";
import { type SignedIn, startSession } from "../sessions/start_session.ts";
import { existing } from "./get_user.ts";

/**
 * Signs in with email and password.
 * @throws ChatError `invalid_credentials`, the same for an unknown email and a wrong password;
 *   `account_banned`
 */
export async function logIn(
  services: Pick<Services, "store" | "bus" | "tokens" | "passwords">,
  input: { email: string; password: string },
): Promise<SignedIn> {
  const user = await services.store.users.findByEmail(input.email);
  const matches = await services.passwords.verify(input.password, user?.passwordHash);
  if (!user || !matches) {
    throw new ChatError("invalid_credentials", "The email or the password is wrong.");
  }
  requireNotBanned(user);
  const signedIn = await startSession(services, user);
  // A ban that came between ended the sessions before there was this one.
  const { ban } = existing(await services.store.users.find(user.id));
  if (isInForce(ban, new Date())) await revokeSessions(services, user.id);
  requireNotBanned({ ban });
  return signedIn;
}
