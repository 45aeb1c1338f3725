/** How long the store's operations, and their parts, may take. */
import { within } from "../../../async/deadline.ts";
import { unavailable } from "../../../domain/errors.ts";

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

/**
 * Settles as `work` does, which goes on if it takes longer.
 * @param limit milliseconds
 * @throws ChatError `unavailable` then
 */
export function inTime<T>(work: Promise<T>, limit: number): Promise<T> {
  return within(work, limit, () => {
    throw unavailable("The database did not answer in time.");
  });
}
