/** A user's place in a room. */
import type { Restriction } from "./restriction.ts";
import type { PublicUser } from "./user.ts";

/** What a member is: the higher may do all that the lower may. */
export type Role = "owner" | "moderator" | "member";

/** The roles, the lowest first. */
export const ROLES: readonly Role[] = ["member", "moderator", "owner"];

export interface Membership extends Preferences {
  role: Role;
  /** The entry up to which the member has read the room. */
  readSeq: number;
}

/** What a member wants of a room for themselves. */
export interface Preferences {
  /** What they are notified of; the server stores it for their clients. */
  notifications: Notifications;
  /** Whether it is left out of their list, until there is a new message in it. */
  hidden: boolean;
}

/** Of which messages a member is notified. */
export type Notifications = "all" | "mentions" | "none";

/** What of a user's place in a room decides what they may do there. */
export interface Standing {
  /** Null if they are no member. */
  role: Role | null;
  ban: Restriction | null;
  mute: Restriction | null;
  /** Whether one of the two of a direct room has blocked the other; absent in other rooms. */
  isBlocked?: boolean;
  /** The last message that they sent in slow mode. */
  lastSend: LastSend | null;
}

/** A message that slow mode counts. */
export interface LastSend {
  seq: number;
  at: Date;
}

/** A member as others see them. */
export interface Member extends Pick<Standing, "mute"> {
  user: PublicUser;
  role: Role;
  joinedAt: Date;
}

/** Who is banned from a room, or muted there. */
export interface Restricted extends Restriction {
  user: PublicUser;
}

/** Of a user whom the room knows nothing of. */
export const STRANGER: Standing = Object.freeze({
  role: null,
  ban: null,
  mute: null,
  lastSend: null,
});

/** What has become of a read position that was set. */
export interface ReadMove {
  /** The last entry that is read now. */
  readSeq: number;
  /** Whether it was another before. */
  moved: boolean;
}

/** What of a room a member has not read; both are exact to 99, and 100 means more. */
export interface Unread {
  /** Messages of others, not deleted, not of the system. */
  unread: number;
  /** Those among them that name the member, answer them, or mean everybody. */
  mentions: number;
}

/** Above `MAX_UNREAD - 1` nothing is counted. */
export const MAX_UNREAD = 100;
