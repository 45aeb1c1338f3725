/** What a room's log is made of: entries, each of which creates or changes exactly one message. */
import type { Message, MessageDraft } from "./message.ts";
import type { PublicUser } from "./user.ts";

/** One entry of a room's log. */
export type Entry = EntryFields & Change;

interface EntryFields {
  /** Unique for ever; of an entry that creates a message it is the message's id. */
  id: string;
  roomId: string;
  /** The entry's number in the log: 1, 2, 3 … without a gap. */
  seq: number;
  /** How many messages the log holds up to this entry, which is the ordinal of a created one. */
  n: number;
  /** Who made it, as they are now; of a created message the sender. */
  by: PublicUser;
  /** What makes it idempotent: unique for `by` in the room. */
  clientMessageId: string;
  /** A keyed hash of what was asked, by which a repeat is told from another command. */
  request: string | null;
  createdAt: Date;
  /** The message as it is at this entry or later: at `message.changedSeq`. */
  message: Message;
}

/** What an entry does with its message. */
export type Change =
  | { kind: "created" }
  | { kind: "deleted" }
  | { kind: "edited" | "pinned" | "unpinned" }
  | Reactions;

/** The reactions of one entry; none is both added and removed, none twice. */
export interface Reactions {
  kind: "reacted";
  /** By the ids of the users. */
  added: EmojiUse[];
  removed: EmojiUse[];
}

export interface EmojiUse {
  emoji: string;
  user: PublicUser;
}

/** An entry without a number; the log assigns it. */
export type EntryDraft = CreatedDraft | ChangeDraft;

export interface CreatedDraft {
  kind: "created";
  message: MessageDraft;
  /** As in the entry. */
  request: string | null;
  /** The id of the user whose message it answers; null if it answers none. */
  answered: string | null;
  /** Whether slow mode counts it; false if missing. */
  isSlow?: boolean;
  /** Whether its sender becomes a member of the room by it, if they are none; false if missing. */
  joins?: boolean;
}

export type ChangeDraft =
  & Exclude<Change, { kind: "created" }>
  & Pick<EntryFields, "id" | "by" | "clientMessageId" | "request" | "createdAt">
  & {
    kind: Exclude<Change["kind"], "created">;
    /** The message after it; the log sets `changedSeq`, `updatedAt`, and `textSeq` of a new text. */
    message: Message;
    /** The message before it. */
    before: Message;
  };

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
export function entryAfter(position: LogPosition, roomId: string, draft: EntryDraft): Entry {
  const seq = position.seq + 1;
  return draft.kind === "created"
    ? createdEntry(draft, roomId, seq, position.n + 1)
    : changeEntry(draft, roomId, seq, position.n);
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
export function positionOf({ seq, n }: LogPosition): LogPosition {
  return { seq, n };
}

/** The entry that created a message. */
export function creationOf(message: Message, n: number, request: string | null): Entry {
  const { id, roomId, seq, sender: by, clientMessageId, createdAt } = message;
  return {
    kind: "created",
    id,
    roomId,
    seq,
    n,
    by,
    clientMessageId,
    request,
    createdAt,
    message,
  };
}

function createdEntry({ message, request }: CreatedDraft, roomId: string, seq: number, n: number) {
  const { createdAt: updatedAt } = message;
  const created = { ...message, roomId, seq, changedSeq: seq, textSeq: seq, updatedAt };
  return creationOf(created, n, request);
}

function changeEntry(draft: ChangeDraft, roomId: string, seq: number, n: number): Entry {
  const { before, message: after, ...fields } = draft;
  const textSeq = after.editedAt === before.editedAt ? before.textSeq : seq;
  const message = { ...after, changedSeq: seq, textSeq, updatedAt: draft.createdAt };
  return { ...fields, roomId, seq, n, message };
}
