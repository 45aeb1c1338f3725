/** Takes a command for a room's log: the way that sends and all changes of messages have in common. */
import type { Participant } from "../../domain/actor.ts";
import type { RoomAccess } from "../../services/access.ts";
import { type Command, requireRepeat, type Result } from "../../services/decision.ts";
import type { Dependencies } from "../dependencies.ts";

export type AcceptDependencies = Pick<
  Dependencies,
  "access" | "log" | "rateLimits" | "requestHashes" | "store"
>;

/** A command that was accepted and has its place in the room's order. */
export interface Accepted {
  roomId: string;
  /** Resolves once what it does is durable; rejects as `RoomLog.append`. */
  result: Promise<Result>;
}

/**
 * Accepts a command: a later one of the same caller comes after it in the log.
 * @param idOrSlug of the room
 * @param command made once the room is known
 * @throws ChatError `room_not_found`, `rate_limited`, `idempotency_conflict`, `unavailable`
 */
export async function accept(
  actor: Participant,
  { access, log, rateLimits, store }: AcceptDependencies,
  idOrSlug: string,
  command: (room: RoomAccess) => Command,
): Promise<Accepted> {
  const room = access.known(actor, idOrSlug) ?? await access.find(actor, idOrSlug);
  const { roomId } = room;
  const accepted = command(room);
  try {
    await rateLimits.consume("message", `${actor.userId} ${roomId}`);
  } catch (refusal) {
    // What is done already is acknowledged in any case.
    if (accepted.request === null) throw refusal;
    const { by, clientMessageId } = accepted;
    const [entry] = await store.log.findSent(roomId, [{ senderId: by.id, clientMessageId }]);
    if (!entry) throw refusal;
    requireRepeat(accepted, entry);
    return { roomId, result: Promise.resolve({ entry, isRepeat: true }) };
  }
  return { roomId, result: log.append(roomId, accepted) };
}
