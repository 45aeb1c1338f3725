/** The ids of the rooms that a user has opened in this browser: for addresses, while there is no server. */
import type { RoomInfo } from "../../src/client/mod.ts";

const MAX_ROOMS = 200;

/** A room that was opened. */
type Known = [slug: string, id: string];

export class RoomIds {
  readonly #key: string;

  /** @param userId whose rooms they are: other users of this browser do not see them */
  constructor(userId: string) {
    this.#key = `echoroom:rooms:${userId}`;
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
    try {
      localStorage.removeItem(this.#key);
    } catch {
      // Forbidden by the browser: then nothing is stored.
    }
  }

  #without(slug: string): Known[] {
    return this.#read().filter(([known]) => known !== slug);
  }

  #write(rooms: Known[]): void {
    try {
      localStorage.setItem(this.#key, JSON.stringify(rooms));
    } catch {
      // Full, or forbidden by the browser: then the server has to be asked.
    }
  }

  #read(): Known[] {
    try {
      const rooms = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
      // An earlier version kept an object.
      return Array.isArray(rooms) ? rooms : [];
    } catch {
      return [];
    }
  }
}
