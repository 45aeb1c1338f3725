/** A user's place in a room. */
import type { Restriction } from "./restriction.ts";
import type { PublicUser } from "./user.ts";

export { isInForce, type Restriction } from "./restriction.ts";

/** What a member is: the higher may do all that the lower may. */
export type Role = "owner" | "moderator" | "member";

/** The roles, the lowest first. */
export const ROLES: readonly Role[] = ["member", "moderator", "owner"];

export interface Membership {
  role: Role;
  /** The entry up to which the member has read the room. */
  readSeq: number;
}

/** What of a user's place in a room decides what they may do there. */
export interface Standing {
  /** Null if they are no member. */
  role: Role | null;
  ban: Restriction | null;
  mute: Restriction | null;
}

/** A member as others see them. */
export interface Member extends Pick<Standing, "mute"> {
  user: PublicUser;
  role: Role;
  joinedAt: Date;
}

/** Of a user whom the room knows nothing of. */
export const STRANGER: Standing = Object.freeze({ role: null, ban: null, mute: null });

/** What of a room a member has not read; both are exact to 99, and 100 means more. */
export interface Unread {
  /** Messages of others, not deleted, not of the system. */
  unread: number;
  /** Those among them that name the member, answer them, or mean everybody. */
  mentions: number;
}

/** Above `MAX_UNREAD - 1` nothing is counted. */
export const MAX_UNREAD = 100;
