/** Use cases of rooms: create, find, list. */
import { newId } from "../domain/id.ts";
import { ChatError, roomNotFound } from "../domain/errors.ts";
import type { MessageDraft } from "../domain/message.ts";
import { nameInSentence } from "../domain/name.ts";
import type { NewRoom, Room } from "../domain/room.ts";
import { publicUser, type User } from "../domain/user.ts";
import { slugOf } from "../services/room_slugs.ts";
import type { Services } from "../services/services.ts";

/** A page of rooms, and where the next begins; null at the end. */
export interface RoomsPage {
  rooms: Room[];
  nextCursor: string | null;
}

/**
 * Makes a room with a unique slug; entry 1 of its log says who made it.
 * @param input checked and cleaned by the protocol's `RoomCreation`
 */
export async function createRoom(
  { store, slugs }: Pick<Services, "store" | "slugs">,
  creator: User,
  input: { name: string; description: string | null },
): Promise<Room> {
  const now = new Date();
  const room: Omit<NewRoom, "slug"> = {
    ...input,
    id: newId(),
    createdBy: publicUser(creator),
    createdAt: now,
    updatedAt: now,
  };
  const opening = creationNotice(creator, now);
  const slug = await slugs.claim(
    slugOf(input.name),
    (slug) => store.rooms.create({ ...room, slug }, { kind: "created", message: opening }),
  );
  return { ...room, slug, lastSeq: 1 };
}

/** @throws ChatError `room_not_found` */
export async function getRoom({ store }: Pick<Services, "store">, idOrSlug: string): Promise<Room> {
  const room = await store.rooms.find(idOrSlug);
  if (!room) throw roomNotFound();
  return room;
}

/**
 * Lists rooms by name, then id.
 * @param cursor `nextCursor` of the page before
 * @throws ChatError `validation_failed` for a cursor that is none of ours
 */
export async function listRooms(
  { store }: Pick<Services, "store">,
  { limit, cursor }: { limit: number; cursor: string | undefined },
): Promise<RoomsPage> {
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  const found = await store.rooms.list(limit + 1, after);
  const rooms = found.slice(0, limit);
  return { rooms, nextCursor: found.length > limit ? encodeCursor(rooms.at(-1)!) : null };
}

function creationNotice(creator: User, now: Date): MessageDraft {
  return {
    id: newId(),
    sender: publicUser(creator),
    text: `${nameInSentence(creator.displayName)} created the room`,
    system: true,
    clientMessageId: newId(),
    createdAt: now,
  };
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
    // Falls through to the one answer for everything that is no cursor.
  }
  throw new ChatError("validation_failed", "The cursor is not valid.", {
    faults: [{ path: "cursor", message: "must be the nextCursor of an earlier page" }],
  });
}
