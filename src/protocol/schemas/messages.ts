/** Messages and the log they are kept in: what clients send about them, and what the server shows. */
import { z } from "zod";
import type { Message as DomainMessage } from "../../domain/message.ts";
import { publicUser } from "../../domain/user.ts";
import { isoTime } from "../iso_time.ts";
import { MAX_ID_LENGTH, MAX_RECOVERED_ROOMS, MISSED_MESSAGES } from "../wire/limits.ts";
import type * as wire from "../wire/messages.ts";
import {
  ClientMessageId,
  Cursor,
  EntryId,
  Id,
  Limit,
  MessageText,
  RoomReference,
  Time,
} from "./fields.ts";
import { PublicUser } from "./users.ts";

export const Message = z.object({
  id: Id,
  roomId: Id,
  seq: z.int().min(1),
  sender: PublicUser,
  text: z.string(),
  system: z.boolean(),
  clientMessageId: z.string(),
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: "Message" }) satisfies z.ZodType<wire.Message>;

export function presentMessage(message: DomainMessage): wire.Message {
  const { id, roomId, seq, sender, text, system, clientMessageId, createdAt, updatedAt } = message;
  const created = isoTime(createdAt);
  const isChanged = updatedAt.getTime() !== createdAt.getTime();
  return {
    id,
    roomId,
    seq,
    sender: publicUser(sender),
    text,
    system,
    clientMessageId,
    createdAt: created,
    updatedAt: isChanged ? isoTime(updatedAt) : created,
  };
}

const MessageId = z.string().min(1).max(MAX_ID_LENGTH).meta({
  description: "id of a message of this room",
});

export const MessagesQuery = z.object({
  limit: Limit,
  before: MessageId.optional(),
  after: MessageId.optional(),
});

export const MessagesPage = z.object({
  messages: z.array(Message),
  hasMore: z.boolean(),
}) satisfies z.ZodType<wire.MessagesPage>;

/** In answers that end at entry `lastSeq`. */
export const LastEntryId = z.string().nullable().meta({ description: "the id of entry lastSeq" });

const RoomCursor = z.object({
  roomId: RoomReference,
  lastSeenSeq: Cursor,
  lastSeenEntryId: EntryId.optional(),
});

const Recovery = z.object({
  roomId: RoomReference.optional(),
  lastSeenSeq: Cursor.optional(),
  lastSeenEntryId: EntryId.optional(),
  rooms: z.array(RoomCursor).min(1).max(MAX_RECOVERED_ROOMS).optional(),
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

export const MESSAGE_CLIENT_EVENTS = {
  "message:send": z.object({
    roomId: RoomReference,
    text: MessageText,
    clientMessageId: ClientMessageId.optional(),
  }).meta({ description: "Sends a message; answered by message:ack once it is durable." }),
  "connection:recover": Recovery.meta({
    description:
      "Asks for what was missed: {roomId, lastSeenSeq, lastSeenEntryId?}, or {rooms: [the same]}.",
    examples: [{ rooms: [{ roomId: "general", lastSeenSeq: 41 }] }],
  }),
} as const;

export const MESSAGE_SERVER_EVENTS = {
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
  "connection:missed": z.object({
    roomId: z.string(),
    messages: z.array(Message).max(MISSED_MESSAGES),
    lastSeq: z.int().min(0),
    lastEntryId: LastEntryId,
    hasMore: z.boolean(),
    reset: z.boolean(),
  }).meta({ description: "What was missed in one room; ask again from lastSeq while hasMore." }),
} as const;
