/** The rooms that an app has joined: one handle for each name, until its last holder leaves it. */
import type { Unsent } from "./commands.ts";
import type { RoomEventListeners } from "./events.ts";
import type { ServerFrame } from "./frames.ts";
import { JoinedRoom } from "./joined_room.ts";
import { Listeners } from "./listeners.ts";
import type { Progress } from "./outbox.ts";
import type { Room } from "./room.ts";
import type { RoomHost } from "./room_host.ts";

/** What joined rooms need of the client around them. */
export type RoomsHost = Omit<RoomHost, "release" | "isPresent" | "acked">;

export class JoinedRooms {
  /** Are called with the events of all rooms. */
  readonly events: RoomEventListeners = new Listeners();
  readonly #host: RoomsHost;
  readonly #rooms = new Map<string, { room: JoinedRoom; holders: number }>();
  /** Counts the checks: the rooms take turns. */
  #checks = 0;

  constructor(host: RoomsHost) {
    this.#host = host;
  }

  /** Returns the room of this name; it has to be left as often as it was joined. */
  join(idOrSlug: string, isPresent: boolean): JoinedRoom {
    const known = this.#rooms.get(idOrSlug);
    if (known) {
      known.holders++;
      if (isPresent) known.room.setPresent(true);
      known.room.subscription.retry();
      return known.room;
    }
    const room = new JoinedRoom(idOrSlug, isPresent, {
      ...this.#host,
      acked: (ack) => this.#withId(ack.roomId).forEach((room) => room.reading.take(ack)),
      isPresent: ({ id }) => this.#withId(id).some(({ isPresent }) => isPresent),
      release: (room) => this.#release(room),
    });
    // Of several handles of one room, only the first.
    room.events.add((...event) => this.#withId(room.id)[0] === room && this.events.call(...event));
    this.#rooms.set(idOrSlug, { room, holders: 1 });
    for (const unsent of this.#host.unsent(room)) room.timeline.show(unsent);
    if (this.#host.connection.isOnline) room.subscription.enter();
    return room;
  }

  receive(frame: ServerFrame): void {
    const { roomId } = frame.data as { roomId?: string };
    for (const room of this.#withId(roomId)) room.receive(frame);
  }

  /** Shows what has become of something that the user has done. */
  report(unsent: Unsent, progress: Progress): void {
    for (const room of this.#all()) {
      const names = [room.id, room.name, room.info.get()?.slug];
      if (names.includes(unsent.room)) room.report(unsent, progress);
    }
  }

  /** The connection is online. */
  enter(): void {
    for (const room of this.#all()) room.subscription.enter();
  }

  /** The connection was lost. */
  suspend(): void {
    for (const room of this.#all()) room.suspend();
  }

  /** The session has ended. */
  end(): void {
    for (const room of this.#all()) room.end();
    this.#rooms.clear();
  }

  /** Rooms that were refused may be accepted now: a room was made, or one was left. */
  retry(): void {
    for (const room of this.#all()) room.subscription.retry();
  }

  /** Checks the next live room for a gap. Returns whether there is one to check. */
  checkNext(): boolean {
    const rooms = this.#all().filter(({ state }) => state.get().status === "live");
    const room = rooms[this.#checks++ % rooms.length];
    room?.subscription.check();
    return room !== undefined;
  }

  #release(room: Room): void {
    const known = this.#rooms.get(room.name);
    if (known?.room !== room || --known.holders > 0) return;
    this.#rooms.delete(room.name);
    known.room.close();
    // The app may hold the same room under its other name, which may not be known yet.
    const others = this.#withId(room.id);
    for (const other of others) other.subscription.updatePresence();
    if (others.length > 0) return;
    this.#host.connection.request("room:leave", { roomId: room.id }, ({ roomId }) => {
      for (const other of this.#withId(roomId)) other.subscription.enter();
      this.retry();
    }).catch(() => {});
  }

  #all(): JoinedRoom[] {
    return [...this.#rooms.values()].map(({ room }) => room);
  }

  /** Several if the app has joined the room by its id and by its slug. */
  #withId(roomId: string | undefined): JoinedRoom[] {
    return this.#all().filter(({ id }) => id === roomId);
  }
}
