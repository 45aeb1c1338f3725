/** The rooms that this instance serves: entries, presence and typing, put together. */
import type { Services } from "../services/services.ts";
import type { BusEvent } from "../ports/bus.ts";
import { Flusher } from "./flusher.ts";
import { Hub } from "./hub.ts";
import { Presence } from "./presence.ts";
import { RecentProfiles } from "./recent_profiles.ts";
import { Typing } from "./typing.ts";

export class Rooms {
  /** Decides when sockets that take arrays are written to. */
  readonly flusher: Flusher;
  readonly profiles = new RecentProfiles();
  readonly hub: Hub;
  readonly presence: Presence;
  readonly typing: Typing;

  constructor(
    services: Pick<Services, "store" | "bus" | "log" | "metrics" | "publicUsers" | "load">,
  ) {
    const { bus, load } = services;
    this.flusher = new Flusher(() => load.level);
    const life = {
      opened: (roomId: string) => this.presence.open(roomId),
      closed: (roomId: string) => this.presence.close(roomId),
    };
    this.hub = new Hub(services, this.flusher, life, this.profiles);
    const broadcast = this.hub.broadcast.bind(this.hub);
    this.presence = new Presence(bus, broadcast, this.profiles);
    this.typing = new Typing(bus, broadcast, this.profiles);
    bus.subscribe((event, from) => this.#receive(event, from));
  }

  close(): void {
    this.typing.close();
    this.presence.end();
    this.hub.close();
  }

  #receive(event: BusEvent, from: string): void {
    // First: the others look up recent changes of profiles in it.
    this.profiles.receive(event);
    this.hub.receive(event);
    this.presence.receive(event, from);
    this.typing.receive(event, from);
  }
}
