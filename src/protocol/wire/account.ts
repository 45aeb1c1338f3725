/** The account's stream as it goes over the wire: what concerns a user beyond the rooms' logs. */
import type { RoomRole } from "./members.ts";
import type { RemovalReason, Room } from "./rooms.ts";
import type { User } from "./users.ts";

/** One item of the account; it takes the place of an earlier one of its key. */
export type AccountItem = {
  /** Numbers rise, and may skip. */
  seq: number;
  /** `room:<id>`, `read:<id>`, `profile` or `block:<id>`. */
  key: string;
} & AccountChange;

/** What an item tells. */
export type AccountChange =
  /** One is a member: the room as it was when this was read. */
  | { type: "room"; data: MemberOfRoom }
  /** One is a member no longer. */
  | { type: "room_removed"; data: { roomId: string; reason: RemovalReason } }
  /** How far one has read, on whatever device. */
  | { type: "read"; data: { roomId: string; seq: number } }
  /** One has changed one's own profile. */
  | { type: "profile"; data: { user: User } }
  | { type: "block"; data: { userId: string; blocked: boolean } };

/** A room that one is a member of, and one's own place in it. */
export interface MemberOfRoom {
  /** As it was when this was read. */
  room: Room;
  /** One's role there. */
  role: RoomRole;
  /** What one wants to be notified of. */
  notifications: "all" | "mentions" | "none";
  /** Whether it is left out of the list until something new is in it. */
  hidden: boolean;
  /** The entry up to which one has read. */
  readSeq: number;
}

/** What has changed of an account since a cursor. */
export interface AccountChanges {
  /** By `seq`, as they are now. */
  items: AccountItem[];
  /** The last number covered, and the cursor to ask with next. */
  lastSeq: number;
  /** Whether to ask again from `lastSeq`. */
  hasMore: boolean;
  /** Whether the cursor is unknown: forget everything, this is the first page of all. */
  reset: boolean;
}

/** What a client sends about its account. */
export interface AccountClientEvents {
  /** Answered by `account:missed`; after its last page changes arrive as `account:item`. */
  "account:recover": { lastSeenSeq: number; limit?: number | undefined };
}

/** What the server sends about a client's account. */
export interface AccountServerEvents {
  /** The answer to `account:recover`. */
  "account:missed": AccountChanges;
  /** Something has changed. Items come in the order of their numbers, none missing, none twice. */
  "account:item": { item: AccountItem };
}
