/**
 * The documents of entries: a message is that of its creation, and each change has one of its own. What
 * changes replace and add is in others: earlier texts, and reactions.
 */
import type { ChangeDraft, Entry, LogPosition } from "../../../domain/entry.ts";
import type { Details, Message } from "../../../domain/message.ts";
import { changesRoom } from "../../../domain/room_changes.ts";
import { creationKeys, type DraftKeys, PENDING_KEY, ROOM_CHANGE_KEY } from "./entry_keys.ts";

type ChangeKind = ChangeDraft["kind"];
type Present<T> = { [Name in keyof T]?: NonNullable<T[Name]> };

/** What changes of a message replace as a whole; what is as in `PLAIN` is absent. */
export interface Content extends Present<Omit<Details, "pinned" | "metadata">> {
  text: string;
  updatedAt: Date;
  /** Absent while the text is the original. */
  textSeq?: number;
  /** As JSON, because names of fields may mean something to a server or its driver. */
  metadata?: string;
}

/** A message as its entries have left it, and at the same time the entry that created it. */
export interface MessageDocument extends Content {
  _id: string;
  roomId: string;
  seq: number;
  /** How many messages the log holds up to this one: its ordinal. */
  n: number;
  kind?: undefined;
  senderId: string;
  system: boolean;
  clientMessageId: string;
  createdAt: Date;
  /** Absent if there is none. */
  request?: string;
  /** Absent while nothing has changed the message. */
  changedSeq?: number;
  /** The entry that pinned it; absent if it is not pinned. */
  pinnedSeq?: number;
  /** What else it is found by; absent for most. */
  keys?: string[];
  /** Changes that were about to be appended, and are not applied yet; absent for most. */
  pending?: PendingChange[];
}

/** An entry that changes a message. What it makes of the message is in the message's document. */
export interface ChangeDocument {
  _id: string;
  roomId: string;
  seq: number;
  /** `-seq`: below every message's, and unique in the room as those are. */
  n: number;
  /** How many messages the log holds up to this entry. */
  count: number;
  kind: ChangeKind;
  /** Who made it. */
  senderId: string;
  clientMessageId: string;
  createdAt: Date;
  request?: string;
  messageId: string;
  added?: EmojiUseDocument[];
  removed?: EmojiUseDocument[];
  /** `ROOM_CHANGE_KEY` of the deletion of another's message, until it is recorded. */
  keys?: string[];
}

export interface EmojiUseDocument {
  emoji: string;
  userId: string;
}

/** A change that is an entry of the log once the log has `id` at `seq`, and never if it has another. */
export interface PendingChange {
  id: string;
  seq: number;
  kind: ChangeKind;
  /** What the message is after it. */
  content: Content;
}

export type EntryDocument = MessageDocument | ChangeDocument;

/** What `POSITION` leaves of a document. */
export type PositionDocument = LogPosition & Partial<Pick<ChangeDocument, "count">>;

/** The projection to what `toPosition` needs. */
export const POSITION = { _id: 0, seq: 1, n: 1, count: 1 } as const;

export function toPosition({ seq, n, count = n }: PositionDocument): LogPosition {
  return { seq, n: count };
}

const OPTIONAL_DETAILS = [
  "editedAt",
  "deletedAt",
  "replyTo",
  "threadId",
  "mentions",
  "mentionsRoom",
  "reactions",
  "attachments",
  "systemType",
  "systemData",
] as const satisfies (keyof Content)[];

/** The fields of `Content` that may be absent. */
export const OPTIONAL_CONTENT = [...OPTIONAL_DETAILS, "textSeq", "metadata"] as const;

export function contentOf(message: Message): Content {
  const { text, updatedAt, seq, textSeq, metadata } = message;
  return {
    text,
    updatedAt,
    ...Object.fromEntries(
      OPTIONAL_DETAILS.map((name) => [name, message[name]]).filter(([, value]) => !isPlain(value)),
    ),
    ...(textSeq !== seq && { textSeq }),
    ...(metadata !== null && { metadata: JSON.stringify(metadata) }),
  };
}

