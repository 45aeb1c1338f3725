/** Commands in a room, in the order in which their socket sent them. */
import type { Participant } from "../../domain/actor.ts";
import { type Command, fail } from "../command.ts";
import type { Context } from "./handler.ts";

type Work = (actor: Participant, roomId: string) => void | Promise<void>;

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
  const room = access.knownId(actor, idOrSlug) ??
    access.find(actor, idOrSlug).then(({ roomId }) => roomId);
  const { next, done } = connection.turns.take(room, async (roomId) => {
    about.roomId = roomId;
    if (connection.open) await work(actor, roomId);
  });
  command.done = done.catch(async (error) => {
    if (earlier) await earlier;
    fail(command, error, metrics);
  });
  return next;
}
