/** The one error that the client throws, and its closed list of codes. */
import type { ErrorCode, InputFault } from "../domain/errors.ts";
import type { Problem } from "../protocol/wire/errors.ts";
import type { ServerEvents } from "../protocol/wire/events.ts";

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
  readonly code: ClientErrorCode;
  /** The HTTP status, if the refusal came over REST. */
  readonly status: number | undefined;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;
  /** What is wrong with the input, for `validation_failed`. */
  readonly errors: readonly InputFault[];
  /** The request's id, to find it in the server's log. */
  readonly requestId: string | undefined;

  /** An error of these parts. */
  constructor({ message, code, status, retryAfter, errors = [], requestId }: Refusal) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
    this.errors = errors;
    this.requestId = requestId;
  }
}

/** Whether the same command may be taken later. */
export function isPassing({ code }: EchoRoomError): boolean {
  return PASSING.has(code);
}

/** From a problem (RFC 9457) that a route answered. */
export function errorOfProblem(problem: Problem, retryAfter: number | undefined): EchoRoomError {
  const { detail, code, status, errors, requestId } = problem;
  return new EchoRoomError({ message: detail, code, status, retryAfter, errors, requestId });
}

/** From an `error` or `auth:error` of the socket. */
export function errorOfEvent(
  data: ServerEvents["error"] | ServerEvents["auth:error"],
): EchoRoomError {
  return new EchoRoomError(data);
}

export function disconnected(): EchoRoomError {
  return new EchoRoomError({ message: "The connection was lost.", code: "disconnected" });
}

export function unreachable(message = "The server cannot be reached."): EchoRoomError {
  return new EchoRoomError({ message, code: "unreachable" });
}

export function tooBig(): EchoRoomError {
  const message = "This is more than the server takes at once.";
  return new EchoRoomError({ message, code: "validation_failed" });
}

export function signedOut(message = "Your session has ended."): EchoRoomError {
  return new EchoRoomError({ message, code: "signed_out" });
}

export function notFailed(): EchoRoomError {
  return new EchoRoomError({ message: "The message has not failed.", code: "validation_failed" });
}

export function noMessage(): EchoRoomError {
  const message = "The server has no such message.";
  return new EchoRoomError({ message, code: "message_not_found" });
}

export function discarded(): EchoRoomError {
  return new EchoRoomError({ message: "It was deleted before it was sent.", code: "discarded" });
}

export function closed(): EchoRoomError {
  return new EchoRoomError({ message: "The client was closed.", code: "closed" });
}
