/** Leaves the event loop to others between steps of work that is always ready to go on. */

/** A step that takes longer waits for a disk or a network, and holds up nobody else. */
const HOLD_MS = 250;

/**
 * Work goes on in batches: the next begins when each of the last one has ended. In between the event
 * loop is idle for a moment, in which the runtime looks for what has come over the network; while it
 * is busy, it does so once in 61 tasks (tokio's `event_interval`), which takes 100 ms where each is a
 * part of an upload.
 */
export class Turns {
  readonly #batchSize: number;
  readonly #holdMs: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  /** @param holdMs after so many milliseconds a turn is over, though its step is not */
  constructor(batchSize: number, holdMs = HOLD_MS) {
    this.#batchSize = batchSize;
    this.#holdMs = holdMs;
  }

  /** Resolves with a turn, in the order of the calls; to be disposed of at the end of the step. */
  async take(): Promise<Disposable> {
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#beginBatch();
    await turn;
    let isOver = false;
    const leave = () => {
      clearTimeout(timer);
      if (!isOver) this.#leave();
      isOver = true;
    };
    const timer = setTimeout(leave, this.#holdMs);
    return { [Symbol.dispose]: leave };
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
