/** Who is in which room, over all instances, and telling the rooms, four times a second at most. */
import type { PublicUser } from "../domain/user.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import { frame, NAMED_ONLINE } from "../protocol/events.ts";
import { Attendance } from "./attendance.ts";
import { Peers } from "./peers.ts";

const INTERVAL_MS = 250;
/** A list of so many users is told to other instances at each interval; longer ones less often. */
const USERS_PER_INTERVAL = 250;
/** How long opening a room waits for other instances to say who is there. */
const GATHER_LIMIT_MS = 250;
/** How long others are told the version of the empty list that a closed room ended with. */
const CLOSED_MEMORY_MS = 60_000;
/** Rooms in one heartbeat and in one question. */
const ROOMS_PER_EVENT = 1_000;

type Broadcast = (roomId: string, text: string) => void;

/** A room with sockets on this instance. */
interface OpenRoom {
  attendance: Attendance;
  /** The last answer to who is here, and its names in JSON. */
  shown: { users: readonly PublicUser[]; text: string };
  /** The newest list that each other instance has told. */
  versions: Map<string, number>;
  /** Instances whose list is waited for. */
  awaited: Set<string>;
  gathered: PromiseWithResolvers<void>;
  /** When sockets, and other instances, were told last. */
  told: number;
  published: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether other instances do not know yet who is here. */
  unpublished: boolean;
}

/**
 * Every instance tells the others all its users of a room, not changes, so that lists may be lost,
 * repeated and reordered: the newest version counts, and heartbeats name the versions that others
 * should have. A user is online once, on however many instances they hold sockets.
 */
export class Presence {
  readonly #bus: Bus;
  readonly #broadcast: Broadcast;
  readonly #peers: Peers;
  readonly #rooms = new Map<string, OpenRoom>();
  /** The newest list told of each room; a closed room's stays until the given time. */
  readonly #versions = new Map<string, { version: number; until: number }>();
  #lastVersion = 0;
  /** Where the next heartbeat goes on. */
  #nextHeartbeat = 0;

