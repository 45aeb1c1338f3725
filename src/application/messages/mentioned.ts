/** Whom a message may name. */
import type { Participant } from "../../domain/actor.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Those of these users who exist and may read the room, by their ids.
 * @throws ChatError `room_not_found`, `forbidden` if the actor is banned, `unavailable`
 */
export async function readersAmong(
  actor: Participant,
  { access, publicUsers }: Pick<Dependencies, "access" | "publicUsers">,
  idOrSlug: string,
  userIds: readonly string[],
): Promise<string[]> {
  const { roomId } = access.known(actor, idOrSlug) ?? await access.find(actor, idOrSlug);
  const users = await publicUsers.find(userIds);
  return await access.readers(roomId, users.map(({ id }) => id));
}
