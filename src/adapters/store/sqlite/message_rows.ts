/** How rows of messages and entries become domain objects, and drafts rows. Times are milliseconds since 1970. */
import {
  type ChangeDraft,
  type CreatedDraft,
  creationOf,
  type EmojiUse,
  type Entry,
  type EntryDraft,
  type LogPosition,
  type Reactions,
} from "../../../domain/entry.ts";
import { reviveAttachment } from "../../../domain/file.ts";
import { type Details, type Message, PLAIN } from "../../../domain/message.ts";
import {
  changesRoom,
  memberChanges,
  senderChange,
  settingChanges,
} from "../../../domain/room_changes.ts";
import type { RoomChanges } from "./room_changes.ts";
import type { Row } from "./rows.ts";

/** What is read of a message, in the order of `MessageRow`. */
export const MESSAGE_COLUMNS = `m.id, r.id, m.seq, u.id, u.display_name, u.avatar_url, m.text,
  m.system, m.client_message_id, m.created_at, m.updated_at, m.details`;

/** A message as the worker sends it: values alone cross in a third of the time of objects. */
export type MessageRow = [
  id: string,
  roomId: string,
  seq: number,
  senderId: string,
  displayName: string,
  avatarUrl: string | null,
  text: string,
  system: number,
  clientMessageId: string,
  createdAt: number,
  updatedAt: number,
  /** `StoredDetails` as JSON; null for a message that has none. */
  details: string | null,
];

/** What a message has beyond a plain one; what is missing is as in `PLAIN`. */
type StoredDetails =
  & Partial<Omit<Details, "editedAt" | "deletedAt">>
  & { editedAt?: number; deletedAt?: number }
  /** `seq` if missing. */
  & { changedSeq?: number; textSeq?: number };

/** An entry as the worker sends it, with its message. */
export type EntryRow = [
  ...MessageRow,
  seq: number,
  n: number,
  request: string | null,
  /** `StoredChange` as JSON; null for the creation of the message. */
  change: string | null,
];

/** An entry that changes its message. */
type StoredChange = [
  kind: ChangeDraft["kind"],
  id: string,
  actorId: string,
  displayName: string,
  avatarUrl: string | null,
  clientMessageId: string,
  createdAt: number,
  uses: StoredUse[] | null,
];

type StoredUse = [
  emoji: string,
  isAdded: 0 | 1,
  userId: string,
  displayName: string,
  avatarUrl: string | null,
];

/** The `StoredChange` of the row `c` of `changes`, whose actor is the row `a` of `users`. */
export const CHANGE_COLUMN =
  `json_array(c.kind, c.id, a.id, a.display_name, a.avatar_url, c.client_message_id,
  c.created_at, json((
    SELECT json_group_array(json_array(
      use.value ->> 0, use.value ->> 1, reactor.id, reactor.display_name, reactor.avatar_url))
    FROM json_each(c.reactions) use CROSS JOIN users reactor ON reactor.id = use.value ->> 2
    WHERE c.reactions IS NOT NULL)))`;

/** A draft as it is sent to the worker: values alone, as `MessageRow`. */
export type DraftRow = CreatedRow | ChangeRow;

export type CreatedRow = [
  kind: "created",
  id: string,
  senderId: string,
  text: string,
  system: number,
  clientMessageId: string,
  createdAt: number,
  details: string | null,
  request: string | null,
  threadId: string | null,
  /** As in `ChangeRow`; null if there are none. */
  notified: string | null,
  /** What it changes of the room; null for most. */
  changes: RoomChanges | null,
  /** JSON of the ids of its files; null if there are none. */
  files: string | null,
];

export type ChangeRow = [
  kind: ChangeDraft["kind"],
  id: string,
  /** The number of the message. */
  messageSeq: number,
  actorId: string,
  clientMessageId: string,
  request: string | null,
  createdAt: number,
  /** JSON of `[emoji, 1 if it is added, user id]`; null for other changes. */
  reactions: string | null,
  /** The message after the change. */
  text: string,
  details: string | null,
  pinned: number,
  /** What it said before, if it says something else now. */
  earlier: [seq: number, text: string, editedAt: number | null] | null,
  /** Whom it mentions, if that has changed: JSON of the users' ids, `EVERYBODY` for all. */
  mentions: [notified: string | null, replyTo: string | null] | null,
];

/** Stands for the id of every user who may read a room. */
const EVERYBODY = "*";

/** @param entry that the draft becomes */
export function toDraftRow(draft: EntryDraft, { seq, message }: Entry): DraftRow {
  return draft.kind === "created" ? toCreatedRow(draft, message) : toChangeRow(draft, seq, message);
}

function toCreatedRow(
  draft: CreatedDraft,
  message: Message,
): CreatedRow {
  const { answered, request } = draft;
  const { id, sender, text, system, clientMessageId, createdAt, threadId } = message;
  return [
    "created",
    id,
    sender.id,
    text,
    Number(system),
    clientMessageId,
    createdAt.getTime(),
    formatDetails(message),
    request,
    threadId,
    formatNotified(message, answered),
    roomChangesOf(draft, message),
    formatFiles(message),
  ];
}

