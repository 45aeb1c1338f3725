/** The rooms among which one is chosen, by a part of its name: the server lists rooms, and finds none. */
import { signal } from "@preact/signals";
import type { Api, RoomInfo } from "../../src/client/mod.ts";
import { listRooms } from "../../src/client/rest/mod.ts";
import { MAX_PAGE_SIZE } from "../../src/protocol/wire/limits.ts";
import { matcher } from "../matching.ts";

/** So many are read, of those in use and of the archived ones. */
const MAX_PAGES = 20;
const MAX_FOUND = 8;

export class RoomChoices {
  readonly #api: Api;
  readonly #rooms = signal<readonly RoomInfo[]>([]);
  #reading: Promise<void> | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Public rooms and the user's own that fit, the best first; `[]` for `""`. */
  find(query: string): RoomInfo[] {
    const match = matcher(query);
    const fitting = this.#rooms.value.flatMap((room) => {
      const fit = match(room.name);
      return fit === null || room.type === "direct" ? [] : [{ room, fit }];
    });
    return fitting.sort((a, b) => a.fit - b.fit).slice(0, MAX_FOUND).map(({ room }) => room);
  }

  /** Reads them, once for all calls unless it fails. */
  load(): Promise<void> {
    return this.#reading ??= this.#load().catch((error) => {
      this.#reading = null;
      throw error;
    });
  }

  async #load(): Promise<void> {
    this.#rooms.value = [];
    for (const archived of [false, true]) {
      let cursor: string | null = "";
      for (let page = 0; page < MAX_PAGES && cursor !== null; page++) {
        const query = {
          limit: MAX_PAGE_SIZE,
          ...(archived && { archived }),
          ...(cursor && { cursor }),
        };
        const answer: Awaited<ReturnType<typeof listRooms>> = await listRooms(this.#api, query);
        this.#rooms.value = [...this.#rooms.peek(), ...answer.rooms];
        cursor = answer.nextCursor;
      }
    }
  }
}
