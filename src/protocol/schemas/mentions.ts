/** Messages that concern a user: their list, and the hint that there is one more. */
import { z } from "zod";
import type * as wire from "../wire/mentions.ts";
import { Id, Limit, PageCursor } from "./fields.ts";
import { Message } from "./messages.ts";
import { Room } from "./rooms.ts";
import { PublicUser } from "./users.ts";

export const MentionsQuery = z.object({ limit: Limit, cursor: PageCursor.optional() });

export const MentionsPage = z.object({
  mentions: z.array(z.object({
    message: Message,
    room: Room,
    reason: z.enum(["mention", "reply", "room"]),
  })),
  nextCursor: z.string().nullable(),
}) satisfies z.ZodType<wire.MentionsPage>;

export const MENTION_SERVER_EVENTS = {
  "mention:new": z.object({
    roomId: Id,
    messageId: Id,
    by: PublicUser,
    reason: z.enum(["mention", "reply", "room", "direct"]),
  }).meta({
    description: "A message concerns one, in a room joined or not: a hint, sent to all sockets.",
  }),
} as const;
