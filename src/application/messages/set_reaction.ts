/** Puts an emoji on a message, or takes it off. */
import type { Participant } from "../../domain/actor.ts";
import { newId } from "../../domain/id.ts";
import { publicUser } from "../../domain/user.ts";
import { requireCapability } from "../../services/access.ts";
import { accept, type AcceptDependencies, type Accepted } from "./accept.ts";

export interface ReactionChange {
  /** Id or slug. */
  room: string;
  messageId: string;
  /** Checked and cleaned by the protocol's `Emoji`. */
  emoji: string;
  /** Whether the actor's emoji is to be on the message. */
  isOn: boolean;
}

/**
 * Sets whether an emoji of the actor is on a message; nothing changes if it is so already.
 * @throws ChatError as `accept`; the result rejects with `message_not_found`, `forbidden`,
 *   `message_deleted`, `limit_reached`, or `unavailable`
 */
export async function setReaction(
  actor: Participant,
  dependencies: AcceptDependencies,
  { room: idOrSlug, messageId, emoji, isOn }: ReactionChange,
): Promise<Accepted> {
  const by = publicUser(actor.user);
  const id = newId();
  const createdAt = new Date();
  const use = { emoji, user: by };
  const uses = { added: isOn ? [use] : [], removed: isOn ? [] : [use] };
  return await accept(actor, dependencies, idOrSlug, (room) => ({
    by,
    clientMessageId: id,
    request: null,
    text: "",
    needs: { messageIds: [messageId], reaction: { messageId, emoji, userId: by.id } },
    decide(state) {
      const before = state.message(messageId);
      requireCapability(room, "message.react");
      const message = state.react(messageId, use, isOn);
      if (!message) return { unchanged: before };
      const draft = { id, by, clientMessageId: id, request: null, createdAt, before, message };
      return { draft: { kind: "reacted", ...draft, ...uses } };
    },
  }));
}
