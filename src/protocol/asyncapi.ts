/** The AsyncAPI 3 document of the WebSocket, made from the schemas that check and type its events. */
import { z } from "zod";
import { Ref } from "./frames.ts";
import { CLIENT_EVENTS, SERVER_EVENTS } from "./schemas/events.ts";
import { AccountItem } from "./schemas/account.ts";
import { Message } from "./schemas/messages.ts";
import { Room } from "./schemas/rooms.ts";
import { PublicUser, User } from "./schemas/users.ts";
import { type AnsweredEvent, ANSWERS, refusalsOf } from "./wire/event_answers.ts";

type Json = Record<string, unknown>;

/** @param version of the server */
export function asyncapiDocument(version: string): Json {
  const received = Object.entries(CLIENT_EVENTS);
  const sent = Object.entries(SERVER_EVENTS);
  return {
    asyncapi: "3.0.0",
    info: {
      title: "EchoRoom events",
      version,
      description:
        "Text frames, each one JSON object {event, data, ref?}. A client's ref is echoed on the direct answer. With the subprotocol echoroom.batch a server frame may also be an array of such objects, in order.",
    },
    defaultContentType: "application/json",
    channels: {
      socket: {
        address: "/ws",
        title: "The WebSocket",
        messages: Object.fromEntries(
          [...received, ...sent].map((
            [event],
          ) => [event, { $ref: `#/components/messages/${event}` }]),
        ),
        bindings: { ws: { method: "GET" } },
      },
    },
    operations: Object.fromEntries([
      ...received.map(([event]) => [event, operation("receive", event)]),
      ...sent.map(([event]) => [event, operation("send", event)]),
    ]),
    components: {
      messages: Object.fromEntries([
        ...received.map(([event, schema]) => [event, message(event, schema, "input")]),
        ...sent.map(([event, schema]) => [event, message(event, schema, "output")]),
      ]),
      schemas: resourceSchemas(),
    },
  };
}

function operation(action: "receive" | "send", event: string): Json {
  const channel = { $ref: "#/channels/socket" };
  const reply = isAnswered(event) && [ANSWERS[event], ...refusalsOf(event)].map(reference);
  return {
    action,
    channel,
    messages: [reference(event)],
    ...(reply ? { reply: { channel, messages: reply } } : {}),
  };
}

function isAnswered(event: string): event is AnsweredEvent {
  return Object.hasOwn(ANSWERS, event);
}

function reference(event: string): Json {
  return { $ref: `#/channels/socket/messages/${event}` };
}

function message(event: string, data: z.ZodType, io: "input" | "output"): Json {
  const envelope = z.object({ event: z.literal(event), data, ref: Ref.optional() });
  const payload = jsonSchema(envelope, io);
  const { description, examples } = data.meta() ?? {};
  return {
    name: event,
    title: event,
    summary: description,
    payload: pointToComponents(payload),
    ...(Array.isArray(examples)
      ? { examples: examples.map((data) => ({ payload: { event, data } })) }
      : {}),
  };
}

/** The shared resources, once: they are the definitions of a schema that uses them all. */
function resourceSchemas(): Json {
  const all = z.tuple([PublicUser, User, Room, Message, AccountItem]);
  return pointToComponents(jsonSchema(all, "output").definitions as Json);
}

/** A schema as JSON Schema; objects stay open, because more fields may be added to any answer. */
function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  return z.toJSONSchema(schema, {
    io,
    target: "draft-7",
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  }) as Json;
}

/** Zod puts shared schemas into the definitions of each document; here they are in one place. */
function pointToComponents(schema: Json): Json {
  const { definitions: _, $schema: __, ...rest } = schema;
  const text = JSON.stringify(rest).replaceAll("#/definitions/", "#/components/schemas/");
  return JSON.parse(text);
}
