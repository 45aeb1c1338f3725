/** Deletes a message. */
import type { Participant } from "../../domain/actor.ts";
import { newId } from "../../domain/id.ts";
import { remove } from "../../domain/message_changes.ts";
import { publicUser } from "../../domain/user.ts";
import { forbidden, requireCapability } from "../../services/access.ts";
import { accept, type AcceptDependencies, type Accepted } from "./accept.ts";

export interface MessageDeletion {
  /** Id or slug. */
  room: string;
  messageId: string;
  clientMessageId: string;
}

/**
 * Deletes a message: a tombstone stays. One that is deleted already stays as it is.
 * @throws ChatError as `accept`; the result rejects with `message_not_found`, `forbidden`, or as
 *   `RoomLog.append`
 */
export async function deleteMessage(
  actor: Participant,
  dependencies: AcceptDependencies,
  { room: idOrSlug, messageId, clientMessageId }: MessageDeletion,
): Promise<Accepted> {
  const by = publicUser(actor.user);
  const id = newId();
  const createdAt = new Date();
  return await accept(actor, dependencies, idOrSlug, (room) => ({
    by,
    clientMessageId,
    request: dependencies.requestHashes.hash(["delete", messageId]),
    text: "",
    needs: { messageIds: [messageId] },
    decide(state) {
      const before = state.message(messageId);
      const isOwn = before.sender.id === by.id;
      requireCapability(room, isOwn ? "message.delete_own" : "message.delete_any");
      if (before.system) throw forbidden();
      const message = remove(before, createdAt);
      if (!message) return { unchanged: before };
      const draft = { id, by, clientMessageId, request: this.request, createdAt, before, message };
      return { draft: { kind: "deleted", ...draft } };
    },
  }));
}
