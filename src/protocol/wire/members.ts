/** Members of rooms, bans and mutes, as they go over the wire. */
import type { PublicUser } from "./users.ts";

export type RoomRole = "owner" | "moderator" | "member";

export interface Member {
  user: PublicUser;
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
  nextCursor: string | null;
}

/** Who is banned from a room, or muted there. */
export interface Restricted {
  user: PublicUser;
  /** When it ends; ISO 8601, UTC; null if it does not. */
  until: string | null;
  reason: string | null;
}
