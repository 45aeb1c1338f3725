/** Puts an emoji on a message, or takes it off. */
import type { Participant } from "../../domain/actor.ts";
import { requireCapability } from "../../services/room_access.ts";
import { acceptChange, type AcceptDependencies, type Accepted, type Target } from "./accept.ts";

export interface ReactionChange extends Target {
  /** Checked and cleaned by the protocol's `Emoji`. */
  emoji: string;
  /** Whether the actor's emoji is to be on the message. */
  isOn: boolean;
}

/**
 * Sets whether an emoji of the actor is on a message; nothing changes if it is so already.
 * @throws ChatError as `acceptChange`; the result rejects with `forbidden`, `message_deleted`,
 *   `limit_reached`
 */
export async function setReaction(
  actor: Participant,
  dependencies: AcceptDependencies,
  { room, messageId, emoji, isOn }: ReactionChange,
): Promise<Accepted> {
  const use = { emoji, user: actor.user };
  const uses = { added: isOn ? [use] : [], removed: isOn ? [] : [use] };
  const reaction = { messageId, emoji, userId: actor.userId, isOn };
  const command = { room, messageId, needs: { reaction } };
  return await acceptChange(actor, dependencies, command, (_before, room, state) => {
    requireCapability(room, "message.react");
    const message = state.react(messageId, use, isOn);
    return message && { kind: "reacted", message, ...uses };
  });
}
