/** The store port: everything durable, and the guarantees that the rest of EchoRoom builds on. */
import type { Message, MessageDraft } from "../domain/message.ts";
import type { NewRoom, Room } from "../domain/room.ts";
import type { Session, SessionRotation } from "../domain/session.ts";
import type { ProfileChanges, User } from "../domain/user.ts";

/**
 * Everything durable. Each adapter passes `tests/conformance/store.ts` without a skip.
 *
 * Guarantees of every method:
 * - what a resolved write wrote survives the death of this process (and, on a replica set, a
 *   fail-over), and every later read on any instance sees it;
 * - a read never shows a write that may still be rolled back;
 * - a store that cannot be reached rejects with `ChatError` `unavailable` within about 5 s;
 * - ids are opaque strings made by the caller; an id that was never made is simply not found.
 */
export interface Store {
  /** Which store this is, for the start line: `SQLite (./data/echoroom.db)`. */
  readonly description: string;

  /** Adds a user. Rejects with `email_taken` if another user has the email, however close the race. */
  createUser(user: User): Promise<void>;
  findUser(id: string): Promise<User | null>;
  /** Finds by the lower-cased email. */
  findUserByEmail(email: string): Promise<User | null>;
  /** Writes the given fields and `updatedAt`; returns the user as it is now, null if there is none. */
  updateUser(id: string, changes: ProfileChanges, updatedAt: Date): Promise<User | null>;

  /**
   * Adds a room and `opening` as entry 1 of its log: no reader sees one without the other.
   * Returns false, and adds nothing, if another room has the slug, however close the race.
   */
  createRoom(room: NewRoom, opening: MessageDraft): Promise<boolean>;
  /** Finds by id, then by slug. */
  findRoom(idOrSlug: string): Promise<Room | null>;
  /** Those of these slugs that a room has. */
  takenSlugs(slugs: string[]): Promise<string[]>;
  /** The rooms in order of name (by code point), then id; those after `after` if it is given. */
  listRooms(limit: number, after?: { name: string; id: string }): Promise<Room[]>;

  /**
   * Appends to a room's log: the drafts get the next numbers, in their order, without a hole,
   * whatever other instances append at the same time. Returns one message a draft.
   *
   * A draft whose (sender, clientMessageId) the room's log has already is not appended again: the
   * stored message comes back in its place, recognisable by its other `id`. The drafts of one call
   * have distinct (sender, clientMessageId).
   *
   * Rejects with `unavailable` when the outcome is not known: then any of the drafts may have been
   * stored, and repeating the call with the same clientMessageIds is safe.
   */
  append(roomId: string, drafts: MessageDraft[]): Promise<Message[]>;
  /** The last `seq` of the room's log; 0 if it has none. */
  head(roomId: string): Promise<number>;
  /** The last `seq` of each of these rooms' logs; rooms that do not exist are left out. */
  heads(roomIds: string[]): Promise<Map<string, number>>;
  /** At most `limit` messages with `seq` > `after`, ascending. */
  readAfter(roomId: string, after: number, limit: number): Promise<Message[]>;
  /** The last `limit` messages with `seq` < `before`, ascending. */
  readBefore(roomId: string, before: number, limit: number): Promise<Message[]>;
  /** The `seq` of a message of this room; null if the room has no message with that id. */
  findSeq(roomId: string, messageId: string): Promise<number | null>;

  createSession(session: Session): Promise<void>;
  /** The session, revoked or not; null once `expiresAt` is past, whether it has been swept or not. */
  findSession(id: string): Promise<Session | null>;
  /**
   * Writes the rotation if the session is neither revoked nor at another generation than `from`.
   * Returns whether it did: of two racing rotations exactly one gets true.
   */
  rotateSession(id: string, from: number, rotation: SessionRotation): Promise<boolean>;
  /** Revokes the session. Returns false if it is unknown or was revoked before. */
  revokeSession(id: string, revokedAt: Date): Promise<boolean>;
  /** Those of these sessions that were revoked; an expired or unknown one was not. */
  revokedSessions(ids: string[]): Promise<string[]>;

  /** Resolves if the store can serve requests now, else rejects with `unavailable`. */
  ping(): Promise<void>;
  /** Finishes what has begun and lets go of every resource. */
  close(): Promise<void>;
}
