/** Refusals as they go over the wire. */
import type { ErrorCode, InputFault } from "../../domain/errors.ts";

/** A refusal over REST (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable: programs may act on it. */
  code: ErrorCode;
  requestId: string;
  /** Seconds, as `Retry-After`. */
  retryAfter?: number | undefined;
  errors?: InputFault[] | undefined;
}

/** What the server sends about commands that it refuses. */
export interface ErrorServerEvents {
  /** A command failed; the socket stays open. */
  error: {
    code: ErrorCode;
    message: string;
    /** The event that failed. */
    event: string | null;
    roomId?: string | undefined;
    clientMessageId?: string | undefined;
    /** Seconds. */
    retryAfter?: number | undefined;
    errors?: InputFault[] | undefined;
  };
}
