/** A room as the client lists it. */
import type { MemberOfRoom } from "../protocol/wire/account.ts";
import type { RoomRole } from "../protocol/wire/members.ts";
import type { ListedRoom } from "../protocol/wire/rooms.ts";

/** A room as it is listed. */
export interface RoomSummary extends Omit<ListedRoom, "me"> {
  /** Whether the user belongs to it: was added, has sent to it, or made it. */
  readonly isMember: boolean;
  /** The user's role in it; null if they are no member, or it is not known yet. */
  readonly role: RoomRole | null;
  /** What the user wants to be notified of. */
  readonly notifications: MemberOfRoom["notifications"];
  /** Whether the user has hidden it, and nothing new is in it. */
  readonly isHidden: boolean;
  /** Messages of others that the user has not read; 100 means more. */
  readonly unread: number;
  /** Those among them that name the user, answer them, or mean everybody. */
  readonly mentions: number;
  /**
   * Whether the list keeps it joined: a hundred of the user's own rooms, those that were last active
   * when there was place. In the others messages that are not for the user count when it is next read.
   */
  readonly isJoined: boolean;
}
