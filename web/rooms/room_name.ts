/** What a room is called for its user: a direct room has no name, and is shown as the other person. */
import type { PublicUser, RoomInfo } from "../../src/client/mod.ts";

type Named = Pick<RoomInfo, "type" | "name" | "members">;

/** The other person of a direct room; null of other rooms. */
export function otherOf({ type, members }: Named, ownId: string | undefined): PublicUser | null {
  return type === "direct" ? members?.find(({ id }) => id !== ownId) ?? null : null;
}

/** The name of a room, as its user `ownId` sees it. */
export function nameOfRoom(room: Named, ownId: string | undefined): string {
  if (room.type !== "direct") return room.name;
  return otherOf(room, ownId)?.displayName ?? "Direct message";
}
