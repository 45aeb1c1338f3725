/** Commands in a room, in the order in which their socket sent them. */
import type { Participant } from "../../domain/actor.ts";
import { type Command, fail } from "../command.ts";
import { requireRead, type RoomAccess } from "../../services/room_access.ts";
import type { Context } from "./handler.ts";

/** @param access to the room, if it had to be read for this command */
type Work = (
  actor: Participant,
  roomId: string,
  access: RoomAccess | undefined,
) => void | Promise<void>;

/**
 * Does something in a room given by id or slug, after what the socket asked for there before; the
 * command's answers name its id. Resolves when the next command may begin.
 * @param earlier what has to be answered before an error of this
 */
export function inRoom(
  { access, metrics }: Pick<Context, "access" | "metrics">,
  command: Command,
  idOrSlug: string,
  work: Work,
  earlier?: Promise<void>,
): Promise<void> {
  const { connection, about } = command;
  const actor = connection.identity.require();
  let found: RoomAccess | undefined;
  const room = access.knownId(actor, idOrSlug) ??
    access.locate(actor, idOrSlug).then((located) => {
      // Before a refusal: it names the room as well.
      about.roomId = located.roomId;
      found = requireRead(located);
      return located.roomId;
    });
  const { next, done } = connection.turns.take(room, async (roomId) => {
    about.roomId = roomId;
    if (connection.open) await work(actor, roomId, found);
  });
  command.done = done.catch(async (error) => {
    if (earlier) await earlier;
    fail(command, error, metrics);
  });
  return next;
}
