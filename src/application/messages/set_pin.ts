/** Pins a message in its room, or unpins it. */
import type { Participant } from "../../domain/actor.ts";
import { newId } from "../../domain/id.ts";
import { pin } from "../../domain/message_changes.ts";
import { publicUser } from "../../domain/user.ts";
import { requireCapability } from "../../services/access.ts";
import { accept, type AcceptDependencies, type Accepted } from "./accept.ts";

export interface PinChange {
  /** Id or slug. */
  room: string;
  messageId: string;
  /** Whether it is to be pinned. */
  isPinned: boolean;
}

/**
 * Sets whether a message is pinned; nothing changes if it is so already.
 * @throws ChatError as `accept`; the result rejects with `message_not_found`, `forbidden`,
 *   `message_deleted`, `limit_reached`, or `unavailable`
 */
export async function setPin(
  actor: Participant,
  dependencies: AcceptDependencies,
  { room: idOrSlug, messageId, isPinned }: PinChange,
): Promise<Accepted> {
  const by = publicUser(actor.user);
  const id = newId();
  const createdAt = new Date();
  return await accept(actor, dependencies, idOrSlug, (room) => ({
    by,
    clientMessageId: id,
    request: null,
    text: "",
    needs: { messageIds: [messageId], pins: true },
    decide(state) {
      const before = state.message(messageId);
      requireCapability(room, "message.pin");
      const message = pin(before, isPinned, state.pins);
      if (!message) return { unchanged: before };
      const draft = { id, by, clientMessageId: id, request: null, createdAt, before, message };
      return { draft: { kind: isPinned ? "pinned" : "unpinned", ...draft } };
    },
  }));
}
