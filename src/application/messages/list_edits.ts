/** Lists the texts that a message has had. */
import type { Actor } from "../../domain/actor.ts";
import { messageNotFound } from "../../domain/errors.ts";
import type { TextVersion } from "../../ports/store/messages.ts";
import { forbidden } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * The texts of a message, from the original to the present one; none once it is deleted. For its
 * sender, and for who may delete it.
 * @throws ChatError `room_not_found`, `message_not_found`, `forbidden`
 */
export async function listEdits(
  actor: Actor,
  { access, store: { messages } }: Pick<Dependencies, "access" | "store">,
  idOrSlug: string,
  messageId: string,
): Promise<TextVersion[]> {
  const room = await access.find(actor, idOrSlug);
  const { roomId } = room;
  while (true) {
    const earlier = await messages.earlierTexts(roomId, messageId);
    const [message] = await messages.find(roomId, [messageId]);
    if (!message) throw messageNotFound();
    const { capabilities } = await access.confirm(actor, room);
    const isOwn = message.sender.id === actor.userId;
    if (!isOwn && !capabilities.has("message.delete_any")) throw forbidden();
    if (message.deletedAt) return [];
    const { textSeq: seq, text, editedAt } = message;
    // Else it was edited between the two reads.
    const again = await messages.earlierTexts(roomId, messageId);
    if (again.length === earlier.length) return [...earlier, { seq, text, editedAt }];
  }
}
