/** The one error the application throws on purpose, and the closed list of its codes. */

/**
 * Every code that a client can meet, over REST and over the WebSocket. Codes are stable: they are
 * never renamed, and a new kind of failure gets a new code.
 */
export const ERROR_CODES = [
  /** A body that is not JSON in UTF-8, or is incomplete. */
  "invalid_json",
  /** Input of the wrong form; `errors` names each fault. */
  "validation_failed",
  /** No token, an invalid token, or one of a session that does not exist any more. */
  "unauthenticated",
  /** The wrong password, or an email without an account. */
  "invalid_credentials",
  /** A token that was valid: refresh it, or sign in. */
  "token_expired",
  /** The session was ended: sign in. */
  "session_revoked",
  /** The account is banned from the server; `retryAfter` says for how long, if it ends. */
  "account_banned",
  /** The user may not do this. */
  "forbidden",
  /** The room is archived: nobody writes in it. */
  "room_archived",
  /** The user is muted in the room; `retryAfter` says for how long, if it ends. */
  "muted",
  /** Slow mode: `retryAfter` says when the user may send again. */
  "slow_mode",
  /** The last owner of a room with other members stays its owner. */
  "last_owner",
  /** A page of an origin that `CORS_ORIGIN` does not list. */
  "origin_not_allowed",
  /** The operator has closed registration. */
  "registration_closed",
  /** There is nothing at this path. */
  "not_found",
  /** No room has this id or slug, or the user may not read it. */
  "room_not_found",
  /** The invitation is wrong, used up or expired, or the user is banned from its room. */
  "invitation_not_found",
  /** The room has no message with this id. */
  "message_not_found",
  /** The message was deleted, or the one that it answers. */
  "message_deleted",
  /** The text was edited after the `changedSeq` that the editor saw. */
  "edit_conflict",
  /** The path exists for other methods; `Allow` lists them. */
  "method_not_allowed",
  /** Another account has this email. */
  "email_taken",
  /** There is no such file, or the user may not read it. */
  "file_not_found",
  /** The file is in a message, or in one of another room. */
  "file_in_use",
  /** The file's upload is not complete. */
  "file_not_ready",
  /** A file above `MAX_FILE_SIZE`, or a picture with too many pixels. */
  "file_too_large",
  /** The user's files would be above `MAX_FILES_PER_USER`. */
  "quota_exceeded",
  /** A body above the limit. */
  "payload_too_large",
  /** A body that is not `application/json`, or a file of a type that is not accepted. */
  "unsupported_media_type",
  /** Not a handshake of WebSocket version 13. */
  "upgrade_required",
  /** Too many attempts; `retryAfter` says when the next may succeed. */
  "rate_limited",
  /** A fault of the server, which has logged it. */
  "internal",
  /** The server cannot do this now, or its outcome is unknown: repeat it later. */
  "unavailable",
  /** A frame that is not {event, data, ref?}. */
  "invalid_frame",
  /** A frame with an event that the server does not have. */
  "unknown_event",
  /** The socket must send `auth:identify` first. */
  "not_identified",
  /** The socket must join the room first. */
  "not_joined",
  /**
   * Too many sockets of a user, rooms of a socket, emoji on a message, pins in a room, invitations to
   * one, or users whom one has blocked.
   */
  "limit_reached",
  /** The `clientMessageId` was used for another command. */
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
  /** Seconds after which trying again makes sense, where that is known. */
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

/** Whether something that was thrown has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is ChatError {
  return error instanceof ChatError && codes.includes(error.code);
}

/** Whether the same would be answered at another time: `unavailable` may have had any outcome. */
export function isRefusal(error: unknown): error is ChatError {
  return error instanceof ChatError && error.code !== "unavailable";
}

/**
 * At what level the log has a failure of something that is done again later, or is left out: what is
 * no ChatError is a fault of the server, and would never be found otherwise.
 */
export function failureLevel(error: unknown): "debug" | "error" {
  return error instanceof ChatError ? "debug" : "error";
}

/** The store or the log cannot answer now; the same request may succeed in a moment. */
export function unavailable(message: string, cause?: unknown): ChatError {
  return new ChatError("unavailable", message, { retryAfter: 1, cause });
}

/** No room has that id or slug. */
export function roomNotFound(): ChatError {
  return new ChatError("room_not_found", "There is no room with that id or slug.");
}

/** There is no user with that id. */
export function userNotFound(): ChatError {
  return new ChatError("not_found", "There is no user with that id.");
}

/** There is no file with that id, or the user may not read it. */
export function fileNotFound(): ChatError {
  return new ChatError("file_not_found", "There is no such file.");
}

/** The room has no message with that id. */
export function messageNotFound(): ChatError {
  return new ChatError("message_not_found", "The room has no message with that id.");
}
