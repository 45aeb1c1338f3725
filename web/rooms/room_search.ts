/** The rooms that somebody means by a few letters, for the list's filter and the quick switcher. */
import type { RoomSummary } from "../../src/client/mod.ts";
import { matcher } from "../matching.ts";

type Searched = Pick<
  RoomSummary,
  "name" | "slug" | "type" | "isMember" | "unread" | "mentions" | "lastMessageAt"
>;

/**
 * The rooms whose name or slug fits, the best first; among equals the user's own, then the last active.
 * Without a query those with mentions, then the unread, then as before.
 */
export function searchRooms<T extends Searched>(
  rooms: readonly T[],
  query: string,
  limit = Infinity,
): T[] {
  if (query.trim() === "") {
    return rooms.toSorted((a, b) => newsOf(b) - newsOf(a) || byActivity(a, b)).slice(0, limit);
  }
  const match = matcher(query);
  const fitting = rooms.flatMap((room) => {
    // Other slugs are ids, which nobody types.
    const names = room.type === "public" ? [room.name, room.slug] : [room.name];
    const fits = names.map(match).filter((fit) => fit !== null);
    return fits.length > 0 ? [{ room, fit: Math.min(...fits) }] : [];
  });
  return fitting.sort((a, b) => a.fit - b.fit || byActivity(a.room, b.room))
    .slice(0, limit).map(({ room }) => room);
}

function newsOf({ mentions, unread }: Searched): number {
  return mentions > 0 ? 2 : unread > 0 ? 1 : 0;
}

function byActivity(a: Searched, b: Searched): number {
  if (a.isMember !== b.isMember) return a.isMember ? -1 : 1;
  const [first, second] = [a.lastMessageAt ?? "", b.lastMessageAt ?? ""];
  if (first !== second) return first > second ? -1 : 1;
  return a.name.localeCompare(b.name);
}
