/** What each event of a client does. */
import { newId } from "../domain/id.ts";
import { getUser } from "../application/accounts.ts";
import { sendMessage } from "../application/messages.ts";
import type { Services } from "../application/services.ts";
import { checkSession } from "../application/sessions.ts";
import { ChatError } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";
import { CLOSE_CODES } from "../protocol/close_codes.ts";
import {
  type ClientData,
  type ClientEvent,
  frameOf,
  MAX_ROOMS_PER_SOCKET,
  type ServerData,
} from "../protocol/events.ts";
import { presentRoom, presentUser } from "../protocol/resources.ts";
import { type Command, fail } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { listOf } from "./entry.ts";
import type { Cursor, Hub } from "./hub.ts";
import type { Presence } from "./presence.ts";
import type { RecentProfiles } from "./recent_profiles.ts";
import type { Typing } from "./typing.ts";

/** Does what a command asks. What it throws is answered as an `error` event. */
export type Handler<Data> = (command: Command, data: Data) => void | Promise<void>;
export type Handlers = { [E in ClientEvent]: Handler<ClientData<E>> };

/** What the handlers work with beside the services. */
export interface Rooms {
  hub: Hub;
  presence: Presence;
  typing: Typing;
  profiles: RecentProfiles;
}

type AuthErrorCode = ServerData<"auth:error">["code"];
const AUTH_ERRORS: readonly string[] = [
  "unauthenticated",
  "token_expired",
  "session_revoked",
  "forbidden",
];

