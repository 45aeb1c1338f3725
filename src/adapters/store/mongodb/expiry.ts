/** Inserts that wait for their turn, in limited time. */

export interface Expiring {
  /** As of `performance.now()`. */
  expiresAt: number;
}

/** Removes and returns what has waited too long; what waits is in the order in which it expires. */
export function takeExpired<T extends Expiring>(waiting: T[]): T[] {
  const now = performance.now();
  const valid = waiting.findIndex(({ expiresAt }) => expiresAt > now);
  return waiting.splice(0, valid < 0 ? waiting.length : valid);
}
