/** The port of memberships, and of how far members have read. */
import type { Membership, Role, Unread } from "../../domain/membership.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface MemberStore {
  /** Makes a user a member who has read all there is; does nothing if they are one. */
  add(roomId: string, userId: string, role: Role): Promise<void>;
  /** The user's memberships in those of these rooms in which they are a member. */
  find(userId: string, roomIds: readonly string[]): Promise<Map<string, Membership>>;
  /**
   * Moves how far a member has read: forward, or back if `back` is set. Else nothing changes.
   * @returns how far they have read now; null if they are no member
   */
  setRead(roomId: string, userId: string, seq: number, back: boolean): Promise<number | null>;
  /** What a member has not read in these rooms, by the entries up to which they have read. */
  countUnread(userId: string, readSeqs: ReadonlyMap<string, number>): Promise<Map<string, Unread>>;
}
