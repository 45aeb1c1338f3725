/** Finds what a socket missed in a room. */
import type { Participant } from "../../domain/actor.ts";
import type { Capability } from "../../domain/permissions.ts";
import type { Cursor, Missed } from "../../rooms/catch_up.ts";
import type { Subscriber } from "../../rooms/subscriber.ts";
import type { RoomAccess } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";
import { setPresent } from "./set_present.ts";

/** What a subscriber missed, and the room as it is now. */
export interface MissedInRoom extends Missed {
  /** As JSON. */
  room: string;
  /** What the actor may do in it. */
  capabilities: ReadonlySet<Capability>;
}

export interface Recovery {
  /** Id or slug. */
  room: string;
  /** As in `JoinRequest`. */
  access?: RoomAccess | undefined;
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
 * @throws ChatError `room_not_found`, `forbidden` if the actor is banned, `unavailable`
 */
export async function recoverRoom(
  actor: Participant,
  { access, rooms }: Pick<Dependencies, "access" | "rooms">,
  { cursor, subscriber, present, earlier, ...asked }: Recovery,
  answer: (missed: MissedInRoom) => void,
): Promise<void> {
  const { hub, rendered } = rooms;
  const found = asked.access ?? access.known(actor, asked.room) ??
    await access.find(actor, asked.room);
  const { roomId } = found;
  const admit = access.admission(actor, found);
  await hub.recover(roomId, cursor, subscriber, earlier, admit, (missed, admission) => {
    if (!missed.hasMore) setPresent(actor, { rooms }, { roomId, subscriber, present });
    const { capabilities } = admission.access;
    answer({ ...missed, room: rendered.textOf(admission), capabilities });
  });
}
