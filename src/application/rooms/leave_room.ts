/** Takes a socket out of a room. */
import type { Actor } from "../../domain/actor.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Takes a subscriber out of a room and tells the others; does nothing if it is not in it. It needs no
 * access: a room may always be left.
 */
export function leaveRoom(
  { userId }: Actor,
  { rooms: { hub, presence, typing } }: Pick<Dependencies, "rooms">,
  { roomId, subscriber }: { roomId: string; subscriber: Subscriber },
): void {
  if (!hub.has(roomId, subscriber)) return;
  typing.stop(roomId, subscriber, userId);
  const wasPresent = hub.setPresent(roomId, subscriber, false);
  hub.leave(roomId, subscriber);
  if (wasPresent) presence.leave(roomId, userId);
}
