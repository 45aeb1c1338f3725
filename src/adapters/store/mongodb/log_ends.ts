/** Finds the ends of logs at a cost that hardly grows with their length on any server. */
import { LRUCache } from "lru-cache";
import type { Collection } from "mongodb";
import pLimit from "p-limit";
import { SingleFlights } from "../../../async/single_flight.ts";
import { LOG_START, type LogPosition } from "../../../domain/entry.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import {
  type EntryDocument,
  POSITION,
  type PositionDocument,
  toPosition,
} from "./entry_documents.ts";
import { readWithOrdinals } from "./ordinals.ts";
import { inTime, type TimeLimits } from "./time_limits.ts";

/** Rooms of whose logs the last known end is remembered. */
const MAX_HINTS = 10_000;
/** Rooms whose ends are searched for at once: many queries would take the connections of appends. */
const ENDS_AT_ONCE = 20;
/** Numbers that one query looks for. */
const PROBES = 64;
/** How many doubling distances are probed beyond the last entry known. */
const DOUBLINGS = 45;

/** Where a log ends. */
export interface LogEnd extends LogPosition {
  /** When the last entry was made, if it created a message. */
  messageAt?: Date;
}

type EndDocument = PositionDocument & Pick<EntryDocument, "createdAt"> & { kind?: string };

/**
 * Numbers have no hole: if entry n exists and n + 1 does not, the log ends at n. So the end is found
 * by probing single numbers, each a look-up in the unique index: with one query where it was last
 * seen, with five in a log of a million entries of which nothing is known. A query for the largest
 * number is left to the server's planner, and not every server has a good one.
 */
export class LogEnds {
  /**
   * A hint that lags costs an appender a conflict; one that is ahead would leave a hole, so that
   * only an end that a majority has is remembered.
   */
  readonly #hints = new LRUCache<string, LogPosition>({ max: MAX_HINTS });
  readonly #messages: Collection<EntryDocument>;
  readonly #limits: TimeLimits;
  readonly #readOptions: ReadOptions;
  /**
   * Shared, because a hundred sockets may ask for a room at once, on an instance that has just
   * started and has to search the whole log.
   */
  readonly #searches = new SingleFlights((roomId) => {
    return inTime(this.#find(roomId), this.#limits.answer);
  });
  /** Counts the databases that this may have been: positions of an earlier one are not remembered. */
  #generation = 0;

  constructor({ messages, limits, readOptions }: Collections) {
    this.#messages = messages;
    this.#limits = limits;
    this.#readOptions = readOptions;
  }

  /** A majority has the log up to here. */
  saw(roomId: string, end: LogPosition): void {
    if (end.seq > (this.#hints.get(roomId)?.seq ?? -1)) this.#hints.set(roomId, end);
  }

  /** A position that the log reached: its end, or before it. */
  lastSeen(roomId: string): LogPosition {
    return this.#hints.get(roomId) ?? LOG_START;
  }

  /** The database may have become another, as after a fail-over or a restored backup. */
  forget(): void {
    this.#generation++;
    this.#hints.clear();
  }

  /** The end of the log, not before this call. */
  find(roomId: string): Promise<LogEnd> {
    return this.#searches.run(roomId);
  }

  /** The ends of these logs. */
  findAll(roomIds: string[]): Promise<LogEnd[]> {
    return pLimit(ENDS_AT_ONCE).map(roomIds, (roomId) => this.find(roomId));
  }

  async #find(roomId: string): Promise<LogEnd> {
    const generation = this.#generation;
    const hint = this.lastSeen(roomId);
    const end = await this.#findFrom(roomId, hint);
    // The log has become shorter, as only a restored database does.
    if (end.seq < hint.seq) this.#hints.delete(roomId);
    if (generation === this.#generation) this.saw(roomId, end);
    return end;
  }

  async #findFrom(roomId: string, { seq: hint }: LogPosition): Promise<LogEnd> {
    if (hint === 0) return await this.#search(roomId, LOG_START);
    const [last, next] = await this.#probe(roomId, [hint, hint + 1]);
    if (last?.seq !== hint) return await this.#search(roomId, LOG_START);
    return next ? await this.#search(roomId, next) : last;
  }

  /** @param low the position of an entry that exists, or `LOG_START` */
  async #search(roomId: string, low: LogEnd): Promise<LogEnd> {
    let high = Infinity;
    while (high - low.seq > 1) {
      const probes = probesBetween(low.seq, high);
      const found = await this.#probe(roomId, probes);
      const exists = new Set(found.map(({ seq }) => seq));
      low = found.at(-1) ?? low;
      // What was appended between two queries is beyond what was probed.
      high = Math.min(high, ...probes.filter((seq) => seq > low.seq && !exists.has(seq)));
    }
    return low;
  }

  /** The positions of those of these entries that exist, ascending. */
  async #probe(roomId: string, seqs: number[]): Promise<LogEnd[]> {
    const match = { roomId, seq: { $in: seqs } };
    const found = await readWithOrdinals(this.#messages, roomId, () => {
      return this.#messages.find<EndDocument>(match, {
        projection: { ...POSITION, kind: 1, createdAt: 1 },
        ...this.#readOptions,
      })
        .toArray();
    });
    return found.map(toEnd).toSorted((a, b) => a.seq - b.seq);
  }
}

/** Numbers above `low` and below `high`: at doubling distances if `high` is infinite, else evenly spread. */
function probesBetween(low: number, high: number): number[] {
  if (high === Infinity) return Array.from({ length: DOUBLINGS }, (_, i) => low + 2 ** i);
  const count = Math.min(PROBES, high - low - 1);
  return Array.from({ length: count }, (_, i) => {
    return low + Math.ceil((i + 1) * (high - low) / (count + 1));
  }).filter((seq) => seq < high);
}

function toEnd({ kind, createdAt, ...position }: EndDocument): LogEnd {
  return {
    ...toPosition(position),
    ...(kind === undefined && createdAt && { messageAt: createdAt }),
  };
}
