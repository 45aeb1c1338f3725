/** Messages as both transports show them, and what clients say about them over both. */
import { z } from "zod";
import type { Message as DomainMessage } from "../../domain/message.ts";
import type { PublicUser as DomainUser } from "../../domain/user.ts";
import { publicUser } from "../../domain/user.ts";
import { isoTime } from "../iso_time.ts";
import { MAX_ID_LENGTH, MISSED_MESSAGES } from "../wire/limits.ts";
import type * as wire from "../wire/messages.ts";
import {
  Attachments,
  ClientMessageId,
  Id,
  Mentions,
  MessageText,
  Metadata,
  SentText,
  Time,
} from "./fields.ts";
import { File, presentFile } from "./files.ts";
import { RoomRole } from "./members.ts";
import { PublicUser } from "./users.ts";

export const Reaction = z.object({
  emoji: z.string(),
  count: z.int().min(1),
  users: z.array(Id).meta({ description: "the first ten" }),
});

const ChangedSettings = z.object({
  name: z.string().optional(),
  description: z.string().nullable().optional(),
  postPolicy: z.enum(["members", "moderators"]).optional(),
  slowModeSeconds: z.int().optional(),
  archived: z.boolean().optional(),
  metadata: Metadata.nullable().optional(),
});

export const SystemData = z.object({
  users: z.array(Id),
  role: RoomRole.optional().meta({ description: "what the users are from now on" }),
  until: Time.optional().meta({ description: "of a ban or mute that ends" }),
  reason: z.string().optional(),
  changes: ChangedSettings.optional().meta({ description: "the settings that are new" }),
});

export const Message = z.object({
  id: Id,
  roomId: Id,
  seq: z.int().min(1),
  changedSeq: z.int().min(1),
  sender: PublicUser,
  text: z.string(),
  system: z.boolean(),
  clientMessageId: z.string(),
  createdAt: Time,
  updatedAt: Time,
  editedAt: Time.nullable(),
  deletedAt: Time.nullable(),
  replyTo: Id.nullable(),
  threadId: Id.nullable(),
  mentions: z.array(Id),
  mentionsRoom: z.boolean(),
  reactions: z.array(Reaction),
  pinned: z.boolean(),
  attachments: z.array(File),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  systemType: z.string().nullable(),
  systemData: SystemData.nullable(),
}).meta({ id: "Message" }) satisfies z.ZodType<wire.Message>;

export function presentMessage(message: DomainMessage): wire.Message {
  const { createdAt, updatedAt, editedAt, deletedAt } = message;
  const created = isoTime(createdAt);
  const isChanged = updatedAt.getTime() !== createdAt.getTime();
  return {
    id: message.id,
    roomId: message.roomId,
    seq: message.seq,
    changedSeq: message.changedSeq,
    sender: publicUser(message.sender),
    text: message.text,
    system: message.system,
    clientMessageId: message.clientMessageId,
    createdAt: created,
    updatedAt: isChanged ? isoTime(updatedAt) : created,
    editedAt: editedAt && isoTime(editedAt),
    deletedAt: deletedAt && isoTime(deletedAt),
    replyTo: message.replyTo,
    threadId: message.threadId,
    mentions: [...message.mentions],
    mentionsRoom: message.mentionsRoom,
    reactions: message.reactions.map(({ emoji, count, users }) => {
      return { emoji, count, users: [...users] };
    }),
    pinned: message.pinned,
    attachments: message.attachments.map(presentFile),
    metadata: message.metadata,
    systemType: message.systemType,
    systemData: message.systemData,
  };
}

const Thread = z.object({ count: z.int().min(1), lastSeq: z.int().min(1) });

/** What goes with messages, where there is something. */
export const Related = z.object({
  referenced: z.array(Message).optional().meta({
    description: "the messages that these answer and that are not among them",
  }),
  users: z.array(PublicUser).optional().meta({
    description: "of the ids in mentions and reactions",
  }),
});

/** The same in an answer to one reader. */
export const RelatedToReader = Related.extend({
  mine: z.record(Id, z.array(z.string())).meta({ description: "one's own reactions" }),
  threads: z.record(Id, Thread).meta({ description: "the answers to the messages" }),
});

export const MessageId = z.string().min(1).max(MAX_ID_LENGTH).meta({
  description: "id of a message of this room",
});

/** What a send holds. */
export const Sent = {
  text: SentText.default(""),
  clientMessageId: ClientMessageId.optional(),
  attachments: Attachments.optional(),
  replyTo: MessageId.nullable().transform((id) => id ?? undefined).optional(),
  mentions: Mentions.optional(),
  mentionsRoom: z.boolean().optional(),
  metadata: Metadata.nullable().optional(),
};

export const SAYS_NOTHING = { path: ["text"], message: "must not be blank" };

/** Whether a send has something to say. */
export function saysSomething({ text, attachments = [] }: SentContent): boolean {
  return text !== "" || attachments.length > 0;
}

interface SentContent {
  text: string;
  attachments?: string[] | undefined;
}

/** What an edit sets; at least one of them. */
export const Edited = {
  text: MessageText.optional(),
  mentions: Mentions.nullable().transform((ids) => ids ?? []).optional(),
  metadata: Metadata.nullable().optional(),
  ifChangedSeq: z.int().min(1).optional(),
  clientMessageId: ClientMessageId.optional(),
};

export const CHANGES_NOTHING = "give text, mentions or metadata";

/** Whether an edit has something to change. */
export function changesSomething(edit: { text?: unknown; mentions?: unknown; metadata?: unknown }) {
  return [edit.text, edit.mentions, edit.metadata].some((value) => value !== undefined);
}

/** What goes with messages in an answer, whoever reads it. */
interface SharedRelated {
  referenced: readonly DomainMessage[];
  users: readonly DomainUser[];
  threads: Record<string, wire.Thread>;
}

export function presentShared({ referenced, users, threads }: SharedRelated) {
  return {
    ...(referenced.length > 0 && { referenced: referenced.map(presentMessage) }),
    ...(users.length > 0 && { users }),
    threads,
  };
}

export function presentRelated(related: SharedRelated & { mine: Record<string, string[]> }) {
  return { ...presentShared(related), mine: related.mine };
}

/** In answers that end at entry `lastSeq`. */
export const LastEntryId = z.string().nullable().meta({ description: "the id of entry lastSeq" });

/** What was missed: messages by the entry that changed each last. */
export const Changes = RelatedToReader.extend({
  messages: z.array(Message).max(MISSED_MESSAGES),
  lastSeq: z.int().min(0),
  lastEntryId: LastEntryId,
  hasMore: z.boolean(),
  reset: z.boolean(),
});
