/** What the server lets the user do in a room, read again when that may have changed. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Api, Room } from "../src/client/mod.ts";
import { readRoom } from "../src/client/rest/mod.ts";
import { signalOf } from "./observed.ts";

export class Capabilities {
  readonly #granted = signal<ReadonlySet<string>>(new Set());
  readonly #room: Room;
  readonly #api: Api;
  readonly #ends: (() => void)[];
  /** Counts the readings: an answer to an older one is ignored. */
  #reading = 0;

  constructor(room: Room, api: Api) {
    this.#room = room;
    this.#api = api;
    this.#ends = [
      effect(() => {
        const isLive = signalOf(room.state).value.status === "live";
        // The first message makes one a member.
        const isMember = signalOf(room.unread).value.readSeq !== null;
        if (isLive || isMember) void this.read();
      }),
      room.on("message", ({ system }) => void (system && this.read())),
    ];
  }

  /** Empty until they are known. */
  get granted(): ReadonlySignal<ReadonlySet<string>> {
    return this.#granted;
  }

  async read(): Promise<void> {
    const reading = ++this.#reading;
    const answer = await readRoom(this.#api, this.#room.id).catch(() => null);
    if (answer && reading === this.#reading) this.#granted.value = new Set(answer.capabilities);
  }

  close(): void {
    this.#reading++;
    for (const end of this.#ends) end();
  }
}
