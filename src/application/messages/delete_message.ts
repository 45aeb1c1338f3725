/** Deletes a message. */
import type { Participant } from "../../domain/actor.ts";
import { remove } from "../../domain/message_changes.ts";
import { forbidden, requireCapability } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";
import { collectFiles } from "../files/collect_files.ts";
import { acceptChange, type AcceptDependencies, type Accepted, type Target } from "./accept.ts";

export interface MessageDeletion extends Target {
  clientMessageId: string;
}

/**
 * Deletes a message: a tombstone stays. One that is deleted already stays as it is. Files of which it
 * was the last message are gone with it; their bytes are deleted afterwards, by this instance or, if
 * that fails, by any.
 * @throws ChatError as `acceptChange`; the result rejects with `forbidden`
 */
export async function deleteMessage(
  actor: Participant,
  dependencies: AcceptDependencies & Pick<Dependencies, "blobs">,
  { room, messageId, clientMessageId }: MessageDeletion,
): Promise<Accepted> {
  const request = ["delete", messageId];
  const command = { room, messageId, repeatable: { clientMessageId, request } };
  let hadFiles = false;
  const accepted = await acceptChange(actor, dependencies, command, (before, room, _s, at) => {
    const isOwn = before.sender.id === actor.userId;
    requireCapability(room, isOwn ? "message.delete_own" : "message.delete_any");
    if (before.system) throw forbidden();
    const message = remove(before, at);
    hadFiles = before.attachments.length > 0;
    return message && { kind: "deleted", message };
  });
  accepted.result.then(() => hadFiles ? collectFiles(dependencies) : undefined).catch(() => {});
  return accepted;
}
