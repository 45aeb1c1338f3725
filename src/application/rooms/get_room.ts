/** Reads one room. */
import type { Actor } from "../../domain/actor.ts";
import type { Capability } from "../../domain/permissions.ts";
import type { Room } from "../../domain/room.ts";
import type { ReadState } from "../../services/members.ts";
import type { Dependencies } from "../dependencies.ts";

/** A room, and the reader's place in it if they are a member. */
export interface RoomView {
  room: Room;
  me?: ReadState | undefined;
}

/** The same, and what the reader may do in it. */
export interface FullRoomView extends RoomView {
  capabilities: ReadonlySet<Capability>;
}

/** @throws ChatError `room_not_found`, `forbidden` if the actor is banned */
export async function getRoom(
  actor: Actor,
  { access, members }: Pick<Dependencies, "access" | "members">,
  idOrSlug: string,
): Promise<FullRoomView> {
  const { room, access: { capabilities } } = await access.read(actor, idOrSlug);
  return { room, me: (await members.read(actor, [room])).get(room.id), capabilities };
}
