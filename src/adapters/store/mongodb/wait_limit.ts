/** How long an insert waits for its turn. */

/** By then the caller has been answered `unavailable`. */
const WAIT_LIMIT_MS = 4_500;

export interface Expiring {
  /** As of `performance.now()`. */
  expiresAt: number;
}

/** When an insert expires that begins to wait now. */
export function expiryFromNow(): number {
  return performance.now() + WAIT_LIMIT_MS;
}

/** Removes and returns what has waited too long; what waits is in the order in which it expires. */
export function takeExpired<T extends Expiring>(waiting: T[]): T[] {
  const now = performance.now();
  const valid = waiting.findIndex(({ expiresAt }) => expiresAt > now);
  return waiting.splice(0, valid < 0 ? waiting.length : valid);
}
