/** How busy the thread of the event loop is, for those who do better with fewer, larger steps then. */
import process from "node:process";

const SAMPLE_MS = 100;
/** Share of the thread's time in use at which it begins to count as busy, and at which it is full. */
const BUSY = { from: 0.4, full: 0.8 } as const;
/** How much of the last estimate a sample leaves standing: the thread's clock has 10 ms steps. */
const MEMORY = 0.6;

export class LoopLoad {
  #share = 0;
  #time = performance.now();
  #used = threadMs();
  readonly #sampling = setInterval(() => this.#sample(), SAMPLE_MS);

  /** How many cores' worth of time the thread uses. */
  get share(): number {
    return this.#share;
  }

  /** From 0, there is time to spare, to 1, there is none. */
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

/** How busy a thread counts as that uses this share of a core: 0 to 1. */
export function levelOf(share: number): number {
  return Math.min(1, Math.max(0, (share - BUSY.from) / (BUSY.full - BUSY.from)));
}

/** CPU time of this thread, user and system, in milliseconds; 0 where the host does not tell it. */
function threadMs(): number {
  try {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  } catch {
    return 0;
  }
}
