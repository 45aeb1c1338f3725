/** Counts a socket's offences within a window of time. */

export class Strikes {
  readonly #limit: number;
  readonly #windowMs: number;
  #count = 0;
  #windowEnd = 0;

  /** @param limit how many are forgiven in each window of `windowMs` milliseconds */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts one offence. Returns whether it is one too many. */
  add(now = Date.now()): boolean {
    if (now >= this.#windowEnd) {
      this.#count = 0;
      this.#windowEnd = now + this.#windowMs;
    }
    return ++this.#count > this.#limit;
  }
}
