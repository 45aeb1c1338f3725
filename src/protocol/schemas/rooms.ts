/** Rooms, and who is in them: what clients send about them, and what the server shows. */
import { z } from "zod";
import type { Room as DomainRoom } from "../../domain/room.ts";
import { MAX_UNREAD } from "../../domain/membership.ts";
import { CAPABILITIES, type Capability } from "../../domain/permissions.ts";
import { publicUser } from "../../domain/user.ts";
import {
  JOINED_MESSAGES,
  MAX_OWN_ROOMS,
  MAX_PAGE_SIZE,
  MAX_SLOW_MODE_SECONDS,
  NAMED_ONLINE,
  PAGE_SIZE,
} from "../wire/limits.ts";
import type * as wire from "../wire/rooms.ts";
import {
  Cursor,
  Flag,
  Id,
  inDigits,
  Metadata,
  PageCursor,
  Present,
  RoomDescription,
  RoomName,
  RoomReference,
  Time,
  UserId,
  UserIds,
} from "./fields.ts";
import { Changes, LastEntryId, Message, RelatedToReader } from "./messages.ts";
import { PublicUser } from "./users.ts";

/** The lowest role that sends. */
export const PostPolicy = z.enum(["members", "moderators"]);

const SHOWN_CAPABILITIES = CAPABILITIES.filter((each) => each !== "room.read");

export const Room = z.object({
  id: Id,
  name: z.string(),
  slug: z.string(),
  description: z.string().nullable(),
  type: z.enum(["public", "private", "direct"]),
  createdBy: PublicUser,
  members: z.array(PublicUser).optional().meta({ description: "the two of a direct room" }),
  memberCount: z.int().min(0),
  postPolicy: PostPolicy,
  slowModeSeconds: z.int().min(0).max(MAX_SLOW_MODE_SECONDS),
  archivedAt: Time.nullable(),
  metadata: Metadata.nullable(),
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
  const { id, name, slug, description, type, createdBy, members } = room;
  const { memberCount, postPolicy, slowModeSeconds, archivedAt, metadata, lastSeq } = room;
  return {
    id,
    name,
    slug,
    description,
    type,
    createdBy: publicUser(createdBy),
    ...(members && { members: members.map(publicUser) }),
    memberCount,
    postPolicy,
    slowModeSeconds,
    archivedAt: archivedAt && archivedAt.toISOString(),
    metadata,
    lastSeq,
    createdAt: room.createdAt.toISOString(),
    updatedAt: room.updatedAt.toISOString(),
  };
}

/** What one may do in a room; being shown it says that one may read it. */
const RoomCapabilities = z.array(z.enum(SHOWN_CAPABILITIES)).meta({
  description: "what one may do in it",
});

/** By the sets of the permissions' table, of which there are few. */
const presented = new WeakMap<ReadonlySet<Capability>, string[]>();

export function presentCapabilities(capabilities: ReadonlySet<Capability>): string[] {
  const known = presented.get(capabilities);
  if (known) return known;
  const shown = SHOWN_CAPABILITIES.filter((each) => capabilities.has(each));
  presented.set(capabilities, shown);
  return shown;
}

export const RoomCreation = z.object({
  name: RoomName,
  description: RoomDescription.nullable().optional(),
  type: z.enum(["public", "private"]).default("public"),
  members: UserIds.default([]).meta({ description: "ids of users who are members as well" }),
  postPolicy: PostPolicy.default("members"),
  slowModeSeconds: z.int().min(0).max(MAX_SLOW_MODE_SECONDS).default(0),
  metadata: Metadata.nullable().default(null),
}).meta({ id: "RoomCreation" });

export const DirectCreation = z.object({ userId: UserId }).meta({ id: "DirectCreation" });

export const RoomChanges = z.object({
  name: RoomName.optional(),
  description: RoomDescription.nullable().optional(),
  postPolicy: PostPolicy.optional(),
  slowModeSeconds: z.int().min(0).max(MAX_SLOW_MODE_SECONDS).optional(),
  archived: z.boolean().optional(),
  metadata: Metadata.nullable().optional(),
}).meta({ id: "RoomChanges" });

export const RoomsQuery = z.object({
  limit: inDigits(z.int().min(1).max(MAX_OWN_ROOMS)).default(PAGE_SIZE).meta({
    description: `up to ${MAX_PAGE_SIZE}, of own rooms up to ${MAX_OWN_ROOMS}`,
  }),
  cursor: PageCursor.optional(),
  mine: Flag.meta({ description: "rooms of which one is a member, direct ones too" }),
  archived: Flag.meta({ description: "archived rooms, else the others" }),
  sort: z.enum(["name", "activity"]).default("name").meta({
    description: "activity: the last active first; of own rooms alone",
  }),
}).refine(({ mine, limit }) => mine || limit <= MAX_PAGE_SIZE, {
  path: ["limit"],
  error: `must be at most ${MAX_PAGE_SIZE}`,
}).refine(({ mine, sort }) => mine || sort === "name", {
  path: ["sort"],
  error: "must be name, or used with mine=true",
});

export const PreferencesRequest = z.object({
  notifications: z.enum(["all", "mentions", "none"]).optional(),
  hidden: z.boolean().optional(),
}).refine((changes) => Object.keys(changes).length > 0, "must change something")
  .meta({ id: "PreferencesRequest" });

export const RoomAnswer = z.object({ room: ListedRoom });
export const FullRoomAnswer = RoomAnswer.extend({ capabilities: RoomCapabilities });

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

/** What was missed in a room, and the room as it is now. */
export const RoomMissed = Changes.extend({ room: Room, capabilities: RoomCapabilities });

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
    capabilities: RoomCapabilities,
    messages: z.array(Message).max(JOINED_MESSAGES),
    online: z.array(PublicUser).max(NAMED_ONLINE),
    onlineCount: z.int().min(0),
    lastSeq: z.int().min(0),
    lastEntryId: LastEntryId,
  }).meta({ description: "Entries after lastSeq arrive live from now on." }),
  "connection:missed": RoomMissed.extend({ roomId: Id }).meta({
    description: "What was missed in one room; ask again from lastSeq while hasMore.",
  }),
  "room:left": z.object({ roomId: Id }).meta({ description: "The answer to room:leave." }),
  "room:removed": z.object({
    roomId: Id,
    reason: z.enum(["kicked", "banned", "left", "deleted"]),
  }).meta({ description: "One was taken out of the room: none of its entries arrive any more." }),
  "room:updated": z.object({ roomId: Id, room: Room, capabilities: RoomCapabilities }).meta(
    {
      description: "The room's settings, or what one may do in it, have changed.",
    },
  ),
  "read:ack": ReadAnswer.extend({ roomId: Id }).meta({
    description: "How far one has read now, and what one has not.",
  }),
  "read:update": z.object({ roomId: Id, userId: Id, seq: z.int().min(0) }).meta({
    description: "How far another member has read, in direct and small private rooms.",
  }),
  "typing:update": z.object({ roomId: Id, user: PublicUser, isTyping: z.boolean() })
    .meta({ description: "Another user in the room began or ended typing." }),
  "presence:update": z.object({
    roomId: Id,
    joined: z.array(PublicUser),
    left: z.array(PublicUser),
    count: z.int().min(0),
  }).meta({ description: "Who came and who went; at most 4 a second and room." }),
} as const;
