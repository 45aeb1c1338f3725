/** Finds a room by id or slug. */
import { roomNotFound } from "../../domain/errors.ts";
import type { Room } from "../../domain/room.ts";
import type { Services } from "../../services/services.ts";

/** @throws ChatError `room_not_found` */
export async function getRoom({ store }: Pick<Services, "store">, idOrSlug: string): Promise<Room> {
  const room = await store.rooms.find(idOrSlug);
  if (!room) throw roomNotFound();
  return room;
}
