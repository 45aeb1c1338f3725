/** The port of messages as they are now: what the entries of the rooms' logs have made of them. */
import type { LogPosition } from "../../domain/entry.ts";
import type { Message } from "../../domain/message.ts";
import type { PublicUser } from "../../domain/user.ts";

/**
 * See {@linkcode Store} for the guarantees of every method. A message is shown with every entry
 * applied that was committed before the call; it may be ahead of that, as its `changedSeq` tells.
 */
export interface MessageStore {
  /** Those of these messages that are of this room, in any order. */
  find(roomId: string, ids: readonly string[]): Promise<Message[]>;
  /** Where a message of this room was created; null if the room has no message with that id. */
  position(roomId: string, id: string): Promise<LogPosition | null>;
  /**
   * The last `limit` messages before one, ascending.
   * @param before the position of that message's creation, or `LOG_LIMIT`
   */
  before(roomId: string, before: LogPosition, limit: number): Promise<Message[]>;
  /**
   * The first `limit` messages after one, ascending.
   * @param after the position of that message's creation, or `LOG_START`
   */
  after(roomId: string, after: LogPosition, limit: number): Promise<Message[]>;
  /** As `before`, of the messages whose `threadId` is this one. */
  answersBefore(
    roomId: string,
    threadId: string,
    before: LogPosition,
    limit: number,
  ): Promise<Message[]>;
  /** As `after`, of the messages whose `threadId` is this one. */
  answersAfter(
    roomId: string,
    threadId: string,
    after: LogPosition,
    limit: number,
  ): Promise<Message[]>;
  /** Those of these messages that have answers, each with their number and the `seq` of the last. */
  threads(roomId: string, ids: readonly string[]): Promise<Map<string, Thread>>;
  /** The room's pinned messages, the last pinned first. */
  pinned(roomId: string): Promise<Message[]>;
  /**
   * Messages that name a user or answer them, or mean everybody in a room of which they are a member,
   * the newest first, then by id, the greatest first; or did so before an edit. Not the user's own, nor
   * deleted ones, nor those of rooms that they may not read.
   * @param before the last of the page before
   */
  mentionsOf(
    userId: string,
    limit: number,
    before?: MentionCursor,
  ): Promise<MentionPlace[]>;
  /** How many messages are pinned in the room. */
  countPinned(roomId: string): Promise<number>;
  /** The texts that a message had before its present one, from the original on. */
  earlierTexts(roomId: string, id: string): Promise<TextVersion[]>;
  /** Which of these emoji a user has put on a message, for each of these messages that has any. */
  reactionsBy(
    roomId: string,
    userId: string,
    messageIds: readonly string[],
  ): Promise<Map<string, string[]>>;
  /** Who has put an emoji on a message, in the order of their entries, then of their ids. */
  reactors(
    roomId: string,
    messageId: string,
    emoji: string,
    limit: number,
    after?: ReactorCursor,
  ): Promise<Reactor[]>;
  /** Which of these users have put the emoji on the message. */
  reactorsAmong(
    roomId: string,
    messageId: string,
    emoji: string,
    userIds: readonly string[],
  ): Promise<Set<string>>;
}

/** The answers to a message. */
export interface Thread {
  /** How many, deleted ones included. */
  count: number;
  /** The `seq` of the last. */
  lastSeq: number;
}

/** A text that a message had. */
export interface TextVersion {
  /** The entry that it came with. */
  seq: number;
  text: string;
  /** Null for the original. */
  editedAt: Date | null;
}

export interface ReactorCursor {
  /** The entry that added the reaction. */
  seq: number;
  userId: string;
}

export interface Reactor {
  user: PublicUser;
  seq: number;
}

/** Where a message is that may concern a user. */
export interface MentionPlace {
  roomId: string;
  messageId: string;
  createdAt: Date;
  /** Whether it answers the user, if it does not name them. */
  isAnswer: boolean;
}

/** Where a page of them ended. */
export type MentionCursor = Pick<MentionPlace, "createdAt" | "messageId">;