/** Whether a detail is as in `PLAIN`. */
function isPlain(value: unknown): boolean {
  return value === null || value === false || Array.isArray(value) && value.length === 0;
}

/**
 * The document of an entry that creates a message.
 * @param draft what it was made of; missing if it answers none, and slow mode does not count it
 * @param pending changes of the message that the same append makes
 */
export function fromCreation(
  { n, request, message }: Entry,
  draft: DraftKeys = { answered: null },
  pending: PendingChange[] = [],
): MessageDocument {
  const { id, roomId, seq, sender, system, clientMessageId, createdAt } = message;
  const keys = creationKeys(message, draft);
  if (pending.length > 0) keys.push(PENDING_KEY);
  return {
    _id: id,
    roomId,
    seq,
    n,
    senderId: sender.id,
    system,
    clientMessageId,
    createdAt,
    ...contentOf(message),
    ...(request !== null && { request }),
    ...(keys.length > 0 && { keys }),
    ...(pending.length > 0 && { pending }),
  };
}

/** An entry that a new room begins with: its members are written beside it. */
export function fromOpening(entry: Entry): MessageDocument {
  const { keys = [], ...document } = fromCreation(entry);
  const left = keys.filter((key) => key !== ROOM_CHANGE_KEY);
  return { ...document, ...(left.length > 0 && { keys: left }) };
}

export function fromChange(entry: Entry, kind: ChangeKind): ChangeDocument {
  const { id, roomId, seq, n, by, clientMessageId, createdAt, request, message } = entry;
  return {
    _id: id,
    roomId,
    seq,
    n: -seq,
    count: n,
    kind,
    senderId: by.id,
    clientMessageId,
    createdAt,
    messageId: message.id,
    ...(request !== null && { request }),
    ...usesOf(entry),
    ...(isModeration(entry) && { keys: [ROOM_CHANGE_KEY] }),
  };
}

/** Whether an entry does something beside the log. */
export function hasEffects(entry: Entry): boolean {
  return entry.kind === "created" ? changesRoom(entry.message) : isModeration(entry);
}

/** Whether it deletes another's message, which is recorded. */
function isModeration({ kind, by, message }: Entry): boolean {
  return kind === "deleted" && by.id !== message.sender.id;
}

/** Whose reactions an entry has added and removed. */
export function usesOf(entry: Entry): Pick<ChangeDocument, "added" | "removed"> {
  if (entry.kind !== "reacted") return {};
  const [added, removed] = [entry.added, entry.removed].map((uses) =>
    uses.map(({ emoji, user }) => ({ emoji, userId: user.id }))
  );
  return { added: added!, removed: removed! };
}

export function isChange<T extends EntryDocument>(document: T): document is T & ChangeDocument {
  return document.kind !== undefined;
}

export function isMessage<T extends EntryDocument>(document: T): document is T & MessageDocument {
  return document.kind === undefined;
}

/** A text that a message had before its present one. */
export interface EditDocument {
  /** The message's id and `seq`. */
  _id: string;
  roomId: string;
  messageId: string;
  /** The entry that the text came with. */
  seq: number;
  /** Absent once the message is deleted. */
  text?: string;
  editedAt: Date | null;
  /** Only then it goes: until then it keeps a belated writer from writing the text again. */
  erasedAt?: Date;
}

/** A user's emoji on a message. */
export interface ReactionDocument {
  /** Its `reactionId`. */
  _id: string;
  roomId: string;
  messageId: string;
  emoji: string;
  userId: string;
  /** The entry that added or removed it. */
  seq: number;
  /** Set if it was removed; it goes only later, so that a belated writer cannot add it again. */
  removedAt?: Date;
}

export function reactionId(messageId: string, emoji: string, userId: string): string {
  return `${messageId} ${emoji} ${userId}`;
}
