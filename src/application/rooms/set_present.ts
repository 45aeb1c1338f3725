/** Says whether a socket in a room counts as its user being there. */
import type { Participant } from "../../domain/actor.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { Dependencies } from "../dependencies.ts";

/** Only a subscriber that is present gets typing and presence; it has to be in the room. */
export function setPresent(
  actor: Participant,
  { rooms: { hub, presence, typing } }: Pick<Dependencies, "rooms">,
  { roomId, subscriber, present }: { roomId: string; subscriber: Subscriber; present: boolean },
): void {
  if (hub.setPresent(roomId, subscriber, present) === present) return;
  if (present) return presence.enter(roomId, actor.user);
  typing.stop(roomId, subscriber, actor.userId);
  presence.leave(roomId, actor.userId);
}
