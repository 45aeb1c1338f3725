/** Members of rooms, bans and mutes, as they go over the wire. */
import type { PublicUser } from "./users.ts";

/** What a member is: the higher may do all that the lower may. */
export type RoomRole = "owner" | "moderator" | "member";

/** A member of a room. */
export interface Member {
  /** As they are now. */
  user: PublicUser;
  /** What they are in the room. */
  role: RoomRole;
  /** ISO 8601, UTC. */
  joinedAt: string;
  /** When their mute ends; ISO 8601, UTC; of one that does not end the year 9999; null if they are not muted. */
  mutedUntil: string | null;
}

/** A page of a room's members. */
export interface MembersPage {
  /** In the order in which they joined. */
  members: Member[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** Who is banned from a room, or muted there. */
export interface Restricted {
  /** As they are now. */
  user: PublicUser;
  /** When it ends; ISO 8601, UTC; null if it does not. */
  until: string | null;
  /** As whoever did it gave it. */
  reason: string | null;
}
