/** Edits a message. */
import type { Participant } from "../../domain/actor.ts";
import { newId } from "../../domain/id.ts";
import type { Message } from "../../domain/message.ts";
import { type Edit, edit } from "../../domain/message_changes.ts";
import { publicUser } from "../../domain/user.ts";
import { forbidden, requireCapability } from "../../services/access.ts";
import type { Dependencies } from "../dependencies.ts";
import { accept, type AcceptDependencies, type Accepted } from "./accept.ts";

export interface MessageEdit extends Edit {
  /** Id or slug. */
  room: string;
  messageId: string;
  clientMessageId: string;
}

/**
 * Edits a message of the actor's own; what is left out stays.
 * @param input checked and cleaned by the protocol's `message:edit`
 * @throws ChatError as `accept`; the result rejects with `message_not_found`, `forbidden`,
 *   `message_deleted`, `edit_conflict`, or as `RoomLog.append`
 */
export async function editMessage(
  actor: Participant,
  dependencies: AcceptDependencies & Pick<Dependencies, "publicUsers" | "editWindow">,
  input: MessageEdit,
): Promise<Accepted> {
  const { messageId, clientMessageId, text, mentions, metadata, ifChangedSeq } = input;
  const { publicUsers, requestHashes, editWindow } = dependencies;
  // What is left out is not the same as null.
  const request = ["edit", messageId, { text, mentions, metadata, ifChangedSeq }];
  const readers = mentions && (await publicUsers.find(mentions)).map(({ id }) => id);
  const by = publicUser(actor.user);
  const id = newId();
  const createdAt = new Date();
  return await accept(actor, dependencies, input.room, (room) => ({
    by,
    clientMessageId,
    request: requestHashes.hash(request),
    text: text ?? "",
    needs: { messageIds: [messageId] },
    decide(state) {
      const before = state.message(messageId);
      requireCapability(room, "message.edit_own");
      if (before.system || before.sender.id !== by.id) throw forbidden();
      if (isPast(before, editWindow, createdAt)) throw forbidden();
      const message = edit(before, { text, mentions: readers, metadata, ifChangedSeq }, createdAt);
      const draft = { id, by, clientMessageId, request: this.request, createdAt, before, message };
      return { draft: { kind: "edited", ...draft } };
    },
  }));
}

function isPast({ createdAt }: Message, window: number | null, now: Date): boolean {
  return window !== null && now.getTime() > createdAt.getTime() + window;
}
