/** What the server in memory holds: accounts, rooms, who is there, and the sockets that get to know. */
import { roomNotFound } from "../../domain/errors.ts";
import { MAX_ID_LENGTH, MAX_ROOM_NAME_LENGTH } from "../../protocol/wire/limits.ts";
import type { ServerEvents } from "../../protocol/wire/events.ts";
import type { PublicUser } from "../../protocol/wire/users.ts";
import { newId } from "../platform.ts";
import { AccountStream } from "./account_stream.ts";
import { Accounts } from "./accounts.ts";
import { Files } from "./files.ts";
import { Faults } from "./faults.ts";
import { invalid } from "./refusals.ts";
import type { EntryEvent } from "./entry_writer.ts";
import { RoomLog } from "./room_log.ts";

/** What rooms begin with. */
const OPEN = {
  type: "public",
  memberCount: 1,
  postPolicy: "members",
  slowModeSeconds: 0,
  archivedAt: null,
  metadata: null,
} as const;

/** An event of the server with its data. */
export type ServerEvent = {
  [E in keyof ServerEvents]: { event: E; data: ServerEvents[E] };
}[keyof ServerEvents];

/** A connection: a client's socket. */
export interface Connected {
  readonly sessionId: string | null;
  readonly user: PublicUser | null;
  /** The rooms that it gets entries of, by their ids, and whether it is present there. */
  readonly rooms: Map<string, boolean>;
  deliver(event: ServerEvent): void;
  /** @param code as of the WebSocket's close */
  drop(code: number): void;
}

/** Somebody in a room: a socket, or a user whom the test moves. */
type Holder = object;

export class Chat {
  readonly accounts: Accounts = new Accounts();
  readonly files: Files = new Files();
  readonly faults: Faults = new Faults();
  readonly sockets: Set<Connected> = new Set();
  readonly #rooms = new Map<string, RoomLog>();
  readonly #streams = new Map<string, AccountStream>();
  /** Who is in a room, and through what. */
  readonly #present = new Map<string, Map<Holder, PublicUser>>();
  /** Who types in a room, by their ids. */
  readonly #typing = new Map<string, Set<string>>();

  /** @throws ChatError `validation_failed` */
  createRoom(by: PublicUser, { name, description }: NewRoom): RoomLog {
    const { length } = [...name.trim()];
    if (length < 1 || length > MAX_ROOM_NAME_LENGTH) {
      throw invalid("name", `must have 1 to ${MAX_ROOM_NAME_LENGTH} characters`);
    }
    const [id, at] = [newId(), new Date().toISOString()];
    const fields = { id, name: name.trim(), slug: this.#slugOf(name), createdBy: by };
    const times = { createdAt: at, updatedAt: at };
    const room = new RoomLog({ ...OPEN, ...fields, description: description ?? null, ...times }, {
      usersOf: (ids) => ids.flatMap((id) => this.accounts.find(id)?.shown ?? []),
      attach: (ids, userId) => this.files.attach(ids, userId, id),
      onEntry: (entry) => this.#pass(entry),
      onMember: (userId, data) => {
        this.stream(userId).put(`room:${id}`, { type: "room", data });
      },
      onRead: (userId, seq) => {
        this.stream(userId).put(`read:${id}`, { type: "read", data: { roomId: id, seq } });
      },
    });
    this.#rooms.set(id, room);
    return room;
  }

  /** What concerns a user beyond the rooms. */
  stream(userId: string): AccountStream {
    const stream = this.#streams.get(userId) ?? new AccountStream();
    this.#streams.set(userId, stream);
    return stream;
  }

  /** All rooms by name. */
  get rooms(): RoomLog[] {
    const byName = (a: RoomLog, b: RoomLog) => a.room.name < b.room.name ? -1 : 1;
    return [...this.#rooms.values()].toSorted(byName);
  }

  /** @throws ChatError `room_not_found`, or `validation_failed` for what can be no id or slug */
  room(idOrSlug: string): RoomLog {
    const { length } = idOrSlug;
    if (length < 1 || length > MAX_ID_LENGTH) {
      throw invalid("roomId", `must have 1 to ${MAX_ID_LENGTH} characters`);
    }
    const room = this.#rooms.get(idOrSlug) ??
      this.rooms.find(({ room }) => room.slug === idOrSlug);
    if (!room) throw roomNotFound();
    return room;
  }

  /** Who is in a room, by name. */
  online(roomId: string): PublicUser[] {
    const users = new Set(this.#present.get(roomId)?.values());
    return [...users].toSorted((a, b) => a.displayName < b.displayName ? -1 : 1);
  }

  /** Somebody enters a room, or comes back to it. */
  enter(roomId: string, user: PublicUser, holder: Holder): void {
    const present = this.#present.get(roomId) ?? new Map();
    this.#present.set(roomId, present.set(holder, user));
    this.#announce(roomId, [user], []);
  }

  /** Somebody leaves a room, and does not type there any more. */
  leave(roomId: string, user: PublicUser, holder: Holder): void {
    if (!this.#present.get(roomId)?.delete(holder)) return;
    this.type(roomId, user, false);
    if (!this.online(roomId).includes(user)) this.#announce(roomId, [], [user]);
  }

  /** Somebody begins to type, or ends. */
  type(roomId: string, user: PublicUser, isTyping: boolean): void {
    const typing = this.#typing.get(roomId) ?? new Set();
    this.#typing.set(roomId, typing);
    if (!isTyping && !typing.delete(user.id)) return;
    if (isTyping) typing.add(user.id);
    const event = { event: "typing:update" as const, data: { roomId, user, isTyping } };
    for (const socket of this.#presentSockets(roomId)) {
      if (socket.user?.id !== user.id) socket.deliver(event);
    }
  }

  /** Ends sessions: their sockets are closed, and their cookies and tokens are refused. */
  signOut(sessionIds: readonly string[]): void {
    for (const socket of [...this.sockets]) {
      if (sessionIds.includes(socket.sessionId ?? "")) socket.drop(4401);
    }
  }

  #pass(entry: EntryEvent): void {
    const { roomId } = entry.data;
    if (entry.event === "message:new") this.type(roomId, entry.data.message.sender, false);
    if (this.faults.dropped > 0) return void this.faults.dropped--;
    for (const socket of [...this.sockets]) {
      if (socket.rooms.has(roomId)) socket.deliver(entry);
    }
  }

  #announce(roomId: string, joined: PublicUser[], left: PublicUser[]): void {
    const data = { roomId, joined, left, count: this.online(roomId).length };
    for (const socket of this.#presentSockets(roomId)) {
      socket.deliver({ event: "presence:update", data });
    }
  }

  #presentSockets(roomId: string): Connected[] {
    return [...this.sockets].filter(({ rooms }) => rooms.get(roomId));
  }

  #slugOf(name: string): string {
    const base = name.normalize("NFKD").toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-")
      .replaceAll(/^-+|-+$/g, "") || "room";
    const taken = new Set(this.rooms.map(({ room }) => room.slug));
    for (let [slug, number] = [base, 2];; slug = `${base}-${number++}`) {
      if (!taken.has(slug)) return slug;
    }
  }
}

/** What a room is made of. */
export interface NewRoom {
  name: string;
  description?: string | null | undefined;
}
