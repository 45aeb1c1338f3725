/** The documents of entries: a message is that of its creation, and each change has one of its own. */
import {
  type ChangeDraft,
  type CreatedDraft,
  creationOf,
  type Entry,
  type LogPosition,
} from "../../../domain/entry.ts";
import { type Details, type Message, PLAIN } from "../../../domain/message.ts";
import { changesRoom } from "../../../domain/room_changes.ts";
import { type PublicUserDocument, toPublicUser } from "./documents.ts";

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

/** A document with its sender, or who made the change, as `WITH_SENDER` adds them. */
export type View<T extends EntryDocument> = T & { senders: PublicUserDocument[] };

/** What `POSITION` leaves of a document. */
export type PositionDocument = LogPosition & Partial<Pick<ChangeDocument, "count">>;

/** The projection to what `toPosition` needs. */
export const POSITION = { _id: 0, seq: 1, n: 1, count: 1 } as const;

export function toPosition({ seq, n, count = n }: PositionDocument): LogPosition {
  return { seq, n: count };
}

/** In `keys` of messages with pending changes. */
export const PENDING_KEY = "pending";
/** In `keys` of entries whose effects beside the log may not be there yet. */
export const ROOM_CHANGE_KEY = "room change";
/** Beside it, of messages that make their sender a member, and that slow mode counts. */
export const JOIN_KEY = "join";
export const SLOW_KEY = "slow";
/** In `keys` of pinned messages. */
export const PINNED_KEY = "pinned";

/** In `keys` of the answers that belong to a thread. */
export function threadKey(threadId: string): string {
  return `thread ${threadId}`;
}

/** In `keys` of messages that answer a user's. */
export function answeredKey(userId: string): string {
  return `answered ${userId}`;
}

/** In `keys` of messages with a file. */
export function fileKey(fileId: string): string {
  return `file ${fileId}`;
}

/** In `keys` of messages that mention their whole room, or have done so. */
export const ROOM_MENTION_KEY = "mentioned";

/** In `keys` of messages that name a user, or have done so. */
export function mentionKey(userId: string): string {
  return `mentioned ${userId}`;
}

/** The keys of those whom a message mentions. */
export function mentionKeys(
  { mentions = [], mentionsRoom }: Pick<Content, "mentions" | "mentionsRoom">,
): string[] {
  return [...mentions.map(mentionKey), ...(mentionsRoom ? [ROOM_MENTION_KEY] : [])];
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

/** What of a draft a message does not say. */
type DraftKeys = Pick<CreatedDraft, "answered" | "isSlow" | "joins">;

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

function creationKeys(
  message: Message,
  { answered, isSlow, joins }: DraftKeys,
): string[] {
  const { threadId, attachments } = message;
  const keys = mentionKeys(message);
  for (const { id } of attachments) keys.push(fileKey(id));
  if (answered !== null) keys.push(answeredKey(answered));
  if (threadId !== null) keys.push(threadKey(threadId));
  if (changesRoom(message) || isSlow || joins) keys.push(ROOM_CHANGE_KEY);
  if (joins) keys.push(JOIN_KEY);
  if (isSlow) keys.push(SLOW_KEY);
  return keys;
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

export function toMessage(view: View<MessageDocument>): Message {
  const { _id: id, roomId, seq, senderId, senders, text, system, clientMessageId } = view;
  const { createdAt, updatedAt, changedSeq = seq, textSeq = seq, metadata } = view;
  return {
    id,
    roomId,
    seq,
    changedSeq,
    textSeq,
    sender: toPublicUser(senderId, senders),
    text,
    system,
    clientMessageId,
    createdAt,
    updatedAt,
    ...detailsOf(view),
    pinned: view.pinnedSeq !== undefined,
    metadata: metadata === undefined ? null : JSON.parse(metadata),
  };
}

function detailsOf(document: MessageDocument): Omit<Details, "pinned" | "metadata"> {
  const { systemType, systemData } = systemOf(document);
  return {
    editedAt: document.editedAt ?? PLAIN.editedAt,
    deletedAt: document.deletedAt ?? PLAIN.deletedAt,
    replyTo: document.replyTo ?? PLAIN.replyTo,
    threadId: document.threadId ?? PLAIN.threadId,
    mentions: document.mentions ?? PLAIN.mentions,
    mentionsRoom: document.mentionsRoom ?? PLAIN.mentionsRoom,
    reactions: document.reactions ?? PLAIN.reactions,
    attachments: document.attachments ?? PLAIN.attachments,
    systemType,
    systemData,
  };
}

/** Before version 3 the only system messages were openings of rooms. */
function systemOf({ system, systemType, systemData, senderId }: MessageDocument) {
  if (!system) return { systemType: null, systemData: null };
  return {
    systemType: systemType ?? "room_created",
    systemData: systemData ?? { users: [senderId] },
  };
}

/** The entry that created a message, with the message as it is now. */
export function toCreation(view: View<MessageDocument>): Entry {
  return creationOf(toMessage(view), view.n, view.request ?? null);
}

/**
 * @param message the message as it is at this entry or later
 * @param users those whose reactions it has added or removed
 */
export function toChange(
  view: View<ChangeDocument>,
  message: Message,
  users: Map<string, PublicUserDocument>,
): Entry {
  const { _id: id, roomId, seq, count: n, kind, senderId, senders, clientMessageId } = view;
  const by = toPublicUser(senderId, senders);
  const { createdAt, request = null, added = [], removed = [] } = view;
  const fields = { id, roomId, seq, n, by, clientMessageId, request, createdAt, message };
  if (kind !== "reacted") return { ...fields, kind };
  const toUse = ({ emoji, userId }: EmojiUseDocument) => {
    const user = users.get(userId);
    return { emoji, user: toPublicUser(userId, user ? [user] : []) };
  };
  return { ...fields, kind, added: added.map(toUse), removed: removed.map(toUse) };
}
