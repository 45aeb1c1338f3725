/** The way into every room's log: appends in batches, one in flight a room (group commit). */
import { getLogger } from "@logtape/logtape";
import { ChatError, unavailable } from "../domain/errors.ts";
import { countWithin, type Message, type MessageDraft } from "../domain/message.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import type { Store } from "../ports/store.ts";
import type { Metrics } from "./metrics.ts";

const logger = getLogger(["echoroom", "log"]);

/**
 * Messages in one append, and UTF-16 units of text in them; more wait for the next. A room's sockets
 * are handed a batch in one turn, which has to stay well below what may wait unsent in a socket.
 */
const MAX_BATCH = { messages: 500, length: 128 * 1024 } as const;
/** Messages that may wait in one room, and in all together; over it a send is `unavailable`. */
const MAX_WAITING_IN_ROOM = 5_000;
const MAX_WAITING = 20_000;

type AppendEvent = Extract<BusEvent, { kind: "appended" | "append_unknown" }>;

interface Waiting {
  draft: MessageDraft;
  resolve(message: Message): void;
  reject(error: unknown): void;
}

/**
 * Appends to rooms' logs and tells the bus what was appended. While one batch of a room is written,
 * what arrives gathers into the next: a quiet room waits for nothing, a busy one shares one commit
 * among many. Messages of a room are numbered in the order in which `append` was called.
 */
export class RoomLog {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #metrics: Metrics;
  readonly #rooms = new Map<string, Waiting[]>();
  readonly #writing = new Set<Promise<void>>();
  /** Each room's batch under way, until the bus has been told of it. */
  readonly #untold = new Map<string, PromiseWithResolvers<void>>();
  #waiting = 0;

  constructor(store: Store, bus: Bus, metrics: Metrics) {
    this.#store = store;
    this.#bus = bus;
    this.#metrics = metrics;
    metrics.watchQueue("append", () => this.#waiting);
  }

  /**
   * Resolves once the message is durable, with the message as stored. If the log has the draft's
   * (sender, clientMessageId) already, that is the earlier one, with its own id and text.
   * @throws ChatError `unavailable`; then the draft may or may not have been stored
   */
  append(roomId: string, draft: MessageDraft): Promise<Message> {
    const queue = this.#rooms.get(roomId);
    if ((queue?.length ?? 0) >= MAX_WAITING_IN_ROOM || this.#waiting >= MAX_WAITING) {
      return Promise.reject(unavailable("Too many messages wait to be stored."));
    }
    this.#waiting++;
    return new Promise((resolve, reject) => {
      const waiting = { draft, resolve, reject };
      if (queue) queue.push(waiting);
      else this.#start(roomId, waiting);
    });
  }

  /**
   * Resolves once the bus has been told of what is being written to the room; null if nothing is.
   * Who hears of new entries from the database meanwhile most likely hears of these.
   */
  told(roomId: string): Promise<void> | null {
    return this.#untold.get(roomId)?.promise ?? null;
  }

  /** Resolves once everything accepted so far has been written or refused, and the bus told. */
  async drain(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
    await Promise.all([...this.#untold.values()].map(({ promise }) => promise));
  }

  #start(roomId: string, first: Waiting): void {
    const queue = [first];
    this.#rooms.set(roomId, queue);
    const writing = this.#writeAll(roomId, queue).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  async #writeAll(roomId: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const written = await this.#write(roomId, queue.splice(0, batchSize(queue)));
      // They have waited as long as the store may take to answer; it would not answer them either.
      if (!written) this.#refuse(queue.splice(0), unavailable("The store does not answer now."));
    }
    this.#rooms.delete(roomId);
  }

  /** Writes a batch and settles it. Returns whether the store was there to do it. */
  async #write(roomId: string, batch: Waiting[]): Promise<boolean> {
    const drafts = [...Map.groupBy(batch, keyOf).values()].map((repeats) => repeats[0]!.draft);
    const untold = Promise.withResolvers<void>();
    this.#untold.set(roomId, untold);
    let stored: Message[];
    try {
      stored = await this.#metrics.timeAppend(drafts.length, () => {
        return this.#store.append(roomId, drafts);
      });
    } catch (error) {
      logger.warning("An append to room {roomId} failed: {error}", { roomId, error });
      this.#refuse(batch, error);
      this.#tell({ kind: "append_unknown", roomId }, untold);
      return !(error instanceof ChatError && error.code === "unavailable");
    }
    this.#waiting -= batch.length;
    const messages = settle(batch, drafts, stored);
    this.#metrics.appended(messages.length);
    // Two turns later: what the acks have sent is written between them, and does not wait for a
    // fan-out to thousands.
    const tell = () => this.#tell({ kind: "appended", roomId, messages }, untold);
    setImmediate(() => setImmediate(tell));
    return true;
  }

  #refuse(batch: Waiting[], error: unknown): void {
    this.#waiting -= batch.length;
    for (const { reject } of batch) reject(error);
  }

  #tell(event: AppendEvent, untold: PromiseWithResolvers<void>): void {
    try {
      if (event.kind === "append_unknown" || event.messages.length > 0) this.#bus.publish(event);
    } finally {
      if (this.#untold.get(event.roomId) === untold) this.#untold.delete(event.roomId);
      untold.resolve();
    }
  }
}

/** Answers those who wait. Returns what was stored anew. */
function settle(batch: Waiting[], drafts: MessageDraft[], stored: Message[]): Message[] {
  const byKey = new Map(drafts.map((draft, i) => [keyOf({ draft }), stored[i]!]));
  for (const waiting of batch) waiting.resolve(byKey.get(keyOf(waiting))!);
  return stored.filter((message, i) => message.id === drafts[i]!.id);
}

/** How many of those that wait, at least one, go into the next append. */
function batchSize(queue: Waiting[]): number {
  const first = queue.slice(0, MAX_BATCH.messages).map(({ draft }) => draft);
  return countWithin(first, MAX_BATCH.length);
}

function keyOf({ draft }: Pick<Waiting, "draft">): string {
  return `${draft.sender.id} ${draft.clientMessageId}`;
}
