/** A room: the place that owns one log of messages. */
import type { PublicUser } from "./user.ts";

export interface Room {
  id: string;
  name: string;
  /** Unique, made from the name. */
  slug: string;
  description: string | null;
  createdBy: PublicUser;
  /** The last entry of the room's log; 0 while it is empty. */
  lastSeq: number;
  /** When its last message was sent; null while there is none. */
  lastMessageAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * Who may read it and become a member: everybody signed in; who was added or invited; two users, who
 * never change.
 */
export type RoomType = "public" | "private" | "direct";

/** The lowest role that sends, while nothing else speaks against it. */
export type PostPolicy = "members" | "moderators";

/** What of a room decides what one may do in it. */
export interface RoomRules {
  /** Never changes. */
  type: RoomType;
  postPolicy: PostPolicy;
  /** Null while it is not archived. */
  archivedAt: Date | null;
}

/** Of a public room that nobody has restricted. */
export const OPEN_RULES: RoomRules = Object.freeze({
  type: "public",
  postPolicy: "members",
  archivedAt: null,
});

/** A room before its log has any entry. */
export type NewRoom = Omit<Room, "lastSeq" | "lastMessageAt">;

/** What never changes of a room and decides what one may do in it. */
export interface RoomIdentity {
  id: string;
  creatorId: string;
}
