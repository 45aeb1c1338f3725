/** Deletes a room. */
import type { Participant } from "../../domain/actor.ts";
import { requireCapability } from "../../services/room_access.ts";
import type { MemberStore } from "../../ports/store/members.ts";
import type { Dependencies } from "../dependencies.ts";
import { announce, type AnnounceDependencies } from "./announce.ts";

const MEMBERS_AT_ONCE = 500;

/**
 * Ends a room's log: from then on the room does not exist. What it held is deleted in the background.
 * Who becomes a member in this moment is notified within 10 s, all others at once.
 * @throws ChatError as `announce`; `forbidden`
 */
export async function deleteRoom(
  actor: Participant,
  dependencies: AnnounceDependencies & Pick<Dependencies, "accountLog">,
  idOrSlug: string,
): Promise<void> {
  const room = await dependencies.access.find(actor, idOrSlug);
  requireCapability(await dependencies.access.confirm(actor, room), "room.delete");
  const members = await listAll(dependencies.store.members, room.roomId);
  await announce(actor, dependencies, { room: idOrSlug }, (access) => {
    requireCapability(access, "room.delete");
    return { systemType: "room_deleted", users: [] };
  });
  dependencies.accountLog.changed(members);
}

/** The ids of a room's members. */
async function listAll(store: MemberStore, roomId: string): Promise<string[]> {
  const ids: string[] = [];
  for (let page = await store.list(roomId, { limit: MEMBERS_AT_ONCE }); page.length > 0;) {
    ids.push(...page.map(({ user }) => user.id));
    const { joinedAt, user } = page.at(-1)!;
    page = await store.list(roomId, {
      limit: MEMBERS_AT_ONCE,
      after: { joinedAt, userId: user.id },
    });
  }
  return ids;
}
