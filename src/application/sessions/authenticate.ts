/** Finds out who an access token speaks for, and whether a session is still good. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import { isInForce } from "../../domain/restriction.ts";
import type { Session } from "../../domain/session.ts";
import type { User } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";

/**
 * Who an access token speaks for.
 * @throws ChatError `unauthenticated`, `token_expired` or `session_revoked`
 */
export async function authenticate(
  services: Pick<Services, "store" | "tokens" | "admins">,
  accessToken: string,
): Promise<Actor> {
  return await actorOf(services, await services.tokens.verifyAccess(accessToken));
}

/**
 * Who a token for files speaks for.
 * @throws ChatError as `authenticate`
 */
export async function authenticateForFiles(
  services: Pick<Services, "store" | "tokens" | "admins">,
  fileToken: string,
): Promise<Actor> {
  return await actorOf(services, await services.tokens.verifyFiles(fileToken));
}

async function actorOf(
  { store, admins }: Pick<Services, "store" | "admins">,
  { userId, sessionId }: Pick<Actor, "userId" | "sessionId">,
): Promise<Actor> {
  await checkSession({ store }, sessionId);
  return { userId, sessionId, isAdmin: await admins.has(userId) };
}

/** @throws ChatError `unauthenticated` if there is no such session, `session_revoked` */
export async function checkSession({ store }: Pick<Services, "store">, id: string): Promise<void> {
  usableSession(await store.sessions.find(id));
}

/** @throws ChatError `unauthenticated` for null, `session_revoked` */
export function usableSession<S extends Pick<Session, "revokedAt">>(session: S | null): S {
  if (!session) throw new ChatError("unauthenticated", "The session has ended.");
  if (session.revokedAt) throw sessionRevoked();
  return session;
}

/** @throws ChatError `account_banned` */
export function requireNotBanned({ ban }: Pick<User, "ban">): void {
  const now = new Date();
  if (!isInForce(ban, now)) return;
  const left = ban!.until && Math.ceil((ban!.until.getTime() - now.getTime()) / 1_000);
  throw new ChatError(
    "account_banned",
    "This account is banned from the server.",
    left === null ? {} : { retryAfter: left },
  );
}

export function sessionRevoked(): ChatError {
  return new ChatError("session_revoked", "The session was ended; sign in again.");
}
