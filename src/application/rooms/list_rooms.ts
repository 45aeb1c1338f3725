/** Lists rooms, page by page. */
import type { Actor } from "../../domain/actor.ts";
import type { Room } from "../../domain/room.ts";
import { decodeCursor, invalidCursor, pageOf, timeIn } from "../../services/cursors.ts";
import type { RoomCursor, RoomQuery } from "../../ports/store/rooms.ts";
import type { RoomView } from "./get_room.ts";
import type { Dependencies } from "../dependencies.ts";

/** A page of rooms, and where the next begins; null at the end. */
export interface RoomsPage {
  rooms: RoomView[];
  nextCursor: string | null;
}

/** Which rooms are listed. */
export interface RoomsRequest extends Pick<RoomQuery, "own" | "archived" | "order"> {
  /** 1 to 200. */
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

/**
 * Lists rooms: the public ones and the private ones of the actor, or only those of which they are a
 * member.
 * @throws ChatError `validation_failed` for an invalid cursor
 */
export async function listRooms(
  actor: Actor,
  { members, store }: Pick<Dependencies, "members" | "store">,
  { limit, cursor, ...query }: RoomsRequest,
): Promise<RoomsPage> {
  const order = ORDERS[query.order ?? "name"];
  const after = cursor === undefined ? undefined : order.read(decodeCursor(cursor));
  const found = await store.rooms.list(actor.userId, { ...query, limit: limit + 1, after });
  const { items: rooms, nextCursor } = pageOf(found, limit, order.place);
  const places = await members.read(actor, rooms);
  const views = rooms.map((room) => ({ room, me: places.get(room.id) }));
  return { rooms: views, nextCursor };
}

/** What rooms are ordered by, and how cursors hold it. */
const ORDERS = {
  name: {
    place: ({ name, id }: Room) => [name, id],
    read([name, id]: unknown[]): RoomCursor {
      if (typeof name === "string" && typeof id === "string") return { name, id };
      throw invalidCursor();
    },
  },
  activity: {
    place: ({ lastMessageAt, id }: Room) => [lastMessageAt?.getTime() ?? 0, id],
    read([time, id]: unknown[]): RoomCursor {
      if (typeof id !== "string") throw invalidCursor();
      return { name: "", id, lastMessageAt: timeIn(time) };
    },
  },
};
