/** Edits a message. */
import type { Participant } from "../../domain/actor.ts";
import type { Message } from "../../domain/message.ts";
import { type Edit, edit } from "../../domain/message_changes.ts";
import { forbidden, requireCapability } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";
import { readersAmong } from "./mentioned.ts";
import { acceptChange, type AcceptDependencies, type Accepted, type Target } from "./accept.ts";

export interface MessageEdit extends Edit, Target {
  clientMessageId: string;
}

/**
 * Edits a message of the actor's own; what is left out stays.
 * @param input checked and cleaned by the protocol's `message:edit`
 * @throws ChatError as `acceptChange`; the result rejects with `forbidden`, `message_deleted`,
 *   `edit_conflict`
 */
export async function editMessage(
  actor: Participant,
  dependencies: AcceptDependencies & Pick<Dependencies, "publicUsers" | "editWindow">,
  { room, messageId, clientMessageId, text, mentions, metadata, ifChangedSeq }: MessageEdit,
): Promise<Accepted> {
  const { editWindow } = dependencies;
  // What is left out is not the same as null.
  const request = ["edit", messageId, { text, mentions, metadata, ifChangedSeq }];
  const readers = mentions && await readersAmong(actor, dependencies, room, mentions);
  const command = { room, messageId, repeatable: { clientMessageId, request }, text };
  return await acceptChange(actor, dependencies, command, (before, room, _state, at) => {
    if (before.system || before.sender.id !== actor.userId) throw forbidden();
    if (isPast(before, editWindow, at)) throw forbidden();
    requireCapability(room, "message.edit_own");
    const message = edit(before, { text, mentions: readers, metadata, ifChangedSeq }, at);
    return { kind: "edited", message };
  });
}

function isPast({ createdAt }: Message, window: number | null, now: Date): boolean {
  return window !== null && now.getTime() > createdAt.getTime() + window;
}
