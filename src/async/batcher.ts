/** A queue that is worked off in batches: one in flight, and what arrives meanwhile is the next. */

/**
 * An idle batcher begins with the first item at once, so that it delays nothing; a busy one makes
 * larger batches, without a timer. The queue has no bound: callers check `waiting`.
 */
export class Batcher<T> {
  /** Items in no batch yet, in the order in which they were added. */
  readonly waiting: T[] = [];
  readonly #work: (waiting: T[]) => Promise<unknown>;
  readonly #onIdle: () => void;
  #isRunning = false;
  #idle: PromiseWithResolvers<void> | null = null;

  /**
   * @param work takes items from the front of `waiting`, at least one, and resolves once it is done
   * with them; it may put some of them back. Its calls never overlap. It must not reject: that ends
   * the run with an unhandled rejection, and what waits does so until the next item is added
   * @param onIdle called in the turn in which the queue turns out to be empty
   */
  constructor(work: (waiting: T[]) => Promise<unknown>, onIdle: () => void = () => {}) {
    this.#work = work;
    this.#onIdle = onIdle;
  }

  add(item: T): void {
    this.waiting.push(item);
    if (!this.#isRunning) void this.#run();
  }

  /** Resolves once nothing is waiting or in flight. */
  async idle(): Promise<void> {
    if (!this.#isRunning) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.waiting.length > 0) await this.#work(this.waiting);
    } finally {
      this.#isRunning = false;
      this.#onIdle();
      this.#idle?.resolve();
      this.#idle = null;
    }
  }
}
