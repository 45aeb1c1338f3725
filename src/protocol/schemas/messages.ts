/** Messages and the log they are kept in: what clients send about them, and what the server shows. */
import { z } from "zod";
import type { Message as DomainMessage } from "../../domain/message.ts";
import type { PublicUser as DomainUser } from "../../domain/user.ts";
import { publicUser } from "../../domain/user.ts";
import { isoTime } from "../iso_time.ts";
import { MAX_ID_LENGTH, MAX_RECOVERED_ROOMS, MISSED_MESSAGES } from "../wire/limits.ts";
import type * as wire from "../wire/messages.ts";
import {
  ClientMessageId,
  Cursor,
  Emoji,
  EntryId,
  Id,
  Limit,
  Mentions,
  MessageText,
  Metadata,
  PageCursor,
  Present,
  RoomReference,
  Time,
} from "./fields.ts";
import { PublicUser } from "./users.ts";

export const Reaction = z.object({
  emoji: z.string(),
  count: z.int().min(1),
  users: z.array(Id).meta({ description: "the first ten" }),
});

export const SystemData = z.object({ users: z.array(Id) });

export const Message = z.object({
  id: Id,
  roomId: Id,
  seq: z.int().min(1),
  changedSeq: z.int().min(1),
  sender: PublicUser,
  text: z.string(),
  system: z.boolean(),
  clientMessageId: z.string(),
  createdAt: Time,
  updatedAt: Time,
  editedAt: Time.nullable(),
  deletedAt: Time.nullable(),
  replyTo: Id.nullable(),
  threadId: Id.nullable(),
  mentions: z.array(Id),
  mentionsRoom: z.boolean(),
  reactions: z.array(Reaction),
  pinned: z.boolean(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  systemType: z.string().nullable(),
  systemData: SystemData.nullable(),
}).meta({ id: "Message" }) satisfies z.ZodType<wire.Message>;

export function presentMessage(message: DomainMessage): wire.Message {
  const { createdAt, updatedAt, editedAt, deletedAt } = message;
  const created = isoTime(createdAt);
  const isChanged = updatedAt.getTime() !== createdAt.getTime();
  return {
    id: message.id,
    roomId: message.roomId,
    seq: message.seq,
    changedSeq: message.changedSeq,
    sender: publicUser(message.sender),
    text: message.text,
    system: message.system,
    clientMessageId: message.clientMessageId,
    createdAt: created,
    updatedAt: isChanged ? isoTime(updatedAt) : created,
    editedAt: editedAt && isoTime(editedAt),
    deletedAt: deletedAt && isoTime(deletedAt),
    replyTo: message.replyTo,
    threadId: message.threadId,
    mentions: [...message.mentions],
    mentionsRoom: message.mentionsRoom,
    reactions: message.reactions.map(({ emoji, count, users }) => {
      return { emoji, count, users: [...users] };
    }),
    pinned: message.pinned,
    metadata: message.metadata,
    systemType: message.systemType,
    systemData: message.systemData,
  };
}

const Thread = z.object({ count: z.int().min(1), lastSeq: z.int().min(1) });

/** What goes with messages, where there is something. */
export const Related = z.object({
  referenced: z.array(Message).optional().meta({
    description: "the messages that these answer and that are not among them",
  }),
  users: z.array(PublicUser).optional().meta({
    description: "of the ids in mentions and reactions",
  }),
});

/** The same in an answer to one reader. */
export const RelatedToReader = Related.extend({
  mine: z.record(Id, z.array(z.string())).meta({ description: "one's own reactions" }),
  threads: z.record(Id, Thread).meta({ description: "the answers to the messages" }),
});

export const MessageId = z.string().min(1).max(MAX_ID_LENGTH).meta({
  description: "id of a message of this room",
});

/** What a send holds beside its text and its id. */
export const Sent = {
  replyTo: MessageId.optional(),
  mentions: Mentions.optional(),
  mentionsRoom: z.boolean().optional(),
  metadata: Metadata.nullable().optional(),
};

/** What an edit sets; at least one of them. */
export const Edited = {
  text: MessageText.optional(),
  mentions: Mentions.nullable().transform((ids) => ids ?? []).optional(),
  metadata: Metadata.nullable().optional(),
  ifChangedSeq: z.int().min(1).optional(),
  clientMessageId: ClientMessageId.optional(),
};

export const CHANGES_NOTHING = "give text, mentions or metadata";

/** Whether an edit has something to change. */
export function changesSomething(edit: { text?: unknown; mentions?: unknown; metadata?: unknown }) {
  return [edit.text, edit.mentions, edit.metadata].some((value) => value !== undefined);
}

export const MessagesQuery = z.object({
  limit: Limit,
  before: MessageId.optional(),
  after: MessageId.optional(),
  around: MessageId.optional().meta({ description: "half of the page on each side of it" }),
  threadId: MessageId.optional().meta({ description: "only the answers to this message" }),
}).refine(
  ({ around, ...others }) =>
    around === undefined || [others.before, others.after, others.threadId].every((id) => !id),
  { path: ["around"], message: "must not be given together with before, after or threadId" },
);

export const MessagesPage = RelatedToReader.extend({
  messages: z.array(Message),
  hasMore: z.boolean(),
}) satisfies z.ZodType<wire.MessagesPage>;

export const MessagesAround = RelatedToReader.extend({
  messages: z.array(Message),
  hasMoreBefore: z.boolean(),
  hasMoreAfter: z.boolean(),
}) satisfies z.ZodType<wire.MessagesAround>;

/** What goes with messages in an answer, whoever reads it. */
interface SharedRelated {
  referenced: readonly DomainMessage[];
  users: readonly DomainUser[];
  threads: Record<string, wire.Thread>;
}

export function presentShared({ referenced, users, threads }: SharedRelated) {
  return {
    ...(referenced.length > 0 && { referenced: referenced.map(presentMessage) }),
    ...(users.length > 0 && { users }),
    threads,
  };
}

export function presentRelated(related: SharedRelated & { mine: Record<string, string[]> }) {
  return { ...presentShared(related), mine: related.mine };
}

export const MessageAnswer = RelatedToReader.extend({ message: Message });

/** Pinned messages. */
export const PinsAnswer = RelatedToReader.extend({ messages: z.array(Message) });

export const NewMessage = z.object({
  text: MessageText,
  clientMessageId: ClientMessageId.optional(),
  ...Sent,
}).meta({ id: "NewMessage" });

export const MessageEdit = z.object(Edited).refine(changesSomething, CHANGES_NOTHING)
  .meta({ id: "MessageEdit" });

/** A message in a path, with an emoji or without. */
export const MessagePath = z.object({ idOrSlug: RoomReference, messageId: MessageId });
export const ReactionPath = MessagePath.extend({ emoji: Emoji });

export const EditsAnswer = z.object({
  edits: z.array(z.object({
    seq: z.int().min(1),
    text: z.string(),
    editedAt: Time.nullable().meta({ description: "null for the original" }),
  })),
});

export const ReactorsQuery = z.object({ limit: Limit, cursor: PageCursor.optional() });
export const ReactorsPage = z.object({
  users: z.array(PublicUser),
  nextCursor: z.string().nullable(),
});

export const ChangesQuery = z.object({
  after: z.coerce.number().pipe(Cursor),
  entryId: EntryId.optional(),
  limit: z.coerce.number().int().min(1).max(MISSED_MESSAGES).default(MISSED_MESSAGES),
});

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

const OneMessage = { roomId: RoomReference, messageId: MessageId };

const Edit = z.object({ ...OneMessage, ...Edited }).refine(changesSomething, CHANGES_NOTHING);

export const MESSAGE_CLIENT_EVENTS = {
  "message:send": z.object({
    roomId: RoomReference,
    text: MessageText,
    clientMessageId: ClientMessageId.optional(),
    ...Sent,
  }).meta({ description: "Sends a message; answered by message:ack once it is durable." }),
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
  roomId: z.string(),
  seq: z.int().min(1),
  entryId: z.string(),
  message: Message,
});

const EmojiUses = z.array(z.object({ emoji: z.string(), user: PublicUser }));

const MessageChange = z.union([
  z.object({ type: z.enum(["edited", "pinned", "unpinned"]), by: PublicUser }),
  z.object({ type: z.literal("reactions"), added: EmojiUses, removed: EmojiUses }),
]) satisfies z.ZodType<wire.MessageChange>;

export const Changes = RelatedToReader.extend({
  messages: z.array(Message).max(MISSED_MESSAGES),
  lastSeq: z.int().min(0),
  lastEntryId: LastEntryId,
  hasMore: z.boolean(),
  reset: z.boolean(),
});

export const MESSAGE_SERVER_EVENTS = {
  "message:ack": z.object({
    roomId: z.string(),
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
  "message:deleted": MessageEntry.extend({ messageId: z.string(), by: PublicUser }).meta({
    description: "An entry that deleted a message; message is what is left of it.",
  }),
  "connection:missed": Changes.extend({ roomId: z.string() }).meta({
    description: "What was missed in one room; ask again from lastSeq while hasMore.",
  }),
} as const;
