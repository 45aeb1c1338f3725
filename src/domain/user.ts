/** A person with an account, and the part of them that others may see. */
import type { Restriction } from "./restriction.ts";

/** What a user is on the server: admins may do in public rooms what owners may, and more. */
export type InstanceRole = "admin" | "member";

export const INSTANCE_ROLES = ["admin", "member"] as const satisfies InstanceRole[];

/** What a user is on the server as a whole. */
export interface AccountStanding {
  role: InstanceRole;
  /** Who is banned has no session. */
  ban: Restriction | null;
}

/** A user as admins see them. */
export type KnownUser = PublicUser & AccountStanding;

export interface User extends AccountStanding {
  id: string;
  /** Lower-cased and unique. */
  email: string;
  /** bcrypt, modular crypt format. */
  passwordHash: string;
  displayName: string;
  avatarUrl: string | null;
  onboardingCompleted: boolean;
  createdAt: Date;
  updatedAt: Date;
}

/** What other people see of a user; never the email. */
export interface PublicUser {
  id: string;
  displayName: string;
  avatarUrl: string | null;
}

/** What users may change of themselves; a missing field stays as it is. */
export interface ProfileChanges {
  displayName?: string;
  avatarUrl?: string | null;
  onboardingCompleted?: boolean;
}

/** The part of a user that others may see. */
export function publicUser({ id, displayName, avatarUrl }: PublicUser): PublicUser {
  return { id, displayName, avatarUrl };
}
