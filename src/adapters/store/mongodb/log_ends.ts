/** Where logs end, found at a cost that hardly grows with them on any server. */
import { LRUCache } from "lru-cache";
import type { Collection } from "mongodb";
import pLimit from "p-limit";
import type { MessageDocument } from "./documents.ts";

/** Rooms whose last seen end is remembered. */
const MAX_HINTS = 10_000;
/** Rooms that are looked for at once: many questions would take the connections that appends need. */
const ENDS_AT_ONCE = 20;
/** Numbers that are looked for with one question. */
const PROBES = 64;
/** An end that is known of nothing is looked for at doubling distances, so often doubled. */
const DOUBLINGS = 45;

/**
 * Numbers have no hole: if entry n is there and n + 1 is not, the log ends at n. So the end is found
 * by looking for single numbers, each a look into the unique index: with one question where it is
 * where it was last seen, with five in a log of a million of which nothing is known. Asking for the
 * largest number instead is left to the server's planner, and not every server has a good one.
 */
export class LogEnds {
  /**
   * A hint that lags costs an appender a conflict; one that is ahead would leave a hole, so that
   * only an end that a majority has is remembered.
   */
  readonly #hints = new LRUCache<string, number>({ max: MAX_HINTS });
  readonly #messages: Collection<MessageDocument>;
  /** Counts the databases that this may have been: what was read of an earlier one is no hint. */
  #generation = 0;

  constructor(messages: Collection<MessageDocument>) {
    this.#messages = messages;
  }

  /** A majority has the log up to this entry. */
  saw(roomId: string, end: number): void {
    if (end > (this.#hints.get(roomId) ?? -1)) this.#hints.set(roomId, end);
  }

  /** The database may have become another, as after a fail-over or a restored backup. */
  forget(): void {
    this.#generation++;
    this.#hints.clear();
  }

  /** The number of the log's last entry; 0 if it has none. */
  async find(roomId: string): Promise<number> {
    const generation = this.#generation;
    const hint = this.#hints.get(roomId) ?? 0;
    const probes = hint > 0 ? await this.#look(roomId, [hint, hint + 1]) : new Set<number>();
    const holds = probes.has(hint);
    if (holds && !probes.has(hint + 1)) return hint;
    // The log has become shorter, as only a restored database does.
    if (hint > 0 && !holds) this.#hints.delete(roomId);
    const end = await this.#search(roomId, holds ? hint : 0);
    if (generation === this.#generation) this.saw(roomId, end);
    return end;
  }

  /** The numbers of these logs' last entries. */
  findAll(roomIds: string[]): Promise<number[]> {
    return pLimit(ENDS_AT_ONCE).map(roomIds, (roomId) => this.find(roomId));
  }

  /** @param low the number of an entry that is there, or 0 */
  async #search(roomId: string, low: number): Promise<number> {
    let high = Infinity;
    while (high - low > 1) {
      const probes = probesBetween(low, high);
      const isThere = await this.#look(roomId, probes);
      low = Math.max(low, ...isThere);
      // What was appended between two questions is beyond what was asked for.
      high = Math.min(high, ...probes.filter((seq) => seq > low && !isThere.has(seq)));
    }
    return low;
  }

  /** Those of these numbers that the log has. */
  async #look(roomId: string, seqs: number[]): Promise<Set<number>> {
    const found = await this.#messages
      .find({ roomId, seq: { $in: seqs } }, { projection: { _id: 0, seq: 1 } }).toArray();
    return new Set(found.map(({ seq }) => seq));
  }
}

/** Numbers above `low` and below `high`: at doubling distances if that is open, else evenly spread. */
function probesBetween(low: number, high: number): number[] {
  if (high === Infinity) return Array.from({ length: DOUBLINGS }, (_, i) => low + 2 ** i);
  const count = Math.min(PROBES, high - low - 1);
  return Array.from({ length: count }, (_, i) => {
    return low + Math.ceil((i + 1) * (high - low) / (count + 1));
  }).filter((seq) => seq < high);
}
