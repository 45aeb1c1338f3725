/** Messages over REST: queries, paths and bodies of requests, and the answers. */
import { z } from "zod";
import { MISSED_MESSAGES } from "../wire/limits.ts";
import type * as wire from "../wire/messages.ts";
import { Cursor, Emoji, EntryId, inDigits, Limit, PageCursor, RoomPath, Time } from "./fields.ts";
import {
  CHANGES_NOTHING,
  changesSomething,
  Edited,
  Message,
  MessageId,
  RelatedToReader,
  SAYS_NOTHING,
  saysSomething,
  Sent,
} from "./messages.ts";
import { PublicUser } from "./users.ts";

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
).refine(({ before, after }) => before === undefined || after === undefined, {
  path: ["before"],
  message: "must not be given together with after",
});

export const MessagesPage = RelatedToReader.extend({
  messages: z.array(Message),
  hasMore: z.boolean(),
}) satisfies z.ZodType<wire.MessagesPage>;

export const MessagesAround = RelatedToReader.extend({
  messages: z.array(Message),
  hasMoreBefore: z.boolean(),
  hasMoreAfter: z.boolean(),
}) satisfies z.ZodType<wire.MessagesAround>;

export const MessageAnswer = RelatedToReader.extend({ message: Message });

/** Pinned messages. */
export const PinsAnswer = RelatedToReader.extend({ messages: z.array(Message) });

export const NewMessage = z.object(Sent).refine(saysSomething, SAYS_NOTHING).meta({
  id: "NewMessage",
});

export const MessageEdit = z.object(Edited).refine(changesSomething, CHANGES_NOTHING)
  .meta({ id: "MessageEdit" });

/** A message in a path, with an emoji or without. */
export const MessagePath = RoomPath.extend({ messageId: MessageId });
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
  after: inDigits(Cursor),
  entryId: EntryId.optional(),
  limit: inDigits(z.int().min(1).max(MISSED_MESSAGES)).default(MISSED_MESSAGES),
});
