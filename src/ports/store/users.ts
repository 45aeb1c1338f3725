/** The port of accounts. */
import type { ProfileChanges, PublicUser, User } from "../../domain/user.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface UserStore {
  /**
   * Adds a user.
   * @throws ChatError `email_taken` if another user has the email, however close the race
   */
  create(user: User): Promise<void>;
  find(id: string): Promise<User | null>;
  /** What others see of these users; those that do not exist are left out. In any order. */
  findPublic(ids: readonly string[]): Promise<PublicUser[]>;
  /** Finds by the lower-cased email. */
  findByEmail(email: string): Promise<User | null>;
  /** Writes the given fields and `updatedAt`; returns the user as it is now, null if there is none. */
  update(id: string, changes: ProfileChanges, updatedAt: Date): Promise<User | null>;
}