function formatFiles({ attachments }: Message): string | null {
  return attachments.length === 0 ? null : JSON.stringify(attachments.map(({ id }) => id));
}

function roomChangesOf(draft: CreatedDraft, message: Message): RoomChanges | null {
  const sent = message.system ? null : senderChange(message, message.seq, draft);
  if (!sent && !changesRoom(message)) return null;
  return {
    members: sent ? [sent] : memberChanges(message),
    settings: settingChanges(message),
    isDeleted: message.systemType === "room_deleted",
  };
}

function toChangeRow(draft: ChangeDraft, seq: number, message: Message): ChangeRow {
  const { id, kind, by, clientMessageId, request, createdAt, before } = draft;
  return [
    kind,
    id,
    message.seq,
    by.id,
    clientMessageId,
    request,
    createdAt.getTime(),
    draft.kind === "reacted" ? formatUses(draft) : null,
    message.text,
    formatDetails(message),
    Number(message.pinned),
    kind === "edited" && message.textSeq === seq
      ? [before.textSeq, before.text, before.editedAt?.getTime() ?? null]
      : null,
    kind === "edited" && !mentionSame(before, message)
      ? [formatNotified(message), message.replyTo]
      : null,
  ];
}

/** JSON of those whom a message names or answers, without its sender; null if there are none. */
function formatNotified(
  { sender, mentions, mentionsRoom }: Message,
  answered: string | null = null,
): string | null {
  const users = answered === null ? mentions : [...mentions, answered];
  const notified = users.filter((id) => id !== sender.id);
  if (mentionsRoom) notified.push(EVERYBODY);
  return notified.length === 0 ? null : JSON.stringify(notified);
}

function mentionSame(a: Message, b: Message): boolean {
  return a.mentionsRoom === b.mentionsRoom && a.mentions.length === b.mentions.length &&
    a.mentions.every((id) => b.mentions.includes(id));
}

function formatUses({ added, removed }: Reactions): string {
  return JSON.stringify([
    ...added.map(({ emoji, user }) => [emoji, 1, user.id]),
    ...removed.map(({ emoji, user }) => [emoji, 0, user.id]),
  ]);
}

const DETAILS = Object.keys(PLAIN) as (keyof Details)[];

/** Returns null for a message that has no details. */
function formatDetails(message: Message): string | null {
  let details: Record<string, unknown> | null = null;
  for (const name of DETAILS) {
    const value = message[name];
    if (value === null || value === false || (Array.isArray(value) && value.length === 0)) continue;
    details ??= {};
    details[name] = value instanceof Date ? value.getTime() : value;
  }
  const { seq, changedSeq, textSeq } = message;
  if (changedSeq !== seq) details = { ...details, changedSeq };
  if (textSeq !== seq) details = { ...details, textSeq };
  return details && JSON.stringify(details);
}

export function toMessage(row: MessageRow | EntryRow): Message {
  const seq = row[2];
  const message: Message = {
    ...PLAIN,
    id: row[0],
    roomId: row[1],
    seq,
    changedSeq: seq,
    textSeq: seq,
    sender: { id: row[3], displayName: row[4], avatarUrl: row[5] },
    text: row[6],
    system: row[7] === 1,
    clientMessageId: row[8],
    createdAt: new Date(row[9]),
    updatedAt: new Date(row[10]),
  };
  if (row[11] !== null) Object.assign(message, parseDetails(row[11]));
  return message.system && !message.systemType ? asOpening(message) : message;
}

function parseDetails(json: string): Partial<Message> {
  const { editedAt, deletedAt, ...details } = JSON.parse(json) as StoredDetails;
  return {
    ...details,
    ...(details.attachments && { attachments: details.attachments.map(reviveAttachment) }),
    ...(editedAt === undefined ? {} : { editedAt: new Date(editedAt) }),
    ...(deletedAt === undefined ? {} : { deletedAt: new Date(deletedAt) }),
  };
}

/** Until version 2 of the tables system messages had no type; there was but one. */
function asOpening(message: Message): Message {
  return { ...message, systemType: "room_created", systemData: { users: [message.sender.id] } };
}

export function toEntry(row: EntryRow): Entry {
  const message = toMessage(row);
  const [seq, n, request, change] = [row[12], row[13], row[14], row[15]];
  if (change === null) return creationOf(message, n, request);
  const [kind, id, actorId, displayName, avatarUrl, clientMessageId, createdAt, uses] = JSON.parse(
    change,
  ) as StoredChange;
  const fields = {
    id,
    roomId: message.roomId,
    seq,
    n,
    by: { id: actorId, displayName, avatarUrl },
    clientMessageId,
    request,
    createdAt: new Date(createdAt),
    message,
  };
  if (kind !== "reacted") return { ...fields, kind };
  return { ...fields, kind, added: usesOf(uses ?? [], 1), removed: usesOf(uses ?? [], 0) };
}

function usesOf(uses: readonly StoredUse[], isAdded: 0 | 1): EmojiUse[] {
  return uses.filter((use) => use[1] === isAdded).map(([emoji, , id, displayName, avatarUrl]) => {
    return { emoji, user: { id, displayName, avatarUrl } };
  });
}

export function toPosition({ seq, n }: Row): LogPosition {
  return { seq: Number(seq), n: Number(n) };
}
