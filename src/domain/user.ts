/** A person with an account, and the part of them that others may see. */

export interface User {
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
