/** Changes a room's members or settings, by a message of the system in its log. */
import type { Participant } from "../../domain/actor.ts";
import type { Entry } from "../../domain/entry.ts";
import { userNotFound } from "../../domain/errors.ts";
import { newId } from "../../domain/id.ts";
import type { Announcement } from "../../domain/notices.ts";
import type { PublicUser } from "../../domain/user.ts";
import type { RoomAccess } from "../../services/room_access.ts";
import type { Needs } from "../../services/needs.ts";
import type { RoomState } from "../../services/room_state.ts";
import type { Dependencies } from "../dependencies.ts";
import { accept, type AcceptDependencies } from "../messages/accept.ts";
import { noticeOf } from "./notice.ts";

export type AnnounceDependencies = AcceptDependencies & Pick<Dependencies, "publicUsers">;

/** What is changed, and what that is decided on. */
export interface RoomCommand extends Pick<Needs, "owners" | "settings"> {
  /** Id or slug. */
  room: string;
  /** The users whose places in the room it is decided on. */
  userIds?: readonly string[];
  /** Of the entry; by default a new one. */
  clientMessageId?: string;
}

/** What has become of a command: the entry, or null if all was as asked already. */
export interface Announced {
  roomId: string;
  entry: Entry | null;
}

/** Thrown by a decision that nothing is to be changed. */
class Unchanged extends Error {}

/**
 * Decides a change at the end of the room's log. Resolves once it is durable; nothing that was decided
 * on the state before it is appended after it.
 * @param decide what is announced of the users that the command names; null if it is so already
 * @throws ChatError as `accept`; `not_found` if there is no such user; what `decide` throws
 */
export async function announce(
  actor: Participant,
  dependencies: AnnounceDependencies,
  { room: idOrSlug, userIds = [], clientMessageId = newId(), ...needs }: RoomCommand,
  decide: (access: RoomAccess, state: RoomState, users: PublicUser[]) => Announcement | null,
): Promise<Announced> {
  const { access, publicUsers } = dependencies;
  // First: who may not read the room learns nothing of the users.
  await access.find(actor, idOrSlug);
  const users = userIds.length > 0 ? await publicUsers.find(userIds) : [];
  if (users.length < userIds.length) throw userNotFound();
  const { roomId, result } = await accept(actor, dependencies, idOrSlug, () => ({
    by: actor.user,
    clientMessageId,
    request: null,
    text: "",
    needs: { userIds, ...needs },
    decide(state) {
      const announcement = decide(state.access(actor), state, users);
      if (!announcement) throw new Unchanged();
      return { draft: noticeOf(actor.user, announcement, new Date(), clientMessageId) };
    },
  }));
  try {
    const done = await result;
    return { roomId, entry: "entry" in done ? done.entry : null };
  } catch (error) {
    if (error instanceof Unchanged) return { roomId, entry: null };
    throw error;
  }
}
