/** Use cases of sessions: start, refresh with rotation, end, and find out who a token speaks for. */
import { getLogger } from "@logtape/logtape";
import { newId } from "../domain/id.ts";
import { ChatError } from "../domain/errors.ts";
import { judgeGeneration, nextRotation, type Session } from "../domain/session.ts";
import type { User } from "../domain/user.ts";
import type { Services } from "./services.ts";
import type { AccessClaims } from "./tokens.ts";

const logger = getLogger(["echoroom", "sessions"]);

/** What a signed-in browser is given. */
export interface SignedIn {
  user: User;
  accessToken: string;
  /** Seconds that the access token lives. */
  expiresIn: number;
  refreshToken: string;
  refreshExpiresAt: Date;
}

/** Starts a session for a user whose identity has just been proved. */
export async function startSession(
  { store, tokens }: Pick<Services, "store" | "tokens">,
  user: User,
): Promise<SignedIn> {
  const now = new Date();
  const session: Session = {
    id: newId(),
    userId: user.id,
    generation: 1,
    rotations: [],
    createdAt: now,
    expiresAt: expiry(tokens.refreshTtl, now),
    revokedAt: null,
  };
  await store.createSession(session);
  return issue(tokens, user, session);
}

/**
 * Rotates a refresh token. One rotated within the leeway is a parallel tab's and gets the newest;
 * one rotated earlier is a stolen token at work, and ends the session (RFC 9700, 4.14.2).
 * @throws ChatError `unauthenticated`, `token_expired` or `session_revoked`
 */
export async function refreshSession(
  services: Pick<Services, "store" | "tokens" | "bus">,
  refreshToken: string | undefined,
): Promise<SignedIn> {
  if (!refreshToken) throw new ChatError("unauthenticated", "There is no refresh cookie.");
  const { store, tokens } = services;
  const { sessionId, generation } = await tokens.verifyRefresh(refreshToken);
  const session = await rotate(services, sessionId, generation);
  const user = await store.findUser(session.userId);
  if (!user) throw new ChatError("unauthenticated", "The account is gone.");
  return issue(tokens, user, session);
}

/**
 * Ends the session that a refresh token, old or new, belongs to; its sockets are closed, on every
 * instance. Without a token that is one of ours it does nothing.
 */
export async function endSession(
  services: Pick<Services, "store" | "tokens" | "bus">,
  refreshToken: string | undefined,
): Promise<void> {
  if (!refreshToken) return;
  const claims = await services.tokens.verifyRefreshOfAnyAge(refreshToken).catch(() => null);
  if (claims) await revoke(services, claims.sessionId);
}

/**
 * Who an access token speaks for.
 * @throws ChatError `unauthenticated`, `token_expired` or `session_revoked`
 */
export async function authenticate(
  { store, tokens }: Pick<Services, "store" | "tokens">,
  accessToken: string,
): Promise<AccessClaims> {
  const claims = await tokens.verifyAccess(accessToken);
  await checkSession({ store }, claims.sessionId);
  return claims;
}

/** @throws ChatError `unauthenticated` if the session has ended, `session_revoked` if it was ended */
export async function checkSession({ store }: Pick<Services, "store">, id: string): Promise<void> {
  usable(await store.findSession(id));
}

async function rotate(
  services: Pick<Services, "store" | "tokens" | "bus">,
  sessionId: string,
  generation: number,
): Promise<Session> {
  const { store, tokens } = services;
  while (true) {
    const session = usable(await store.findSession(sessionId));
    const now = new Date();
    const verdict = judgeGeneration(session, generation, now);
    if (verdict === "parallel") return session;
    if (verdict === "reused") {
      logger.warning("A rotated refresh token was used again: session {sessionId} is revoked", {
        sessionId,
        userId: session.userId,
      });
      await revoke(services, sessionId);
      throw sessionRevoked();
    }
    const rotation = nextRotation(session, now, expiry(tokens.refreshTtl, now));
    // Lost to a parallel rotation: by now this token is a rotated one, and is judged as such.
    if (!await store.rotateSession(sessionId, generation, rotation)) continue;
    return { ...session, ...rotation };
  }
}

async function revoke({ store, bus }: Pick<Services, "store" | "bus">, sessionId: string) {
  const revoked = await store.revokeSession(sessionId, new Date());
  if (revoked) bus.publish({ kind: "session_revoked", sessionId });
}

function usable(session: Session | null): Session {
  if (!session) throw new ChatError("unauthenticated", "The session has ended.");
  if (session.revokedAt) throw sessionRevoked();
  return session;
}

function sessionRevoked(): ChatError {
  return new ChatError("session_revoked", "The session was ended; sign in again.");
}

async function issue(tokens: Services["tokens"], user: User, session: Session): Promise<SignedIn> {
  const { id: sessionId, generation, expiresAt } = session;
  return {
    user,
    accessToken: await tokens.issueAccess(user.id, sessionId),
    expiresIn: tokens.accessTtl,
    refreshToken: await tokens.issueRefresh({ sessionId, generation }, expiresAt),
    refreshExpiresAt: expiresAt,
  };
}

function expiry(ttlSeconds: number, now: Date): Date {
  return new Date(now.getTime() + ttlSeconds * 1000);
}