  /** @param broadcast sends a frame to every socket in a room */
  constructor(bus: Bus, broadcast: Broadcast) {
    this.#bus = bus;
    this.#broadcast = broadcast;
    this.#peers = new Peers({
      bus,
      heartbeats: (everything) => this.#heartbeats(everything),
      onLost: (instance) => this.#lose(instance),
    });
  }

  /**
   * Begins to know who is in the room. Resolves once every living instance has told, after 250 ms at
   * the latest: who has not told until then comes with an update.
   */
  open(roomId: string): Promise<void> {
    const room: OpenRoom = {
      attendance: new Attendance(NAMED_ONLINE),
      shown: { users: [], text: "[]" },
      versions: new Map(),
      awaited: new Set(this.#peers.living),
      gathered: Promise.withResolvers(),
      told: 0,
      published: 0,
      timer: undefined,
      unpublished: false,
    };
    this.#rooms.set(roomId, room);
    if (room.awaited.size === 0) return Promise.resolve();
    this.#bus.publish({ kind: "presence_wanted", roomIds: [roomId], of: null });
    const timer = setTimeout(room.gathered.resolve, GATHER_LIMIT_MS);
    return room.gathered.promise.then(() => {
      clearTimeout(timer);
      room.awaited.clear();
      // Who is there already does not join.
      room.attendance.takeChanges();
    });
  }

  /** Knows no more about the room: its last socket here has gone. */
  close(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    clearTimeout(room.timer);
    this.#rooms.delete(roomId);
    if (this.#versions.has(roomId)) this.#publish(roomId, []);
  }

  /** One more socket of this user is in the room. */
  enter(roomId: string, user: PublicUser): void {
    const room = this.#rooms.get(roomId);
    if (!room?.attendance.enter(user)) return;
    room.unpublished = true;
    this.#schedule(roomId, room);
  }

  /** One socket fewer of this user is in the room. */
  leave(roomId: string, userId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room?.attendance.leave(userId)) return;
    room.unpublished = true;
    // Who moves to another instance is not to be seen leaving: that one's list is on its way.
    this.#schedule(roomId, room, this.#peers.count > 0 ? INTERVAL_MS : 0);
  }

  /** Who is in the room, at most 200 of them, in JSON, and how many in all. */
  online(roomId: string): { named: string; count: number } {
    const room = this.#rooms.get(roomId);
    if (!room) return { named: "[]", count: 0 };
    const { users, count } = room.attendance.show();
    // Thousands may come at once, and are shown the same few.
    if (room.shown.users !== users) room.shown = { users, text: JSON.stringify(users) };
    return { named: room.shown.text, count };
  }

  receive(event: BusEvent, from: string): void {
    this.#peers.receive(event, from);
    if (event.kind === "profile_changed") return this.#showProfile(event.user);
    if (event.kind === "interrupted") return this.#ask([...this.#rooms.keys()], null);
    if (from === this.#bus.instanceId) return;
    if (event.kind === "presence") return this.#replace(event, from);
    if (event.kind === "presence_wanted") return this.#answer(event.roomIds, event.of);
    if (event.kind === "alive") this.#ask(this.#outdated(event.versions, from), from);
  }

  /** Tells the other instances that nobody is here any more. */
  end(): void {
    for (const room of this.#rooms.values()) clearTimeout(room.timer);
    this.#rooms.clear();
    this.#peers.close();
  }

  #schedule(roomId: string, room: OpenRoom, atLeastMs = 0): void {
    if (room.timer !== undefined) return;
    const wait = Math.max(atLeastMs, room.told + INTERVAL_MS - Date.now());
    room.timer = setTimeout(() => this.#tell(roomId, room), wait);
  }

  #tell(roomId: string, room: OpenRoom): void {
    const { attendance } = room;
    const now = Date.now();
    room.timer = undefined;
    room.told = now;
    if (attendance.changed) {
      const { joined, left, count } = attendance.takeChanges();
      const data = count > NAMED_ONLINE
        ? { roomId, joined: [], left: [], count }
        : { roomId, joined, left, count };
      this.#broadcast(roomId, frame("presence:update", data));
    }
    if (!room.unpublished) return;
    const pause = INTERVAL_MS * Math.ceil(attendance.count / USERS_PER_INTERVAL);
    if (now - room.published < pause) return this.#schedule(roomId, room);
    room.published = now;
    room.unpublished = false;
    this.#publish(roomId, attendance.here());
  }

  #publish(roomId: string, users: PublicUser[]): void {
    const version = ++this.#lastVersion;
    const until = this.#rooms.has(roomId) ? Infinity : Date.now() + CLOSED_MEMORY_MS;
    this.#versions.set(roomId, { version, until });
    // Nobody to tell; who comes later asks.
    if (this.#peers.count > 0) this.#bus.publish({ kind: "presence", roomId, version, users });
  }

  #replace({ roomId, version, users }: Extract<BusEvent, { kind: "presence" }>, from: string) {
    const room = this.#rooms.get(roomId);
    // Who is not known to live has gone, or will say which lists it has told when it is.
    if (!room || !this.#peers.knows(from) || version <= (room.versions.get(from) ?? -1)) return;
    room.versions.set(from, version);
    room.attendance.replace(from, users);
    this.#hasAnswered(from, roomId, room);
  }

  #hasAnswered(instance: string, roomId: string, room: OpenRoom): void {
    if (room.awaited.delete(instance)) {
      if (room.awaited.size === 0) room.gathered.resolve();
    } else if (room.attendance.changed) this.#schedule(roomId, room);
  }

  #answer(roomIds: string[], of: string | null): void {
    if (of !== null && of !== this.#bus.instanceId) return;
    for (const roomId of roomIds) {
      const version = this.#versions.get(roomId)?.version ?? 0;
      const users = this.#rooms.get(roomId)?.attendance.here() ?? [];
      this.#bus.publish({ kind: "presence", roomId, version, users });
    }
  }

  /** The open rooms of which that instance has told a newer list than the one known here. */
  #outdated(versions: [string, number][], from: string): string[] {
    return versions.filter(([roomId, version]) => {
      const room = this.#rooms.get(roomId);
      return room && !room.awaited.has(from) && version > (room.versions.get(from) ?? 0);
    }).map(([roomId]) => roomId);
  }

  #ask(roomIds: string[], of: string | null): void {
    for (let i = 0; i < roomIds.length; i += ROOMS_PER_EVENT) {
      const some = roomIds.slice(i, i + ROOMS_PER_EVENT);
      this.#bus.publish({ kind: "presence_wanted", roomIds: some, of });
    }
  }

  #lose(instance: string): void {
    for (const [roomId, room] of this.#rooms) {
      room.attendance.replace(instance, []);
      room.versions.delete(instance);
      this.#hasAnswered(instance, roomId, room);
    }
  }

  #showProfile(user: PublicUser): void {
    for (const { attendance } of this.#rooms.values()) attendance.showProfile(user);
  }

  /** Names the versions of all rooms in turn, or of all at once. */
  #heartbeats(everything: boolean): Extract<BusEvent, { kind: "alive" }>[] {
    const now = Date.now();
    for (const [roomId, { until }] of this.#versions) {
      if (until < now) this.#versions.delete(roomId);
    }
    const all = Array.from(this.#versions, ([roomId, { version }]) => {
      return [roomId, version] as [string, number];
    });
    const slices = [];
    for (let i = 0; i < all.length; i += ROOMS_PER_EVENT) {
      slices.push(all.slice(i, i + ROOMS_PER_EVENT));
    }
    if (slices.length === 0) slices.push([]);
    const next = this.#nextHeartbeat++ % slices.length;
    const chosen = everything ? slices : [slices[next]!];
    return chosen.map((versions) => ({ kind: "alive", versions }));
  }
}
