/** Messages over the WebSocket: the events of clients and of the server. */
import { z } from "zod";
import { MAX_RECOVERED_ROOMS } from "../wire/limits.ts";
import type * as wire from "../wire/messages.ts";
import {
  ClientMessageId,
  Cursor,
  Emoji,
  EntryId,
  EXAMPLE_ID,
  Id,
  Present,
  RoomReference,
  Time,
} from "./fields.ts";
import {
  CHANGES_NOTHING,
  changesSomething,
  Edited,
  Message,
  MessageId,
  Related,
  SAYS_NOTHING,
  saysSomething,
  Sent,
} from "./messages.ts";
import { PublicUser } from "./users.ts";

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
  present: Present,
}).superRefine((data, context) => {
  const single = data.roomId !== undefined || data.lastSeenSeq !== undefined;
  if (single && data.rooms) context.addIssue("give roomId and lastSeenSeq, or rooms, not both");
  if (single && data.roomId === undefined) {
    context.addIssue({ code: "custom", path: ["roomId"], message: "is missing" });
  }
  if (!data.rooms && data.lastSeenSeq === undefined) {
    context.addIssue({ code: "custom", path: ["lastSeenSeq"], message: "is missing" });
  }
}).transform(({ roomId, lastSeenSeq, lastSeenEntryId, rooms, present }) => ({
  rooms: rooms ?? [{ roomId: roomId!, lastSeenSeq: lastSeenSeq!, lastSeenEntryId }],
  present,
}));

const OneMessage = {
  roomId: RoomReference,
  messageId: MessageId.meta({ ...MessageId.meta(), examples: [EXAMPLE_ID] }),
};

const Edit = z.object({ ...OneMessage, ...Edited }).refine(changesSomething, CHANGES_NOTHING);

export const MESSAGE_CLIENT_EVENTS = {
  "message:send": z.object({ roomId: RoomReference, ...Sent }).refine(
    saysSomething,
    SAYS_NOTHING,
  ).meta({ description: "Sends a message; answered by message:ack once it is durable." }),
  "message:edit": Edit.meta({ description: "Edits one's own message; what is left out stays." }),
  "message:delete": z.object({
    ...OneMessage,
    clientMessageId: ClientMessageId.optional(),
  }).meta({ description: "Deletes a message; a tombstone stays." }),
  "reaction:add": z.object({ ...OneMessage, emoji: Emoji }).meta({
    description: "Puts an emoji on a message.",
  }),
  "reaction:remove": z.object({ ...OneMessage, emoji: Emoji }).meta({
    description: "Takes one's emoji off a message.",
  }),
  "message:pin": z.object(OneMessage).meta({ description: "Pins a message in its room." }),
  "message:unpin": z.object(OneMessage).meta({ description: "Unpins a message." }),
  "connection:recover": Recovery.meta({
    description:
      "Asks for what was missed: {roomId, lastSeenSeq, lastSeenEntryId?}, or {rooms: [the same]}.",
    examples: [{ rooms: [{ roomId: "general", lastSeenSeq: 41 }] }],
  }),
} as const;

const MessageEntry = Related.extend({
  roomId: Id,
  seq: z.int().min(1),
  entryId: Id,
  message: Message,
});

const EmojiUses = z.array(z.object({ emoji: z.string(), user: PublicUser }));

const MessageChange = z.union([
  z.object({ type: z.enum(["edited", "pinned", "unpinned"]), by: PublicUser }),
  z.object({ type: z.literal("reactions"), added: EmojiUses, removed: EmojiUses }),
]) satisfies z.ZodType<wire.MessageChange>;

export const MESSAGE_SERVER_EVENTS = {
  "message:ack": z.object({
    roomId: Id,
    clientMessageId: z.string().optional(),
    id: z.string().meta({ description: "the message's" }),
    seq: z.int().min(1).meta({ description: "the entry's" }),
    createdAt: Time,
    changed: z.boolean().optional().meta({
      description: "of reactions and pins: false if it was so already",
    }),
  }).meta({ description: "The command is done and durable." }),
  "message:new": MessageEntry.meta({
    description: "An entry of a joined room's log, in seq order, each exactly once.",
  }),
  "message:updated": MessageEntry.extend({ change: MessageChange }).meta({
    description: "An entry that changed a message; message is its state then or later.",
  }),
  "message:deleted": MessageEntry.extend({ messageId: Id, by: PublicUser }).meta({
    description: "An entry that deleted a message; message is what is left of it.",
  }),
} as const;
