/** The one error that the client throws, and its closed list of codes. */
import type { ErrorCode, InputFault } from "../domain/errors.ts";

/**
 * The server's own codes, and those of the client: `unreachable` (no answer over HTTP),
 * `disconnected` (the connection was lost before the answer), `signed_out` (there is no session any
 * more), `closed` (the client, or the room's handle, was closed) and `discarded` (a message was deleted
 * before it was sent).
 */
export type ClientErrorCode =
  | ErrorCode
  | "unreachable"
  | "disconnected"
  | "signed_out"
  | "closed"
  | "discarded";

/** Refusals after which the same command may be taken later, if need be in another session. */
const PASSING: ReadonlySet<string> = new Set([
  "disconnected",
  "unreachable",
  "unavailable",
  "internal",
  "rate_limited",
  "not_identified",
  "unauthenticated",
  "token_expired",
  "session_revoked",
  "signed_out",
]);

/** What an {@linkcode EchoRoomError} is made of. */
export interface Refusal {
  /** What happened; may be shown to a user. */
  message: string;
  /** Stable: programs may act on it. */
  code: ClientErrorCode;
  /** The HTTP status, if the refusal came over REST. */
  status?: number | undefined;
  /** Seconds after which trying again makes sense. */
  retryAfter?: number | undefined;
  /** What is wrong with the input, for `validation_failed`. */
  errors?: readonly InputFault[] | undefined;
  /** The request's id, to find it in the server's log. */
  requestId?: string | undefined;
}

/** A refusal by the server, or the reason why there will be no answer. */
export class EchoRoomError extends Error {
  /** The same in every bundle, unlike the class's. */
  override readonly name = "EchoRoomError";
  /** Stable: programs may act on it. */
  declare readonly code: ClientErrorCode;
  /** The HTTP status, if the refusal came over REST. */
  declare readonly status: number | undefined;
  /** Seconds after which trying again makes sense. */
  declare readonly retryAfter: number | undefined;
  /** What is wrong with the input, for `validation_failed`. */
  declare readonly errors: readonly InputFault[];
  /** The request's id, to find it in the server's log. */
  declare readonly requestId: string | undefined;

  /** An error of these parts. */
  constructor({ message, code, status, retryAfter, errors = [], requestId }: Refusal) {
    super(message);
    Object.assign(this, { code, status, retryAfter, errors, requestId });
  }
}

/** Whether the same command may be taken later. */
export function isPassing({ code }: EchoRoomError): boolean {
  return PASSING.has(code);
}

/** An error of the client's own. */
export function failure(code: ClientErrorCode, message: string): EchoRoomError {
  return new EchoRoomError({ code, message });
}

export function disconnected(): EchoRoomError {
  return failure("disconnected", "The connection was lost.");
}

export function unreachable(message = "The server cannot be reached."): EchoRoomError {
  return failure("unreachable", message);
}

export function signedOut(message = "Your session has ended."): EchoRoomError {
  return failure("signed_out", message);
}

export function noMessage(): EchoRoomError {
  return failure("message_not_found", "There is no such message.");
}

export function closed(): EchoRoomError {
  return failure("closed", "The client was closed.");
}
