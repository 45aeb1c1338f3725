/** In `keys` of entries' documents: what else they are found by than their place in the log. */
import type { CreatedDraft } from "../../../domain/entry.ts";
import type { Details, Message } from "../../../domain/message.ts";
import { changesRoom } from "../../../domain/room_changes.ts";

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
  { mentions = [], mentionsRoom }: Partial<Pick<Details, "mentions" | "mentionsRoom">>,
): string[] {
  return [...mentions.map(mentionKey), ...(mentionsRoom ? [ROOM_MENTION_KEY] : [])];
}

/** What of a draft a message does not say. */
export type DraftKeys = Pick<CreatedDraft, "answered" | "isSlow" | "joins">;

/** Those of an entry that creates a message. */
export function creationKeys(
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
