/** A message of the user's own, as it is shown until the room's log has it. */
import { NEW_MESSAGE } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { type ChatMessage, keyOf, UNCHANGED } from "./chat_message.ts";
import type { UnsentMessage } from "./commands.ts";
import type { Progress } from "./outbox.ts";

type Draft = Omit<ChatMessage, "text" | "state">;

/** What it is before the first step on its way. */
function draftOf({ clientMessageId, createdAt }: UnsentMessage, sender: PublicUser): Draft {
  return {
    ...NEW_MESSAGE,
    ...UNCHANGED,
    ...{ sender, clientMessageId, createdAt, updatedAt: createdAt },
    ...{ key: keyOf(sender, clientMessageId), id: null, seq: null, changedSeq: null },
  };
}

/**
 * The draft after a step on its way, in which it may have been edited.
 * @param before the draft before that; undefined for the first
 * @param answered the message that it answers, if it is known
 */
export function progressed(
  before: ChatMessage | undefined,
  unsent: UnsentMessage,
  progress: Exclude<Progress, { state: "discarded" }>,
  sender: PublicUser,
  answered: ChatMessage | undefined,
): ChatMessage {
  const none = { error: undefined, retryAt: undefined };
  const draft = { ...before ?? draftOf(unsent, sender), ...contentOf(unsent, answered), ...none };
  if (progress.state !== "sent") return { ...draft, ...progress };
  const { id, seq, createdAt } = progress.ack;
  return { ...draft, state: "sent", id, seq, changedSeq: seq, createdAt, updatedAt: createdAt };
}

function contentOf(
  { text, replyTo, mentions = [], mentionsRoom = false, metadata = null }: UnsentMessage,
  answered: ChatMessage | undefined,
): Partial<ChatMessage> & { text: string } {
  const threadId = answered ? answered.threadId ?? answered.id : null;
  return {
    text,
    replyTo: replyTo ?? null,
    threadId,
    mentions: [...mentions],
    mentionsRoom,
    metadata,
  };
}
