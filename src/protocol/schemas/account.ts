/** The account's stream: what clients ask for, and its items. */
import { z } from "zod";
import type { FullItem } from "../../domain/account.ts";
import type * as wire from "../wire/account.ts";
import { ACCOUNT_PAGE_SIZE } from "../wire/limits.ts";
import { Cursor, Id, inDigits } from "./fields.ts";
import { presentRoom, Room } from "./rooms.ts";
import { presentUser, User } from "./users.ts";

const MemberOfRoom = z.object({
  room: Room,
  role: z.enum(["owner", "moderator", "member"]),
  notifications: z.enum(["all", "mentions", "none"]),
  hidden: z.boolean(),
  readSeq: z.int().min(0),
}) satisfies z.ZodType<wire.MemberOfRoom>;

const numbered = {
  seq: z.int().min(1),
  key: z.string().meta({ description: "of each key only the last item counts" }),
};

export const AccountItem = z.discriminatedUnion("type", [
  z.object({ ...numbered, type: z.literal("room"), data: MemberOfRoom }),
  z.object({
    ...numbered,
    type: z.literal("room_removed"),
    data: z.object({ roomId: Id, reason: z.enum(["kicked", "banned", "left", "deleted"]) }),
  }),
  z.object({
    ...numbered,
    type: z.literal("read"),
    data: z.object({ roomId: Id, seq: z.int().min(0) }),
  }),
  z.object({ ...numbered, type: z.literal("profile"), data: z.object({ user: User }) }),
  z.object({
    ...numbered,
    type: z.literal("block"),
    data: z.object({ userId: Id, blocked: z.boolean() }),
  }),
]).meta({ id: "AccountItem" }) satisfies z.ZodType<wire.AccountItem>;

export const AccountChanges = z.object({
  items: z.array(AccountItem),
  lastSeq: z.int().min(0).meta({ description: "the cursor to ask with next" }),
  hasMore: z.boolean(),
  reset: z.boolean().meta({
    description: "the cursor is unknown: forget everything, this is the first page of all",
  }),
}) satisfies z.ZodType<wire.AccountChanges>;

export const AccountChangesQuery = z.object({
  after: inDigits(z.int().min(0)).default(0),
  limit: inDigits(z.int().min(1).max(ACCOUNT_PAGE_SIZE)).default(ACCOUNT_PAGE_SIZE),
});

export const ACCOUNT_CLIENT_EVENTS = {
  "account:recover": z.object({
    lastSeenSeq: Cursor,
    limit: z.int().min(1).max(ACCOUNT_PAGE_SIZE).default(ACCOUNT_PAGE_SIZE),
  }).meta({
    description:
      "Asks for what has changed of the account; after the last page changes arrive as account:item.",
  }),
} as const;

export const ACCOUNT_SERVER_EVENTS = {
  "account:missed": AccountChanges.meta({ description: "The answer to account:recover." }),
  "account:item": z.object({ item: AccountItem }).meta({
    description: "Something of the account has changed; by seq, none missing, none twice.",
  }),
} as const;

export function presentItem(item: FullItem): wire.AccountItem {
  const { seq, key } = item;
  return { seq, key, ...presentChange(item) };
}

function presentChange(item: FullItem): wire.AccountChange {
  switch (item.type) {
    case "room": {
      const { type, room, membership: { role, notifications, hidden, readSeq } } = item;
      return { type, data: { room: presentRoom(room), role, notifications, hidden, readSeq } };
    }
    case "room_removed":
      return { type: item.type, data: { roomId: item.roomId, reason: item.reason } };
    case "read":
      return { type: item.type, data: { roomId: item.roomId, seq: item.readSeq } };
    case "profile":
      return { type: item.type, data: { user: presentUser(item.user) } };
    case "block":
      return { type: item.type, data: { userId: item.userId, blocked: item.blocked } };
  }
}
