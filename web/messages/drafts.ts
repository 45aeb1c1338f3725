/** What a user has written but not sent, room by room: kept over reloads. */
import type { Room } from "../../src/client/mod.ts";
import { eraseStored, type Kept, kept } from "../kept.ts";

export class Drafts {
  readonly #prefix: string;
  /** Those written since the page was opened: some may not be stored. */
  readonly #written = new Map<string, Kept>();

  /** @param userId the owner of the drafts: other users of this browser do not see them */
  constructor(userId: string) {
    this.#prefix = `echoroom:draft:${userId}:`;
  }

  /** The draft of a room; `""` if there is none. */
  read(room: Room): string {
    return namesOf(room).map((name) => this.#of(name).read()).find(Boolean) ?? "";
  }

  /** Keeps a draft, or removes it if it is blank. */
  write(room: Room, text: string): void {
    for (const name of namesOf(room)) {
      this.#of(name).erase();
      this.#written.delete(name);
    }
    if (!text.trim()) return;
    const draft = this.#of(room.id);
    draft.write(text);
    this.#written.set(room.id, draft);
  }

  /** Removes all drafts of this user. */
  erase(): void {
    this.#written.clear();
    eraseStored(this.#prefix);
  }

  #of(name: string): Kept {
    return this.#written.get(name) ?? kept(this.#prefix + name);
  }
}

/** A draft may have been begun before the room's id was known. */
function namesOf(room: Room): string[] {
  return [room.id, room.name, ...(room.info.get() ? [room.info.get()!.slug] : [])];
}
