/** Says that a user types in a room, or has stopped. */
import type { Participant } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { RoomAccess } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Notifies the others in the room; what was started ends by itself after 6 s. Who may not send there
 * begins nothing.
 * @throws ChatError `room_not_found`, or `not_joined` if the subscriber is not in the room; `forbidden`
 *   if the actor is banned; `unavailable`
 */
export async function setTyping(
  actor: Participant,
  dependencies: Pick<Dependencies, "access" | "rooms">,
  { room, subscriber, isTyping }: { room: string; subscriber: Subscriber; isTyping: boolean },
): Promise<void> {
  const { access, rooms: { hub, typing } } = dependencies;
  const found = access.known(actor, room) ?? await access.find(actor, room);
  const { roomId } = found;
  if (!hub.has(roomId, subscriber)) throw notJoined();
  if (!isTyping) return typing.stop(roomId, subscriber, actor.userId);
  const { capabilities } = await refreshed(actor, dependencies, found);
  if (!hub.has(roomId, subscriber)) {
    await access.find(actor, room);
    throw notJoined();
  }
  if (!capabilities.has("message.send")) return;
  typing.start(roomId, subscriber, actor.user);
}

/**
 * What the actor may do now. Blocks, which decide in direct rooms, are no entries of the log, and nobody
 * is taken out there; in others an entry that does so may have been appended on another instance.
 */
async function refreshed(
  actor: Participant,
  { access, rooms: { hub } }: Pick<Dependencies, "access" | "rooms">,
  found: RoomAccess,
): Promise<RoomAccess> {
  if (found.rules.type === "direct") return await access.confirm(actor, found);
  await hub.refresh(found.roomId);
  return access.known(actor, found.roomId) ?? found;
}

function notJoined(): ChatError {
  return new ChatError("not_joined", "Join the room first.");
}
