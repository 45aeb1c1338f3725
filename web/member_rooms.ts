/** The rooms of which the user is a member: followed also while they are not on the screen. */
import { effect, untracked } from "@preact/signals";
import type { Client, Room } from "../src/client/mod.ts";
import { signalOf } from "./observed.ts";

/** As many as the client itself keeps joined. */
const MAX_ROOMS = 100;

export class MemberRooms {
  readonly #client: Client;
  readonly #follow: (room: Room) => () => void;
  readonly #followed = new Map<string, () => void>();
  readonly #end: () => void;

  /** @param follow is called for each room, and returns what ends it */
  constructor(client: Client, follow: (room: Room) => () => void) {
    this.#client = client;
    this.#follow = follow;
    this.#end = effect(() => {
      const members = signalOf(client.rooms).value?.filter(({ isMember }) => isMember) ?? [];
      untracked(() => members.slice(0, MAX_ROOMS).forEach(({ id }) => this.#add(id)));
    });
  }

  close(): void {
    this.#end();
    for (const end of this.#followed.values()) end();
    this.#followed.clear();
  }

  #add(id: string): void {
    if (this.#followed.has(id)) return;
    const room = this.#client.join(id, { present: false });
    const end = this.#follow(room);
    this.#followed.set(id, () => {
      end();
      room.leave();
    });
  }
}
