/** One account's stream as this instance delivers it to the sockets of its user. */
import { getLogger } from "@logtape/logtape";
import { SingleFlight } from "../async/single_flight.ts";
import { frame } from "../protocol/frames.ts";
import { presentItem } from "../protocol/schemas/account.ts";
import type { Subscriber } from "../rooms/subscriber.ts";
import type { AccountChanges, AccountLog } from "../services/account_log.ts";

const logger = getLogger(["echoroom", "accounts"]);

/** Numbers read at once. */
const PAGE = 50;
const RETRY_MS = 1_000;

/**
 * Sends items strictly by number. Each socket has a position of its own: it enters at the end of its
 * last page, and is sent what comes after that, whatever the others have been sent. Hints say that
 * there may be more; what there is, is read from the store.
 */
export class AccountFeed {
  /** All sockets of the user. */
  readonly sockets = new Set<Subscriber>();
  readonly #userId: string;
  readonly #log: AccountLog;
  readonly #opened: Promise<void>;
  /** Sockets that get items as they come, and the last number that each was sent. */
  readonly #live = new Map<Subscriber, number>();
  readonly #deliveries = new SingleFlight(() => this.#deliver());
  /** Counts hints, so that one that comes while a page is read is not lost. */
  #hints = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param opened resolves once the account's events arrive here */
  constructor(userId: string, log: AccountLog, opened: Promise<void>) {
    this.#userId = userId;
    this.#log = log;
    this.#opened = opened;
  }

  /** The lowest number that a socket has got last; null if none gets items as they come. */
  get position(): number | null {
    return this.#live.size === 0 ? null : Math.min(...this.#live.values());
  }

  /**
   * Reads what a socket missed after a number. Unless there is more, items reach it live from the
   * turn on in which `answer` is called; until then it gets none.
   * @param answer not called if the socket has closed meanwhile
   * @throws ChatError `unavailable`
   */
  async recover(
    subscriber: Subscriber,
    after: number,
    limit: number,
    answer: (changes: AccountChanges) => void,
  ): Promise<void> {
    this.#live.delete(subscriber);
    await this.#opened;
    const hints = this.#hints;
    const changes = await this.#log.changesSince(this.#userId, after, limit);
    while (subscriber.congested) await subscriber.drain();
    if (!subscriber.open || !this.sockets.has(subscriber)) return;
    answer(changes);
    if (changes.hasMore) return;
    this.#live.set(subscriber, changes.lastSeq);
    if (this.#hints !== hints) this.#repair();
  }

  /** The account may have changed. */
  hint(): void {
    this.#hints++;
    if (this.#live.size > 0) this.#repair();
  }

  /** Sends a frame to all sockets of the user. */
  broadcast(text: string): void {
    for (const socket of this.sockets) socket.send(text);
  }

  remove(subscriber: Subscriber): void {
    this.sockets.delete(subscriber);
    this.#live.delete(subscriber);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#live.clear();
    this.sockets.clear();
  }

  /** Delivers what there is, in the background and until it succeeds. */
  #repair(): void {
    this.#deliveries.run().catch((error) => {
      if (this.#closed) return;
      logger.warning("Account {userId} cannot be read, trying again: {error}", {
        userId: this.#userId,
        error,
      });
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#repair(), RETRY_MS);
    });
  }

  async #deliver(): Promise<void> {
    for (let isDone = false; !isDone;) {
      const from = this.position;
      if (from === null) return;
      const page = await this.#log.itemsAfter(this.#userId, from, PAGE);
      for (const item of page.items) {
        const text = frame("account:item", { item: presentItem(item) });
        this.#advance(from, item.seq, (socket) => socket.send(text));
      }
      this.#advance(from, page.lastSeq);
      // A socket that came in meanwhile may be further back.
      isDone = !page.hasMore && (this.position ?? Infinity) >= page.lastSeq;
    }
  }

  /** Moves sockets on to a number; not those that lack something before the numbers that were read. */
  #advance(from: number, seq: number, send?: (socket: Subscriber) => void): void {
    for (const [socket, position] of this.#live) {
      if (position < from || position >= seq) continue;
      send?.(socket);
      this.#live.set(socket, seq);
    }
  }
}
