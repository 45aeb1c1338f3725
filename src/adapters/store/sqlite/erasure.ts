/**
 * When the database's files are cleared of what was deleted from its tables.
 *
 * SQLite zeroes what a deletion frees (`secure_delete`). It does not zero what it leaves behind when
 * it moves a row to another page as the tree grows: in the unused middle of a page a copy of some
 * texts, fewer than 1 in 100, stays until the page fills up or the operator runs VACUUM.
 */

/** The write-ahead log keeps what was deleted; it must not do so for a minute. */
export const ERASE_MS = 15_000;

/** Between two attempts, when another connection reads or writes. */
const RETRY_MS = 250;

/** Between two parts of an erasure: other calls, also of other processes, are not to wait long. */
export const PAUSE_MS = 10;

/** What has become of an attempt. */
export type Erased = "erased" | "unfinished" | "blocked" | "resting";

export class Erasure {
  readonly #erase: () => Erased;
  readonly #delayMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param erase does a part of it
   * @param delayMs how long deletions are gathered before it is called, in milliseconds
   */
  constructor(erase: () => Erased, delayMs: number) {
    this.#erase = erase;
    this.#delayMs = delayMs;
  }

  /** Something was deleted, and committed or undone since. */
  request(): void {
    this.#timer ??= setTimeout(() => this.#run(), this.#delayMs);
  }

  #run(): void {
    this.#timer = undefined;
    const erased = this.#erase();
    if (erased === "erased") return;
    const delayMs = { blocked: RETRY_MS, unfinished: PAUSE_MS, resting: this.#delayMs }[erased];
    this.#timer = setTimeout(() => this.#run(), delayMs);
  }
}
