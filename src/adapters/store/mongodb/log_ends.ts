/** Finds the ends of logs at a cost that hardly grows with their length on any server. */
import { LRUCache } from "lru-cache";
import type { Collection } from "mongodb";
import { SingleFlights } from "../../../async/single_flight.ts";
import { LOG_START, type LogPosition } from "../../../domain/entry.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { EndSearch, type LogEnd } from "./end_search.ts";
import {
  type EntryDocument,
  POSITION,
  type PositionDocument,
  toPosition,
} from "./entry_documents.ts";
import { readWithOrdinals } from "./ordinals.ts";
import { anyOf, inPortions } from "./room_portions.ts";
import { inTime, type TimeLimits } from "./time_limits.ts";

/** Rooms of whose logs the last known end is remembered. */
const MAX_HINTS = 10_000;

type EndDocument =
  & PositionDocument
  & Pick<EntryDocument, "createdAt" | "roomId">
  & { kind?: string };

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

  /** The ends of these logs, not before this call, in their order. */
  async findAll(roomIds: readonly string[]): Promise<LogEnd[]> {
    if (roomIds.length === 1) return [await this.find(roomIds[0]!)];
    return await inPortions(roomIds, (portion) => this.#findTogether(portion));
  }

  async #find(roomId: string): Promise<LogEnd> {
    return (await this.#findTogether([roomId]))[0]!;
  }

  async #findTogether(roomIds: readonly string[]): Promise<LogEnd[]> {
    const generation = this.#generation;
    const searches = roomIds.map((roomId) => {
      const hint = this.lastSeen(roomId);
      return { hint, search: new EndSearch(roomId, hint) };
    });
    const areOpen = () => searches.map(({ search }) => search).filter((s) => s.probes.length > 0);
    for (let open = areOpen(); open.length > 0; open = areOpen()) {
      const found = Map.groupBy(await this.#probe(open), ({ roomId }) => roomId);
      for (const search of open) search.take(found.get(search.roomId)?.map(toEnd) ?? []);
    }
    return searches.map(({ hint, search: { roomId, end } }) => {
      // The log has become shorter, as only a restored database does.
      if (end.seq < hint.seq) this.#hints.delete(roomId);
      if (generation === this.#generation) this.saw(roomId, end);
      return end;
    });
  }

  /** Those of the entries that are looked for that exist. */
  async #probe(searches: readonly EndSearch[]): Promise<EndDocument[]> {
    const match = anyOf(searches.map(({ roomId, probes }) => ({ roomId, seq: { $in: probes } })));
    const count = searches.reduce((sum, { probes }) => sum + probes.length, 0);
    return await readWithOrdinals(this.#messages, () => {
      return this.#messages.find<EndDocument>(match, {
        projection: { ...POSITION, roomId: 1, kind: 1, createdAt: 1 },
        ...this.#readOptions,
        batchSize: count + 1,
      }).toArray();
    });
  }
}

function toEnd({ kind, createdAt, roomId: _, ...position }: EndDocument): LogEnd {
  return {
    ...toPosition(position),
    ...(kind === undefined && createdAt && { messageAt: createdAt }),
  };
}
