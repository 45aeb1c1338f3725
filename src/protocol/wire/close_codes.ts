/** The codes that a socket is closed with; each says whether, and how, to reconnect. */

export const CLOSE_CODES = {
  /** Reconnect with a new token: it is invalid, expired or another user's, or the session has ended. */
  unauthenticated: 4401,
  /** Fix the client: more than 10 broken frames within a minute. */
  brokenFrames: 4400,
  /** Fix the client: no `auth:identify` within 10 s. */
  notIdentified: 4408,
  /** Fix the client: it kept flooding after `rate_limited`. */
  flooding: 4429,
  /** Fix the client: it sent a binary frame. */
  binaryFrame: 1003,
  /** Fix the client: it sent a frame of more than 64 KiB. */
  frameTooBig: 1009,
  /** Reconnect with backoff and jitter, then recover: the server restarts. */
  restarting: 1012,
  /** Reconnect with backoff and jitter, then recover: too slow a reader, or the server is full. */
  tryAgainLater: 1013,
} as const;

export type CloseCode = typeof CLOSE_CODES[keyof typeof CLOSE_CODES];
