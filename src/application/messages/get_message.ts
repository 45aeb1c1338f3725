/** Reads one message. */
import type { Actor } from "../../domain/actor.ts";
import { messageNotFound } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import { relatedTo, type RelatedToReader } from "../../services/related.ts";
import type { Dependencies } from "../dependencies.ts";

/** @throws ChatError `room_not_found`, `message_not_found` */
export async function getMessage(
  actor: Actor,
  { access, store, publicUsers }: Pick<Dependencies, "access" | "store" | "publicUsers">,
  idOrSlug: string,
  messageId: string,
): Promise<{ message: Message; related: RelatedToReader }> {
  const room = await access.find(actor, idOrSlug);
  const { roomId } = room;
  const [message] = await store.messages.find(roomId, [messageId]);
  if (!message) throw messageNotFound();
  const related = await relatedTo({ store, publicUsers }, roomId, actor.userId, [message]);
  await access.confirm(actor, room, [message, ...related.referenced]);
  return { message, related };
}
