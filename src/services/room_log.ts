/** The way into every room's log: appends in batches, one in flight a room (group commit). */
import { getLogger } from "@logtape/logtape";
import { Batcher } from "../async/batcher.ts";
import type { Entry, EntryDraft, LogPosition } from "../domain/entry.ts";
import { ChatError, unavailable } from "../domain/errors.ts";
import { countWithin } from "../domain/message.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import { AppendContention } from "./append_contention.ts";
import { type Basis, LogEnds } from "./log_ends.ts";
import type { Metrics } from "./metrics.ts";

const logger = getLogger(["echoroom", "log"]);

/**
 * Entries in one append, and UTF-16 units of text in them; more wait for the next. A room's sockets
 * are handed a batch in one turn, which has to stay well below what may wait unsent in a socket.
 */
const MAX_BATCH = { entries: 500, length: 128 * 1024 } as const;
/** Drafts that may wait in one room, and in all together; over it an append is `unavailable`. */
const MAX_WAITING_IN_ROOM = 5_000;
const MAX_WAITING = 20_000;
/** How long a batch competes for numbers with other instances before it gives up. */
const CONTENTION_LIMIT_MS = 4_000;
/** Entries read at once to find where the log ends after a lost race. */
const CATCH_UP_PAGE = 100;
type AppendEvent = Extract<BusEvent, { kind: "appended" | "append_uncertain" }>;

interface Waiting {
  draft: EntryDraft;
  resolve(entry: Entry): void;
  reject(error: unknown): void;
}

/** What has become of a batch's drafts. */
interface Outcome {
  /** The entry of each draft, new or from an earlier append of the same, by the draft's key. */
  stored: Map<string, Entry>;
  /** The new ones, in the order of the log. */
  appended: Entry[];
  /** Why some drafts have no entry, if there are any. */
  error?: unknown;
}

/**
 * Appends to rooms' logs and publishes what was appended. While one batch of a room is written, what
 * arrives gathers into the next: a quiet room waits for nothing, a busy one shares one commit among
 * many. Entries of a room are numbered in the order in which `append` was called.
 */
export class RoomLog {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #metrics: Metrics;
  /** Of each room that is being written to. */
  readonly #batchers = new Map<string, Batcher<Waiting>>();
  /** Each room's batch under way, until it is published. */
  readonly #unpublished = new Map<string, PromiseWithResolvers<void>>();
  readonly #ends: LogEnds;
  readonly #contention: AppendContention;
  #waiting = 0;

