/** Refreshes a session by rotating its refresh token. */
import { getLogger } from "@logtape/logtape";
import { ChatError, type ErrorCode, hasCode } from "../../domain/errors.ts";
import { judgeGeneration, nextRotation, type Session } from "../../domain/session.ts";
import type { Services } from "../../services/services.ts";
import { existing } from "../accounts/get_user.ts";
import { requireNotBanned, sessionRevoked, usableSession } from "./authenticate.ts";
import { revokeSession } from "./end_sessions.ts";
import { issueTokens, sessionExpiry, type SignedIn } from "./start_session.ts";

const logger = getLogger(["echoroom", "sessions"]);

/** A refresh token that was rotated before the leeway. */
class ReusedToken extends Error {
  constructor(readonly session: Session) {
    super("The refresh token was rotated before.");
  }
}

/** Refusals of one refresh token after which another of the request may still work. */
const REFUSALS: readonly ErrorCode[] = [
  "unauthenticated",
  "token_expired",
  "session_revoked",
  "account_banned",
];

/**
 * Rotates the first refresh token that works. One rotated within the leeway comes from a parallel
 * tab and gets the newest; one rotated earlier is a stolen token in use, and ends its session (RFC
 * 9700, 4.14.2), but not where another token works: browsers go on sending a cookie that was left at
 * another path or domain, and the holder of the newest token needs no older one.
 * @param refreshTokens those of one request, in its order; several where cookies share the name
 * @throws ChatError `unauthenticated`, `token_expired`, `session_revoked` or `account_banned` if none
 *   works
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
      else if (hasCode(error, ...REFUSALS)) refusal ??= error;
      else throw error;
    }
  }
  for (const session of reused) await revokeReused(services, session);
  if (reused.length > 0) throw sessionRevoked();
  throw refusal ?? new ChatError("unauthenticated", "There is no refresh cookie.");
}

async function refreshWith(
  { store, tokens }: Pick<Services, "store" | "tokens">,
  refreshToken: string,
): Promise<SignedIn> {
  const { sessionId, generation } = await tokens.verifyRefresh(refreshToken);
  const before = await store.sessions.find(sessionId);
  if (!before) throw new ChatError("unauthenticated", "The session has ended.");
  // Before anything is said of the session, which the ban has ended.
  const user = existing(await store.users.find(before.userId));
  requireNotBanned(user);
  return issueTokens(tokens, user, await rotate({ store, tokens }, sessionId, generation));
}

async function rotate(
  { store, tokens }: Pick<Services, "store" | "tokens">,
  sessionId: string,
  generation: number,
): Promise<Session> {
  while (true) {
    const session = usableSession(await store.sessions.find(sessionId));
    const now = new Date();
    const verdict = judgeGeneration(session, generation, now);
    if (verdict === "parallel") return session;
    if (verdict === "reused") throw new ReusedToken(session);
    const rotation = nextRotation(session, now, sessionExpiry(tokens, now));
    // Lost to a parallel rotation: this token counts as rotated now, and is judged again.
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
  await revokeSession(services, sessionId);
}
