/** How long the store's operations, and their parts, may take. */

/** In milliseconds. */
export interface TimeLimits {
  /** An operation; by then its caller is answered `unavailable`. */
  answer: number;
  /** The wait of an insert for its turn. */
  turn: number;
  /** Each step of an operation gives up in time for the whole to answer. */
  step: number;
  /** More than every limit of the driver, which may wait for ever for a connection that ended while full. */
  driver: number;
}

/** The port promises an answer within about 5 s. */
export const TIME_LIMITS: TimeLimits = {
  answer: 5_000,
  turn: 4_500,
  step: 4_000,
  driver: 10_000,
};
