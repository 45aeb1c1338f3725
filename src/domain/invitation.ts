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

/** How many open invitations there may be at the same time, at most. */
export interface InvitationLimits {
  /** Of the room, whoever created them. */
  room: number;
  /** Of them, by the one who creates another. */
  creator: number;
}

/** For who may add members: what others cannot take from them is half of it. */
export const MODERATORS_LIMITS: InvitationLimits = { room: 100, creator: 100 };
/** For plain members. */
export const MEMBERS_LIMITS: InvitationLimits = { room: 50, creator: 10 };
/** How many of a room's are kept that are used up: the last ones. */
export const MAX_USED_UP = 100;

/** Whether somebody more may use it at `now`. */
export function isOpen(
  invitation: Pick<Invitation, "expiresAt" | "maxUses" | "uses">,
  now: Date,
): boolean {
  const { expiresAt } = invitation;
  return (expiresAt === null || expiresAt > now) && !isUsedUp(invitation);
}

/** Whether as many have used it as may. */
export function isUsedUp({ maxUses, uses }: Pick<Invitation, "maxUses" | "uses">): boolean {
  return maxUses !== null && uses >= maxUses;
}
