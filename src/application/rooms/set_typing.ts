/** Says that a user types in a room, or has stopped. */
import type { Participant } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Notifies the others in the room; what was started ends by itself after 6 s.
 * @throws ChatError `room_not_found`, or `not_joined` if the subscriber is not in the room
 */
export async function setTyping(
  actor: Participant,
  { access, rooms: { hub, typing } }: Pick<Dependencies, "access" | "rooms">,
  { room, subscriber, isTyping }: { room: string; subscriber: Subscriber; isTyping: boolean },
): Promise<void> {
  const { roomId } = access.known(actor, room) ?? await access.find(actor, room);
  if (!hub.has(roomId, subscriber)) throw new ChatError("not_joined", "Join the room first.");
  if (isTyping) typing.start(roomId, subscriber, actor.user);
  else typing.stop(roomId, subscriber, actor.userId);
}
