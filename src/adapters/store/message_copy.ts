/** Messages that stores keep as they were: as JSON, which no later entry changes. */
import { reviveAttachment } from "../../domain/file.ts";
import type { Message } from "../../domain/message.ts";

export function formatMessage(message: Message): string {
  return JSON.stringify(message);
}

/** Reads what `formatMessage` wrote. */
export function parseMessage(json: string): Message {
  const { createdAt, updatedAt, editedAt, deletedAt, ...rest } = JSON.parse(json) as Message;
  // Copies of earlier versions have none.
  const { attachments = [] } = rest;
  return {
    ...rest,
    attachments: attachments.map(reviveAttachment),
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
    editedAt: editedAt && new Date(editedAt),
    deletedAt: deletedAt && new Date(deletedAt),
  };
}
