/** Does work for keys, a few at a time; a key that waits twice waits once. */

/** It takes a place for each key that waits, however often it was asked for. */
export class CoalescingQueue {
  readonly #concurrency: number;
  readonly #work: (key: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();

  /** @param work does not reject */
  constructor(concurrency: number, work: (key: string) => Promise<void>) {
    this.#concurrency = concurrency;
    this.#work = work;
  }

  /** The work for this key begins after this call, and not while it is under way for the same key. */
  add(key: string): void {
    this.#waiting.add(key);
    this.#begin();
  }

  #begin(): void {
    if (this.#active.size >= this.#concurrency) return;
    for (const key of this.#waiting) {
      if (this.#active.has(key)) continue;
      this.#waiting.delete(key);
      this.#active.add(key);
      void this.#run(key);
      if (this.#active.size >= this.#concurrency) return;
    }
  }

  async #run(key: string): Promise<void> {
    // Not in the turn of who has asked.
    await Promise.resolve();
    try {
      await this.#work(key);
    } finally {
      this.#active.delete(key);
      this.#begin();
    }
  }
}
