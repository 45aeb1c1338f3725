/** Repeats a task in the background, from time to time, as long as an instance runs. */
import { getLogger } from "@logtape/logtape";

const logger = getLogger(["echoroom", "jobs"]);

/** Failures that are no further apart are of one series, of which the log warns once. */
const SERIES_MS = 10 * 60_000;

export interface RepeatingJobOptions {
  /** For the log. */
  name: string;
  /** Does a limited part of the work; other instances may do the same at the same time. */
  run(): Promise<void>;
  /** The first run begins after at most so many milliseconds. */
  startMs: number;
  /** Milliseconds from the end of a run to the next, on average. */
  intervalMs: number;
}

/** Delays are random, so that instances that start together do not run together. */
export class RepeatingJob {
  readonly #options: RepeatingJobOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #failedAt = -Infinity;

  constructor(options: RepeatingJobOptions) {
    this.#options = options;
    this.#schedule(Math.random() * options.startMs);
  }

  /** Begins no more runs. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => this.#run(), delayMs);
  }

  async #run(): Promise<void> {
    const { run, intervalMs } = this.#options;
    try {
      await run();
    } catch (error) {
      this.#report(error);
    }
    if (!this.#stopped) this.#schedule(intervalMs * (0.5 + Math.random()));
  }

  #report(error: unknown): void {
    const { name } = this.#options;
    const isFirst = Date.now() - this.#failedAt > SERIES_MS;
    this.#failedAt = Date.now();
    // The end of an instance takes from its jobs what they work on.
    const level = isFirst && !this.#stopped ? "warning" : "debug";
    logger[level]("{name} failed, and is tried again: {error}", { name, error });
  }
}
