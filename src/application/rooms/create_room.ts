/** Creates a room. */
import type { Actor } from "../../domain/actor.ts";
import { newId } from "../../domain/id.ts";
import type { CreatedDraft } from "../../domain/entry.ts";
import { PLAIN } from "../../domain/message.ts";
import { nameInSentence } from "../../domain/name.ts";
import { type NewRoom, OPEN_SETTINGS, type Room } from "../../domain/room.ts";
import { type PublicUser, publicUser } from "../../domain/user.ts";
import { slugOf } from "../../services/room_slugs.ts";
import { getUser } from "../accounts/get_user.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Creates a room with a unique slug; entry 1 of its log names its creator.
 * @param input checked and cleaned by the protocol's `RoomCreation`
 * @throws ChatError `unauthenticated` if the account no longer exists
 */
export async function createRoom(
  actor: Actor,
  { accountLog, store, slugs }: Pick<Dependencies, "accountLog" | "store" | "slugs">,
  input: { name: string; description: string | null },
): Promise<Room> {
  const creator = publicUser(await getUser(actor, { store }));
  const now = new Date();
  const room: Omit<NewRoom, "slug"> = {
    ...OPEN_SETTINGS,
    ...input,
    id: newId(),
    createdBy: creator,
    memberCount: 1,
    createdAt: now,
    updatedAt: now,
  };
  const opening = creationNotice(creator, now);
  const slug = await slugs.claim(
    slugOf(input.name),
    (slug) => store.rooms.create({ ...room, slug }, [opening]),
  );
  accountLog.changed([creator.id]);
  return { ...room, slug, lastSeq: 1, lastMessageAt: now };
}

function creationNotice(creator: PublicUser, now: Date): CreatedDraft {
  const message: CreatedDraft["message"] = {
    ...PLAIN,
    id: newId(),
    sender: creator,
    text: `${nameInSentence(creator.displayName)} created the room`,
    system: true,
    clientMessageId: newId(),
    createdAt: now,
    systemType: "room_created",
    systemData: { users: [creator.id] },
  };
  return { kind: "created", message, request: null, answered: null };
}
