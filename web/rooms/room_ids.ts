/** The ids of the rooms that a user has opened in this browser: for addresses, while there is no server. */
import type { RoomInfo } from "../../src/client/mod.ts";
import { type Kept, kept } from "../kept.ts";

const MAX_ROOMS = 200;

/** A room that was opened. */
type Known = [slug: string, id: string];

export class RoomIds {
  readonly #kept: Kept;

  /** @param userId whose rooms they are: other users of this browser do not see them */
  constructor(userId: string) {
    this.#kept = kept(`echoroom:rooms:${userId}`);
  }

  /** The id of the room with this slug, if it was opened before. */
  find(slug: string): string | undefined {
    return this.#read().find(([known]) => known === slug)?.[1];
  }

  remember({ id, slug }: RoomInfo): void {
    const room: Known = [slug, id];
    this.#write([...this.#without(slug), room].slice(-MAX_ROOMS));
  }

  /** Returns whether the room was known. */
  forget(slug: string): boolean {
    if (this.find(slug) === undefined) return false;
    this.#write(this.#without(slug));
    return true;
  }

  erase(): void {
    this.#kept.erase();
  }

  #without(slug: string): Known[] {
    return this.#read().filter(([known]) => known !== slug);
  }

  #write(rooms: Known[]): void {
    this.#kept.write(JSON.stringify(rooms));
  }

  #read(): Known[] {
    const rooms = this.#kept.readJson();
    // An earlier version kept an object.
    return Array.isArray(rooms) ? rooms : [];
  }
}
