/** Users as they go over the wire. */

/** What others see of a user. */
export interface PublicUser {
  /** Opaque. */
  id: string;
  /** 1 to 50 characters, not unique. */
  displayName: string;
  /** An https URL or, of a picture that the server keeps, a path on it; null if there is none. */
  avatarUrl: string | null;
}

/** What users see of themselves. */
export interface User extends PublicUser {
  /** What they are on the server: admins may do in public rooms what owners may. */
  role: "admin" | "member";
  /** Shown to nobody else. */
  email: string;
  /** For the app to use; the server only keeps it. */
  onboardingCompleted: boolean;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** ISO 8601, UTC. */
  updatedAt: string;
}

/** A user as others find them; role and ban are for admins. */
export interface FoundUser extends PublicUser {
  /** For admins. */
  role?: User["role"] | undefined;
  /** For admins; null if they are not banned. */
  ban?: Restriction | null | undefined;
}

/** A ban or a mute. */
export interface Restriction {
  /** ISO 8601, UTC; null if it does not end. */
  until: string | null;
  /** As whoever did it gave it. */
  reason: string | null;
}
