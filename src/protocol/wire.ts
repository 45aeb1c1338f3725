/**
 * What goes over the wire, as plain types: the client is typed by them, and the schemas that check
 * input and make the API documents must agree with them to compile.
 */
import type { ErrorCode, InputFault } from "../domain/errors.ts";

/** What others see of a user. */
export interface PublicUser {
  /** Opaque. */
  id: string;
  /** 1 to 50 characters, not unique. */
  displayName: string;
  /** An https URL, if there is a picture. */
  avatarUrl: string | null;
}

/** What users see of themselves. */
export interface User extends PublicUser {
  /** Shown to nobody else. */
  email: string;
  /** The app's own mark; the server only keeps it. */
  onboardingCompleted: boolean;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** ISO 8601, UTC. */
  updatedAt: string;
}

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

/** A message, as it is now. */
export interface Message {
  /** Opaque. */
  id: string;
  /** The id, never the slug. */
  roomId: string;
  /** Its place in the room's log, from 1. */
  seq: number;
  /** As they are now, not as they were then. */
  sender: PublicUser;
  /** As it was written, markup and all. */
  text: string;
  /** Whether the server wrote it, about something that `sender` did. */
  system: boolean;
  /** The sender's own name for it, unique among their messages in the room. */
  clientMessageId: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** ISO 8601, UTC. */
  updatedAt: string;
}

/** How far a client has read a room. */
export interface RoomCursor {
  /** Id or slug. */
  roomId: string;
  /** The highest `seq` seen; 0 before the first. */
  lastSeenSeq: number;
  /** The id of that entry, by which a restored backup whose log has grown again is noticed. */
  lastSeenEntryId?: string | undefined;
}

/** What a client sends over the WebSocket; `roomId` is an id or a slug. */
export interface ClientEvents {
  /** The first frame; sent again it renews the token. Answered by `auth:ok`. */
  "auth:identify": { token: string };
  /** Answered by `room:joined`. */
  "room:join": { roomId: string };
  /** Answered by `room:left`, joined or not. */
  "room:leave": { roomId: string };
  /** Answered by `message:ack` once the message is durable. */
  "message:send": { roomId: string; text: string; clientMessageId?: string };
  /** Ends by itself after 6 s. */
  "typing:start": { roomId: string };
  /** Has no answer. */
  "typing:stop": { roomId: string };
  /** Answered by one `connection:missed` for each room. */
  "connection:recover": RoomCursor | { rooms: RoomCursor[] };
}

/** What the server sends over the WebSocket; `roomId` is an id. */
export interface ServerEvents {
  /** The socket is identified. */
  "auth:ok": {
    user: User;
    /** ISO 8601, UTC. */
    expiresAt: string;
  };
  /** The token is no good: the socket closes, after 30 s if the token has just expired. */
  "auth:error": {
    code: "unauthenticated" | "token_expired" | "session_revoked" | "forbidden";
    message: string;
  };
  /** The answer to `room:join`. */
  "room:joined": {
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
  /** The answer to `connection:recover`, for one room. */
  "connection:missed": {
    roomId: string;
    messages: Message[];
    /** The last entry covered, and the cursor to ask with next. */
    lastSeq: number;
    /** The id of entry `lastSeq`; null if there is none. */
    lastEntryId: string | null;
    hasMore: boolean;
    /** Whether the cursor lay beyond the log: what the client has is to be thrown away. */
    reset: boolean;
  };
  /** A command failed; the socket stays open. */
  error: {
    code: ErrorCode;
    message: string;
    /** The event that failed. */
    event: string | null;
    roomId?: string | undefined;
    clientMessageId?: string | undefined;
    /** Seconds. */
    retryAfter?: number | undefined;
    errors?: InputFault[] | undefined;
  };
}

/** The answer to registering, signing in and refreshing. */
export interface SignedIn {
  /** Who has signed in. */
  user: User;
  /** A JWT, for `Authorization: Bearer` and `auth:identify`. */
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
}

/** A page of the list of rooms. */
export interface RoomsPage {
  /** By name. */
  rooms: Room[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** A page of a room's history, oldest first. */
export interface MessagesPage {
  /** As they are now. */
  messages: Message[];
  /** Whether there are more in the direction of paging. */
  hasMore: boolean;
}

/** A refusal over REST, as RFC 9457 has it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable: programs may act on it. */
  code: ErrorCode;
  requestId: string;
  errors?: InputFault[] | undefined;
}
