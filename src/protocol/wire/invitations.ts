/** Invitations as they go over the wire. */
import type { RoomType } from "./rooms.ts";
import type { PublicUser } from "./users.ts";

/** An invitation to a room, without its code. */
export interface Invitation {
  /** Opaque. */
  id: string;
  /** As they are now. */
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
  /** What one gives to the invited. */
  code: string;
  /** Of the page of the room, on this server. */
  url: string;
}

/** A page of a room's invitations. */
export interface InvitationsPage {
  /** In the order in which they were created. */
  invitations: Invitation[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** What the invited are shown of the room before they are members. */
export interface InvitedRoom {
  /** 1 to 80 characters. */
  name: string;
  /** Who may read it and become a member. */
  type: RoomType;
  /** How many members it has. */
  memberCount: number;
}
