/** Counts a socket's violations of one kind within a sliding window. */

export class Strikes {
  readonly #limit: number;
  readonly #windowMs: number;
  /** Times of the latest violations, oldest first. */
  readonly #times: number[] = [];

  /** @param limit how many are allowed within any `windowMs` milliseconds */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts one violation. Returns whether the limit is exceeded. */
  add(now = Date.now()): boolean {
    if (this.#times.push(now) <= this.#limit) return false;
    return now - this.#times.shift()! < this.#windowMs;
  }
}
