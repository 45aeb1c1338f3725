/** Routes each frame to the handler of its event: in order, checked, and never throwing. */
import { context, type Span, trace } from "@opentelemetry/api";
import { rateLimited } from "../services/rate_limits.ts";
import type { Services } from "../services/services.ts";
import { ChatError, type ErrorCode, hasCode } from "../domain/errors.ts";
import { CLOSE_CODES } from "../protocol/wire/close_codes.ts";
import type { Ref } from "../protocol/frames.ts";
import { CLIENT_EVENTS, type ClientEvent } from "../protocol/schemas/events.ts";
import { RoomReference } from "../protocol/schemas/fields.ts";
import { invalidInput } from "../protocol/input_errors.ts";
import { MAX_FRAME_BYTES } from "../protocol/wire/limits.ts";
import { type Command, fail } from "./command.ts";
import type { Connection } from "./connection.ts";
import type { Handler, Handlers } from "./commands/handler.ts";
import { InboxBudget } from "./inbox_budget.ts";

/** UTF-16 units of a refused frame that count as one refusal. */
const REFUSAL_LENGTH = 16 * 1024;
/** Errors of frames that were checked, and whose room has not been looked up. */
const INPUT_FAULTS: readonly ErrorCode[] = ["invalid_frame", "unknown_event", "validation_failed"];
const encoder = new TextEncoder();
type RouterServices = Pick<Services, "access" | "metrics" | "rateLimits">;
// Does nothing unless the runtime's OpenTelemetry is on (OTEL_DENO=true).
const tracer = trace.getTracer("echoroom");

/**
 * Frames are counted on arrival. Those of one socket begin one after the other; commands in a room
 * happen in that order, those in different rooms side by side.
 */
export class Router {
  readonly #services: RouterServices;
  readonly #handlers: Handlers;
  readonly #budget: InboxBudget;

  constructor(services: RouterServices, handlers: Handlers) {
    this.#services = services;
    this.#handlers = handlers;
    this.#budget = new InboxBudget(services.rateLimits.enabled);
    services.metrics.watchQueue("frame_bytes", () => this.#budget.size);
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
    void connection.inbox.work(() => connection.open, (text) => this.#handle(connection, text));
  }

  #admit(connection: Connection, text: string): () => void {
    const reset = this.#services.rateLimits.enabled ? connection.inbox.countFrame() : null;
    if (reset !== null) throw rateLimited({ reset });
    return this.#budget.admit(connection, text);
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

  async #handle(connection: Connection, text: string): Promise<Command> {
    const command = newCommand(connection);
    try {
      const data = readFrame(text, command);
      await this.#dispatch(command, data);
    } catch (error) {
      await this.#nameRoom(command, error);
      fail(command, error, this.#services.metrics);
    }
    return command;
  }

  /** Lets an error name the room's id where the client gave its slug. */
  async #nameRoom({ connection, about }: Command, error: unknown): Promise<void> {
    if (!hasCode(error, ...INPUT_FAULTS)) return;
    const { actor } = connection.identity;
    if (!actor || !RoomReference.safeParse(about.roomId).success) return;
    // A room that is not found, or cannot be looked up now, stays as the client named it.
    const room = await this.#services.access.locate(actor, about.roomId!).catch(() => null);
    if (room) about.roomId = room.roomId;
  }

  /** The same, without a look-up in the store. */
  #nameKnownRoom({ connection, about }: Command): void {
    const { actor } = connection.identity;
    if (!actor || about.roomId === undefined) return;
    about.roomId = this.#services.access.nameOf(actor, about.roomId);
  }

  #dispatch(command: Command, data: unknown): void | Promise<void> {
    const { connection, event } = command;
    if (event !== "auth:identify") connection.identity.require();
    if (!isClientEvent(event)) throw new ChatError("unknown_event", "There is no such event.");
    const result = CLIENT_EVENTS[event].safeParse(data);
    if (!result.success) throw invalidInput(result.error.issues);
    const handle = this.#handlers[event] as Handler<unknown>;
    return traced(command, () => handle(command, result.data));
  }
}

/** Does what a command asks within a span, if the runtime collects any. */
function traced(command: Command, work: () => void | Promise<void>): void | Promise<void> {
  const span = tracer.startSpan(`websocket ${command.event}`);
  return trace.isSpanContextValid(span.spanContext()) ? inSpan(span, command, work) : work();
}

async function inSpan(
  span: Span,
  command: Command,
  work: () => void | Promise<void>,
): Promise<void> {
  try {
    await context.with(trace.setSpan(context.active(), span), work);
  } finally {
    if (command.done) void command.done.then(() => span.end());
    else span.end();
  }
}

function newCommand(connection: Connection): Command {
  return { connection, event: null, ref: undefined, about: {} };
}

/** Reads the frame into the command; what was read before a fault goes into the answer. */
function readFrame(text: string, command: Command): unknown {
  const { event, data, ref } = parseObject(text);
  command.ref = isRef(ref) ? ref : undefined;
  command.event = typeof event === "string" ? event : null;
  command.about = subject(data);
  if (command.event !== null && command.ref === ref && isObject(data)) return data;
  throw new ChatError("invalid_frame", "A frame is {event: string, data: object, ref?}.");
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const json = JSON.parse(text);
    if (isObject(json)) return json;
  } catch {
    // Everything that is not an object gets the one answer below.
  }
  throw new ChatError("invalid_frame", "A frame is one JSON object.");
}

/** The room and message that a command names, valid or not. */
function subject(data: unknown): Command["about"] {
  const about: Command["about"] = {};
  if (!isObject(data)) return about;
  const { roomId, clientMessageId } = data;
  if (typeof roomId === "string") about.roomId = roomId;
  if (typeof clientMessageId === "string") about.clientMessageId = clientMessageId;
  return about;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRef(value: unknown): value is Ref {
  // JSON has numbers too large for a double, which are parsed as Infinity.
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
