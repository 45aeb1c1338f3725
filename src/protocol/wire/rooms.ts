/** Rooms, and who is in them, as they go over the wire. */
import type { Message, RelatedToReader } from "./messages.ts";
import type { PublicUser } from "./users.ts";

/** A room, without its messages. */
export interface Room {
  /** Opaque. */
  id: string;
  /** 1 to 80 characters, not unique. */
  name: string;
  /** The name as a part of an address, unique. */
  slug: string;
  /** Up to 500 characters. */
  description: string | null;
  /** As they are now, not as they were then. */
  createdBy: PublicUser;
  /** The number of the last entry of its log; 0 while it is empty. */
  lastSeq: number;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** ISO 8601, UTC. */
  updatedAt: string;
}

/** A page of the list of rooms. */
export interface RoomsPage {
  /** By name. */
  rooms: Room[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** What a client sends about rooms; `roomId` is an id or a slug. */
export interface RoomClientEvents {
  /** Answered by `room:joined`. */
  "room:join": { roomId: string };
  /** Answered by `room:left`, joined or not. */
  "room:leave": { roomId: string };
  /** Ends by itself after 6 s. */
  "typing:start": { roomId: string };
  /** Has no answer. */
  "typing:stop": { roomId: string };
}

/** What the server sends about rooms; `roomId` is an id. */
export interface RoomServerEvents {
  /** The answer to `room:join`. */
  "room:joined": RelatedToReader & {
    room: Room;
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
  /** The answer to `room:leave`. */
  "room:left": { roomId: string };
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
