/** Use cases of sessions: start, refresh with rotation, end, and find out who a token speaks for. */
import { getLogger } from "@logtape/logtape";
import { newId } from "../domain/id.ts";
import { ChatError, type ErrorCode } from "../domain/errors.ts";
import { judgeGeneration, nextRotation, type Session } from "../domain/session.ts";
import type { User } from "../domain/user.ts";
import type { Services } from "../services/services.ts";
import type { AccessClaims } from "../services/tokens.ts";

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
  await store.sessions.create(session);
  return issue(tokens, user, session);
}

/** A refresh token that was rotated before the leeway. */
class ReusedToken extends Error {
  constructor(readonly session: Session) {
    super("The refresh token was rotated before.");
  }
}

/** What says that a refresh token is of no use, while another may be. */
const REFUSALS: ReadonlySet<string> = new Set<ErrorCode>([
  "unauthenticated",
  "token_expired",
  "session_revoked",
]);

/**
 * Rotates the first refresh token that can be. One rotated within the leeway is a parallel tab's and
 * gets the newest; one rotated earlier is a stolen token at work, and ends its session (RFC 9700,
 * 4.14.2), but not where another token works: a browser goes on sending a cookie that was left at
 * another path or domain, and whoever has the newest needs no older one.
 * @param refreshTokens those of one request, in its order; several where cookies share the name
 * @throws ChatError `unauthenticated`, `token_expired` or `session_revoked` if none works
 */
export async function refreshSession(
  services: Pick<Services, "store" | "tokens" | "bus">,
  refreshTokens: readonly string[],
): Promise<SignedIn> {
  const reused: Session[] = [];
  let refusal: ChatError | undefined;
  for (const token of refreshTokens) {
    try {
      return await refreshWith(services, token);
    } catch (error) {
      if (error instanceof ReusedToken) reused.push(error.session);
      else if (error instanceof ChatError && REFUSALS.has(error.code)) refusal ??= error;
      else throw error;
    }
  }
  for (const session of reused) await revokeReused(services, session);
  if (reused.length > 0) throw sessionRevoked();
  throw refusal ?? new ChatError("unauthenticated", "There is no refresh cookie.");
}

/**
 * Ends the sessions that these refresh tokens, old or new, belong to; their sockets are closed, on
 * every instance. A token that is not valid is ignored.
 */
export async function endSessions(
  services: Pick<Services, "store" | "tokens" | "bus">,
  refreshTokens: readonly string[],
): Promise<void> {
  for (const token of refreshTokens) {
    const claims = await services.tokens.verifyRefreshOfAnyAge(token).catch(() => null);
    if (claims) await revoke(services, claims.sessionId);
  }
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
  usable(await store.sessions.find(id));
}

async function refreshWith(
  { store, tokens }: Pick<Services, "store" | "tokens">,
  refreshToken: string,
): Promise<SignedIn> {
  const { sessionId, generation } = await tokens.verifyRefresh(refreshToken);
  const session = await rotate({ store, tokens }, sessionId, generation);
  const user = await store.users.find(session.userId);
  if (!user) throw new ChatError("unauthenticated", "The account is gone.");
  return issue(tokens, user, session);
}

async function rotate(
  { store, tokens }: Pick<Services, "store" | "tokens">,
  sessionId: string,
  generation: number,
): Promise<Session> {
  while (true) {
    const session = usable(await store.sessions.find(sessionId));
    const now = new Date();
    const verdict = judgeGeneration(session, generation, now);
    if (verdict === "parallel") return session;
    if (verdict === "reused") throw new ReusedToken(session);
    const rotation = nextRotation(session, now, expiry(tokens.refreshTtl, now));
    // Lost to a parallel rotation: by now this token is a rotated one, and is judged as such.
    if (!await store.sessions.rotate(sessionId, generation, rotation)) continue;
    return { ...session, ...rotation };
  }
}

async function revokeReused(
  services: Pick<Services, "store" | "bus">,
  { id: sessionId, userId }: Session,
): Promise<void> {
  logger.warning("A rotated refresh token was used again: session {sessionId} is revoked", {
    sessionId,
    userId,
  });
  await revoke(services, sessionId);
}

async function revoke({ store, bus }: Pick<Services, "store" | "bus">, sessionId: string) {
  const revoked = await store.sessions.revoke(sessionId, new Date());
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
