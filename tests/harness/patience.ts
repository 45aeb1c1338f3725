/** Repeats what a stalled store answers `unavailable`, as clients do. */

/** What the server tells clients to wait. */
const RETRY_MS = 1_000;
/** A store answers within about 5 s: enough for every stall that is not a hang. */
const MAX_TRIES = 12;

/**
 * Does something that may be done twice, again until it is no longer `unavailable`; after many tries
 * returns the last answer.
 */
export async function patiently<Answer>(
  work: () => Promise<Answer>,
  isUnavailable: (answer: Answer) => boolean,
): Promise<Answer> {
  for (let tries = 1;; tries++) {
    const answer = await work();
    if (!isUnavailable(answer) || tries === MAX_TRIES) return answer;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
