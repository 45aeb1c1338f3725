/** Work of which one run is in flight at a time, and whose runs are shared by those who ask for it. */

/**
 * For reading a state that changes: a run in flight may have read it before the caller knew of the
 * change, so the caller gets the next one, together with everybody else who asks before it begins.
 */
export class SingleFlight<T = void> {
  readonly #work: () => Promise<T>;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<T> | null = null;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /**
   * Settles as a run does that began after this call; never in the same turn. Runs do not overlap,
   * and one that rejects does so only for those who share it.
   */
  run(): Promise<T> {
    this.#next ??= this.#running.catch(() => {}).then(() => {
      this.#next = null;
      const running = this.#work();
      this.#running = running;
      return running;
    });
    return this.#next;
  }
}

/** As `SingleFlight`, one for each key; a key that nobody asks for takes no memory. */
export class SingleFlights<T> {
  readonly #work: (key: string) => Promise<T>;
  readonly #flights = new Map<string, { flight: SingleFlight<T>; waiting: number }>();

  constructor(work: (key: string) => Promise<T>) {
    this.#work = work;
  }

  /** As `SingleFlight.run`, shared by those who ask for this key. */
  async run(key: string): Promise<T> {
    const shared = this.#flights.get(key) ??
      { flight: new SingleFlight(() => this.#work(key)), waiting: 0 };
    this.#flights.set(key, shared);
    shared.waiting++;
    try {
      return await shared.flight.run();
    } finally {
      if (--shared.waiting === 0) this.#flights.delete(key);
    }
  }
}
