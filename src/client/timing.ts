/** How long the client waits: for answers, in silence, and before it reconnects. */

/** The times that a connection keeps, in milliseconds. */
export interface Timing {
  /** How long to wait for an answer before the connection or the request counts as lost. */
  answerMs: number;
  /** How long the server may be silent before the client asks it for an answer. */
  silenceMs: number;
  /** The longest wait before the first attempt to reconnect; each failure doubles it. */
  firstRetryMs: number;
  /** The longest wait of all. */
  longestRetryMs: number;
}

/** Times that suit people in browsers. */
export const TIMING: Timing = {
  // The server itself gives a database 10 s before it answers `unavailable`.
  answerMs: 15_000,
  silenceMs: 25_000,
  firstRetryMs: 500,
  longestRetryMs: 30_000,
};

/** Full jitter: clients that were disconnected together do not reconnect together. */
export function backoffMs({ firstRetryMs, longestRetryMs }: Timing, failures: number): number {
  return Math.random() * Math.min(longestRetryMs, firstRetryMs * 2 ** failures);
}