export function createHandlers(
  services: Services,
  connections: Connections,
  { hub, presence, typing, profiles }: Rooms,
): Handlers {
  const { store, directory, tokens, rateLimits, metrics } = services;

  /** The id of a room given by id or slug; from now on the command's answers name it. */
  async function roomIdOf(command: Command, idOrSlug: string): Promise<string> {
    return command.about.roomId = await directory.idOf(idOrSlug);
  }

  async function joinedRoomId(command: Command, idOrSlug: string): Promise<string> {
    const roomId = await roomIdOf(command, idOrSlug);
    if (command.connection.rooms.has(roomId)) return roomId;
    throw new ChatError("not_joined", "Join the room first.");
  }

  function checkSpace({ rooms }: Connection, roomId: string): void {
    if (rooms.has(roomId) || rooms.size < MAX_ROOMS_PER_SOCKET) return;
    throw new ChatError("limit_reached", `A socket may be in ${MAX_ROOMS_PER_SOCKET} rooms.`);
  }

  function enter(connection: Connection, roomId: string): void {
    if (connection.rooms.has(roomId)) return;
    connection.rooms.add(roomId);
    presence.enter(roomId, identityOf(connection));
  }

  async function identify(connection: Connection, token: string) {
    const claims = await tokens.verifyAccess(token);
    if (connection.identity && connection.identity.user.id !== claims.userId) {
      throw new ChatError("forbidden", "This socket belongs to another user.");
    }
    const { sessionId } = connection;
    // Before the session is looked at, so that a revocation from now on finds this socket.
    connection.sessionId = claims.sessionId;
    try {
      // Asked for together: a store that gathers questions answers both at once.
      const [user] = await Promise.all([
        getUser({ store }, claims.userId),
        checkSession({ store }, claims.sessionId),
      ]);
      return { user, expiresAt: claims.expiresAt };
    } catch (error) {
      // A renewal that failed leaves the socket in the session that it was in.
      connection.sessionId = sessionId;
      throw error;
    }
  }

  async function recoverRoom(command: Command, idOrSlug: string, cursor: Cursor) {
    const { connection, ref } = command;
    const roomId = await roomIdOf(command, idOrSlug);
    checkSpace(connection, roomId);
    await hub.recover(roomId, cursor, connection, (missed) => {
      const { entries, lastSeq, lastEntryId, hasMore, reset } = missed;
      if (!hasMore) enter(connection, roomId);
      connection.send(frameOf("connection:missed", {
        roomId: JSON.stringify(roomId),
        messages: listOf(entries),
        lastSeq: String(lastSeq),
        lastEntryId: JSON.stringify(lastEntryId),
        hasMore: String(hasMore),
        reset: String(reset),
      }, ref));
    });
  }

  return {
    async "auth:identify"({ connection, ref }, { token }) {
      try {
        const since = profiles.changes;
        const { user, expiresAt } = await identify(connection, token);
        if (!connection.open) return;
        // Later changes find the socket by its user.
        Object.assign(user, profiles.changedSince(since, user.id));
        if (!connections.claim(connection, user.id)) {
          throw new ChatError("limit_reached", "This user holds too many sockets.");
        }
        connection.identity = { user, expiresAt };
        connection.expiryAnnounced = false;
        const data = { user: presentUser(user), expiresAt: expiresAt.toISOString() };
        connection.emit("auth:ok", data, ref);
      } catch (error) {
        // Not the client's fault: it gets its time again.
        if (error instanceof ChatError && error.code === "unavailable") {
          connection.unidentifiedSince = Date.now();
        }
        if (!(error instanceof ChatError) || !isAuthError(error.code)) throw error;
        connection.emit("auth:error", { code: error.code, message: error.message }, ref);
        connection.close(CLOSE_CODES.unauthenticated, error.code);
      }
    },

    async "room:join"({ connection, ref }, { roomId: idOrSlug }) {
      const room = await directory.find(idOrSlug);
      checkSpace(connection, room.id);
      await hub.join(room.id, connection, ({ entries, lastSeq, lastEntryId }) => {
        enter(connection, room.id);
        const { named, count } = presence.online(room.id);
        // They may have changed since the room was looked up.
        const createdBy = profiles.current(room.createdBy);
        connection.send(frameOf("room:joined", {
          room: JSON.stringify(presentRoom({ ...room, createdBy, lastSeq })),
          messages: listOf(entries),
          online: named,
          onlineCount: String(count),
          lastSeq: String(lastSeq),
          lastEntryId: JSON.stringify(lastEntryId),
        }, ref));
      });
    },

    async "room:leave"(command, { roomId: idOrSlug }) {
      const { connection, ref } = command;
      const roomId = await roomIdOf(command, idOrSlug);
      leaveRoom(connection, roomId, { hub, presence, typing });
      connection.emit("room:left", { roomId }, ref);
    },

    async "message:send"(command, { roomId: idOrSlug, text, clientMessageId = newId() }) {
      const { connection, ref } = command;
      command.about.clientMessageId = clientMessageId;
      const sender = identityOf(connection);
      const roomId = await roomIdOf(command, idOrSlug);
      await rateLimits.demand("message", `${sender.id} ${roomId}`);
      typing.end(roomId, sender.id);
      // Not awaited: the next frame may begin once this message has its place in the queue.
      sendMessage(services, { roomId, sender, text, clientMessageId }).then(
        ({ id, seq, createdAt }) => {
          const ack = { roomId, clientMessageId, id, seq, createdAt: createdAt.toISOString() };
          connection.emit("message:ack", ack, ref);
        },
      ).catch((error) => fail(command, error, metrics));
    },

    async "typing:start"(command, { roomId: idOrSlug }) {
      const roomId = await joinedRoomId(command, idOrSlug);
      typing.start(roomId, command.connection, identityOf(command.connection));
    },

    async "typing:stop"(command, { roomId: idOrSlug }) {
      const roomId = await joinedRoomId(command, idOrSlug);
      typing.stop(roomId, command.connection, identityOf(command.connection).id);
    },

    async "connection:recover"(command, rooms) {
      for (const { roomId, lastSeenSeq: seq, lastSeenEntryId: entryId } of rooms) {
        if (!command.connection.open) return;
        const part = { ...command, about: { roomId } };
        try {
          await recoverRoom(part, roomId, { seq, entryId });
        } catch (error) {
          fail(part, error, metrics);
        }
      }
    },
  };
}

/** Takes a socket out of a room and tells the room, if it was in it. */
export function leaveRoom(
  connection: Connection,
  roomId: string,
  rooms: Omit<Rooms, "profiles">,
): void {
  if (!connection.rooms.delete(roomId)) return;
  const { id: userId } = identityOf(connection);
  rooms.typing.stop(roomId, connection, userId);
  rooms.hub.leave(roomId, connection);
  rooms.presence.leave(roomId, userId);
}

/** The user of a socket that has identified itself: no handler runs before. */
function identityOf({ identity }: Connection): User {
  if (!identity) throw new ChatError("not_identified", "Send auth:identify first.");
  return identity.user;
}

function isAuthError(code: string): code is AuthErrorCode {
  return AUTH_ERRORS.includes(code);
}
