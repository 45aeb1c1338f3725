/** The one error the application throws on purpose, and the closed list of its codes. */

/**
 * Every code that a client can meet, over REST and over the WebSocket. Codes are stable: they are
 * never renamed, and a new fault gets a new code.
 */
export const ERROR_CODES = [
  "invalid_json",
  "validation_failed",
  "unauthenticated",
  "invalid_credentials",
  "token_expired",
  "session_revoked",
  "forbidden",
  "origin_not_allowed",
  "registration_closed",
  "not_found",
  "room_not_found",
  "method_not_allowed",
  "email_taken",
  "payload_too_large",
  "unsupported_media_type",
  "upgrade_required",
  "rate_limited",
  "internal",
  "unavailable",
  "invalid_frame",
  "unknown_event",
  "not_identified",
  "not_joined",
  "limit_reached",
  "idempotency_conflict",
] as const;

/** One of {@linkcode ERROR_CODES}. */
export type ErrorCode = typeof ERROR_CODES[number];

/** One fault of the input: where it is (`rooms.0.roomId`) and what is wrong with it. */
export interface InputFault {
  /** Names of fields and places in lists, with dots between. */
  path: string;
  /** Fit to be shown beside the field. */
  message: string;
}

export interface ChatErrorOptions {
  /** The faults of the input, for `validation_failed`. */
  faults?: InputFault[];
  /** Seconds after which trying again makes sense, for `rate_limited` and `unavailable`. */
  retryAfter?: number;
  cause?: unknown;
}

/** A failure with a code that a client may act on. Its message is fit to be shown to the client. */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ErrorCode;
  readonly faults: InputFault[] | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, options: ChatErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.faults = options.faults;
    this.retryAfter = options.retryAfter;
  }
}

/** The store or the log cannot answer now; the same request may succeed in a moment. */
export function unavailable(message: string, cause?: unknown): ChatError {
  return new ChatError("unavailable", message, { retryAfter: 1, cause });
}

/** No room has that id or slug. */
export function roomNotFound(): ChatError {
  return new ChatError("room_not_found", "There is no room with that id or slug.");
}
