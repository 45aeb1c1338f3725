/** Repeats what a busy machine makes unavailable or late. */
import { HANG_MS } from "./deadline.ts";

/** What the server tells clients to wait. */
const RETRY_MS = 1_000;
const MAX_SCENES = 5;

/**
 * Does something that may be done twice, again until it is no longer `unavailable`; after `HANG_MS`
 * returns the last answer.
 */
export async function patiently<Answer>(
  work: () => Promise<Answer>,
  isUnavailable: (answer: Answer) => boolean,
): Promise<Answer> {
  // Of the time since the start: some tests move the time of day.
  const deadline = performance.now() + HANG_MS;
  while (true) {
    const answer = await work();
    if (!isUnavailable(answer) || performance.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

let ids = 0;

/** A message's command with an id, so that its repeat is recognised. */
export function withMessageId(command: unknown): unknown {
  const isObject = typeof command === "object" && command !== null && !Array.isArray(command);
  return isObject ? { clientMessageId: `call-${++ids}`, ...command } : command;
}

/**
 * Plays a scene, anew if it fails because it was late: because a busy machine took longer for it than
 * a limit of the product allows.
 */
export async function playInTime(
  scene: () => Promise<void>,
  isLate: () => boolean,
  scenes = MAX_SCENES,
): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await scene();
    } catch (error) {
      if (tries === scenes || !isLate()) throw error;
    }
  }
}

/**
 * Plays a scene, anew if it fails after a limit of the product that it is to be within; one that hangs
 * is not late.
 * @param milliseconds the limit
 */
export function playWithin(milliseconds: number, scene: () => Promise<void>): Promise<void> {
  let begun = 0;
  const isLate = () => {
    const taken = performance.now() - begun;
    return taken > milliseconds && taken < HANG_MS;
  };
  return playInTime(() => {
    begun = performance.now();
    return scene();
  }, isLate);
}
