/** One command of a client on a socket, and the answer when it fails. */
import { getLogger } from "@logtape/logtape";
import type { Metrics } from "../services/metrics.ts";
import { ChatError } from "../domain/errors.ts";
import type { Ref } from "../protocol/frames.ts";
import type { Connection } from "./connection.ts";

const logger = getLogger(["echoroom", "websocket"]);

export interface Command {
  connection: Connection;
  /** Null if the frame names none. */
  event: string | null;
  ref: Ref | undefined;
  /** The room and message of the command, named in its errors. */
  about: { roomId?: string; clientMessageId?: string };
  /** Resolves when a command that runs beside the next ones is done; never rejects. */
  done?: Promise<void>;
}

/**
 * Answers a command that failed, and closes the socket if too many failed like that.
 * @param weight how many refusals a `rate_limited` one counts as
 */
export function fail(command: Command, error: unknown, metrics: Metrics, weight = 1): void {
  const { connection, event, ref, about } = command;
  const { code, message, faults, retryAfter } = asChatError(error, command);
  metrics.failed(code, "websocket");
  const hint = retryAfter === undefined ? {} : { retryAfter };
  const errors = faults === undefined ? {} : { errors: faults };
  connection.emit("error", { code, message, event, ...about, ...hint, ...errors }, ref);
  connection.countFailure(code, weight);
}

function asChatError(error: unknown, { connection, event }: Command): ChatError {
  if (error instanceof ChatError) return error;
  logger.error("A command failed unexpectedly: {event} on {connectionId}: {error}", {
    event,
    connectionId: connection.id,
    userId: connection.userId ?? undefined,
    error,
  });
  return new ChatError("internal", "Something went wrong on the server.");
}
