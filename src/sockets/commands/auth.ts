/** `auth:identify`: who a socket speaks for. */
import { sessionRevoked, usableSession } from "../../application/sessions/authenticate.ts";
import type { Participant } from "../../domain/actor.ts";
import { ChatError, hasCode } from "../../domain/errors.ts";
import { isInForce } from "../../domain/restriction.ts";
import { publicUser, type User } from "../../domain/user.ts";
import { presentUser } from "../../protocol/schemas/users.ts";
import { isAuthErrorCode } from "../../protocol/wire/auth_error_codes.ts";
import { CLOSE_CODES } from "../../protocol/wire/close_codes.ts";
import type { ServerLimits } from "../../protocol/wire/auth.ts";
import {
  MAX_FRAME_BYTES,
  MAX_ROOMS_PER_SOCKET,
  MAX_TEXT_LENGTH,
} from "../../protocol/wire/limits.ts";
import type { Identity } from "../identity.ts";
import type { Context, HandlersOf } from "./handler.ts";

export function authHandlers(context: Context): HandlersOf<"auth:identify"> {
  const { accounts, admins, connections, rooms: { profiles } } = context;
  const limits: ServerLimits = {
    frameBytes: MAX_FRAME_BYTES,
    textLength: MAX_TEXT_LENGTH,
    roomsPerSocket: MAX_ROOMS_PER_SOCKET,
    messages: context.rateLimits.limitOf("message"),
  };
  const offers = { limits, ...(context.blobs.presigner && { signsUploads: true }) };
  return {
    async "auth:identify"({ connection, ref }, { token }) {
      const { identity } = connection;
      try {
        const since = profiles.changes;
        const { user, sessionId, expiresAt, account, undo } = await identify(
          context,
          identity,
          token,
        );
        if (!connection.open) return;
        // Later changes find the socket by its user.
        Object.assign(user, profiles.changedSince(since, user.id));
        if (!connections.claim(connection, user.id)) {
          undo();
          throw new ChatError("limit_reached", "This user holds too many sockets.");
        }
        const isAdmin = admins.known(user.id);
        // It may be news to sockets that are in rooms, this one among them.
        connections.setAdmin(user.id, isAdmin);
        const actor: Participant = {
          userId: user.id,
          sessionId,
          isAdmin,
          user: publicUser(user),
        };
        identity.confirm(actor, expiresAt);
        accounts.enter(user.id, connection);
        const data = { user: presentUser(user), expiresAt: expiresAt.toISOString(), account };
        connection.emit("auth:ok", { ...data, ...offers }, ref);
      } catch (error) {
        // Not the client's fault: it gets its time again.
        if (hasCode(error, "unavailable")) identity.extend();
        if (!(error instanceof ChatError) || !isAuthErrorCode(error.code)) throw error;
        connection.emit("auth:error", { code: error.code, message: error.message }, ref);
        connection.close(CLOSE_CODES.unauthenticated, error.code);
      }
    },
  };
}

interface Identified {
  user: User;
  sessionId: string;
  expiresAt: Date;
  account: { lastSeq: number };
  /** To be called if the socket is refused nevertheless: it stays in the session that it was in. */
  undo: () => void;
}

/** @throws ChatError with an `AuthErrorCode`, or `unavailable` */
async function identify(
  { admins, identifications, tokens }: Pick<Context, "admins" | "identifications" | "tokens">,
  identity: Identity,
  token: string,
): Promise<Identified> {
  const claims = await tokens.verifyAccess(token);
  const { sessionId, expiresAt } = claims;
  if (identity.actor && identity.actor.userId !== claims.userId) {
    throw new ChatError("forbidden", "This socket belongs to another user.");
  }
  // Before the session is looked at, so that a revocation from now on finds this socket.
  const undo = identity.claim(sessionId);
  try {
    const [found] = await Promise.all([
      identifications.find(sessionId),
      admins.has(claims.userId),
    ]);
    const { user, accountSeq } = usableSession(found);
    if (isInForce(user.ban, new Date())) throw sessionRevoked();
    return { user, sessionId, expiresAt, account: { lastSeq: accountSeq }, undo };
  } catch (error) {
    undo();
    throw error;
  }
}
