/** The port of invitations. */
import type { Invitation, InvitationLimits, NewInvitation } from "../../domain/invitation.ts";

/**
 * See {@linkcode Store} for the guarantees of every method. A use has two steps, because a membership
 * is made by an entry of the room's log: `claim` counts it, and keeps it for that user until `settle`
 * says what has become of it. A process that dies between them leaves a claim that its user may take
 * up again.
 */
export interface InvitationStore {
  /**
   * Adds an invitation, unless with it there were more open ones than `limits` allow: of several at
   * once that do not fit together none may be added. Forgets those of the room that have expired, and
   * of the used up ones all but the last `MAX_USED_UP`.
   * @returns whether it was added
   */
  create(invitation: NewInvitation, limits: InvitationLimits): Promise<boolean>;
  /** By the hash of its code, expired or not; null if there is none, or it was revoked. */
  find(codeHash: string): Promise<Invitation | null>;
  /** The invitations of a room by their ids, but those that have expired at `now`. */
  list(roomId: string, now: Date, limit: number, afterId?: string): Promise<Invitation[]>;
  /** Revokes an invitation of a room. Returns false if the room has none with that id. */
  delete(roomId: string, id: string): Promise<boolean>;
  /**
   * Counts a use of an invitation, unless it has expired at `now`, or is used up: of `maxUses` exactly
   * as many claims succeed, however close the race. A claim of the user that is not settled is taken
   * up again, also of an invitation that has expired since, and not counted; nor is one of a user who
   * may return.
   * @returns the claim's own id, under which the user may become a member; null if they may not
   */
  claim(id: string, userId: string, now: Date): Promise<string | null>;
  /**
   * Whether a user whose claim was settled as used needs no other use, because they have not been
   * removed or banned since the last time that they came in, and it has not expired at `now`.
   */
  mayReturn(id: string, userId: string, now: Date): Promise<boolean>;
  /**
   * Ends a user's claim, if it has not ended.
   * @param isUsed whether they have become a member by it; else the use is not counted
   */
  settle(id: string, userId: string, claim: string, isUsed: boolean): Promise<void>;
}
