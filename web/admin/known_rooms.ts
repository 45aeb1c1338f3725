/** The rooms that lists name by their ids, and what the user may do in them: each is read once. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Api, EchoRoomError, RoomInfo } from "../../src/client/mod.ts";
import { readRoom } from "../../src/client/rest/mod.ts";

/** How long after a passing error a room is asked for again, and how long at most. */
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export interface KnownRoom {
  room: RoomInfo;
  capabilities: ReadonlySet<string>;
}

export class KnownRooms {
  readonly #api: Api;
  readonly #known = signal<ReadonlyMap<string, KnownRoom | null>>(new Map());
  readonly #fault = signal("");
  readonly #asked = new Set<string>();
  /** Counts sign-outs: an answer to an earlier user is ignored. */
  #users = 0;
  /** The reading that is under way: one follows the other. */
  #reading: Promise<void> = Promise.resolve();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Why nothing is known of those that were asked for last; `""` for no reason. It is tried again. */
  get fault(): ReadonlySignal<string> {
    return this.#fault;
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
    this.#fault.value = "";
  }

  /** Reads a room, as often as it takes. */
  async #read(id: string): Promise<void> {
    const user = this.#users;
    for (
      let pause = RETRY_MS;
      user === this.#users;
      pause = Math.min(2 * pause, LONGEST_RETRY_MS)
    ) {
      const fault = await this.#readOnce(id, user);
      if (user === this.#users) this.#fault.value = fault;
      if (!fault) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** @returns why it is to be read again; `""` if it is not */
  async #readOnce(id: string, user: number): Promise<string> {
    try {
      const { room, capabilities } = await readRoom(this.#api, id);
      if (user === this.#users) this.#set(id, { room, capabilities: new Set(capabilities) });
    } catch (error) {
      const { code, message } = error as EchoRoomError;
      if (code !== "room_not_found" && code !== "forbidden") return message;
      if (user === this.#users) this.#set(id, null);
    }
    return "";
  }

  #set(id: string, room: KnownRoom | null): void {
    this.#known.value = new Map([...this.#known.peek(), [id, room]]);
  }
}
