/** Counts that all instances share. */

export interface LimiterOptions {
  keyPrefix: string;
  points: number;
  /** Seconds. */
  duration: number;
}

/** The count of a key after a use. */
export interface Count {
  consumedPoints: number;
  remainingPoints: number;
  msBeforeNext: number;
}

/** Counts uses in windows that begin with the first use of a key. It may reject with any error. */
export interface SharedLimiter {
  /** Adds to what the key has used, over the limit or not; a negative number takes back. */
  penalty(key: string, points: number): Promise<Count>;
  /** Resets the count of the key. */
  delete(key: string): Promise<boolean>;
}

export type SharedLimiters = (options: LimiterOptions) => SharedLimiter;
