/** The way into every room's log: appends in batches, one in flight a room (group commit). */
import { getLogger } from "@logtape/logtape";
import { Batcher } from "../async/batcher.ts";
import { type Entry, positionOf } from "../domain/entry.ts";
import { hasCode, unavailable } from "../domain/errors.ts";
import type { Bus } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import { batchSize, ownAmong, settle, settleRepeats, type Waiting } from "./append_batch.ts";
import { AppendContention } from "./append_contention.ts";
import { type Attempt, authorsOf, type Command, decide, type Result } from "./decision.ts";
import { type Basis, LogEnds } from "./log_ends.ts";
import type { Metrics } from "./metrics.ts";
import { Publications } from "./publications.ts";
import { Standings } from "./standings.ts";
import { RoomState } from "./room_state.ts";

const logger = getLogger(["echoroom", "log"]);

/** Drafts that may wait in one room, and in all together; over it an append is `unavailable`. */
const MAX_WAITING_IN_ROOM = 5_000;
const MAX_WAITING = 20_000;
/** How long a batch competes for numbers with other instances before it gives up. */
const CONTENTION_LIMIT_MS = 4_000;
/** Entries read at once to find where the log ends after a lost race. */
const CATCH_UP_PAGE = 100;

/** What has become of a batch. */
interface Outcome {
  /** New entries, in the order of the log. */
  appended: Entry[];
  /** Commands that were given up, if there are any; and why. */
  failed: readonly Waiting[];
  error?: unknown;
}

/**
 * Appends to rooms' logs and publishes what was appended. While one batch of a room is written, what
 * arrives gathers into the next: a quiet room waits for nothing, a busy one shares one commit among
 * many. Entries of a room are numbered in the order in which `append` was called.
 */
export class RoomLog {
  readonly #store: Store;
  readonly #standings: Standings;
  readonly #metrics: Metrics;
  readonly #onAppend: (roomId: string, entries: readonly Entry[]) => void;
  /** Of each room that is being written to. */
  readonly #batchers = new Map<string, Batcher<Waiting>>();
  readonly #publications: Publications;
  readonly #ends: LogEnds;
  readonly #contention: AppendContention;
  #waiting = 0;

