/** A message of the user's own, as it is shown until the room's log has it. */
import { NEW_MESSAGE } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { type ChatMessage, keyOf, UNCHANGED } from "./chat_message.ts";
import type { UnsentMessage } from "./commands.ts";
import type { Progress } from "./outbox.ts";

/** @param answered the message that it answers, if it is known */
export function draftOf(
  unsent: UnsentMessage,
  sender: PublicUser,
  answered: ChatMessage | undefined,
): ChatMessage {
  const { clientMessageId, createdAt } = unsent;
  return {
    ...NEW_MESSAGE,
    ...UNCHANGED,
    ...contentOf(unsent, answered),
    ...{ sender, clientMessageId, createdAt, updatedAt: createdAt },
    ...{ key: keyOf(sender, clientMessageId), id: null, seq: null, changedSeq: null },
    state: "queued",
  };
}

/** The draft after a step on its way, in which it may have been edited. */
export function progressed(
  draft: ChatMessage,
  unsent: UnsentMessage,
  progress: Exclude<Progress, { state: "discarded" }>,
  answered: ChatMessage | undefined,
): ChatMessage {
  const none = { error: undefined, retryAt: undefined };
  const before = { ...draft, ...contentOf(unsent, answered), ...none };
  if (progress.state !== "sent") return { ...before, ...progress };
  const { id, seq, createdAt } = progress.ack;
  return { ...before, state: "sent", id, seq, changedSeq: seq, createdAt, updatedAt: createdAt };
}

function contentOf(
  { text, replyTo, mentions = [], mentionsRoom = false, metadata = null }: UnsentMessage,
  answered: ChatMessage | undefined,
): Partial<ChatMessage> & { text: string } {
  const threadId = replyTo && answered ? answered.threadId ?? answered.id : null;
  return {
    text,
    replyTo: replyTo ?? null,
    threadId,
    mentions: [...mentions],
    mentionsRoom,
    metadata,
  };
}
