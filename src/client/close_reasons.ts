/** Why the server closes a socket, in words, and after which of these closes a client gives up. */
import { CLOSE_CODES } from "../protocol/wire/close_codes.ts";

const MISUNDERSTOOD = "The server did not understand this client.";

/**
 * Closes after which reconnecting would only repeat the fault. Not being identified in time is not
 * among them: this client is late only when its page was frozen.
 */
export const FINAL_CLOSES: ReadonlyMap<number, string> = new Map([
  [CLOSE_CODES.binaryFrame, MISUNDERSTOOD],
  [CLOSE_CODES.frameTooBig, MISUNDERSTOOD],
  [CLOSE_CODES.brokenFrames, MISUNDERSTOOD],
  [CLOSE_CODES.flooding, "This client sends too fast."],
]);

/** Closes after which another attempt is made later. */
export const PASSING_CLOSES: ReadonlyMap<number, string> = new Map([
  [CLOSE_CODES.restarting, "The server restarts."],
  [CLOSE_CODES.tryAgainLater, "The server is busy."],
]);
