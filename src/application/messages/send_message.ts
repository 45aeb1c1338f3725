/** Sends a message to a room. */
import { newId } from "../../domain/id.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Message, MessageDraft } from "../../domain/message.ts";
import { type PublicUser, publicUser } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";

/**
 * Appends a message to a room's log. Once this resolves the message is durable. Repeated with the
 * same sender, room and clientMessageId it stores nothing and returns the message stored first.
 * @param input checked and cleaned by the protocol's `message:send`
 * @throws ChatError `idempotency_conflict` if the clientMessageId was used for another text,
 *   `unavailable` if the outcome is not known: then repeat it with the same clientMessageId
 */
export async function sendMessage(
  { log }: Pick<Services, "log">,
  input: { roomId: string; sender: PublicUser; text: string; clientMessageId: string },
): Promise<Message> {
  const draft: MessageDraft = {
    id: newId(),
    sender: publicUser(input.sender),
    text: input.text,
    system: false,
    clientMessageId: input.clientMessageId,
    createdAt: new Date(),
  };
  const { message } = await log.append(input.roomId, { kind: "created", message: draft });
  if (message.text !== draft.text) {
    throw new ChatError("idempotency_conflict", "This clientMessageId belongs to another text.");
  }
  return message;
}
