/** The port of sessions. */
import type { Session, SessionRotation } from "../../domain/session.ts";
import type { User } from "../../domain/user.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface SessionStore {
  create(session: Session): Promise<void>;
  /** The session, revoked or not; null once `expiresAt` is past, whether it has been swept or not. */
  find(id: string): Promise<Session | null>;
  /**
   * What a socket is identified by, of those of these sessions that `find` finds.
   * @param ids at most 500
   */
  identify(ids: readonly string[]): Promise<Map<string, Identification>>;
  /**
   * Writes the rotation if the session is neither revoked nor at another generation than `from`.
   * Returns whether it did: of two racing rotations exactly one gets true.
   */
  rotate(id: string, from: number, rotation: SessionRotation): Promise<boolean>;
  /** Revokes the session. Returns false if it is unknown or was revoked before. */
  revoke(id: string, revokedAt: Date): Promise<boolean>;
  /** Revokes the sessions of a user that are there by now. Returns the ids of those that were not. */
  revokeAll(userId: string, revokedAt: Date): Promise<string[]>;
  /** Those of these sessions that were revoked; an expired or unknown one was not. */
  revoked(ids: string[]): Promise<string[]>;
}

/** A session with its user. */
export interface Identification extends Pick<Session, "revokedAt"> {
  user: User;
  /**
   * A number that the user's account has reached: its last one, unless something is being numbered at
   * the moment. Cheaper than `AccountStore.lastSeq`.
   */
  accountSeq: number;
}
