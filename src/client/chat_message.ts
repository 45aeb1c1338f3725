/** A message as an app shows it: its state, identity and place in the list. */
import type { Message } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import type { OutgoingFile } from "./commands.ts";
import type { EchoRoomError } from "./errors.ts";

/** How far a message is on its way into the room's log; others' messages are always `sent`. */
export type MessageState = "queued" | "sending" | "sent" | "failed";

/**
 * A message as an app shows it, as it is now, whether or not the server has it yet; its `sender` is as
 * of when the server sent it. Escape its text in
 * markup. A deleted one stays: it has a `deletedAt`, and no text.
 */
export interface ChatMessage
  extends Readonly<Omit<Message, "id" | "roomId" | "seq" | "changedSeq" | "replyTo">> {
  /** The same from the moment it is written on, for lists. */
  readonly key: string;
  /** Whether the server has it. */
  readonly state: MessageState;
  /** Null until the server has acked it. */
  readonly id: string | null;
  /** The `id` of the message that it answers, or the `key` of one that is not sent yet; or null. */
  readonly replyTo: string | null;
  /** Its place in the room's log; null until the server has acked it. */
  readonly seq: number | null;
  /** The number of the entry that changed it last; null until the server has acked it. */
  readonly changedSeq: number | null;
  /** The user's own among its `reactions`, by their emoji. */
  readonly ownReactions: readonly string[];
  /** Whether it is shown with a change of the user's own that the room's log does not have yet. */
  readonly isChanging: boolean;
  /** ISO 8601; by the local clock until the server has acked it. */
  readonly createdAt: string;
  /** ISO 8601; by the local clock until the server has acked it. */
  readonly updatedAt: string;
  /** The files that are not uploaded yet; afterwards they are its `attachments`. */
  readonly files?: readonly OutgoingFile[] | undefined;
  /** Why it was refused, if it `failed`, or why it has to wait, if it is `queued`. */
  readonly error?: EchoRoomError | undefined;
  /** When it is sent again, in ms as of `Date.now()`, if it is `queued` because of an `error`. */
  readonly retryAt?: number | undefined;
}

/**
 * The order of the log, then that in which drafts were written: an asynchronous storage may return
 * earlier drafts after later ones were added.
 */
export function byPlace(a: ChatMessage, b: ChatMessage): number {
  if (a.seq !== null || b.seq !== null) return (a.seq ?? Infinity) - (b.seq ?? Infinity);
  return Number(a.createdAt > b.createdAt) - Number(a.createdAt < b.createdAt);
}

/** A message to change or to answer: as it is shown, its `id`, or its `key`. */
export type MessageRef = string | Pick<ChatMessage, "id" | "key">;

/** What a message has that changes nothing and has no reactions. */
export const UNCHANGED = { ownReactions: [], isChanging: false } as const;

/** A sender uses a `clientMessageId` once in a room, so it identifies a message before it is sent. */
export function keyOf(sender: PublicUser, clientMessageId: string): string {
  return `${sender.id} ${clientMessageId}`;
}
