/** The port of the rooms' logs. */
import type { Entry, EntryDraft, LogPosition } from "../../domain/entry.ts";
import type { Message } from "../../domain/message.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface LogStore {
  /**
   * Appends to a room's log, as a compare-and-set: the drafts get the numbers after `basis`, in
   * their order, if the log ends there. It stops at the first draft whose number another append has
   * taken, or whose (sender, clientMessageId) the log has already.
   *
   * @param basis the last entry whose effects the drafts were decided on; its `n` is that of the log
   * @param drafts with distinct (sender, clientMessageId)
   * @returns the entries appended: one for each draft, from the first on; fewer than the drafts if it
   *   stopped
   * @throws ChatError `unavailable` when the outcome is not known: any of the drafts, from the first
   *   on, may have been appended
   */
  append(roomId: string, basis: LogPosition, drafts: readonly EntryDraft[]): Promise<Entry[]>;
  /** The entries that created the messages with these (sender, clientMessageId), as they are now. */
  findSent(roomId: string, sent: readonly SentKey[]): Promise<Entry[]>;
  /** Where the room's log ends. */
  end(roomId: string): Promise<LogPosition>;
  /** The last `seq` of each of these rooms' logs; rooms that do not exist are left out. */
  heads(roomIds: string[]): Promise<Map<string, number>>;
  /** At most `limit` entries with `seq` > `after`, ascending. */
  entriesAfter(roomId: string, after: number, limit: number): Promise<Entry[]>;
  /** The last `limit` entries with `seq` < `before`, ascending. */
  entriesBefore(roomId: string, before: number, limit: number): Promise<Entry[]>;
  /** The id of entry `seq`; null if the log has no such entry. */
  entryId(roomId: string, seq: number): Promise<string | null>;
  /**
   * The last `limit` messages before one, ascending, as they are now.
   * @param before the position of that message's creation, or `LOG_LIMIT`
   */
  messagesBefore(roomId: string, before: LogPosition, limit: number): Promise<Message[]>;
  /**
   * The first `limit` messages after one, ascending, as they are now.
   * @param after the position of that message's creation, or `LOG_START`
   */
  messagesAfter(roomId: string, after: LogPosition, limit: number): Promise<Message[]>;
  /** Where a message of this room was created; null if the room has no message with that id. */
  position(roomId: string, messageId: string): Promise<LogPosition | null>;
}

/** What a send is recognised by within a room. */
export type SentKey = { senderId: string } & Pick<Message, "clientMessageId">;
