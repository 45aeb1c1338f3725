/** What this instance has appended and is not in the index for search yet, within limits. */
import type { Entry } from "../domain/entry.ts";

/** Rooms and entries that are kept; of others the next look through all rooms knows. */
const MAX_ROOMS = 10_000;
const MAX_ENTRIES = 5_000;

/** Entries of a room without a gap, perhaps none; null where they are to be read from the log. */
export type KnownEntries = readonly Entry[] | null;

export class SearchBacklog {
  readonly #rooms = new Map<string, KnownEntries>();
  /** How many entries it holds. */
  #entries = 0;

  /** The number of rooms that wait. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Whether a room waits. */
  has(roomId: string): boolean {
    return this.#rooms.has(roomId);
  }

  /** Adds entries behind those of their room; does nothing for one room too many. */
  append(roomId: string, entries: KnownEntries): void {
    if (!this.has(roomId) && this.size >= MAX_ROOMS) return;
    this.#set(roomId, joined(this.#known(roomId), entries));
  }

  /** Puts entries back that were taken, before what has come meanwhile. */
  prepend(roomId: string, entries: KnownEntries): void {
    this.#set(roomId, joined(entries, this.#known(roomId)));
  }

  /** Takes rooms out, those first that have waited longest. */
  take(count: number): Map<string, KnownEntries> {
    const taken = new Map([...this.#rooms].slice(0, count));
    for (const [roomId, entries] of taken) {
      this.#rooms.delete(roomId);
      this.#entries -= entries?.length ?? 0;
    }
    return taken;
  }

  #known(roomId: string): KnownEntries {
    const known = this.#rooms.get(roomId);
    return known === undefined ? [] : known;
  }

  #set(roomId: string, entries: KnownEntries): void {
    this.#entries -= this.#rooms.get(roomId)?.length ?? 0;
    const count = entries?.length ?? 0;
    const kept = this.#entries + count > MAX_ENTRIES ? null : entries;
    this.#entries += kept?.length ?? 0;
    this.#rooms.set(roomId, kept);
  }
}

/** Entries behind others; null where they do not follow, or are not known. */
function joined(first: KnownEntries, second: KnownEntries): KnownEntries {
  if (first === null || second === null) return null;
  const follows = first.length === 0 || second.length === 0 ||
    first.at(-1)!.seq + 1 === second[0]!.seq;
  return follows ? [...first, ...second] : null;
}
