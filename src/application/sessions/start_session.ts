/** Starts a session, and issues the tokens of one. */
import { newId } from "../../domain/id.ts";
import type { Session } from "../../domain/session.ts";
import type { User } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";

/** What a signed-in browser is given. */
export interface SignedIn {
  user: User;
  accessToken: string;
  /** Lifetime of the access token, in seconds. */
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
    expiresAt: sessionExpiry(tokens, now),
    revokedAt: null,
  };
  await store.sessions.create(session);
  return issueTokens(tokens, user, session);
}

/** The access token and the refresh token of a session's newest generation. */
export async function issueTokens(
  tokens: Services["tokens"],
  user: User,
  { id: sessionId, generation, expiresAt }: Session,
): Promise<SignedIn> {
  return {
    user,
    accessToken: await tokens.issueAccess(user.id, sessionId),
    expiresIn: tokens.accessTtl,
    refreshToken: await tokens.issueRefresh({ sessionId, generation }, expiresAt),
    refreshExpiresAt: expiresAt,
  };
}

/** When a session ends that is started or refreshed at `now`. */
export function sessionExpiry({ refreshTtl }: Services["tokens"], now: Date): Date {
  return new Date(now.getTime() + refreshTtl * 1000);
}
