/** Sets how far a member has read a room. */
import type { Actor } from "../../domain/actor.ts";
import type { ReadState } from "../../services/members.ts";
import type { Dependencies } from "../dependencies.ts";

export interface ReadPosition {
  /** Id or slug. */
  room: string;
  /** The entry up to which it is read; of more than the log has, its end. */
  seq: number;
  /** Whether it moves back, else forward. */
  back: boolean;
}

/**
 * Sets how far a member has read, shows it to the others in a small room, and counts what they have not.
 * @throws ChatError `room_not_found`, `rate_limited`, `forbidden` if they are no member
 */
export async function setRead(
  actor: Actor,
  { access, members, rateLimits, rooms, store }: Pick<
    Dependencies,
    "access" | "members" | "rateLimits" | "rooms" | "store"
  >,
  { room, seq, back }: ReadPosition,
): Promise<{ roomId: string } & ReadState> {
  const found = access.known(actor, room) ?? await access.find(actor, room);
  const { roomId } = found;
  await rateLimits.consume("message", `${actor.userId} ${roomId}`);
  const end = await store.log.end(roomId);
  const position = Math.min(seq, end.seq);
  const { moved, ...state } = await members.setRead(actor, roomId, position, back);
  // What is unread may have come after a ban.
  await access.confirm(actor, found);
  if (moved) void rooms.readUpdates.publish(roomId, actor.userId, state.readSeq);
  return { roomId, ...state };
}
