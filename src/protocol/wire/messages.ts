/** Messages, and the log that they are kept in, as they go over the wire. */
import type { PublicUser } from "./users.ts";

/** A message, as it is now. */
export interface Message {
  /** Opaque. */
  id: string;
  /** The id, never the slug. */
  roomId: string;
  /** The number of the entry that created it. */
  seq: number;
  /** As they are now, not as they were then. */
  sender: PublicUser;
  /** As it was written, markup and all. */
  text: string;
  /** Whether the server wrote it, about something that `sender` did. */
  system: boolean;
  /** Made by the sender's client, unique among the sender's messages in the room. */
  clientMessageId: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** ISO 8601, UTC. */
  updatedAt: string;
}

/** What a message has that a client has just written, beside what the user gave. */
export const NEW_MESSAGE = { system: false } as const satisfies Partial<Message>;

/** A page of a room's history, oldest first. */
export interface MessagesPage {
  /** As they are now. */
  messages: Message[];
  /** Whether there are more in the direction of paging. */
  hasMore: boolean;
}

/** The last entry that a client has seen in a room. */
export interface RoomCursor {
  /** Id or slug. */
  roomId: string;
  /** The highest `seq` seen; 0 before the first. */
  lastSeenSeq: number;
  /** The id of that entry, by which a restored backup whose log has grown again is noticed. */
  lastSeenEntryId?: string | undefined;
}

/** What a client sends about messages; `roomId` is an id or a slug. */
export interface MessageClientEvents {
  /** Answered by `message:ack` once the message is durable. */
  "message:send": { roomId: string; text: string; clientMessageId?: string };
  /** Answered by one `connection:missed` for each room. */
  "connection:recover": RoomCursor | { rooms: RoomCursor[] };
}

/** What the server sends about messages; `roomId` is an id. */
export interface MessageServerEvents {
  /** The answer to `message:send`: the message is durable. */
  "message:ack": {
    roomId: string;
    clientMessageId: string;
    id: string;
    seq: number;
    /** ISO 8601, UTC. */
    createdAt: string;
  };
  /** An entry of a joined room's log: in order, none missing, none twice. */
  "message:new": {
    roomId: string;
    seq: number;
    /** The id of the entry, which is that of the message that it creates. */
    entryId: string;
    message: Message;
  };
  /** The answer to `connection:recover`, for one room. */
  "connection:missed": {
    roomId: string;
    messages: Message[];
    /** The last entry covered, and the cursor to ask with next. */
    lastSeq: number;
    /** The id of entry `lastSeq`; null if there is none. */
    lastEntryId: string | null;
    hasMore: boolean;
    /** Whether the cursor is not in the log: discard what the client has of the room. */
    reset: boolean;
  };
}
