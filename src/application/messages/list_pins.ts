/** Lists the pinned messages of a room. */
import type { Actor } from "../../domain/actor.ts";
import type { Message } from "../../domain/message.ts";
import { relatedTo, type RelatedToReader } from "../../services/related.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * The pinned messages, the last pinned first; at most 100.
 * @throws ChatError `room_not_found`
 */
export async function listPins(
  actor: Actor,
  { access, store, publicUsers }: Pick<Dependencies, "access" | "store" | "publicUsers">,
  idOrSlug: string,
): Promise<{ messages: Message[]; related: RelatedToReader }> {
  const room = await access.find(actor, idOrSlug);
  const { roomId } = room;
  const messages = await store.messages.pinned(roomId);
  const related = await relatedTo({ store, publicUsers }, roomId, actor.userId, messages);
  await access.confirm(actor, room);
  return { messages, related };
}
