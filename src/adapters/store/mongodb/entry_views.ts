/** Documents of entries as they are read, with their senders, and what they are in the domain. */
import { creationOf, type Entry } from "../../../domain/entry.ts";
import { type Details, type Message, PLAIN } from "../../../domain/message.ts";
import { type PublicUserDocument, toPublicUser } from "./user_documents.ts";
import type {
  ChangeDocument,
  EmojiUseDocument,
  EntryDocument,
  MessageDocument,
} from "./entry_documents.ts";

/** A document with its sender, or who made the change, as `WITH_SENDER` adds them. */
export type View<T extends EntryDocument> = T & { senders: PublicUserDocument[] };

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
