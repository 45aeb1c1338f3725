/** Rooms, and who is in them, as they go over the wire. */
import type { Message, Metadata, RelatedToReader } from "./messages.ts";
import type { PublicUser } from "./users.ts";

/** A room, without its messages. */
export interface Room {
  /** Opaque. */
  id: string;
  /** 1 to 80 characters, not unique; empty of a direct room. */
  name: string;
  /** The name as a part of an address, unique; of private and direct rooms the id in lower case. */
  slug: string;
  /** Fixed at its creation. */
  type: RoomType;
  /** Up to 500 characters. */
  description: string | null;
  /** As they are now, not as they were then. */
  createdBy: PublicUser;
  /** The two of a direct room, by their ids. */
  members?: PublicUser[] | undefined;
  /** How many members it has. */
  memberCount: number;
  /** Who may send: all members, or only moderators and owners. */
  postPolicy: PostPolicy;
  /** What a member waits between two messages; 0 for nothing. */
  slowModeSeconds: number;
  /** ISO 8601, UTC; null while it is not archived. */
  archivedAt: string | null;
  /** The app's own. */
  metadata: Metadata | null;
  /** The number of the last entry of its log; 0 while it is empty. */
  lastSeq: number;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** ISO 8601, UTC. */
  updatedAt: string;
}

/**
 * Who may read it and become a member: everybody signed in; who was added or invited; two users, who
 * never change.
 */
export type RoomType = "public" | "private" | "direct";

/** The lowest role that sends. */
export type PostPolicy = "members" | "moderators";

/** A room as it is listed. */
export interface ListedRoom extends Room {
  /** When its last message was sent; ISO 8601, UTC; null while there is none. */
  lastMessageAt: string | null;
  /** One's own place in it, of members. */
  me?: ReadState | undefined;
}

/** How far a member has read a room. */
export interface ReadState {
  /** The entry up to which it is read. */
  readSeq: number;
  /** Messages of others after it; exact to 99, and 100 means more. */
  unread: number;
  /** Those among them that name the member, answer them, or mean everybody; as `unread`. */
  mentions: number;
}

/** A page of the list of rooms. */
export interface RoomsPage {
  /** By name. */
  rooms: ListedRoom[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** What a new room is. */
export interface NewRoom {
  /** 1 to 80 characters. */
  name: string;
  /** Up to 500 characters. */
  description?: string | undefined;
  /** Fixed from then on; public if not given. */
  type?: "public" | "private" | undefined;
  /** Ids of users who are members from the beginning. */
  members?: string[] | undefined;
  /** The lowest role that sends; members if not given. */
  postPolicy?: PostPolicy | undefined;
  /** What a member waits between two messages, 0 to 21,600 s. */
  slowModeSeconds?: number | undefined;
  /** The app's own. */
  metadata?: Metadata | null | undefined;
}

/** Which rooms are listed. */
export interface RoomsQuery {
  /** Only those of which one is a member, direct ones too. */
  mine?: boolean | undefined;
  /** Only archived ones; otherwise only the others. */
  archived?: boolean | undefined;
  /** `activity`: the last active first, of one's own alone; by name if not given. */
  sort?: "name" | "activity" | undefined;
  /** 1 to 100, of one's own up to 200; 50 if not given. */
  limit?: number | undefined;
  /** The `nextCursor` of the page before. */
  cursor?: string | undefined;
}

/** What a client sends about rooms; `roomId` is an id or a slug. */
export interface RoomClientEvents {
  /**
   * Answered by `room:joined`. With `present: false` the socket gets entries, no typing and presence,
   * and does not count as being there; sent again with another value it changes that.
   */
  "room:join": { roomId: string; present?: boolean | undefined };
  /** Answered by `room:left`, joined or not. */
  "room:leave": { roomId: string };
  /** Answered by `read:ack`: all up to this entry is read. A lower `seq` than before changes nothing. */
  "room:read": { roomId: string; seq: number };
  /** The same, back to just before this message. */
  "room:unread": { roomId: string; seq: number };
  /** Ends by itself after 6 s. */
  "typing:start": { roomId: string };
  /** Has no answer. */
  "typing:stop": { roomId: string };
}

/** Why one was taken out of a room. */
export type RemovalReason = "kicked" | "banned" | "left" | "deleted";

/** What the server sends about rooms; `roomId` is an id. */
export interface RoomServerEvents {
  /** The answer to `room:join`. */
  "room:joined": RelatedToReader & {
    room: Room;
    /** What one may do in it. */
    capabilities: string[];
    /** The last 50, oldest first. */
    messages: Message[];
    /** At most 200. */
    online: PublicUser[];
    onlineCount: number;
    /** Entries after it arrive live from now on. */
    lastSeq: number;
    /** The id of entry `lastSeq`; null if there is none. */
    lastEntryId: string | null;
  };
  /** The answer to `connection:recover`, for one room. */
  "connection:missed": RelatedToReader & {
    roomId: string;
    /** As it is now. */
    room: Room;
    /** What one may do in it. */
    capabilities: string[];
    /** As they are now, each once, by the entry that changed it last. */
    messages: Message[];
    /** The last entry covered, and the cursor to ask with next. */
    lastSeq: number;
    /** The id of entry `lastSeq`; null if there is none. */
    lastEntryId: string | null;
    hasMore: boolean;
    /** Whether the cursor is not in the log: discard what the client has of the room. */
    reset: boolean;
  };
  /** The answer to `room:leave`. */
  "room:left": { roomId: string };
  /** One was taken out of the room: no more entries of it arrive on this socket. */
  "room:removed": { roomId: string; reason: RemovalReason };
  /** The room's settings, or what one may do in it, have changed; a hint beside the entry. */
  "room:updated": { roomId: string; room: Room; capabilities: string[] };
  /** The answer to `room:read` and `room:unread`. */
  "read:ack": { roomId: string; seq: number; unread: number; mentions: number };
  /**
   * How far another member has read, on or back: in direct rooms and private ones of up to 100 members,
   * at most once in 2 s for each user and room. A hint: what was missed is not repeated.
   */
  "read:update": { roomId: string; userId: string; seq: number };
  /** Another user in the room began to type, or ended. */
  "typing:update": { roomId: string; user: PublicUser; isTyping: boolean };
  /** Who came and who went since the last one. */
  "presence:update": {
    roomId: string;
    /** Empty while more than 200 are online, as is `left`. */
    joined: PublicUser[];
    left: PublicUser[];
    count: number;
  };
}
