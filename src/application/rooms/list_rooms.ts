/** Lists rooms, page by page. */
import type { Actor } from "../../domain/actor.ts";
import type { Room } from "../../domain/room.ts";
import { decodeCursor, encodeCursor, invalidCursor } from "../../services/cursors.ts";
import type { RoomView } from "./get_room.ts";
import type { Dependencies } from "../dependencies.ts";

/** A page of rooms, and where the next begins; null at the end. */
export interface RoomsPage {
  rooms: RoomView[];
  nextCursor: string | null;
}

/**
 * Lists the public rooms and the private ones of the actor by name, then id.
 * @param cursor `nextCursor` of the page before
 * @throws ChatError `validation_failed` for an invalid cursor
 */
export async function listRooms(
  actor: Actor,
  { members, store }: Pick<Dependencies, "members" | "store">,
  { limit, cursor }: { limit: number; cursor: string | undefined },
): Promise<RoomsPage> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const found = await store.rooms.list(actor.userId, { limit: limit + 1, after });
  const rooms = found.slice(0, limit);
  const places = await members.read(actor, rooms.map(({ id }) => id));
  const views = rooms.map((room) => ({ room, me: places.get(room.id) }));
  return { rooms: views, nextCursor: found.length > limit ? cursorOf(rooms.at(-1)!) : null };
}

function cursorOf({ name, id }: Room): string {
  return encodeCursor([name, id]);
}

function readCursor(cursor: string): { name: string; id: string } {
  const [name, id] = decodeCursor(cursor);
  if (typeof name === "string" && typeof id === "string") return { name, id };
  throw invalidCursor();
}
