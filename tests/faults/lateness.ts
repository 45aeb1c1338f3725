/** Whether the machine is busy, which tells a server that is slow from one that hangs. */

/** Between two looks at the clock. */
const STEP_MS = 250;
/** A look that comes so much later has waited for the machine. */
const LATE_MS = 1_000;
/** How far back matters: the longest limit of a server, for its workers, is 10 s. */
const MEMORY_MS = 15_000;

export class Lateness implements Disposable {
  #lateAt = -Infinity;
  #lookedAt = performance.now();
  readonly #timer = setInterval(() => this.#look(), STEP_MS);

  /** The test itself has held up a server until now. */
  note(): void {
    this.#lateAt = performance.now();
  }

  /** Whether this process or the server was held up a short time ago. */
  isRecent(): boolean {
    this.#look();
    return performance.now() - this.#lateAt < MEMORY_MS;
  }

  #look(): void {
    const now = performance.now();
    if (now - this.#lookedAt > STEP_MS + LATE_MS) this.#lateAt = now;
    this.#lookedAt = now;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
