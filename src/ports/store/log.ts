/** The port of the rooms' logs. */
import type { Entry, EntryDraft, LogPosition } from "../../domain/entry.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface LogStore {
  /**
   * Appends to a room's log, as a compare-and-set: the drafts get the numbers after `basis`, in
   * their order, if the log ends there. It stops at the first draft whose number another append has
   * taken, or whose (author, clientMessageId) the log has already. From the moment it resolves every
   * read on any instance shows the messages, members and settings as the entries have left them.
   *
   * @param basis the last entry whose effects the drafts were decided on; its `n` is that of the log
   * @param drafts with distinct (author, clientMessageId), the author being a message's sender or
   *   who makes a change; each change decided on its message as the drafts before it leave it
   * @returns the entries appended: one for each draft, from the first on; fewer than the drafts if it
   *   stopped
   * @throws ChatError `unavailable` when the outcome is not known: any of the drafts, from the first
   *   on, may have been appended
   */
  append(roomId: string, basis: LogPosition, drafts: readonly EntryDraft[]): Promise<Entry[]>;
  /** The entries with these (author, clientMessageId), their messages as they are now. */
  findSent(roomId: string, sent: readonly SentKey[]): Promise<Entry[]>;
  /** Where the room's log ends. */
  end(roomId: string): Promise<LogPosition>;
  /** The last `seq` of each of these rooms' logs; rooms that do not exist are left out. */
  heads(roomIds: string[]): Promise<Map<string, number>>;
  /** At most `limit` entries with `seq` > `after`, ascending, their messages as they are now. */
  entriesAfter(roomId: string, after: number, limit: number): Promise<Entry[]>;
  /** The id of entry `seq`; null if the log has no such entry. */
  entryId(roomId: string, seq: number): Promise<string | null>;
}

/** What a command is recognised by within a room. */
export interface SentKey {
  /** Who sent the message or made the change. */
  senderId: string;
  clientMessageId: string;
}
