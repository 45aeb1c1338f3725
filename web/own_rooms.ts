/** The rooms that a user has opened in this browser, and how far they have read them. */
import type { Room } from "../src/client/mod.ts";

const MAX_JOINED = 150;

/** What is remembered of a room. */
interface Mark {
  /** To show before the room is joined. */
  name: string;
  slug: string;
  /** The last entry that was on the screen. */
  seq: number;
}

/** Stored in the browser for each user, not on the server. */
export class OwnRooms {
  readonly #key: string;
  #marks: Record<string, Mark>;

  constructor(userId: string) {
    this.#key = `echoroom:rooms:${userId}`;
    this.#marks = read(this.#key);
  }

  /** Handles what another tab has read or opened. */
  handle({ key }: StorageEvent): void {
    if (key === this.#key) this.#marks = read(this.#key);
  }

  /** The rooms that were read last, as many as one socket may join. */
  ids(): string[] {
    return Object.keys(this.#marks).slice(-MAX_JOINED);
  }

  find(id: string): Mark | undefined {
    return this.#marks[id];
  }

  /** The number of unread entries of a room. */
  unread(room: Room): number {
    const mark = this.#marks[room.id];
    return mark ? Math.max(0, room.cursor - mark.seq) : 0;
  }

  /** Everything up to this `seq` was on the screen. */
  read(room: Room, seq: number): void {
    const info = room.info.get();
    if (!info) return;
    const { id, name, slug } = info;
    const known = this.#marks[id];
    if (known && known.seq === seq && known.name === name) return;
    // The one read last is at the end.
    delete this.#marks[id];
    this.#marks[id] = { name, slug, seq };
    this.#save();
  }

  remove(id: string): void {
    delete this.#marks[id];
    this.#save();
  }

  #save(): void {
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#marks));
    } catch {
      // Full, or forbidden by the browser: kept until the page is closed.
    }
  }
}

function read(key: string): Record<string, Mark> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {};
  }
}
