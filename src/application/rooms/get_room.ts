/** Reads one room. */
import type { Actor } from "../../domain/actor.ts";
import type { Room } from "../../domain/room.ts";
import type { ReadState } from "../../services/members.ts";
import type { Dependencies } from "../dependencies.ts";

/** A room, and the reader's place in it if they are a member. */
export interface RoomView {
  room: Room;
  me?: ReadState | undefined;
}

/** @throws ChatError `room_not_found` */
export async function getRoom(
  actor: Actor,
  { access, members }: Pick<Dependencies, "access" | "members">,
  idOrSlug: string,
): Promise<RoomView> {
  const room = await access.read(actor, idOrSlug);
  return { room, me: (await members.read(actor, [room.id])).get(room.id) };
}
