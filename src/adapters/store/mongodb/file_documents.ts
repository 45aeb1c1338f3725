/** The documents of files, and what deletions of messages make of them. */
import type { AnyBulkWriteOperation } from "mongodb";
import type { File } from "../../../domain/file.ts";
import type { MessageDocument } from "./entry_documents.ts";

export type FileDocument = Omit<File, "id" | "state"> & {
  _id: string;
  /** `ready` of those in messages as well: which these are is told by the messages. */
  state: "uploading" | "ready" | "reported" | "deleted";
  /** Whether it is known to have been in a message. */
  isAttached: boolean;
  /** The last message that was about to be appended with it. */
  claim?: { messageId: string; at: Date };
  /** When it is looked at whether it is to be deleted; absent once it was found in a message. */
  dueAt?: Date;
};

/**
 * The writes that have files looked at, because messages with them are being deleted: to be made once
 * the log has the deletions, and before the messages lose their files. They may be repeated.
 */
export function detachments(
  messages: readonly Pick<MessageDocument, "_id" | "attachments">[],
  at: Date,
): AnyBulkWriteOperation<FileDocument>[] {
  return messages.flatMap(({ _id: messageId, attachments = [] }) => {
    if (attachments.length === 0) return [];
    const _id = { $in: attachments.map(({ id }) => id) };
    const update = { $set: { isAttached: true, dueAt: at } } as const;
    // The claim of a message ends with it.
    const claimed = { _id, "claim.messageId": messageId };
    return [
      { updateMany: { filter: { _id, state: "ready" as const }, update } },
      { updateMany: { filter: claimed, update: { $unset: { claim: "" as const } } } },
    ];
  });
}
