/** A user's place in a room. */

/** What a member is: the higher may do all that the lower may. */
export type Role = "owner" | "moderator" | "member";

export interface Membership {
  role: Role;
  /** The entry up to which the member has read the room. */
  readSeq: number;
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
