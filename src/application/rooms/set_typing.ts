/** Says that a user types in a room, or has stopped. */
import type { Participant } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Notifies the others in the room; what was started ends by itself after 6 s.
 * @throws ChatError `room_not_found`, or `not_joined` if the subscriber is not in the room; `forbidden`
 *   if the actor is banned; `unavailable`
 */
export async function setTyping(
  actor: Participant,
  { access, rooms: { hub, typing } }: Pick<Dependencies, "access" | "rooms">,
  { room, subscriber, isTyping }: { room: string; subscriber: Subscriber; isTyping: boolean },
): Promise<void> {
  const { roomId } = access.known(actor, room) ?? await access.find(actor, room);
  if (!hub.has(roomId, subscriber)) throw notJoined();
  if (!isTyping) return typing.stop(roomId, subscriber, actor.userId);
  // An entry that takes the subscriber out may have been appended on another instance.
  await hub.refresh(roomId);
  if (!hub.has(roomId, subscriber)) {
    await access.find(actor, room);
    throw notJoined();
  }
  typing.start(roomId, subscriber, actor.user);
}

function notJoined(): ChatError {
  return new ChatError("not_joined", "Join the room first.");
}
