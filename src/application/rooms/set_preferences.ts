/** Sets what a member wants of a room for themselves. */
import type { Actor } from "../../domain/actor.ts";
import type { Preferences } from "../../domain/membership.ts";
import { forbidden } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * Sets which messages a member is notified of, and whether the room is hidden until there is a new
 * message in it.
 * @param room id or slug
 * @throws ChatError `room_not_found`; `forbidden` if the actor is no member
 */
export async function setPreferences(
  actor: Actor,
  { access, accountLog, store }: Pick<Dependencies, "access" | "accountLog" | "store">,
  room: string,
  changes: Partial<Preferences>,
): Promise<void> {
  const { roomId } = await access.find(actor, room);
  const isMember = await store.members.setPreferences(roomId, actor.userId, changes);
  if (!isMember) throw forbidden();
  accountLog.changed([actor.userId]);
}
