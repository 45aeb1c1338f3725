/** Signs in with email and password. */
import { ChatError } from "../../domain/errors.ts";
import type { Services } from "../../services/services.ts";
import { type SignedIn, startSession } from "../sessions/start_session.ts";

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
