/**
 * The bus on MongoDB: new entries of rooms and accounts by a change stream on their logs themselves,
 * other events by a collection.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import type { ChangeStream, Collection, Db } from "mongodb";
import { Batcher } from "../../async/batcher.ts";
import { newId } from "../../domain/id.ts";
import { unavailable } from "../../domain/errors.ts";
import type { Bus, BusListener } from "../../ports/bus.ts";
import { type CarriedEvent, format, parse } from "./event_text.ts";
import { Listeners } from "./listeners.ts";

const logger = getLogger(["echoroom", "change stream"]);

/** How long events stay in their collection. */
const KEPT_SECONDS = 60;
/** Events that may wait to be written; the oldest beyond that are dropped. */
const MAX_WAITING = 10_000;
const MAX_AT_ONCE = 500;
const CHECK_MS = 2_500;
/** The stream is reopened when it has not shown what was written here this long ago. */
const STALLED_MS = 10_000;
/** A write that takes longer is an outage: before others, of whom nothing is heard in it, are given up. */
const WRITE_LIMIT_MS = 3_000;
const RETRY_MS = { min: 250, max: 2_000 } as const;

/** The stream shows by itself what was committed to the logs. */
const SHOWN_BY_STREAM: ReadonlySet<CarriedEvent["kind"]> = new Set<CarriedEvent["kind"]>([
  "appended",
  "append_uncertain",
  "account_changed",
]);

interface EventDocument {
  /** What `format` wrote. */
  event: string;
  at: Date;
}

/**
 * What the pipeline leaves of an insertion: an entry of a log, of any kind (each has its own document
 * with `roomId` and `seq` in `messages`), an item of an account, or an event.
 */
interface Insertion {
  fullDocument: { roomId: string; seq: number } | { userId: string } | { event: string };
}

const PIPELINE = [
  {
    $match: {
      operationType: "insert",
      "ns.coll": { $in: ["messages", "account_items", "events"] },
    },
  },
  {
    $project: {
      operationType: 1,
      ns: 1,
      "fullDocument.roomId": 1,
      "fullDocument.seq": 1,
      "fullDocument.userId": 1,
      "fullDocument.event": 1,
    },
  },
];

/**
 * Learns of every room's new entries from the database itself, so that an append costs no second
 * write; needs a replica set. Other events are documents that expire after a minute. While the
 * stream is interrupted events are lost; once it is back listeners get `interrupted`.
 */
export class MongoBus implements Bus {
  readonly description = "MongoDB change streams";
  readonly instanceId = newId();
  readonly #listeners = new Listeners();
  readonly #db: Db;
  readonly #events: Collection<EventDocument>;
  readonly #check: ReturnType<typeof setInterval>;
  #stream: ChangeStream<EventDocument, Insertion & { _id: unknown }> | null = null;
  #connected = false;
  #closed = false;
  readonly #outgoing = new Batcher<CarriedEvent>((waiting) => {
    return this.#write(waiting.splice(0, MAX_AT_ONCE));
  });
  /** When the first of the writes began of which none is done; null if the last one is. */
  #writingSince: number | null = null;
  #lastWritten = 0;
  #lastReceived = 0;

  private constructor(db: Db) {
    this.#db = db;
    // Hints need not outlive a fail-over.
    this.#events = db.collection("events", { writeConcern: { w: 1, journal: false } });
    this.#check = setInterval(() => this.#checkStream(), CHECK_MS);
  }

  /** @throws Error of the driver if the server has no change streams or cannot be reached */
  static async open(db: Db): Promise<MongoBus> {
    const bus = new MongoBus(db);
    try {
      await bus.#events.createIndex({ at: 1 }, { expireAfterSeconds: KEPT_SECONDS });
      await bus.#openStream();
    } catch (error) {
      await bus.close();
      throw error;
    }
    void bus.#listen();
    return bus;
  }

  get connected(): boolean {
    if (!this.#connected) return false;
    return this.#writingSince === null || Date.now() - this.#writingSince < WRITE_LIMIT_MS;
  }

  publish(event: CarriedEvent): void {
    this.#listeners.notify(event, this.instanceId);
    if (SHOWN_BY_STREAM.has(event.kind)) return;
    const { waiting } = this.#outgoing;
    if (waiting.length === MAX_WAITING) waiting.shift();
    this.#outgoing.add(event);
  }

  subscribe(listener: BusListener): void {
    this.#listeners.add(listener);
  }

  follow(): Promise<void> {
    return Promise.resolve();
  }

  unfollow(): void {}

  ping(): Promise<void> {
    if (this.connected) return Promise.resolve();
    return Promise.reject(unavailable("The change stream is interrupted."));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connected = false;
    clearInterval(this.#check);
    await this.#outgoing.idle();
    this.#listeners.clear();
    await this.#stream?.close().catch(() => {});
  }

  async #write(batch: CarriedEvent[]): Promise<void> {
    const at = new Date();
    const documents = batch.map((event) => ({ event: format(this.instanceId, event), at }));
    this.#writingSince ??= Date.now();
    try {
      await this.#events.insertMany(documents, { ordered: false });
      this.#writingSince = null;
      this.#lastWritten = Date.now();
    } catch (error) {
      logger.debug("Events could not be written: {error}", { error });
    }
  }

  async #openStream(): Promise<void> {
    this.#stream = this.#db.watch(PIPELINE);
    // The server has opened it only then; from here on nothing is missed.
    const first = await this.#stream.tryNext();
    this.#connected = true;
    this.#lastReceived = Date.now();
    if (first) this.#receive(first);
  }

  async #listen(): Promise<void> {
    let retryMs: number = RETRY_MS.min;
    while (!this.#closed) {
      try {
        if (!this.#connected) {
          await this.#openStream();
          this.#listeners.notify({ kind: "interrupted" }, this.instanceId);
        }
        retryMs = RETRY_MS.min;
        for await (const insertion of this.#stream!) this.#receive(insertion);
      } catch (error) {
        logger.debug("The change stream broke: {error}", { error });
      }
      this.#connected = false;
      await this.#stream?.close().catch(() => {});
      if (this.#closed) return;
      await sleep(retryMs);
      retryMs = Math.min(RETRY_MS.max, retryMs * 2);
    }
  }

  #receive({ fullDocument }: Insertion): void {
    this.#lastReceived = Date.now();
    if ("roomId" in fullDocument) {
      const { roomId, seq } = fullDocument;
      return this.#listeners.notify({ kind: "head_advanced", roomId, head: seq }, "");
    }
    if ("userId" in fullDocument) {
      const { userId } = fullDocument;
      return this.#listeners.notify({ kind: "account_changed", accountId: userId }, "");
    }
    const received = parse(fullDocument.event);
    if (!received || received.from === this.instanceId) return;
    this.#listeners.notify(received.event, received.from);
  }

  /** Reopens the stream when this instance's own events do not come back. */
  #checkStream(): void {
    const silence = this.#lastWritten - this.#lastReceived;
    if (!this.#connected || silence < STALLED_MS) return;
    logger.warning("The change stream has shown nothing for {silence} ms and is reopened", {
      silence,
    });
    this.#connected = false;
    void this.#stream?.close().catch(() => {});
  }
}
