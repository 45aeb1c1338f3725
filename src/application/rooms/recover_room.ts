/** Finds what a socket missed in a room. */
import type { Participant } from "../../domain/actor.ts";
import type { Cursor, Missed } from "../../rooms/served_room.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { Dependencies } from "../dependencies.ts";
import { setPresent } from "./set_present.ts";

export interface Recovery {
  /** Id or slug. */
  room: string;
  /** The entry that the client saw last. */
  cursor: Cursor;
  subscriber: Subscriber;
  /** As in `JoinRequest`. */
  present: boolean;
  /** What has to be answered before. */
  earlier: Promise<void>;
}

/**
 * Finds what a subscriber missed after its cursor, and puts it into the room when there is no more.
 * @param answer called once; in the turn in which live entries begin unless there is more; not
 *   called if the subscriber has closed meanwhile
 * @throws ChatError `room_not_found`, `unavailable`
 */
export async function recoverRoom(
  actor: Participant,
  { access, rooms }: Pick<Dependencies, "access" | "rooms">,
  { room, cursor, subscriber, present, earlier }: Recovery,
  answer: (missed: Missed) => void,
): Promise<void> {
  const { roomId } = access.known(actor, room) ?? await access.find(actor, room);
  await rooms.hub.recover(roomId, cursor, subscriber, earlier, (missed) => {
    if (!missed.hasMore) setPresent(actor, { rooms }, { roomId, subscriber, present });
    answer(missed);
  });
}
