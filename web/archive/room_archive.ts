/** The last rooms and messages of a user, kept in this browser for when the server cannot be reached. */
import { createStore, delMany, entries, setMany, type UseStore } from "idb-keyval";
import type { ChatMessage, RoomInfo } from "../../src/client/mod.ts";

/** The rooms kept, and the messages of each. */
export const ARCHIVE_LIMITS = { rooms: 20, messages: 100 } as const;

export interface ArchivedRoom {
  readonly room: RoomInfo;
  /** Oldest first; none that the server had not acked. */
  readonly messages: readonly ChatMessage[];
}

interface Stored extends ArchivedRoom {
  /** The form of this record: others are of another release, and are removed. */
  readonly version: typeof VERSION;
  /** ISO 8601: the rooms with the latest are kept. */
  readonly at: string;
}

type Key = [userId: string, roomId: string];

const VERSION = 2;

export interface RoomArchiveOptions {
  /** Called for each step: it throws where the browser forbids storage. */
  open?: () => UseStore;
  /** How long changes are gathered before they are written, in ms. */
  pauseMs?: number;
}

/**
 * A storage that is full, forbidden or broken costs no more than the copy: nothing here throws.
 * Rooms of other users are removed as soon as this one's are loaded.
 */
export class RoomArchive {
  readonly #userId: string;
  readonly #open: () => UseStore;
  readonly #pauseMs: number;
  /** When each stored room, or one about to be stored, was active. */
  readonly #activity = new Map<string, string>();
  /** What is to be written; null for what is to be removed. */
  readonly #changes = new Map<string, Stored | null>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isErased = false;

  constructor(userId: string, { open = openOnce, pauseMs = 2_000 }: RoomArchiveOptions = {}) {
    this.#userId = userId;
    this.#open = open;
    this.#pauseMs = pauseMs;
  }

  /** The rooms kept, the last active first; none if they cannot be read. */
  async load(): Promise<ArchivedRoom[]> {
    const loaded = await this.#step(async () => {
      const all = await entries<Key, Stored>(this.#open());
      const own = all.filter(([key, value]) => this.#isOwn(key, value)).map(([, value]) => value)
        .sort((a, b) => a.at < b.at ? 1 : -1).slice(0, ARCHIVE_LIMITS.rooms);
      const others = all.filter(([, value]) => !own.includes(value)).map(([key]) => key);
      if (others.length > 0) await delMany(others, this.#open());
      return own;
    });
    if (!loaded || this.#isErased) return [];
    for (const { room, at } of loaded) {
      if (!this.#activity.has(room.id)) this.#activity.set(room.id, at);
    }
    return loaded.map(({ room, messages }) => ({ room, messages }));
  }

  /**
   * Keeps the last messages of a room in the place of those kept before, soon. Call it whenever they
   * have changed, so that what was edited or deleted goes from the copy, too.
   * @param isShown whether the room is on the screen: that counts as activity
   */
  keep(room: RoomInfo, messages: readonly ChatMessage[], isShown = false): void {
    if (this.#isErased) return;
    const sent = messages.filter(({ state, seq }) => state === "sent" && seq !== null)
      .slice(-ARCHIVE_LIMITS.messages);
    const last = sent.at(-1)?.createdAt ?? room.createdAt;
    const before = this.#activity.get(room.id) ?? "";
    const at = isShown ? new Date().toISOString() : last > before ? last : before;
    this.#activity.set(room.id, at);
    this.#changes.set(room.id, { version: VERSION, at, room, messages: sent });
    this.#limit();
    this.#schedule();
  }

  /** Removes all other rooms: what happens in them is no longer followed here. */
  retain(roomIds: Iterable<string>): void {
    const retained = new Set(roomIds);
    const others = [...this.#activity.keys()].filter((id) => !retained.has(id));
    for (const id of others) this.#remove(id);
    if (others.length > 0) this.#schedule();
  }

  /** Writes now what has changed; to be called when the page is hidden. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changes = [...this.#changes];
    this.#changes.clear();
    if (changes.length === 0) return;
    await this.#step(async () => {
      const kept = changes.flatMap(([id, value]): [Key, Stored][] => {
        return value ? [[this.#keyOf(id), value]] : [];
      });
      const removed = changes.filter(([, value]) => !value).map(([id]) => this.#keyOf(id));
      // First: it makes space.
      if (removed.length > 0) await delMany(removed, this.#open());
      if (kept.length > 0 && !this.#isErased) await setMany(kept, this.#open());
    });
  }

  /** Removes everything, also of other users, and keeps nothing from then on: the user signs out. */
  async erase(): Promise<void> {
    this.#isErased = true;
    clearTimeout(this.#timer);
    this.#changes.clear();
    this.#activity.clear();
    await this.#step(async () => {
      const all = await entries<Key, Stored>(this.#open());
      await delMany(all.map(([key]) => key), this.#open());
    });
  }

  #limit(): void {
    if (this.#activity.size <= ARCHIVE_LIMITS.rooms) return;
    const [oldest] = [...this.#activity].reduce((a, b) => b[1] < a[1] ? b : a);
    this.#remove(oldest);
  }

  #remove(roomId: string): void {
    this.#activity.delete(roomId);
    this.#changes.set(roomId, null);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.flush(), this.#pauseMs);
  }

  #isOwn(key: Key, value: Stored): boolean {
    return key[0] === this.#userId && value.version === VERSION;
  }

  #keyOf(roomId: string): Key {
    return [this.#userId, roomId];
  }

  #step<T>(work: () => Promise<T>): Promise<T | undefined> {
    const step = lastStep.then(work).catch(() => undefined);
    lastStep = step;
    return step;
  }
}

/** Steps are done one after the other, also those of another user's archive. */
let lastStep: Promise<unknown> = Promise.resolve();

let store: UseStore | undefined;

function openOnce(): UseStore {
  store ??= createStore("echoroom-archive", "rooms");
  return store;
}
