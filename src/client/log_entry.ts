/** Entries of a room's log, and whether an answer goes on where a cursor is. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { Message, MessageChange } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";

/** An entry of a room's log: it creates or changes one message. */
export interface Entry {
  /** Its number in the log. */
  seq: number;
  /** Unique for ever; null if the server has not sent it. */
  id: string | null;
}

/** Before the first entry. */
export const LOG_START: Entry = { seq: 0, id: null };

/**
 * Whether an answer proves that the cursor is an entry of its log, and shows all that came after it.
 * After a restore of the database the log may have another entry with the cursor's number.
 */
export function continues(
  { messages, lastSeq, lastEntryId }: ServerEvents["room:joined"],
  cursor: Entry,
): boolean {
  // Entries that change a message are not among the messages, nor are those that are too old.
  const created = messages.filter(({ seq }) => seq > cursor.seq).length;
  if (created !== lastSeq - cursor.seq) return false;
  if (cursor.id === null) return true;
  const id = lastSeq === cursor.seq
    ? lastEntryId
    : messages.find(({ seq }) => seq === cursor.seq)?.id;
  return id === cursor.id;
}

/** What an answer covers. */
export type Answered = Omit<
  ServerEvents["room:joined"],
  "room" | "online" | "onlineCount" | "threads"
>;

/** What goes with a message: beside it in its live entry, or in an answer that holds several. */
export interface CameWith {
  /** What the entry has changed. */
  change?: MessageChange;
  /** Who deleted the message. */
  by?: PublicUser;
  referenced?: Message[] | undefined;
  /** The user's reactions to each message of an answer. */
  mine?: Record<string, string[]>;
}
