/** Messages that were found in several rooms at once. */
import pLimit from "p-limit";
import type { Actor } from "../../domain/actor.ts";
import type { Message } from "../../domain/message.ts";
import type { Room } from "../../domain/room.ts";
import type { Dependencies } from "../dependencies.ts";

/** Rooms that are read at once. */
const READS_AT_ONCE = 10;

/** Where a message was found. */
interface Place {
  roomId: string;
  messageId: string;
}

/** A message as it is now. */
export interface Found<P extends Place> {
  place: P;
  message: Message;
  room: Room;
}

/**
 * Reads messages as they are, those of rooms that the actor may read then, in the order of places.
 * @throws ChatError `unavailable`
 */
export async function readFound<P extends Place>(
  actor: Actor,
  { access, store }: Pick<Dependencies, "access" | "store">,
  places: readonly P[],
): Promise<Found<P>[]> {
  const byRoom = Map.groupBy(places, ({ roomId }) => roomId);
  const rooms = new Map((await store.rooms.findAll([...byRoom.keys()])).map((r) => [r.id, r]));
  const found = new Map<string, Message>();
  await pLimit(READS_AT_ONCE).map(byRoom, async ([roomId, inRoom]) => {
    const room = rooms.get(roomId);
    if (!room) return;
    const messages = await store.messages.find(roomId, inRoom.map(({ messageId }) => messageId));
    // The room, too, is as an entry has left it that the actor may not know of.
    const read = [...messages, { changedSeq: room.lastSeq }];
    if (!await access.mayRead(actor, { roomId }, read)) return;
    for (const message of messages) found.set(message.id, message);
  });
  return places.flatMap((place) => {
    const [message, room] = [found.get(place.messageId), rooms.get(place.roomId)];
    return message && room ? [{ place, message, room }] : [];
  });
}
