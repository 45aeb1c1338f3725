/** From a frame's text to the handler of its event: in order, checked, and never throwing. */
import { trace } from "@opentelemetry/api";
import { rateLimited } from "../services/rate_limits.ts";
import type { Services } from "../services/services.ts";
import { ChatError } from "../domain/errors.ts";
import { CLOSE_CODES } from "../protocol/wire/close_codes.ts";
import { Frame, type Ref } from "../protocol/frames.ts";
import { CLIENT_EVENTS, type ClientEvent } from "../protocol/schemas/events.ts";
import { RoomReference } from "../protocol/schemas/fields.ts";
import { invalidInput } from "../protocol/input_errors.ts";
import { MAX_FRAME_BYTES } from "../protocol/wire/limits.ts";
import { type Command, fail } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Handler, Handlers } from "./handlers.ts";
import { Inboxes } from "./inboxes.ts";

/** UTF-16 units of a refused frame that count as one refusal. */
const REFUSAL_LENGTH = 16 * 1024;
/** Errors of frames that were checked, and whose room has not been looked up. */
const INPUT_FAULTS: readonly string[] = ["invalid_frame", "unknown_event", "validation_failed"];
const encoder = new TextEncoder();
type RouterServices = Pick<Services, "metrics" | "rateLimits" | "directory">;
// Does nothing unless the runtime's OpenTelemetry is on (OTEL_DENO=true).
const tracer = trace.getTracer("echoroom");

/**
 * Takes what sockets receive. Frames are counted when they come. Those of one socket begin one after
 * the other; what they ask for in a room happens in that order, rooms go side by side.
 */
export class EventRouter {
  readonly #services: RouterServices;
  readonly #handlers: Handlers;
  readonly #inboxes: Inboxes;

  constructor(services: RouterServices, handlers: Handlers) {
    this.#services = services;
    this.#handlers = handlers;
    this.#inboxes = new Inboxes(services.rateLimits.enabled);
    services.metrics.watchQueue("frame_bytes", () => this.#inboxes.size);
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
    try {
      const release = this.#admit(connection, data);
      connection.inbox.push({ text: data, release });
    } catch (error) {
      return this.#refuse(connection, data, error);
    }
    if (!connection.handling) void this.#work(connection);
  }

  /** Drops what a socket that closes has sent and nobody has begun to handle. */
  forget(connection: Connection): void {
    for (const { release } of connection.inbox.splice(0)) release();
  }

  #admit(connection: Connection, text: string): () => void {
    const reset = this.#services.rateLimits.enabled ? connection.frameRate.add() : null;
    if (reset !== null) throw rateLimited({ reset });
    return this.#inboxes.admit(connection, text);
  }

  /** Answers a frame that is not handled. */
  #refuse(connection: Connection, text: string, error: unknown): void {
    const command = newCommand(connection);
    try {
      readFrame(text, command);
    } catch (fault) {
      return fail(command, fault, this.#services.metrics);
    }
    this.#nameKnownRoom(command);
    fail(command, error, this.#services.metrics, Math.ceil(text.length / REFUSAL_LENGTH));
  }

  async #work(connection: Connection): Promise<void> {
    connection.handling = true;
    for (let frame; connection.open && (frame = connection.inbox.shift());) {
      const command = newCommand(connection);
      await this.#handle(command, frame.text);
      if (command.done) void command.done.then(frame.release);
      else frame.release();
    }
    connection.handling = false;
  }

  async #handle(command: Command, text: string): Promise<void> {
    try {
      const data = readFrame(text, command);
      await this.#dispatch(command, data);
    } catch (error) {
      await this.#nameRoom(command, error);
      fail(command, error, this.#services.metrics);
    }
  }

  /** Lets an error name the room's id where the client gave its slug. */
  async #nameRoom({ connection, about }: Command, error: unknown): Promise<void> {
    if (!(error instanceof ChatError) || !INPUT_FAULTS.includes(error.code)) return;
    if (!connection.identity || !RoomReference.safeParse(about.roomId).success) return;
    // A room that is not found, or cannot be now, stays as the client named it.
    const id = await this.#services.directory.idOf(about.roomId!).catch(() => null);
    if (id !== null) about.roomId = id;
  }

  /** The same, without a look-up. */
  #nameKnownRoom({ connection, about }: Command): void {
    if (!connection.identity || about.roomId === undefined) return;
    about.roomId = this.#services.directory.knownId(about.roomId) ?? about.roomId;
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
        if (command.done) void command.done.then(() => span.end());
        else span.end();
      }
    });
  }
}

function newCommand(connection: Connection): Command {
  return { connection, event: null, ref: undefined, about: {} };
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
  if (text.length > MAX_FRAME_BYTES) return true;
  return text.length * 3 > MAX_FRAME_BYTES && encoder.encode(text).length > MAX_FRAME_BYTES;
}
