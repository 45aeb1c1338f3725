/** Lets a socket join a room. */
import type { Participant } from "../../domain/actor.ts";
import type { Capability } from "../../domain/permissions.ts";
import type { Entered } from "../../rooms/catch_up.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { RoomAccess } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";
import { setPresent } from "./set_present.ts";

/** What a joining socket is shown of the room. */
export interface JoinedRoom extends Entered {
  /** As JSON. */
  room: string;
  /** What the actor may do in it. */
  capabilities: ReadonlySet<Capability>;
  /** Who is in the room: at most 200 of them as a JSON array, and how many in all. */
  online: { named: string; count: number };
}

export interface JoinRequest {
  /** Id or slug. */
  room: string;
  /** To this room, if it was read since the actor asked to join. */
  access?: RoomAccess | undefined;
  subscriber: Subscriber;
  /** Whether it counts as being there, and gets typing and presence. */
  present: boolean;
}

/**
 * Puts a subscriber into a room; once more changes nothing but whether it is present.
 * @param welcome called in the turn in which live entries begin, with everything up to them; not
 *   called if the subscriber has closed meanwhile
 * @throws ChatError `room_not_found`, `forbidden` if the actor is banned, `unavailable`
 */
export async function joinRoom(
  actor: Participant,
  { access, rooms }: Pick<Dependencies, "access" | "rooms">,
  { subscriber, present, ...asked }: JoinRequest,
  welcome: (joined: JoinedRoom) => void,
): Promise<void> {
  const { hub, presence, rendered } = rooms;
  const found = asked.access ?? await access.find(actor, asked.room);
  const { roomId } = found;
  const admit = access.admission(actor, found);
  await hub.join(roomId, subscriber, admit, (entered, admission) => {
    setPresent(actor, { rooms }, { roomId, subscriber, present });
    welcome({
      ...entered,
      room: rendered.textOf(admission),
      capabilities: admission.access.capabilities,
      online: presence.online(roomId),
    });
  });
}
