/** Reads one room. */
import type { Actor } from "../../domain/actor.ts";
import type { Room } from "../../domain/room.ts";
import type { Dependencies } from "../dependencies.ts";

/** @throws ChatError `room_not_found` */
export function getRoom(
  actor: Actor,
  { access }: Pick<Dependencies, "access">,
  idOrSlug: string,
): Promise<Room> {
  return access.read(actor, idOrSlug);
}
