/** A message of the user's own, as it is shown until the room's log has it. */
import { NEW_MESSAGE } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { type ChatMessage, keyOf, UNCHANGED } from "./chat_message.ts";
import type { UnsentMessage } from "./commands.ts";
import type { Progress } from "./outbox.ts";

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
  const { clientMessageId, createdAt, text, replyTo, mentions, mentionsRoom, metadata } = unsent;
  const { attachments, files } = unsent;
  const draft = {
    ...NEW_MESSAGE,
    ...UNCHANGED,
    ...{ sender, clientMessageId, createdAt, updatedAt: createdAt },
    ...{ key: keyOf(sender, clientMessageId), id: null, seq: null, changedSeq: null },
    ...before,
    text,
    replyTo: replyTo ?? null,
    threadId: answered ? answered.threadId ?? answered.id : null,
    mentions: [...mentions ?? []],
    mentionsRoom: mentionsRoom ?? false,
    metadata: metadata ?? null,
    attachments: [...attachments ?? []],
    files,
    error: undefined,
    retryAt: undefined,
  };
  if (progress.state !== "sent") return { ...draft, ...progress };
  const { ack } = progress;
  return {
    ...draft,
    ...{ state: "sent", id: ack.id, seq: ack.seq, changedSeq: ack.seq },
    ...{ createdAt: ack.createdAt, updatedAt: ack.createdAt },
  };
}
