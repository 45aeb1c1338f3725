/** Those of the user's own rooms that the client keeps joined: followed while others are on the screen. */
import { effect, untracked } from "@preact/signals";
import type { Client, Room } from "../../src/client/mod.ts";
import { signalOf } from "../observed.ts";

/** Above this many messages older ones are removed, so that the page may be open for days. */
const MAX_MESSAGES = 400;
const KEPT_MESSAGES = 200;

export class MemberRooms {
  readonly #client: Client;
  readonly #isOpen: (room: Room) => boolean;
  readonly #follow: (room: Room) => () => void;
  readonly #followed = new Map<string, () => void>();
  readonly #end: () => void;

  /**
   * @param isOpen whether a room is on the screen: then its messages stay
   * @param follow is called for each room, and returns what ends it
   */
  constructor(
    client: Client,
    isOpen: (room: Room) => boolean,
    follow: (room: Room) => () => void,
  ) {
    this.#client = client;
    this.#isOpen = isOpen;
    this.#follow = follow;
    this.#end = effect(() => {
      const rooms = signalOf(client.rooms).value;
      const ids = rooms?.filter(({ isJoined }) => isJoined).map(({ id }) => id);
      if (ids) untracked(() => this.#update(ids));
    });
  }

  close(): void {
    this.#end();
    for (const end of this.#followed.values()) end();
    this.#followed.clear();
  }

  #update(ids: readonly string[]): void {
    const joined = new Set(ids);
    for (const [id, end] of this.#followed) {
      if (joined.has(id)) continue;
      this.#followed.delete(id);
      end();
    }
    for (const id of ids) this.#add(id);
  }

  #add(id: string): void {
    if (this.#followed.has(id)) return;
    const room = this.#client.join(id, { present: false });
    const ends = [this.#follow(room), room.messages.subscribe(() => this.#cutBack(room))];
    this.#followed.set(id, () => {
      for (const end of ends) end();
      room.leave();
    });
  }

  #cutBack(room: Room): void {
    const { length } = room.messages.get();
    if (length > MAX_MESSAGES && !this.#isOpen(room)) room.forgetOlder(KEPT_MESSAGES);
  }
}
