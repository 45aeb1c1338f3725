/** The RPC between the supervisor and its workers, over `postMessage`. */
import type { MetricsSnapshot } from "../services/metrics.ts";
import type { LimiterOptions } from "../ports/rate_limits.ts";
import type { Config } from "../config.ts";

export interface SupervisorCalls {
  /** Sends an event to the buses of all other workers. */
  relay(text: string): void;
  /** Counts uses for all workers together. */
  count(
    options: LimiterOptions,
    key: string,
    points: number,
  ): Promise<{ consumedPoints: number; remainingPoints: number; msBeforeNext: number }>;
  /** Resets the count of a key. */
  reset(options: LimiterOptions, key: string): Promise<boolean>;
  /** What every worker has counted. */
  collectMetrics(): Promise<MetricsSnapshot[]>;
}

export interface WorkerCalls {
  /** Starts an instance, or returns the faults of its settings. */
  start(
    config: Config,
  ): Promise<{ port: number; description: string } | { faults: readonly string[] }>;
  /** Receives an event of another worker's bus. */
  receive(text: string): void;
  metrics(): Promise<MetricsSnapshot>;
  /** Answered while the worker's event loop is not blocked. */
  ping(): void;
  end(): Promise<void>;
}
