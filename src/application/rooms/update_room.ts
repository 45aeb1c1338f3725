/** Changes a room's settings. */
import { isDeepStrictEqual } from "node:util";
import type { Participant } from "../../domain/actor.ts";
import type { Capability } from "../../domain/permissions.ts";
import type { AnnouncedChanges, NewRoom } from "../../domain/room.ts";
import { requireCapability } from "../../services/room_access.ts";
import { announce, type Announced, type AnnounceDependencies } from "./announce.ts";

/** What is undefined stays, as what is left out. */
type RequestedChanges = { [S in keyof AnnouncedChanges]: AnnouncedChanges[S] | undefined };

/** What each setting needs; all others `room.update`. */
const NEEDED: { [S in keyof AnnouncedChanges]?: Capability } = {
  archived: "room.archive",
  slowModeSeconds: "room.slow_mode",
};

/**
 * Changes what is given, and keeps the rest; a room's slug stays as it was. Who gives nothing must be
 * one who may change the settings, too.
 * @param changes checked and cleaned by the protocol's `RoomChanges`
 * @throws ChatError as `announce`; `forbidden`
 */
export async function updateRoom(
  actor: Participant,
  dependencies: AnnounceDependencies,
  room: string,
  changes: RequestedChanges,
): Promise<Announced> {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => name) as (keyof AnnouncedChanges)[];
  const needed = new Set<Capability>(names.map((name) => NEEDED[name] ?? "room.update"));
  if (names.length === 0) needed.add("room.update");
  return await announce(actor, dependencies, { room, settings: true }, (access, state) => {
    for (const capability of needed) requireCapability(access, capability);
    const fresh = names.filter((name) => {
      return !isDeepStrictEqual(changes[name], settingOf(state.room, name));
    });
    if (fresh.length === 0) return null;
    const changed = Object.fromEntries(fresh.map((name) => [name, changes[name]]));
    return { systemType: "room_updated", users: [], data: { changes: changed } };
  });
}

function settingOf(room: NewRoom, name: keyof AnnouncedChanges) {
  return name === "archived" ? room.archivedAt !== null : room[name];
}
