/** The port of accounts. */
import type { Restriction } from "../../domain/restriction.ts";
import type {
  InstanceRole,
  KnownUser,
  ProfileChanges,
  PublicUser,
  User,
} from "../../domain/user.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface UserStore {
  /**
   * Adds a user.
   * @throws ChatError `email_taken` if another user has the email, however close the race
   */
  create(user: User): Promise<void>;
  /**
   * Adds a user if there is none yet. Returns false, and adds nothing, if there is one, however close
   * the race.
   */
  createFirst(user: User): Promise<boolean>;
  find(id: string): Promise<User | null>;
  /** What others see of these users; those that do not exist are left out. In any order. */
  findPublic(ids: readonly string[]): Promise<PublicUser[]>;
  /** Finds by the lower-cased email. */
  findByEmail(email: string): Promise<User | null>;
  /**
   * Writes the given fields and `updatedAt`. Of several at once each replaces the avatar that the one
   * before it has written.
   * @returns null if there is no such user
   */
  update(id: string, changes: ProfileChanges, updatedAt: Date): Promise<UpdatedUser | null>;
  /**
   * Gives a user a role. Returns false, and changes nothing, if there is no such user, or if one who
   * is banned would become an admin.
   */
  setRole(id: string, role: InstanceRole): Promise<boolean>;
  /**
   * Bans a user from the server, or lifts that. Returns false, and changes nothing, if there is no such
   * user, or if an admin would be banned.
   */
  setBan(id: string, ban: Restriction | null): Promise<boolean>;
  /** The ids of all admins. */
  admins(): Promise<string[]>;
  /**
   * Users whose display names have, for each of the words, a word that begins like it; of very many
   * with one like the longest some may be left out.
   * @param words as `nameWords` makes them; every name has one that begins like ""
   * @param limit users that are returned at most
   * @param withBanned whether those are among them who are banned now
   */
  search(words: readonly string[], limit: number, withBanned: boolean): Promise<KnownUser[]>;
  /** What others see of all users, by id, page by page. */
  list(after: string, limit: number): Promise<PublicUser[]>;
}

export interface UpdatedUser {
  user: User;
  /** The avatar until the update, which may have left it as it was. */
  previousAvatarUrl: string | null;
}
