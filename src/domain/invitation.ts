/** An invitation to a room: whoever has its code may become a member. */
import type { PublicUser } from "./user.ts";

export interface Invitation {
  id: string;
  roomId: string;
  createdBy: PublicUser;
  createdAt: Date;
  /** Null if it does not expire. */
  expiresAt: Date | null;
  /** How many users may use it; null if any number may. */
  maxUses: number | null;
  /** How many have used it. */
  uses: number;
}

/** An invitation that nobody has used. */
export interface NewInvitation extends Omit<Invitation, "uses"> {
  /** Of its code, which is not stored. */
  codeHash: string;
}

/** How many invitations of a room there may be at the same time. */
export const MAX_INVITATIONS = 100;

/** Whether somebody more may use it at `now`. */
export function isOpen({ expiresAt, maxUses, uses }: Invitation, now: Date): boolean {
  return (expiresAt === null || expiresAt > now) && (maxUses === null || uses < maxUses);
}
