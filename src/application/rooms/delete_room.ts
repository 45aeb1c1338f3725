/** Deletes a room. */
import type { Participant } from "../../domain/actor.ts";
import { requireCapability } from "../../services/room_access.ts";
import { announce, type AnnounceDependencies } from "./announce.ts";

/**
 * Ends a room's log: from then on the room does not exist. What it held is deleted in the background.
 * @throws ChatError as `announce`; `forbidden`
 */
export async function deleteRoom(
  actor: Participant,
  dependencies: AnnounceDependencies,
  room: string,
): Promise<void> {
  await announce(actor, dependencies, { room }, (access) => {
    requireCapability(access, "room.delete");
    return { systemType: "room_deleted", users: [] };
  });
}
