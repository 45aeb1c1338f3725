/** Who is in which room now, and telling the rooms about it, at most four times a second each. */
import { type PublicUser, publicUser } from "../domain/user.ts";
import { frame, NAMED_ONLINE } from "../protocol/events.ts";

const INTERVAL_MS = 250;

/** Users in the room, and what has changed since the room was last told. */
interface Attendance {
  online: Map<string, { user: PublicUser; sockets: number }>;
  joined: Map<string, PublicUser>;
  left: Map<string, PublicUser>;
  lastTold: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Presence {
  readonly #broadcast: (roomId: string, text: string) => void;
  readonly #rooms = new Map<string, Attendance>();

  /** @param broadcast sends a frame to every socket in a room */
  constructor(broadcast: (roomId: string, text: string) => void) {
    this.#broadcast = broadcast;
  }

  /** One more socket of this user is in the room. */
  enter(roomId: string, someone: PublicUser): void {
    const room = this.#room(roomId);
    const present = room.online.get(someone.id);
    if (present) {
      present.sockets++;
      return;
    }
    const user = publicUser(someone);
    room.online.set(user.id, { user, sockets: 1 });
    // Of coming and going between two updates the last counts.
    room.left.delete(user.id);
    room.joined.set(user.id, user);
    this.#announce(roomId, room);
  }

  /** One socket fewer of this user is in the room. */
  leave(roomId: string, userId: string): void {
    const room = this.#rooms.get(roomId);
    const present = room?.online.get(userId);
    if (!room || !present || --present.sockets > 0) return;
    room.online.delete(userId);
    room.joined.delete(userId);
    room.left.set(userId, present.user);
    this.#announce(roomId, room);
  }

  /** Who is in the room, at most 200 of them, and how many in all. */
  online(roomId: string): { online: PublicUser[]; onlineCount: number } {
    const room = this.#rooms.get(roomId);
    if (!room) return { online: [], onlineCount: 0 };
    const online = room.online.values().take(NAMED_ONLINE).map(({ user }) => user).toArray();
    return { online, onlineCount: room.online.size };
  }

  /** Shows a user as they are now. */
  showProfile(user: PublicUser): void {
    for (const { online } of this.#rooms.values()) {
      const present = online.get(user.id);
      // What waits to be told names the same object.
      if (present) Object.assign(present.user, user);
    }
  }

  close(): void {
    for (const room of this.#rooms.values()) clearTimeout(room.timer);
    this.#rooms.clear();
  }

  #room(roomId: string): Attendance {
    let room = this.#rooms.get(roomId);
    if (!room) {
      room = {
        online: new Map(),
        joined: new Map(),
        left: new Map(),
        lastTold: 0,
        timer: undefined,
      };
      this.#rooms.set(roomId, room);
    }
    return room;
  }

  #announce(roomId: string, room: Attendance): void {
    const wait = Math.max(0, room.lastTold + INTERVAL_MS - Date.now());
    room.timer ??= setTimeout(() => this.#tell(roomId, room), wait);
  }

  #tell(roomId: string, room: Attendance): void {
    room.timer = undefined;
    room.lastTold = Date.now();
    const count = room.online.size;
    const named = count <= NAMED_ONLINE;
    const joined = [...room.joined.values()];
    const left = [...room.left.values()];
    room.joined.clear();
    room.left.clear();
    if (count === 0) this.#rooms.delete(roomId);
    const data = { roomId, joined: named ? joined : [], left: named ? left : [], count };
    this.#broadcast(roomId, frame("presence:update", data));
  }
}
