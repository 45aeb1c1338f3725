/** Runs the store's operations: each in limited time, and all of them before the end. */
import { unavailable } from "../../../domain/errors.ts";
import { translate } from "./errors.ts";
import { inTime, TIME_LIMITS, type TimeLimits } from "./time_limits.ts";

export class Operations {
  readonly #running = new Set<Promise<unknown>>();
  readonly #limits: TimeLimits;
  #closed = false;

  constructor(limits = TIME_LIMITS) {
    this.#limits = limits;
  }

  /** Runs an operation in limited time and without the driver's errors. */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#closed) throw unavailable("The store is closed.");
    const running = inTime(operation(), this.#limits.answer);
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw translate(error);
    } finally {
      this.#running.delete(running);
    }
  }

  /** Keeps `close` waiting for work that goes on after its operation, and does not reject. */
  follow(work: Promise<void>): void {
    this.#running.add(work);
    void work.then(() => this.#running.delete(work));
  }

  /** Starts no more operations; resolves once those under way have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
