/** What each event of a client does. */
import { newId } from "../domain/id.ts";
import { getUser } from "../application/accounts/get_user.ts";
import { sendMessage } from "../application/messages/send_message.ts";
import type { Services } from "../services/services.ts";
import { checkSession } from "../application/sessions/authenticate.ts";
import { ChatError } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";
import { isAuthErrorCode } from "../protocol/wire/auth_error_codes.ts";
import { CLOSE_CODES } from "../protocol/wire/close_codes.ts";
import { frameOf } from "../protocol/frames.ts";
import type { ClientData, ClientEvent } from "../protocol/schemas/events.ts";
import { MAX_ROOMS_PER_SOCKET } from "../protocol/wire/limits.ts";
import { presentRoom } from "../protocol/schemas/rooms.ts";
import { presentUser } from "../protocol/schemas/users.ts";
import { type Command, fail } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { listOf } from "../rooms/rendered_entry.ts";
import type { Cursor, Hub } from "../rooms/hub.ts";
import type { Presence } from "../rooms/presence.ts";
import type { RecentProfiles } from "../rooms/recent_profiles.ts";
import type { Typing } from "../rooms/typing.ts";

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

export function createHandlers(
  services: Services,
  connections: Connections,
  { hub, presence, typing, profiles }: Rooms,
): Handlers {
  const { store, directory, tokens, rateLimits, metrics } = services;

  /**
   * Does something in a room given by id or slug, after what the socket asked for there before; the
   * command's answers name its id. Resolves when the next command may begin.
   * @param earlier what has to be answered before an error of this
   */
  function inRoom(
    command: Command,
    idOrSlug: string,
    work: (roomId: string) => void | Promise<void>,
    earlier?: Promise<void>,
  ): Promise<void> {
    const { connection, about } = command;
    const room = directory.knownId(idOrSlug) ?? directory.idOf(idOrSlug);
    const { next, done } = connection.turns.take(room, async (roomId) => {
      about.roomId = roomId;
      if (connection.open) await work(roomId);
    });
    command.done = done.catch(async (error) => {
      if (earlier) await earlier;
      fail(command, error, metrics);
    });
    return next;
  }

  function checkJoined({ rooms }: Connection, roomId: string): void {
    if (!rooms.has(roomId)) throw new ChatError("not_joined", "Join the room first.");
  }

  /** Lets a socket join a room by `work` if it may be in one more. */
  async function withSpace(connection: Connection, roomId: string, work: () => Promise<void>) {
    const { rooms, entering } = connection;
    if (!rooms.has(roomId)) {
      if (rooms.size + entering.size >= MAX_ROOMS_PER_SOCKET) {
        throw new ChatError("limit_reached", `A socket may be in ${MAX_ROOMS_PER_SOCKET} rooms.`);
      }
      entering.add(roomId);
    }
    try {
      await work();
    } finally {
      entering.delete(roomId);
    }
  }

  function enter(connection: Connection, roomId: string): void {
    connection.entering.delete(roomId);
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

  /** Rooms of one command are read side by side and answered in their order. */
  function recoverRoom(
    command: Command,
    idOrSlug: string,
    cursor: Cursor,
    earlier: Promise<void>,
  ): Promise<void> {
    const { connection } = command;
    const work = (roomId: string) =>
      withSpace(connection, roomId, () => recover(command, roomId, cursor, earlier));
    return inRoom(command, idOrSlug, work, earlier);
  }

  async function recover(
    { connection, ref }: Command,
    roomId: string,
    cursor: Cursor,
    earlier: Promise<void>,
  ) {
    await hub.recover(roomId, cursor, connection, earlier, (missed) => {
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

  async function join({ connection, ref }: Command, idOrSlug: string) {
    const room = await directory.find(idOrSlug);
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
        if (!(error instanceof ChatError) || !isAuthErrorCode(error.code)) throw error;
        connection.emit("auth:error", { code: error.code, message: error.message }, ref);
        connection.close(CLOSE_CODES.unauthenticated, error.code);
      }
    },

    "room:join"(command, { roomId: idOrSlug }) {
      const { connection } = command;
      return inRoom(
        command,
        idOrSlug,
        (roomId) => withSpace(connection, roomId, () => join(command, idOrSlug)),
      );
    },

    "room:leave"(command, { roomId: idOrSlug }) {
      const { connection, ref } = command;
      return inRoom(command, idOrSlug, (roomId) => {
        leaveRoom(connection, roomId, { hub, presence, typing });
        connection.emit("room:left", { roomId }, ref);
      });
    },

    "message:send"(command, { roomId: idOrSlug, text, clientMessageId = newId() }) {
      const { connection, ref } = command;
      command.about.clientMessageId = clientMessageId;
      const sender = identityOf(connection);
      return inRoom(command, idOrSlug, async (roomId) => {
        await rateLimits.demand("message", `${sender.id} ${roomId}`);
        typing.end(roomId, sender.id);
        // Not awaited: the next command may begin once this message has its place in the queue.
        sendMessage(services, { roomId, sender, text, clientMessageId }).then(
          ({ id, seq, createdAt }) => {
            const ack = { roomId, clientMessageId, id, seq, createdAt: createdAt.toISOString() };
            connection.emit("message:ack", ack, ref);
          },
        ).catch((error) => fail(command, error, metrics));
      });
    },

    "typing:start"(command, { roomId: idOrSlug }) {
      const { connection } = command;
      return inRoom(command, idOrSlug, (roomId) => {
        checkJoined(connection, roomId);
        typing.start(roomId, connection, identityOf(connection));
      });
    },

    "typing:stop"(command, { roomId: idOrSlug }) {
      const { connection } = command;
      return inRoom(command, idOrSlug, (roomId) => {
        checkJoined(connection, roomId);
        typing.stop(roomId, connection, identityOf(connection).id);
      });
    },

    async "connection:recover"(command, rooms) {
      const parts: Command[] = [];
      let earlier = Promise.resolve();
      for (const { roomId, lastSeenSeq: seq, lastSeenEntryId: entryId } of rooms) {
        const part: Command = { ...command, about: { roomId } };
        parts.push(part);
        await recoverRoom(part, roomId, { seq, entryId }, earlier);
        earlier = part.done!;
      }
      command.done = Promise.all(parts.map(({ done }) => done)).then(() => {});
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
