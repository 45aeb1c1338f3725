/** Fairness between instances that append to one room: one that loses twice in a row goes first. */
import { setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { Bus } from "../ports/bus.ts";

const MAX_BACKOFF_MS = 50;
/** How long a room's next batch waits at most for an instance that has lost several races. */
const YIELD_MS = 200;
/** Rooms whose contention by other instances is remembered. */
const MAX_CONTENDED = 1_000;

/**
 * Of several instances that append to one room the fastest would win every race. One that loses
 * twice in a row publishes `append_contended`, and the others let it go first.
 */
export class AppendContention {
  readonly #bus: Bus;
  /** Rooms in which another instance has lost several races. */
  readonly #contended = new LRUCache<string, true>({ max: MAX_CONTENDED, ttl: YIELD_MS });
  /** Ends the wait of a room that lets another instance go first. */
  readonly #yielding = new Map<string, () => void>();

  constructor(bus: Bus) {
    this.#bus = bus;
    bus.subscribe((event, from) => {
      if (event.kind !== "append_contended" || from === bus.instanceId) return;
      this.#contended.set(event.roomId, true);
    });
  }

  /** Asks the others to go second, and waits a random while, so that they do not collide in step. */
  async backOff(roomId: string, attempt: number): Promise<void> {
    this.#bus.publish({ kind: "append_contended", roomId });
    const limit = Math.min(MAX_BACKOFF_MS, 2 ** attempt);
    await sleep(Math.random() * limit);
  }

  /** Returns whether another instance has asked to append first, and forgets that. */
  consume(roomId: string): boolean {
    return this.#contended.delete(roomId);
  }

  /** Lets another instance append: waits for its entry, or for as long as it may take. */
  async yield(roomId: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#yielding.set(roomId, resolve);
    const timer = setTimeout(resolve, YIELD_MS);
    await promise;
    clearTimeout(timer);
    this.#yielding.delete(roomId);
  }

  /** Another instance has appended to the room: nothing waits for it any more. */
  othersAppended(roomId: string): void {
    this.#contended.delete(roomId);
    this.#yielding.get(roomId)?.();
  }
}
