/** Sends a message to a room. */
import type { Participant } from "../../domain/actor.ts";
import { newId } from "../../domain/id.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Message, MessageDraft } from "../../domain/message.ts";
import { publicUser } from "../../domain/user.ts";
import { requireCapability } from "../../services/access.ts";
import type { Dependencies } from "../dependencies.ts";

/** A message that was accepted and has its place in the room's order. */
export interface AcceptedMessage {
  /**
   * Resolves once the message is durable. Rejects with ChatError `idempotency_conflict` if the
   * clientMessageId was used for another text, `unavailable` if the outcome is not known: then
   * repeat the send with the same clientMessageId.
   */
  stored: Promise<Message>;
}

/**
 * Sends a message to a room. Resolves once it is accepted: a later send of the same caller comes
 * after it in the log. Repeated with the same sender, room and clientMessageId it stores nothing, and
 * `stored` is the first message.
 * @param input checked and cleaned by the protocol's `message:send`; `room` is an id or slug
 * @throws ChatError in this order: `room_not_found`, `rate_limited`, `forbidden`
 */
export async function sendMessage(
  actor: Participant,
  { access, log, rateLimits, rooms }: Pick<Dependencies, "access" | "log" | "rateLimits" | "rooms">,
  input: { room: string; text: string; clientMessageId: string },
): Promise<AcceptedMessage> {
  const room = access.known(actor, input.room) ?? await access.find(actor, input.room);
  const { roomId } = room;
  await rateLimits.consume("message", `${actor.userId} ${roomId}`);
  requireCapability(room, "message.send");
  rooms.typing.end(roomId, actor.userId);
  const draft: MessageDraft = {
    id: newId(),
    sender: publicUser(actor.user),
    text: input.text,
    system: false,
    clientMessageId: input.clientMessageId,
    createdAt: new Date(),
  };
  const appended = log.append(roomId, { kind: "created", message: draft });
  return { stored: appended.then(({ message }) => sameText(message, draft)) };
}

/** @throws ChatError `idempotency_conflict` */
function sameText(stored: Message, { text }: MessageDraft): Message {
  if (stored.text === text) return stored;
  throw new ChatError("idempotency_conflict", "This clientMessageId belongs to another text.");
}
