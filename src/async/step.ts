/** One step of work with a disk or a service: it ends in time, and fails in one way. */
import { within } from "./deadline.ts";

/** How long a step may be silent, in milliseconds, where no other limit is given. */
export const STEP_MS = 5_000;

/**
 * Settles as `work` does; what it rejects with, and its silence, is for `fail` to say.
 * @param fail throws what the step fails with; gets nothing if the time is over
 * @param limit milliseconds
 */
export async function settleStep<T>(
  work: Promise<T>,
  fail: (cause?: unknown) => never,
  limit = STEP_MS,
): Promise<T> {
  return await within(work.catch(fail), limit, () => fail());
}
