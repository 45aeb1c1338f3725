/** Pins a message in its room, or unpins it. */
import type { Participant } from "../../domain/actor.ts";
import { pin } from "../../domain/message_changes.ts";
import { requireCapability } from "../../services/room_access.ts";
import { acceptChange, type AcceptDependencies, type Accepted, type Target } from "./accept.ts";

export interface PinChange extends Target {
  /** Whether it is to be pinned. */
  isPinned: boolean;
}

/**
 * Sets whether a message is pinned; nothing changes if it is so already.
 * @throws ChatError as `acceptChange`; the result rejects with `forbidden`, `message_deleted`,
 *   `limit_reached`
 */
export async function setPin(
  actor: Participant,
  dependencies: AcceptDependencies,
  { room, messageId, isPinned }: PinChange,
): Promise<Accepted> {
  const command = { room, messageId, needs: { pins: true } };
  return await acceptChange(actor, dependencies, command, (before, room, state) => {
    requireCapability(room, "message.pin");
    const message = pin(before, isPinned, state.pins);
    return message && { kind: isPinned ? "pinned" : "unpinned", message };
  });
}
