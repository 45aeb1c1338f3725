/** What committed changes make of a message: its document, earlier texts and reactions. */
import {
  type ChangeDocument,
  type EditDocument,
  type EmojiUseDocument,
  type MessageDocument,
  OPTIONAL_CONTENT,
  type PendingChange,
  type ReactionDocument,
  reactionId,
} from "./entry_documents.ts";
import { mentionKeys } from "./entry_keys.ts";

/** A change that the log has, with the reactions that its entry adds and removes. */
export type CommittedChange = PendingChange & Pick<ChangeDocument, "added" | "removed">;

/** What a message is before its changes, as far as these need it. */
export type Unchanged = Pick<
  MessageDocument,
  "_id" | "roomId" | "seq" | "changedSeq" | "text" | "textSeq" | "editedAt" | "attachments"
>;

/** A change of one append, with the message that it was decided on. */
export interface AppendedChange {
  change: CommittedChange;
  before: Unchanged;
}

export interface Projection<T extends Unchanged> {
  before: T;
  /** The message after the changes. */
  after: T;
  /** The entry that has pinned the message; null if it is no longer pinned; undefined if neither. */
  pinnedSeq?: number | null;
  /** The keys of those whom edits have mentioned. */
  mentionKeys: string[];
  /** The texts that the changes have replaced; without the texts if the message is deleted. */
  edits: EditDocument[];
  /** The last of each emoji and user; all removed if the message is deleted. */
  reactions: ReactionDocument[];
}

/** @param changes of the message, in the order of the log, from the first one after `before` on */
export function project<T extends Unchanged>(
  before: T,
  changes: readonly CommittedChange[],
): Projection<T> {
  const projection: Projection<T> = {
    before,
    after: before,
    mentionKeys: [],
    edits: [],
    reactions: [],
  };
  const reactions = new Map<string, ReactionDocument>();
  for (const change of changes) {
    const last = projection.after;
    projection.after = changed(last, change);
    if (textSeqOf(last) !== textSeqOf(projection.after)) projection.edits.push(toEdit(last));
    for (const each of toReactions(last, change)) reactions.set(each._id, each);
    if (change.kind === "edited") projection.mentionKeys.push(...mentionKeys(change.content));
    if (change.kind === "pinned") projection.pinnedSeq = change.seq;
    if (change.kind === "unpinned" || change.kind === "deleted") projection.pinnedSeq = null;
  }
  projection.reactions = [...reactions.values()];
  const deletion = changes.find(({ kind }) => kind === "deleted");
  return deletion ? erase(projection, deletion) : projection;
}

function erase<T extends Unchanged>(
  projection: Projection<T>,
  { seq, content: { updatedAt: at } }: CommittedChange,
): Projection<T> {
  return {
    ...projection,
    edits: projection.edits.map(({ text: _, ...edit }) => ({ ...edit, erasedAt: at })),
    reactions: projection.reactions.map((each) => ({ ...each, seq, removedAt: at })),
  };
}

function changed<T extends Unchanged>(message: T, { seq, kind, content }: PendingChange): T {
  const after: T & Partial<MessageDocument> = { ...message, ...content, changedSeq: seq };
  for (const name of OPTIONAL_CONTENT) {
    if (!(name in content)) delete after[name];
  }
  if (kind === "pinned") after.pinnedSeq = seq;
  if (kind === "unpinned" || kind === "deleted") delete after.pinnedSeq;
  return after;
}

function toEdit(message: Unchanged): EditDocument {
  const { _id, roomId, text } = message;
  const textSeq = textSeqOf(message);
  const editedAt = message.editedAt ?? null;
  return { _id: `${_id} ${textSeq}`, roomId, messageId: _id, seq: textSeq, text, editedAt };
}

function textSeqOf({ seq, textSeq = seq }: Unchanged): number {
  return textSeq;
}

function toReactions(
  { _id: messageId, roomId }: Unchanged,
  { seq, content, added = [], removed = [] }: CommittedChange,
): ReactionDocument[] {
  const toReaction = ({ emoji, userId }: EmojiUseDocument): ReactionDocument => {
    return { _id: reactionId(messageId, emoji, userId), roomId, messageId, emoji, userId, seq };
  };
  const { updatedAt: removedAt } = content;
  return [
    ...added.map(toReaction),
    ...removed.map((use) => ({ ...toReaction(use), removedAt })),
  ];
}
