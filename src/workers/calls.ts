/** What the supervisor and its workers ask of each other, over `postMessage`. */
import type { MetricsSnapshot } from "../services/metrics.ts";
import type { LimiterOptions } from "../services/rate_limits.ts";
import type { Config } from "../config.ts";

export interface SupervisorCalls {
  /** Passes an event on to the buses of all other workers. */
  relay(text: string): void;
  /** Counts uses for all workers together. */
  count(
    options: LimiterOptions,
    key: string,
    points: number,
  ): Promise<{ consumedPoints: number; remainingPoints: number; msBeforeNext: number }>;
  /** Forgets what a key has used. */
  forgive(options: LimiterOptions, key: string): Promise<boolean>;
  /** What every worker has counted. */
  collectMetrics(): Promise<MetricsSnapshot[]>;
}

export interface WorkerCalls {
  /** Starts an instance; settings that cannot be used are the faults. */
  start(
    config: Config,
  ): Promise<{ port: number; description: string } | { faults: readonly string[] }>;
  /** Takes an event of another worker's bus. */
  hear(text: string): void;
  metrics(): Promise<MetricsSnapshot>;
  /** Is answered for as long as the worker's event loop turns. */
  ping(): void;
  end(): Promise<void>;
}
