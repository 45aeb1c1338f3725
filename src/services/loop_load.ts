/** How busy the event loop's thread is: under load, fewer and larger steps cost less. */
import process from "node:process";

const SAMPLE_MS = 100;
/** Share of the thread's time in use at which it begins to count as busy, and at which it is full. */
const BUSY = { from: 0.4, full: 0.8 } as const;
/** Weight of the previous estimate: the thread's clock has steps of 10 ms. */
const MEMORY = 0.6;

export class LoopLoad {
  #share = 0;
  #time = performance.now();
  #used = threadMs();
  readonly #sampling = setInterval(() => this.#sample(), SAMPLE_MS);

  /** The share of a core that the thread uses. */
  get share(): number {
    return this.#share;
  }

  /** From 0 (idle) to 1 (no time to spare). */
  get level(): number {
    return levelOf(this.#share);
  }

  close(): void {
    clearInterval(this.#sampling);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #sample(): void {
    const time = performance.now();
    const used = threadMs();
    const share = (used - this.#used) / (time - this.#time);
    this.#share = MEMORY * this.#share + (1 - MEMORY) * share;
    this.#time = time;
    this.#used = used;
  }
}

/** The level, 0 to 1, of a thread that uses this share of a core. */
export function levelOf(share: number): number {
  return Math.min(1, Math.max(0, (share - BUSY.from) / (BUSY.full - BUSY.from)));
}

/** CPU time of this thread, user and system, in milliseconds; 0 where the host does not provide it. */
function threadMs(): number {
  try {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  } catch {
    return 0;
  }
}
