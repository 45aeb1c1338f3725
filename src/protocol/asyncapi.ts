/** The AsyncAPI 3 document of the WebSocket, made from the schemas that check and type its events. */
import { z } from "zod";
import { CLIENT_EVENTS, Ref, SERVER_EVENTS } from "./events.ts";
import * as resources from "./resources.ts";

type Json = Record<string, unknown>;

/** Which event answers which. */
const REPLIES: Record<string, string[]> = {
  "auth:identify": ["auth:ok", "auth:error"],
  "room:join": ["room:joined", "error"],
  "room:leave": ["room:left", "error"],
  "message:send": ["message:ack", "error"],
  "connection:recover": ["connection:missed", "error"],
};

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
  const reply = REPLIES[event]?.map(reference);
  return {
    action,
    channel,
    messages: [reference(event)],
    ...(reply ? { reply: { channel, messages: reply } } : {}),
  };
}

function reference(event: string): Json {
  return { $ref: `#/channels/socket/messages/${event}` };
}

function message(event: string, data: z.ZodType, io: "input" | "output"): Json {
  const envelope = z.object({ event: z.literal(event), data, ref: Ref.optional() });
  const payload = z.toJSONSchema(envelope, { io, target: "draft-7" }) as Json;
  return {
    name: event,
    title: event,
    summary: data.meta()?.description,
    payload: pointToComponents(payload),
  };
}

/** The shared resources, once. */
function resourceSchemas(): Json {
  const { PublicUser, User, Room, Message } = resources;
  return Object.fromEntries(
    Object.entries({ PublicUser, User, Room, Message }).map(([name, schema]) => {
      return [name, pointToComponents(z.toJSONSchema(schema, { target: "draft-7" }) as Json)];
    }),
  );
}

/** Zod puts shared schemas into each document's own definitions; here they stand in one place. */
function pointToComponents(schema: Json): Json {
  const { definitions: _, $schema: __, id: ___, ...rest } = schema;
  const text = JSON.stringify(rest).replaceAll("#/definitions/", "#/components/schemas/");
  return JSON.parse(text);
}
