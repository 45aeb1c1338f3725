/** Rooms, and who is in them: what clients send about them, and what the server shows. */
import { z } from "zod";
import type { Room as DomainRoom } from "../../domain/room.ts";
import { MAX_UNREAD } from "../../domain/membership.ts";
import { publicUser } from "../../domain/user.ts";
import { JOINED_MESSAGES, NAMED_ONLINE } from "../wire/limits.ts";
import type * as wire from "../wire/rooms.ts";
import {
  Cursor,
  Id,
  Limit,
  PageCursor,
  Present,
  RoomDescription,
  RoomName,
  RoomReference,
  Time,
} from "./fields.ts";
import { LastEntryId, Message, RelatedToReader } from "./messages.ts";
import { PublicUser } from "./users.ts";

export const Room = z.object({
  id: Id,
  name: z.string(),
  slug: z.string(),
  description: z.string().nullable(),
  createdBy: PublicUser,
  lastSeq: z.int().min(0),
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: "Room" }) satisfies z.ZodType<wire.Room>;

export const ReadState = z.object({
  readSeq: z.int().min(0),
  unread: z.int().min(0).max(MAX_UNREAD).meta({ description: "exact to 99; 100 means more" }),
  mentions: z.int().min(0).max(MAX_UNREAD),
}) satisfies z.ZodType<wire.ReadState>;

export const ListedRoom = Room.extend({
  lastMessageAt: Time.nullable(),
  me: ReadState.optional().meta({ description: "one's own place in it, of members" }),
}).meta({ id: "ListedRoom" }) satisfies z.ZodType<wire.ListedRoom>;

export function presentListed(room: DomainRoom, me?: wire.ReadState): wire.ListedRoom {
  const { lastMessageAt } = room;
  return {
    ...presentRoom(room),
    lastMessageAt: lastMessageAt && lastMessageAt.toISOString(),
    ...(me && { me }),
  };
}

export function presentRoom(room: Omit<DomainRoom, "lastMessageAt">): wire.Room {
  const { id, name, slug, description, createdBy, lastSeq, createdAt, updatedAt } = room;
  return {
    id,
    name,
    slug,
    description,
    createdBy: publicUser(createdBy),
    lastSeq,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export const RoomCreation = z.object({
  name: RoomName,
  description: RoomDescription.nullable().optional(),
}).meta({ id: "RoomCreation" });

export const RoomsQuery = z.object({
  limit: Limit,
  cursor: PageCursor.optional(),
});

export const RoomAnswer = z.object({ room: ListedRoom });

export const ReadRequest = z.object({ seq: Cursor });
export const ReadAnswer = z.object({
  seq: z.int().min(0),
  unread: ReadState.shape.unread,
  mentions: ReadState.shape.mentions,
});

export const RoomsPage = z.object({
  rooms: z.array(ListedRoom),
  nextCursor: z.string().nullable(),
}) satisfies z.ZodType<wire.RoomsPage>;

const InRoom = z.object({ roomId: RoomReference });

export const ROOM_CLIENT_EVENTS = {
  "room:join": z.object({ roomId: RoomReference, present: Present }).meta({
    description: "Joins a room; answered by room:joined.",
  }),
  "room:leave": InRoom.meta({
    description: "Leaves a room, joined or not; answered by room:left.",
  }),
  "room:read": z.object({ roomId: RoomReference, seq: Cursor }).meta({
    description: "All up to this entry is read; a lower one than before changes nothing.",
  }),
  "room:unread": z.object({ roomId: RoomReference, seq: z.int().min(1) }).meta({
    description: "The message of this entry, and all after it, is not read.",
  }),
  "typing:start": InRoom.meta({ description: "The user types; repeat it at least every 6 s." }),
  "typing:stop": InRoom.meta({ description: "The user has stopped typing." }),
} as const;

export const ROOM_SERVER_EVENTS = {
  "room:joined": RelatedToReader.extend({
    room: Room,
    messages: z.array(Message).max(JOINED_MESSAGES),
    online: z.array(PublicUser).max(NAMED_ONLINE),
    onlineCount: z.int().min(0),
    lastSeq: z.int().min(0),
    lastEntryId: LastEntryId,
  }).meta({ description: "Entries after lastSeq arrive live from now on." }),
  "room:left": z.object({ roomId: z.string() }).meta({ description: "The answer to room:leave." }),
  "read:ack": ReadAnswer.extend({ roomId: z.string() }).meta({
    description: "How far one has read now, and what one has not.",
  }),
  "typing:update": z.object({ roomId: z.string(), user: PublicUser, isTyping: z.boolean() })
    .meta({ description: "Another user in the room began or ended typing." }),
  "presence:update": z.object({
    roomId: z.string(),
    joined: z.array(PublicUser),
    left: z.array(PublicUser),
    count: z.int().min(0),
  }).meta({ description: "Who came and who went; at most 4 a second and room." }),
} as const;
