/** Counts a socket's offences within a window of time. */

export class Strikes {
  readonly #limit: number;
  readonly #windowMs: number;
  /** When the latest offences were, oldest first. */
  readonly #times: number[] = [];

  /** @param limit how many are forgiven within any `windowMs` milliseconds */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts one offence. Returns whether it is one too many. */
  add(now = Date.now()): boolean {
    if (this.#times.push(now) <= this.#limit) return false;
    return now - this.#times.shift()! < this.#windowMs;
  }
}