  /**
   * @param standings is moved by what is appended and read here
   * @param onAppend is told what was appended, or nothing where that is uncertain
   */
  constructor(
    store: Store,
    bus: Bus,
    metrics: Metrics,
    standings = new Standings(store),
    onAppend: (roomId: string, entries: readonly Entry[]) => void = () => {},
  ) {
    this.#store = store;
    this.#standings = standings;
    this.#metrics = metrics;
    this.#onAppend = onAppend;
    this.#publications = new Publications(bus);
    this.#ends = new LogEnds(store);
    this.#contention = new AppendContention(bus);
    metrics.watchQueue("append", () => this.#waiting);
  }

  /**
   * Resolves once the command is decided at the end of the log, and what it changes is durable. Of a
   * command that the log has already (by author, clientMessageId and request) the result is its
   * entry, whatever else has changed since.
   * @throws ChatError what the command's decision throws; `idempotency_conflict` if its
   *   clientMessageId was used for another command; `unavailable`: then it may or may not be done
   */
  append(roomId: string, command: Command): Promise<Result> {
    const open = this.#batchers.get(roomId);
    if ((open?.waiting.length ?? 0) >= MAX_WAITING_IN_ROOM || this.#waiting >= MAX_WAITING) {
      return Promise.reject(unavailable("Too many messages wait to be stored."));
    }
    this.#waiting++;
    const batcher = open ?? this.#open(roomId);
    return new Promise((resolve, reject) => batcher.add({ command, resolve, reject }));
  }

  /**
   * Resolves once what is being written to the room is published; null if nothing is. New
   * entries that the database reports meanwhile are most likely these.
   */
  published(roomId: string): Promise<void> | null {
    return this.#publications.published(roomId);
  }

  /**
   * These entries of the room's log are known on this instance: the next append is decided on them.
   * @param entries that follow each other
   * @param epoch of the store when it had them
   */
  advance(roomId: string, entries: readonly Entry[], epoch: number): void {
    const last = entries.at(-1);
    if (!last) return;
    if (epoch === this.#store.epoch) this.#standings.move(roomId, entries);
    const end = positionOf(last);
    if (this.#ends.advance(roomId, { end, epoch })) this.#contention.othersAppended(roomId);
  }

  /** Resolves once everything accepted so far has been written or refused, and published. */
  async drain(): Promise<void> {
    while (this.#batchers.size > 0) {
      await Promise.all([...this.#batchers.values()].map((batcher) => batcher.idle()));
    }
    await this.#publications.drain();
  }

  #open(roomId: string): Batcher<Waiting> {
    const batcher = new Batcher<Waiting>(
      (waiting) => this.#writeNext(roomId, waiting),
      () => this.#batchers.delete(roomId),
    );
    this.#batchers.set(roomId, batcher);
    return batcher;
  }

  async #writeNext(roomId: string, waiting: Waiting[]): Promise<void> {
    if (this.#contention.consume(roomId)) await this.#contention.yield(roomId);
    const error = await this.#write(roomId, waiting.splice(0, batchSize(waiting)));
    // They have waited as long as the store may take to answer; it would not answer them either.
    if (hasCode(error, "unavailable")) this.#refuse(waiting.splice(0), error);
  }

  /** Writes a batch and settles it. Returns why a part of it could not be written, if one could not. */
  async #write(roomId: string, batch: Waiting[]): Promise<unknown> {
    const publish = this.#publications.begin(roomId);
    const start = performance.now();
    const { appended, failed, error } = await this.#appendAll(roomId, batch);
    this.#metrics.appended(batch.length, appended.length, performance.now() - start);
    this.#waiting -= batch.length - failed.length;
    // Of other errors it is not known whether the commands were done.
    const isUncertain = failed.length > 0 && !hasCode(error, "room_not_found");
    if (isUncertain) {
      logger.warning("An append to room {roomId} failed: {error}", { roomId, error });
    }
    this.#refuse(failed, error);
    publish({ entries: appended, isUncertain });
    if (appended.length > 0) this.#onAppend(roomId, appended);
    if (isUncertain) this.#onAppend(roomId, []);
    return error;
  }

  /** Decides and appends a batch, whatever other instances append meanwhile. */
  async #appendAll(roomId: string, batch: readonly Waiting[]): Promise<Outcome> {
    const appended: Entry[] = [];
    const deadline = performance.now() + CONTENTION_LIMIT_MS;
    /** Where the log ended, at least, when it was read after the batch had arrived. */
    let reached: number | undefined;
    let waiting = batch;
    try {
      for (let attempt = 0;; attempt++) {
        // Most often nothing is to be read: then nothing is awaited.
        const basis = this.#ends.known(roomId) ?? await this.#ends.get(roomId);
        const needs = waiting.flatMap(({ command }) => command.needs ?? []);
        const known = authorsOf(this.#standings, roomId, basis.end, waiting);
        const authors = known instanceof Promise ? await known : known;
        const state = needs.length > 0
          ? await RoomState.read(this.#store, roomId, basis.end, needs, authors)
          : new RoomState(roomId, basis.end, authors);
        const decided = decide(state, waiting);
        const { drafts, refused } = decided;
        const entries = drafts.length > 0
          ? await this.#store.log.append(roomId, basis.end, drafts)
          : [];
        this.#standings.move(roomId, entries);
        const after = this.#ends.after(roomId, basis, entries);
        appended.push(...entries);
        waiting = settle(decided, entries);
        if (refused.length > 0) {
          // An append shows that the basis was the end; without one others may have moved it.
          if (entries.length === 0) reached ??= (await this.#store.log.end(roomId)).seq;
          const isOutdated = entries.length === 0 && basis.end.seq < reached!;
          const open = isOutdated
            ? refused.map(({ waiting }) => waiting)
            : await this.#settleRefused(roomId, refused, entries.length);
          waiting = [...waiting, ...open];
        }
        if (waiting.length === 0) return { appended, failed: [] };
        if (performance.now() > deadline) throw unavailable("The room is too busy.");
        if (attempt > 0) await this.#contention.backOff(roomId, attempt);
        const found = await this.#readMissed(roomId, after, waiting);
        appended.push(...ownAmong(decided, entries.length, found));
        waiting = settleRepeats(waiting, found);
        if (waiting.length === 0) return { appended, failed: [] };
      }
    } catch (error) {
      this.#ends.forget(roomId);
      return { appended, failed: waiting, error };
    }
  }

  /**
   * Settles commands that became no draft. A repeat is acknowledged, whatever has become of its
   * message since. Returns those that were decided on drafts that are not stored.
   * @param count of the drafts that are
   */
  async #settleRefused(
    roomId: string,
    refused: Attempt<Waiting>["refused"],
    count: number,
  ): Promise<readonly Waiting[]> {
    const final = refused.filter(({ after }) => after <= count);
    if (final.length > 0) {
      const waiting = final.map(({ waiting }) => waiting);
      const rest = new Set(settleRepeats(waiting, await this.#findSent(roomId, waiting)));
      for (const { waiting, unchanged, error } of final) {
        if (!rest.has(waiting)) continue;
        if (unchanged) waiting.resolve({ unchanged });
        else waiting.reject(error);
      }
    }
    return refused.filter(({ after }) => after > count).map(({ waiting }) => waiting);
  }

  /**
   * Finds what refused a draft: entries of another append, after which `#ends` has the end of the
   * log again, or an earlier entry of the same command.
   */
  async #readMissed(
    roomId: string,
    basis: Basis,
    waiting: readonly Waiting[],
  ): Promise<Entry[]> {
    const known = this.#ends.known(roomId);
    if (known?.epoch !== basis.epoch || known.end.seq > basis.end.seq) return [];
    const missed = await this.#store.log.entriesAfter(roomId, basis.end.seq, CATCH_UP_PAGE);
    if (missed.length === 0) return await this.#findSent(roomId, waiting);
    this.#contention.othersAppended(roomId);
    this.#standings.move(roomId, missed);
    // More than a page is not worth reading: a repeat in it refuses the next attempt.
    if (missed.length === CATCH_UP_PAGE) this.#ends.forget(roomId);
    else this.#ends.after(roomId, basis, missed);
    return missed;
  }

  async #findSent(roomId: string, waiting: readonly Waiting[]): Promise<Entry[]> {
    const keys = waiting.map(({ command: { by, clientMessageId } }) => {
      return { senderId: by.id, clientMessageId };
    });
    return await this.#store.log.findSent(roomId, keys);
  }

  #refuse(batch: readonly Waiting[], error: unknown): void {
    this.#waiting -= batch.length;
    for (const { reject } of batch) reject(error);
  }
}
