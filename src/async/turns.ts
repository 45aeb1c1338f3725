/** Leaves the event loop to others between steps of work that is always ready to go on. */

/**
 * Work goes on in batches: the next begins when each of the last one has ended. In between the event
 * loop is idle for a moment, in which the runtime looks for what has come over the network; while it
 * is busy, it does so once in 61 tasks (tokio's `event_interval`), which takes 100 ms where each is a
 * part of an upload.
 */
export class Turns {
  readonly #batchSize: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  /** Resolves with a turn, in the order of the calls; to be disposed of at the end of the step. */
  async take(): Promise<Disposable> {
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#beginBatch();
    await turn;
    return { [Symbol.dispose]: () => this.#leave() };
  }

  #leave(): void {
    this.#underWay--;
    this.#beginBatch();
  }

  #beginBatch(): void {
    if (this.#underWay > 0) return;
    const batch = this.#waiting.splice(0, this.#batchSize);
    this.#underWay = batch.length;
    for (const resolve of batch) resolve();
  }
}
