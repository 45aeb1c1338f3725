/** Ends sessions, on every instance. */
import type { Services } from "../../services/services.ts";

/**
 * Ends the sessions that these refresh tokens, old or new, belong to; their sockets are closed, on
 * every instance. An invalid token is ignored.
 */
export async function endSessions(
  services: Pick<Services, "store" | "tokens" | "bus">,
  refreshTokens: readonly string[],
): Promise<void> {
  for (const token of refreshTokens) {
    const claims = await services.tokens.verifyRefreshOfAnyAge(token).catch(() => null);
    if (claims) await revokeSession(services, claims.sessionId);
  }
}

/** Revokes all sessions of a user and notifies all instances. */
export async function revokeSessions(
  { store, bus }: Pick<Services, "store" | "bus">,
  userId: string,
): Promise<void> {
  for (const sessionId of await store.sessions.revokeAll(userId, new Date())) {
    bus.publish({ kind: "session_revoked", sessionId });
  }
}

/** Revokes a session and notifies all instances; does nothing to one revoked before. */
export async function revokeSession(
  { store, bus }: Pick<Services, "store" | "bus">,
  sessionId: string,
): Promise<void> {
  const revoked = await store.sessions.revoke(sessionId, new Date());
  if (revoked) bus.publish({ kind: "session_revoked", sessionId });
}
