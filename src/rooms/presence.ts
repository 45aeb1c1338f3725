/** Who is in which room, over all instances; rooms are notified at most four times a second, large ones once. */
import type { PublicUser } from "../domain/user.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import type { OwnStatus } from "../services/own_status.ts";
import { frame } from "../protocol/frames.ts";
import { NAMED_ONLINE } from "../protocol/wire/limits.ts";
import { Roster } from "./roster.ts";
import { Instances } from "./instances.ts";
import { RecentProfiles } from "./recent_profiles.ts";

const INTERVAL_MS = 250;
/** Of rooms that are told a count alone: each time thousands of sockets are written to. */
const MAX_INTERVAL_MS = 1_000;
/** A list of up to so many users is published at each interval; longer ones less often. */
const USERS_PER_INTERVAL = 250;
/** How long heartbeats name the version of the empty list that a closed room ended with. */
const CLOSED_MEMORY_MS = 60_000;
/** Rooms in one heartbeat and in one question. */
const ROOMS_PER_EVENT = 1_000;
/** How long every round of heartbeats names a new list, in case it was lost. */
const NEW_MS = 30_000;
/** In how many rounds of heartbeats, 5 s apart, each list is named at least once. */
const ROUNDS = 5;

type Broadcast = (roomId: string, text: string) => void;

/** A room with sockets on this instance. */
interface OpenRoom {
  roster: Roster;
  /** The last answer to who is here, and its names in JSON. */
  shown: { users: readonly PublicUser[]; text: string };
  /** The newest version that each other instance has published. */
  versions: Map<string, number>;
  /** Instances that have not answered yet who is there: the first update waits for them. */
  awaited: Set<string>;
  /** Whether a socket has come in. */
  entered: boolean;
  /** When sockets, and other instances, were notified last. */
  notified: number;
  published: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether who is here has changed since it was published. */
  unpublished: boolean;
}

/**
 * Every instance publishes all its users of a room, not changes, so that lists may be lost, repeated
 * and reordered: the newest version counts, and heartbeats name the versions that others should
 * have. A user is online once, on however many instances they hold sockets.
 */
export class Presence {
  readonly #bus: Bus;
  readonly #broadcast: Broadcast;
  readonly #profiles: RecentProfiles;
  /** The others that are alive. */
  readonly instances: Instances;
  readonly #rooms = new Map<string, OpenRoom>();
  /** The newest version published of each room, and when; a closed room's is kept until `until`. */
  readonly #versions = new Map<string, { version: number; published: number; until: number }>();
  #lastVersion = 0;
  /** Number of the next round of heartbeats. */
  #round = 0;

  /**
   * @param broadcast sends a frame to every socket in a room
   * @param profiles must receive each event before this does
   * @param ownStatus what heartbeats say of this instance
   */
  constructor(
    bus: Bus,
    broadcast: Broadcast,
    profiles = new RecentProfiles(),
    ownStatus: Pick<OwnStatus, "read"> | null = null,
  ) {
    this.#bus = bus;
    this.#broadcast = broadcast;
    this.#profiles = profiles;
    this.instances = new Instances({
      bus,
      ownStatus,
      heartbeats: (everything) => this.#heartbeats(everything),
      onLost: (instance) => this.#lose(instance),
    });
  }

  /**
   * Begins the room's list, and asks the other instances for theirs. Nobody waits for the answers:
   * users named in them after a socket has come in are in the next update.
   */
  open(roomId: string): void {
    const room: OpenRoom = {
      roster: new Roster(NAMED_ONLINE),
      shown: { users: [], text: "[]" },
      versions: new Map(),
      awaited: new Set(this.instances.alive),
      entered: false,
      notified: 0,
      published: 0,
      timer: undefined,
      unpublished: false,
    };
    this.#rooms.set(roomId, room);
    if (room.awaited.size > 0) this.#ask([roomId], null);
  }

