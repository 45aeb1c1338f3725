/** The rooms that lists name by their ids, and what the user may do in them: each is read once. */
import { signal } from "@preact/signals";
import type { Api, EchoRoomError, RoomInfo } from "../../src/client/mod.ts";
import { readRoom } from "../../src/client/rest/mod.ts";

export interface KnownRoom {
  room: RoomInfo;
  capabilities: ReadonlySet<string>;
}

export class KnownRooms {
  readonly #api: Api;
  readonly #known = signal<ReadonlyMap<string, KnownRoom | null>>(new Map());
  readonly #asked = new Set<string>();
  /** Counts sign-outs: an answer to an earlier user is ignored. */
  #users = 0;
  /** The reading that is under way: one follows the other. */
  #reading: Promise<void> = Promise.resolve();

  constructor(api: Api) {
    this.#api = api;
  }

  /** A room; null if the server does not show it, undefined until that is known. */
  of(id: string): KnownRoom | null | undefined {
    if (!this.#asked.has(id)) {
      this.#asked.add(id);
      this.#reading = this.#reading.then(() => this.#read(id));
    }
    return this.#known.value.get(id);
  }

  /** Reads them again when they are asked for next; until then they are as they were. */
  invalidate(): void {
    this.#asked.clear();
  }

  forget(): void {
    this.#users++;
    this.#asked.clear();
    this.#known.value = new Map();
  }

  async #read(id: string): Promise<void> {
    const user = this.#users;
    try {
      const { room, capabilities } = await readRoom(this.#api, id);
      if (user === this.#users) this.#set(id, { room, capabilities: new Set(capabilities) });
    } catch (error) {
      if (user !== this.#users) return;
      const { code } = error as EchoRoomError;
      if (code === "room_not_found" || code === "forbidden") this.#set(id, null);
      else this.#asked.delete(id);
    }
  }

  #set(id: string, room: KnownRoom | null): void {
    this.#known.value = new Map([...this.#known.peek(), [id, room]]);
  }
}
