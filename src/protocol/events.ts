/** The events of the WebSocket, both ways: frames, names and what each carries. */
import { z } from "zod";
import { ERROR_CODES } from "../domain/errors.ts";
import { ClientMessageId, Cursor, EntryId, MessageText, RoomReference } from "./fields.ts";
import { Message, PublicUser, Room, User } from "./resources.ts";
import type { ClientEvents, ServerEvents } from "./wire.ts";

/** The subprotocols that the server knows; the first is what offering none means, too. */
export const SUBPROTOCOLS = ["echoroom.v1", "echoroom.batch"] as const;
export type Subprotocol = typeof SUBPROTOCOLS[number];

/** How many messages `room:joined` shows. */
export const JOINED_MESSAGES = 50;
/** How many messages one `connection:missed` holds at most. */
export const MISSED_MESSAGES = 200;
/** How many people `room:joined` names, and up to how many online `presence:update` does. */
export const NAMED_ONLINE = 200;
/** How many rooms one socket may be in. */
export const MAX_ROOMS_PER_SOCKET = 200;

export const Ref = z.union([z.string(), z.number()]);

/** One frame of a client. */
export const Frame = z.object({
  event: z.string(),
  data: z.record(z.string(), z.unknown()),
  ref: Ref.optional(),
});
export type Frame = z.infer<typeof Frame>;
export type Ref = z.infer<typeof Ref>;

const RoomCursor = z.object({
  roomId: RoomReference,
  lastSeenSeq: Cursor,
  lastSeenEntryId: EntryId.optional(),
});
const InRoom = z.object({ roomId: RoomReference });
const Recovery = z.object({
  roomId: RoomReference.optional(),
  lastSeenSeq: Cursor.optional(),
  lastSeenEntryId: EntryId.optional(),
  rooms: z.array(RoomCursor).min(1).max(100).optional(),
}).superRefine((data, context) => {
  const single = data.roomId !== undefined || data.lastSeenSeq !== undefined;
  if (single && data.rooms) context.addIssue("give roomId and lastSeenSeq, or rooms, not both");
  if (single && data.roomId === undefined) {
    context.addIssue({ code: "custom", path: ["roomId"], message: "is missing" });
  }
  if (!data.rooms && data.lastSeenSeq === undefined) {
    context.addIssue({ code: "custom", path: ["lastSeenSeq"], message: "is missing" });
  }
}).transform(({ roomId, lastSeenSeq, lastSeenEntryId, rooms }) =>
  rooms ?? [{ roomId: roomId!, lastSeenSeq: lastSeenSeq!, lastSeenEntryId }]
);

/** What a client sends. */
export const CLIENT_EVENTS = {
  "auth:identify": z.object({ token: z.string() })
    .meta({ description: "The first frame; sent again on a live socket it renews the token." }),
  "room:join": InRoom.meta({ description: "Joins a room; answered by room:joined." }),
  "room:leave": InRoom.meta({
    description: "Leaves a room, joined or not; answered by room:left.",
  }),
  "message:send": z.object({
    roomId: RoomReference,
    text: MessageText,
    clientMessageId: ClientMessageId.optional(),
  }).meta({ description: "Sends a message; answered by message:ack once it is durable." }),
  "typing:start": InRoom.meta({ description: "The user types; repeat it at least every 6 s." }),
  "typing:stop": InRoom.meta({ description: "The user has stopped typing." }),
  "connection:recover": Recovery.meta({
    description:
      "Asks for what was missed: {roomId, lastSeenSeq} or {rooms: [{roomId, lastSeenSeq}]}.",
    examples: [{ rooms: [{ roomId: "general", lastSeenSeq: 41 }] }],
  }),
} as const satisfies Record<keyof ClientEvents, z.ZodType>;

export type ClientEvent = keyof typeof CLIENT_EVENTS;
export type ClientData<E extends ClientEvent> = z.output<typeof CLIENT_EVENTS[E]>;

const Time = z.string().meta({ format: "date-time" });
const LastEntryId = z.string().nullable().meta({ description: "the id of entry lastSeq" });

/** What the server sends. */
export const SERVER_EVENTS = {
  "auth:ok": z.object({ user: User, expiresAt: Time })
    .meta({ description: "The socket is identified until expiresAt." }),
  "auth:error": z.object({
    code: z.enum(["unauthenticated", "token_expired", "session_revoked", "forbidden"]),
    message: z.string(),
  }).meta({
    description:
      "The token is no good: the socket closes with 4401, after 30 s if the token has just expired.",
  }),
  "room:joined": z.object({
    room: Room,
    messages: z.array(Message).max(JOINED_MESSAGES),
    online: z.array(PublicUser).max(NAMED_ONLINE),
    onlineCount: z.int().min(0),
    lastSeq: z.int().min(0),
    lastEntryId: LastEntryId,
  }).meta({ description: "Entries after lastSeq arrive live from now on." }),
  "room:left": z.object({ roomId: z.string() }).meta({ description: "The answer to room:leave." }),
  "message:ack": z.object({
    roomId: z.string(),
    clientMessageId: z.string(),
    id: z.string(),
    seq: z.int().min(1),
    createdAt: Time,
  }).meta({ description: "The message is durable." }),
  "message:new": z.object({
    roomId: z.string(),
    seq: z.int().min(1),
    entryId: z.string(),
    message: Message,
  }).meta({ description: "An entry of a joined room's log, in seq order, each exactly once." }),
  "typing:update": z.object({ roomId: z.string(), user: PublicUser, isTyping: z.boolean() })
    .meta({ description: "Another user in the room began or ended typing." }),
  "presence:update": z.object({
    roomId: z.string(),
    joined: z.array(PublicUser),
    left: z.array(PublicUser),
    count: z.int().min(0),
  }).meta({ description: "Who came and who went; at most 4 a second and room." }),
  "connection:missed": z.object({
    roomId: z.string(),
    messages: z.array(Message).max(MISSED_MESSAGES),
    lastSeq: z.int().min(0),
    lastEntryId: LastEntryId,
    hasMore: z.boolean(),
    reset: z.boolean(),
  }).meta({ description: "What was missed in one room; ask again from lastSeq while hasMore." }),
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    event: z.string().nullable(),
    roomId: z.string().optional(),
    clientMessageId: z.string().optional(),
    retryAfter: z.number().optional().meta({ description: "seconds" }),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }).meta({ description: "A command failed; the socket stays open." }),
} as const satisfies { [E in keyof ServerEvents]: z.ZodType<ServerEvents[E]> };

export type ServerEvent = keyof ServerEvents;
export type ServerData<E extends ServerEvent> = ServerEvents[E];

/**
 * As `frame`, of parts that are JSON texts already: what many sockets are shown is put into words
 * once. An event's data has no optional parts here.
 */
export function frameOf<E extends ServerEvent>(
  event: E,
  parts: Record<keyof ServerData<E>, string>,
  ref?: Ref,
): string {
  let data = "";
  for (const name in parts) data += `${data ? "," : ""}"${name}":${parts[name]}`;
  const end = ref === undefined ? "" : `,"ref":${JSON.stringify(ref)}`;
  return `{"event":"${event}","data":{${data}}${end}}`;
}

/** The text of one frame of the server. */
export function frame<E extends ServerEvent>(event: E, data: ServerData<E>, ref?: Ref): string {
  return JSON.stringify(ref === undefined ? { event, data } : { event, data, ref });
}