  /** Ends the room's list: its last socket here has left. */
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
    if (!room) return;
    // Users found before the first socket comes in do not count as joining.
    if (!room.entered) room.roster.takeChanges();
    room.entered = true;
    if (!room.roster.enter(user)) return;
    room.unpublished = true;
    this.#schedule(roomId, room);
  }

  /** One socket fewer of this user is in the room. */
  leave(roomId: string, userId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room?.roster.leave(userId)) return;
    room.unpublished = true;
    // A user who moves to another instance does not leave: that instance's list is on its way.
    this.#schedule(roomId, room, this.instances.count > 0 ? INTERVAL_MS : 0);
  }

  /** Who is in the room, at most 200 of them, in JSON, and how many in all. */
  online(roomId: string): { named: string; count: number } {
    const room = this.#rooms.get(roomId);
    if (!room) return { named: "[]", count: 0 };
    const { users, count } = room.roster.show();
    // Serialised once for the thousands that may join at once.
    if (room.shown.users !== users) room.shown = { users, text: JSON.stringify(users) };
    return { named: room.shown.text, count };
  }

  receive(event: BusEvent, from: string): void {
    this.instances.receive(event, from);
    if (event.kind === "profile_changed") return this.#showProfile(event.user);
    if (event.kind === "interrupted") return this.#ask([...this.#rooms.keys()], null);
    if (from === this.#bus.instanceId) return;
    if (event.kind === "presence") return this.#replace(event, from);
    if (event.kind === "presence_wanted") return this.#answer(event.roomIds, event.of);
    if (event.kind === "alive") this.#ask(this.#outdated(event.versions, from), from);
  }

  /** Ends all lists, and this instance's place among the others. */
  end(): void {
    for (const room of this.#rooms.values()) clearTimeout(room.timer);
    this.#rooms.clear();
    this.instances.close();
  }

  #schedule(roomId: string, room: OpenRoom, atLeastMs = 0): void {
    if (room.timer !== undefined) return;
    const answersMs = room.awaited.size > 0 ? INTERVAL_MS : 0;
    const wait = Math.max(atLeastMs, answersMs, room.notified + intervalOf(room) - Date.now());
    room.timer = setTimeout(() => this.#notify(roomId, room), wait);
  }

  #notify(roomId: string, room: OpenRoom): void {
    const { roster } = room;
    const now = Date.now();
    room.timer = undefined;
    room.awaited.clear();
    room.notified = now;
    if (roster.changed) {
      const { joined, left, count } = roster.takeChanges();
      const data = count > NAMED_ONLINE
        ? { roomId, joined: [], left: [], count }
        : { roomId, joined, left, count };
      this.#broadcast(roomId, frame("presence:update", data));
    }
    if (!room.unpublished) return;
    if (now - room.published < publishingIntervalOf(roster)) return this.#schedule(roomId, room);
    this.#publishList(roomId, room);
  }

  #publishList(roomId: string, room: OpenRoom): void {
    room.published = Date.now();
    room.unpublished = false;
    this.#publish(roomId, room.roster.here());
  }

  #publish(roomId: string, users: PublicUser[]): void {
    const version = ++this.#lastVersion;
    const published = Date.now();
    const until = this.#rooms.has(roomId) ? Infinity : published + CLOSED_MEMORY_MS;
    this.#versions.set(roomId, { version, published, until });
    // An instance that starts later asks.
    if (this.instances.count > 0) this.#bus.publish({ kind: "presence", roomId, version, users });
  }

  #replace({ roomId, version, users }: Extract<BusEvent, { kind: "presence" }>, from: string) {
    const room = this.#rooms.get(roomId);
    // An instance that is not known has ended, or will announce its versions with its heartbeat.
    if (!room || !this.instances.has(from) || version <= (room.versions.get(from) ?? -1)) return;
    room.versions.set(from, version);
    // The list may be older than a change of profile that was received here.
    room.roster.replace(from, users.map((user) => this.#profiles.current(user)));
    this.#hasAnswered(from, roomId, room);
  }

  #hasAnswered(instance: string, roomId: string, room: OpenRoom): void {
    const wasLast = room.awaited.delete(instance) && room.awaited.size === 0;
    if (!room.entered) return;
    if (wasLast) {
      clearTimeout(room.timer);
      room.timer = undefined;
    }
    if (wasLast || room.roster.changed) this.#schedule(roomId, room);
  }

  #answer(roomIds: string[], of: string | null): void {
    if (of !== null && of !== this.#bus.instanceId) return;
    for (const roomId of roomIds) {
      const room = this.#rooms.get(roomId);
      if (room?.unpublished) {
        this.#publishList(roomId, room);
        continue;
      }
      const version = this.#versions.get(roomId)?.version ?? 0;
      const users = room?.roster.here() ?? [];
      this.#bus.publish({ kind: "presence", roomId, version, users });
    }
  }

  /** The open rooms of which that instance has published a newer list than the one known here. */
  #outdated(versions: [string, number][], from: string): string[] {
    return versions.filter(([roomId, version]) => {
      const room = this.#rooms.get(roomId);
      return room && version > (room.versions.get(from) ?? 0);
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
      room.roster.replace(instance, []);
      room.versions.delete(instance);
      this.#hasAnswered(instance, roomId, room);
    }
  }

  #showProfile(user: PublicUser): void {
    for (const { roster } of this.#rooms.values()) roster.showProfile(user);
  }

  /**
   * Names the versions of all rooms, if they fit one event or `everything` is wanted; else of those
   * with a new list, and of the others a part, so that each is named within 25 s.
   */
  #heartbeats(everything: boolean): Extract<BusEvent, { kind: "alive" }>[] {
    const now = Date.now();
    for (const [roomId, { until }] of this.#versions) {
      if (until < now) this.#versions.delete(roomId);
    }
    const round = this.#round++ % ROUNDS;
    const all = everything || this.#versions.size <= ROOMS_PER_EVENT;
    const named: [roomId: string, version: number][] = [];
    for (const [roomId, { version, published }] of this.#versions) {
      if (all || now - published < NEW_MS || version % ROUNDS === round) {
        named.push([roomId, version]);
      }
    }
    const heartbeats: Extract<BusEvent, { kind: "alive" }>[] = [];
    // One that names nothing is still a sign of life.
    for (let i = 0; i === 0 || i < named.length; i += ROOMS_PER_EVENT) {
      heartbeats.push({ kind: "alive", versions: named.slice(i, i + ROOMS_PER_EVENT) });
    }
    return heartbeats;
  }
}

/** Milliseconds from one update of a room to the next. */
function intervalOf({ roster }: OpenRoom): number {
  if (roster.count <= NAMED_ONLINE) return INTERVAL_MS;
  return Math.min(publishingIntervalOf(roster), MAX_INTERVAL_MS);
}

function publishingIntervalOf({ count }: Roster): number {
  return INTERVAL_MS * Math.ceil(count / USERS_PER_INTERVAL);
}
