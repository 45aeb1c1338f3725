/** What a room's log is made of: entries, each of which creates or changes exactly one message. */
import type { Message, MessageDraft } from "./message.ts";

/** One entry of a room's log. A created message is the only kind so far. */
export interface Entry {
  kind: "created";
  /** Unique for ever; of an entry that creates a message it is the message's id. */
  id: string;
  roomId: string;
  /** The entry's number in the log: 1, 2, 3 … without a gap. */
  seq: number;
  /** How many messages the log holds up to this entry, which is the ordinal of a created one. */
  n: number;
  /** The message as it is at this entry or later. */
  message: Message;
}

/** An entry without a number; the log assigns it. */
export interface EntryDraft {
  kind: "created";
  message: MessageDraft;
}

/** A position in a log: just after an entry. The end of a log is the position of its last entry. */
export interface LogPosition {
  /** The entry's number; 0 before the first. */
  seq: number;
  /** How many messages the log holds up to it. */
  n: number;
}

/** Where a log begins. */
export const LOG_START: LogPosition = { seq: 0, n: 0 };
/** Beyond the last message of every log. */
export const LOG_LIMIT: LogPosition = {
  seq: Number.MAX_SAFE_INTEGER,
  n: Number.MAX_SAFE_INTEGER,
};

/** The draft as the entry that comes after `position`. */
export function entryAfter(
  position: LogPosition,
  roomId: string,
  { kind, message }: EntryDraft,
): Entry {
  const seq = position.seq + 1;
  const { id, createdAt } = message;
  const created: Message = { ...message, roomId, seq, updatedAt: createdAt };
  return { kind, id, roomId, seq, n: position.n + 1, message: created };
}

/** The drafts as the entries that come after `position`, in their order. */
export function numberEntries(
  position: LogPosition,
  roomId: string,
  drafts: readonly EntryDraft[],
): Entry[] {
  let last = position;
  return drafts.map((draft) => last = entryAfter(last, roomId, draft));
}

/** The position just after an entry. */
export function positionOf({ seq, n }: Entry): LogPosition {
  return { seq, n };
}
