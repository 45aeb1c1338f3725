/** Invitations as they go over the wire. */
import type { RoomType } from "./rooms.ts";
import type { PublicUser } from "./users.ts";

/** An invitation to a room, without its code. */
export interface Invitation {
  id: string;
  createdBy: PublicUser;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** ISO 8601, UTC; null if it does not expire. */
  expiresAt: string | null;
  /** How many users may use it; null if any number may. */
  maxUses: number | null;
  /** How many have used it. */
  uses: number;
}

/** An invitation as it is shown once: the code is not stored. */
export interface NewInvitation extends Invitation {
  code: string;
  /** Of the page of the room, on this server. */
  url: string;
}

export interface InvitationsPage {
  /** In the order in which they were created. */
  invitations: Invitation[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** What the invited are shown of the room before they are members. */
export interface InvitedRoom {
  name: string;
  type: RoomType;
  memberCount: number;
}
