/** How long tests, and what they test, wait for what is expected. */
import type { RedisLimits } from "../../src/adapters/bus/redis/bus.ts";
import type { TimeLimits } from "../../src/adapters/store/mongodb/time_limits.ts";
import type { SqliteLimits } from "../../src/adapters/store/sqlite/store.ts";

/** Milliseconds. It only catches what hangs: machines are slow, shared and busy. */
export const HANG_MS = 60_000;

/** Milliseconds, for programs that start cold, several after one another. */
export const START_MS = 3 * HANG_MS;

/** For tests of anything but the limits: a busy machine may take longer than a product may. */
export const HANG_LIMITS: TimeLimits = {
  answer: HANG_MS,
  turn: HANG_MS,
  step: HANG_MS,
  driver: HANG_MS,
};

/** The same for SQLite. */
export const SQLITE_HANG_LIMITS: SqliteLimits = { timeoutMs: HANG_MS, probeMs: HANG_MS };

/** The same for Redis. */
export const REDIS_HANG_LIMITS: RedisLimits = {
  start: HANG_MS,
  follow: HANG_MS,
  silence: HANG_MS,
};
