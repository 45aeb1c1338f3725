/** Deletes a message. */
import type { Participant } from "../../domain/actor.ts";
import { remove } from "../../domain/message_changes.ts";
import { forbidden, requireCapability } from "../../services/room_access.ts";
import { acceptChange, type AcceptDependencies, type Accepted, type Target } from "./accept.ts";

export interface MessageDeletion extends Target {
  clientMessageId: string;
}

/**
 * Deletes a message: a tombstone stays. One that is deleted already stays as it is.
 * @throws ChatError as `acceptChange`; the result rejects with `forbidden`
 */
export async function deleteMessage(
  actor: Participant,
  dependencies: AcceptDependencies,
  { room, messageId, clientMessageId }: MessageDeletion,
): Promise<Accepted> {
  const request = ["delete", messageId];
  const command = { room, messageId, repeatable: { clientMessageId, request } };
  return await acceptChange(actor, dependencies, command, (before, room, _state, at) => {
    const isOwn = before.sender.id === actor.userId;
    requireCapability(room, isOwn ? "message.delete_own" : "message.delete_any");
    if (before.system) throw forbidden();
    const message = remove(before, at);
    return message && { kind: "deleted", message };
  });
}
