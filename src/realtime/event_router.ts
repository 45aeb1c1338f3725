/** From a frame's text to the handler of its event: in order, checked, and never throwing. */
import { trace } from "@opentelemetry/api";
import type { Services } from "../application/services.ts";
import { ChatError } from "../domain/errors.ts";
import { CLOSE_CODES } from "../protocol/close_codes.ts";
import { CLIENT_EVENTS, type ClientEvent, Frame, type Ref } from "../protocol/events.ts";
import { invalidInput } from "../protocol/faults.ts";
import { MAX_BODY_BYTES } from "../protocol/requests.ts";
import { type Command, fail } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Handler, Handlers } from "./handlers.ts";

/** Frames of one socket that may wait for the one being handled, and their UTF-16 units. */
const MAX_INBOX = { frames: 5_000, length: 8 * 1024 * 1024 } as const;
const encoder = new TextEncoder();
// Does nothing unless the runtime's OpenTelemetry is on (OTEL_DENO=true).
const tracer = trace.getTracer("echoroom");

/**
 * Takes what sockets receive. The frames of one socket are handled one after the other: a handler
 * is done when the next may begin, which for a send is when it has its place in the log's queue,
 * not when it is stored.
 */
export class EventRouter {
  readonly #services: Pick<Services, "metrics" | "rateLimits">;
  readonly #handlers: Handlers;

  constructor(services: Pick<Services, "metrics" | "rateLimits">, handlers: Handlers) {
    this.#services = services;
    this.#handlers = handlers;
  }

  /** Takes the data of one WebSocket message. */
  receive(connection: Connection, data: unknown): void {
    if (!connection.open) return connection.discard();
    if (typeof data !== "string") {
      return connection.close(CLOSE_CODES.binaryFrame, "text frames only");
    }
    if (isTooBig(data)) {
      return connection.close(CLOSE_CODES.frameTooBig, "frames hold at most 64 KiB");
    }
    if (!connection.handling) return void this.#work(connection, data);
    connection.inbox.push(data);
    connection.inboxLength += data.length;
    const { inbox, inboxLength } = connection;
    if (inbox.length > MAX_INBOX.frames || inboxLength > MAX_INBOX.length) {
      connection.close(CLOSE_CODES.flooding, "too many frames at once");
    }
  }

  async #work(connection: Connection, first: string): Promise<void> {
    connection.handling = true;
    let next: string | undefined = first;
    while (next !== undefined && connection.open) {
      await this.#handle(connection, next);
      next = connection.inbox.shift();
      connection.inboxLength -= next?.length ?? 0;
    }
    connection.handling = false;
  }

  async #handle(connection: Connection, text: string): Promise<void> {
    const command: Command = { connection, event: null, ref: undefined, about: {} };
    try {
      const data = readFrame(text, command);
      await this.#services.rateLimits.demand("frame", connection.id);
      await this.#dispatch(command, data);
    } catch (error) {
      fail(command, error, this.#services.metrics);
    }
  }

  async #dispatch(command: Command, data: unknown): Promise<void> {
    const { connection, event } = command;
    if (event !== "auth:identify" && !connection.identity) {
      throw new ChatError("not_identified", "Send auth:identify with an access token first.");
    }
    if (!isClientEvent(event)) throw new ChatError("unknown_event", "There is no such event.");
    const result = CLIENT_EVENTS[event].safeParse(data);
    if (!result.success) throw invalidInput(result.error.issues);
    const handle = this.#handlers[event] as Handler<unknown>;
    await tracer.startActiveSpan(`websocket ${event}`, async (span) => {
      try {
        await handle(command, result.data);
      } finally {
        span.end();
      }
    });
  }
}

/** Reads the frame into the command; what it got to know before a fault serves the answer. */
function readFrame(text: string, command: Command): unknown {
  const json = parseObject(text);
  command.ref = isRef(json.ref) ? json.ref : undefined;
  command.event = typeof json.event === "string" ? json.event : null;
  command.about = subject(json.data);
  const result = Frame.safeParse(json);
  if (result.success) return result.data.data;
  throw new ChatError("invalid_frame", "A frame is {event: string, data: object, ref?}.");
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const json = JSON.parse(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  } catch {
    // Falls through to the one answer for everything that is no object.
  }
  throw new ChatError("invalid_frame", "A frame is one JSON object.");
}

/** The room and message that a command is about, so far as it tells. */
function subject(data: unknown): Command["about"] {
  if (typeof data !== "object" || data === null) return {};
  const { roomId, clientMessageId } = data as Record<string, unknown>;
  return {
    ...(typeof roomId === "string" ? { roomId } : {}),
    ...(typeof clientMessageId === "string" ? { clientMessageId } : {}),
  };
}

function isRef(value: unknown): value is Ref {
  // JSON knows numbers too large for a double, which come out as Infinity.
  return typeof value === "string" || Number.isFinite(value);
}

function isClientEvent(event: string | null): event is ClientEvent {
  return event !== null && Object.hasOwn(CLIENT_EVENTS, event);
}

function isTooBig(text: string): boolean {
  // A UTF-16 unit takes one to three bytes of UTF-8, so most frames need no counting.
  if (text.length > MAX_BODY_BYTES) return true;
  return text.length * 3 > MAX_BODY_BYTES && encoder.encode(text).length > MAX_BODY_BYTES;
}
