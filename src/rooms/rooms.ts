/** The rooms that this instance serves: entries, presence, typing and positions, put together. */
import type { Services } from "../services/services.ts";
import type { BusEvent } from "../ports/bus.ts";
import { Flusher } from "./flusher.ts";
import { Hub, type RoomLifecycle } from "./hub.ts";
import { Presence } from "./presence.ts";
import { ReadUpdates } from "./read_updates.ts";
import { RecentProfiles } from "./recent_profiles.ts";
import { RenderedRooms } from "./rendered_rooms.ts";
import { RoomUpdates } from "./room_updates.ts";
import type { Subscriber } from "./subscriber.ts";
import { Typing } from "./typing.ts";

export class Rooms {
  /** Decides when sockets that take arrays are written to. */
  readonly flusher: Flusher;
  readonly profiles = new RecentProfiles();
  readonly rendered = new RenderedRooms(this.profiles);
  readonly hub: Hub;
  readonly presence: Presence;
  readonly typing: Typing;
  readonly readUpdates: ReadUpdates;

  constructor(
    services: Pick<
      Services,
      "access" | "store" | "bus" | "log" | "metrics" | "ownStatus" | "publicUsers" | "load"
    >,
  ) {
    const { access, bus, load, ownStatus } = services;
    const updates = new RoomUpdates(access, this.rendered);
    this.flusher = new Flusher(() => load.level);
    const lifecycle: RoomLifecycle = {
      opened: (roomId) => this.presence.open(roomId),
      closed: (roomId) => {
        this.presence.close(roomId);
        this.readUpdates.closed(roomId);
      },
      removed: (roomId, subscriber) => this.#takeOut(roomId, subscriber),
      changed: (entry, room) => updates.show(entry, room),
      accessChanged: (roomId, userId, room) => updates.showTo([userId], roomId, room),
    };
    this.hub = new Hub(services, this.flusher, lifecycle, this.profiles);
    const broadcast = this.hub.broadcast.bind(this.hub);
    this.presence = new Presence(bus, broadcast, this.profiles, ownStatus);
    this.typing = new Typing(bus, broadcast, this.profiles);
    this.readUpdates = new ReadUpdates(bus, access, this.hub, services.store.members);
    bus.subscribe((event, from) => this.#receive(event, from));
  }

  close(): void {
    this.typing.close();
    this.readUpdates.close();
    this.presence.end();
    this.hub.close();
  }

  /** Ends what a socket shows of its user in a room. */
  #takeOut(roomId: string, subscriber: Subscriber): void {
    const { userId } = subscriber;
    if (userId === null) return;
    this.typing.stop(roomId, subscriber, userId);
    if (this.hub.setPresent(roomId, subscriber, false)) this.presence.leave(roomId, userId);
  }

  #receive(event: BusEvent, from: string): void {
    // First: the others look up recent changes of profiles in it.
    this.profiles.receive(event);
    this.hub.receive(event);
    this.presence.receive(event, from);
    this.typing.receive(event, from);
    this.readUpdates.receive(event);
  }
}
