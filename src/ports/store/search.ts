/**
 * The port of the index that messages are found by. It is behind the rooms' logs, and only finds
 * candidates: whether they are hits is decided on the messages as they are.
 */
import type { SearchedContent } from "../../domain/search_query.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface SearchStore {
  /**
   * Looks at the newest messages that have all of these terms, or at least 16 of them, and are not excluded by the index otherwise, until there are enough or it has looked at many: at all
   * or none of one moment.
   */
  find(query: IndexQuery): Promise<Candidates>;
  /** How far the logs of these rooms are in the index; rooms without progress are left out. */
  progress(roomIds: readonly string[]): Promise<Map<string, IndexProgress>>;
  /**
   * Adds what follows in rooms' logs, each part if the index of its room is where the part begins;
   * else another instance was first.
   * @param parts of distinct rooms
   * @returns the rooms whose part was added, or that are deleted
   */
  index(parts: readonly IndexPart[]): Promise<Set<string>>;
  /** At most `limit` ids of rooms that are not deleted, ascending, after this one. */
  roomsAfter(roomId: string, limit: number): Promise<string[]>;
  /**
   * Makes one of several instances index what others have left: until then no other is answered true.
   * @param owner whose claim is prolonged
   */
  claim(owner: string, now: Date, until: Date): Promise<boolean>;
  /**
   * Empties the index, whatever has become of it, and the progress of all rooms: at once for who reads
   * it. What it held is deleted in short steps, between which others write; what a process that dies
   * leaves of that counts for nothing, and the next call deletes it.
   */
  clear(): Promise<void>;
}

/** What is looked for. What is left out excludes nothing. */
export interface IndexQuery {
  /** Whose candidates: those in public rooms, unless they are banned there, and in rooms of theirs. */
  userId: string;
  /** At least one. */
  terms: readonly string[];
  /** How many candidates are enough. */
  limit: number;
  roomId?: string | undefined;
  senderId?: string | undefined;
  has?: SearchedContent | undefined;
  /** Only of this moment or later. */
  since?: Date | undefined;
  /** Only of earlier moments. */
  before?: Date | undefined;
}

export interface Candidates {
  /** Newest first, in any order within a moment. */
  places: IndexPlace[];
  /** The moment before which to look further; null if all was looked at. */
  next: Date | null;
}

/** Where a message is. */
export interface IndexPlace {
  roomId: string;
  messageId: string;
  seq: number;
  /** See {@linkcode IndexedMessage}. */
  at: Date;
}

/** How far a room's log is in the index. */
export interface IndexProgress {
  /** The last entry. */
  seq: number;
  /** The latest moment of a message in it. */
  at: Date;
}

/** Entries of a room's log as the index has them. */
export interface IndexPart {
  roomId: string;
  /** The last entry before it. */
  from: number;
  /** Its last entry, and the latest moment in the log up to it; seq 0 begins the room again. */
  to: IndexProgress;
  /** Replace what the index has of these messages; they keep their moments. */
  messages: readonly IndexedMessage[];
  /** Messages that the index must have nothing of. */
  removed: readonly Pick<IndexedMessage, "messageId" | "seq" | "changedSeq">[];
}

/**
 * Clocks of instances differ by less; a larger step back is a correction. So a message's moment is
 * later than it was sent by no more.
 */
export const MAX_SKEW_MS = 5_000;

/** A message as it is found. */
export interface IndexedMessage {
  messageId: string;
  seq: number;
  /** The entry that changed it last. */
  changedSeq: number;
  /** When it was sent, but not before an earlier message of its room, where clocks differ little. */
  at: Date;
  senderId: string;
  has: readonly SearchedContent[];
  terms: readonly string[];
}