  constructor(store: Store, bus: Bus, metrics: Metrics) {
    this.#store = store;
    this.#bus = bus;
    this.#metrics = metrics;
    this.#ends = new LogEnds(store);
    this.#contention = new AppendContention(bus);
    metrics.watchQueue("append", () => this.#waiting);
  }

  /**
   * Resolves once the entry is durable, with the entry as stored. If the log has the draft's
   * (sender, clientMessageId) already, that is the earlier one, with its own id and text.
   * @throws ChatError `unavailable`; then the draft may or may not have been appended
   */
  append(roomId: string, draft: EntryDraft): Promise<Entry> {
    const open = this.#batchers.get(roomId);
    if ((open?.waiting.length ?? 0) >= MAX_WAITING_IN_ROOM || this.#waiting >= MAX_WAITING) {
      return Promise.reject(unavailable("Too many messages wait to be stored."));
    }
    this.#waiting++;
    const batcher = open ?? this.#open(roomId);
    return new Promise((resolve, reject) => batcher.add({ draft, resolve, reject }));
  }

  /**
   * Resolves once what is being written to the room is published; null if nothing is. New
   * entries that the database reports meanwhile are most likely these.
   */
  published(roomId: string): Promise<void> | null {
    return this.#unpublished.get(roomId)?.promise ?? null;
  }

  /**
   * The effects of the room's log up to here are known on this instance: the next append is decided
   * on them.
   * @param epoch of the store when it had the log up to here
   */
  advance(roomId: string, end: LogPosition, epoch: number): void {
    if (this.#ends.advance(roomId, { end, epoch })) this.#contention.othersAppended(roomId);
  }

  /** Resolves once everything accepted so far has been written or refused, and published. */
  async drain(): Promise<void> {
    while (this.#batchers.size > 0) {
      await Promise.all([...this.#batchers.values()].map((batcher) => batcher.idle()));
    }
    await Promise.all([...this.#unpublished.values()].map(({ promise }) => promise));
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
    if (isUnavailable(error)) this.#refuse(waiting.splice(0), error);
  }

  /** Writes a batch and settles it. Returns why a part of it could not be written, if one could not. */
  async #write(roomId: string, batch: Waiting[]): Promise<unknown> {
    const drafts = [...Map.groupBy(batch, keyOf).values()].map((repeats) => repeats[0]!.draft);
    const unpublished = Promise.withResolvers<void>();
    this.#unpublished.set(roomId, unpublished);
    const { stored, appended, error } = await this.#metrics.timeAppend(drafts.length, () => {
      return this.#appendAll(roomId, drafts);
    });
    this.#metrics.appended(appended.length);
    const refused = batch.filter((waiting) => !stored.has(keyOf(waiting)));
    this.#waiting -= batch.length - refused.length;
    for (const waiting of batch) {
      const entry = stored.get(keyOf(waiting));
      if (entry) waiting.resolve(entry);
    }
    if (refused.length > 0) {
      logger.warning("An append to room {roomId} failed: {error}", { roomId, error });
      this.#refuse(refused, error);
    }
    // Two turns later: what the acks have sent is written between them, and does not wait for a
    // fan-out to thousands.
    const publish = () => this.#publish(roomId, appended, refused.length > 0, unpublished);
    setImmediate(() => setImmediate(publish));
    return error;
  }

  /** Appends the drafts, whatever other instances append meanwhile. */
  async #appendAll(roomId: string, drafts: readonly EntryDraft[]): Promise<Outcome> {
    const outcome: Outcome = { stored: new Map(), appended: [] };
    const deadline = performance.now() + CONTENTION_LIMIT_MS;
    let waiting = drafts;
    try {
      let basis = await this.#ends.get(roomId);
      for (let attempt = 0;; attempt++) {
        const entries = await this.#store.log.append(roomId, basis.end, waiting);
        basis = this.#ends.after(roomId, basis, entries);
        waiting = settle(waiting, entries, outcome);
        if (waiting.length === 0) return outcome;
        if (performance.now() > deadline) throw unavailable("The room is too busy.");
        if (attempt > 0) await this.#contention.backOff(roomId, attempt);
        const missed = await this.#readMissed(roomId, basis, waiting);
        waiting = settle(waiting, missed, outcome);
        if (waiting.length === 0) return outcome;
        basis = await this.#ends.get(roomId);
      }
    } catch (error) {
      this.#ends.forget(roomId);
      return { ...outcome, error };
    }
  }

  /**
   * Finds what refused a draft: entries of another append, after which `#ends` has the end of the
   * log again, or an earlier entry of the same send.
   */
  async #readMissed(
    roomId: string,
    basis: Basis,
    drafts: readonly EntryDraft[],
  ): Promise<Entry[]> {
    const known = this.#ends.known(roomId);
    if (known?.epoch !== basis.epoch || known.end.seq > basis.end.seq) return [];
    const missed = await this.#store.log.entriesAfter(roomId, basis.end.seq, CATCH_UP_PAGE);
    if (missed.length === 0) return await this.#findSent(roomId, drafts);
    this.#contention.othersAppended(roomId);
    // More than a page is not worth reading: a repeat in it refuses the next attempt.
    if (missed.length === CATCH_UP_PAGE) this.#ends.forget(roomId);
    else this.#ends.after(roomId, basis, missed);
    return missed;
  }

  async #findSent(roomId: string, drafts: readonly EntryDraft[]): Promise<Entry[]> {
    const keys = drafts.map(({ message }) => ({
      senderId: message.sender.id,
      clientMessageId: message.clientMessageId,
    }));
    const entries = await this.#store.log.findSent(roomId, keys);
    return entries.toSorted((a, b) => a.seq - b.seq);
  }

  #refuse(batch: Waiting[], error: unknown): void {
    this.#waiting -= batch.length;
    for (const { reject } of batch) reject(error);
  }

  #publish(
    roomId: string,
    entries: Entry[],
    isUncertain: boolean,
    unpublished: PromiseWithResolvers<void>,
  ): void {
    try {
      const events: AppendEvent[] = [];
      if (entries.length > 0) events.push({ kind: "appended", roomId, entries });
      if (isUncertain) events.push({ kind: "append_uncertain", roomId });
      for (const event of events) this.#bus.publish(event);
    } finally {
      if (this.#unpublished.get(roomId) === unpublished) this.#unpublished.delete(roomId);
      unpublished.resolve();
    }
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof ChatError && error.code === "unavailable";
}

/** How many of those that wait, at least one, go into the next append. */
function batchSize(waiting: Waiting[]): number {
  const first = waiting.slice(0, MAX_BATCH.entries).map(({ draft }) => draft.message);
  return countWithin(first, MAX_BATCH.length);
}

/** What a draft is recognised by within its room. */
function keyOf({ draft: { message } }: Pick<Waiting, "draft">): string {
  return `${message.sender.id} ${message.clientMessageId}`;
}

function keyOfEntry({ message }: Entry): string {
  return `${message.sender.id} ${message.clientMessageId}`;
}

/** Records the entries that are of these drafts, and returns the drafts that have none. */
function settle(
  drafts: readonly EntryDraft[],
  entries: readonly Entry[],
  { stored, appended }: Outcome,
): readonly EntryDraft[] {
  if (entries.length === 0) return drafts;
  const ids = new Map(drafts.map((draft) => [keyOf({ draft }), draft.message.id]));
  for (const entry of entries) {
    const key = keyOfEntry(entry);
    if (!ids.has(key)) continue;
    stored.set(key, entry);
    // Also one of an attempt whose success was not visible before.
    if (ids.get(key) === entry.id) appended.push(entry);
  }
  return drafts.filter((draft) => !stored.has(keyOf({ draft })));
}
