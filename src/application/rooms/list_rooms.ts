/** Lists rooms, page by page. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Room } from "../../domain/room.ts";
import type { Dependencies } from "../dependencies.ts";

/** A page of rooms, and where the next begins; null at the end. */
export interface RoomsPage {
  rooms: Room[];
  nextCursor: string | null;
}

/**
 * Lists all rooms, for all are public, by name, then id.
 * @param cursor `nextCursor` of the page before
 * @throws ChatError `validation_failed` for an invalid cursor
 */
export async function listRooms(
  _actor: Actor,
  { store }: Pick<Dependencies, "store">,
  { limit, cursor }: { limit: number; cursor: string | undefined },
): Promise<RoomsPage> {
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  const found = await store.rooms.list(limit + 1, after);
  const rooms = found.slice(0, limit);
  return { rooms, nextCursor: found.length > limit ? encodeCursor(rooms.at(-1)!) : null };
}

function encodeCursor({ name, id }: Room): string {
  const bytes = new TextEncoder().encode(JSON.stringify([name, id]));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function decodeCursor(cursor: string): { name: string; id: string } {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    const [name, id] = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof name === "string" && typeof id === "string") return { name, id };
  } catch {
    // Every invalid cursor gets the one answer below.
  }
  throw new ChatError("validation_failed", "The cursor is not valid.", {
    faults: [{ path: "cursor", message: "must be the nextCursor of an earlier page" }],
  });
}
