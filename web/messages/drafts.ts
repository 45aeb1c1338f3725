/** What a user has written but not sent, room by room: kept over reloads. */
import type { Room } from "../../src/client/mod.ts";

export class Drafts {
  readonly #prefix: string;
  /** Drafts that could not be stored. */
  readonly #unstored = new Map<string, string>();

  /** @param userId the owner of the drafts: other users of this browser do not see them */
  constructor(userId: string) {
    this.#prefix = `echoroom:draft:${userId}:`;
  }

  /** The draft of a room; `""` if there is none. */
  read(room: Room): string {
    return namesOf(room).map((name) => this.#read(this.#prefix + name)).find(Boolean) ?? "";
  }

  /** Keeps a draft, or removes it if it is blank. */
  write(room: Room, text: string): void {
    for (const name of namesOf(room)) this.#remove(this.#prefix + name);
    if (text.trim()) this.#store(this.#prefix + room.id, text);
  }

  /** Removes all drafts of this user. */
  erase(): void {
    this.#unstored.clear();
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.#prefix));
      for (const key of keys) localStorage.removeItem(key);
    } catch {
      // Forbidden by the browser: then nothing is stored.
    }
  }

  #read(key: string): string {
    const unstored = this.#unstored.get(key);
    if (unstored !== undefined) return unstored;
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      return "";
    }
  }

  #store(key: string, text: string): void {
    try {
      localStorage.setItem(key, text);
    } catch {
      // Full, or forbidden by the browser: kept until the page is closed.
      this.#unstored.set(key, text);
    }
  }

  #remove(key: string): void {
    this.#unstored.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // Forbidden by the browser: then nothing is stored.
    }
  }
}

/** A draft may have been begun before the room's id was known. */
function namesOf(room: Room): string[] {
  return [room.id, room.name, ...(room.info.get() ? [room.info.get()!.slug] : [])];
}
