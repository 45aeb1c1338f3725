/** When the database's files are cleared of what was deleted from its tables. */

/** The write-ahead log keeps what was deleted; it must not do so for a minute. */
export const ERASE_MS = 15_000;

/** Between two attempts, when another connection reads or writes. */
const RETRY_MS = 250;

export class Erasure {
  readonly #erase: () => boolean;
  readonly #delayMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param erase returns whether it has succeeded
   * @param delayMs how long deletions are gathered before it is called, in milliseconds
   */
  constructor(erase: () => boolean, delayMs: number) {
    this.#erase = erase;
    this.#delayMs = delayMs;
  }

  /** Something was deleted, and committed or undone since. */
  request(): void {
    this.#timer ??= setTimeout(() => this.#run(), this.#delayMs);
  }

  #run(): void {
    this.#timer = this.#erase() ? undefined : setTimeout(() => this.#run(), RETRY_MS);
  }
}
