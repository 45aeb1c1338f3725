/** Creates a room. */
import { newId } from "../../domain/id.ts";
import type { MessageDraft } from "../../domain/message.ts";
import { nameInSentence } from "../../domain/name.ts";
import type { NewRoom, Room } from "../../domain/room.ts";
import { publicUser, type User } from "../../domain/user.ts";
import { slugOf } from "../../services/room_slugs.ts";
import type { Services } from "../../services/services.ts";

/**
 * Creates a room with a unique slug; entry 1 of its log names its creator.
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
