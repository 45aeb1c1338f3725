/** Takes a command for a room's log: the way that sends and all changes of messages have in common. */
import type { Participant } from "../../domain/actor.ts";
import type { Change, ChangeDraft } from "../../domain/entry.ts";
import { newId } from "../../domain/id.ts";
import type { Message } from "../../domain/message.ts";
import type { RoomAccess } from "../../services/room_access.ts";
import { type Command, requireRepeat, type Result } from "../../services/decision.ts";
import type { Needs } from "../../services/needs.ts";
import type { RoomState } from "../../services/room_state.ts";
import type { Dependencies } from "../dependencies.ts";

export type AcceptDependencies = Pick<
  Dependencies,
  "access" | "log" | "rateLimits" | "requestHashes" | "store"
>;

/** A command that was accepted and has its place in the room's order. */
export interface Accepted {
  /** As it was known when the command was accepted. */
  room: RoomAccess;
  roomId: string;
  /** Resolves once what it does is durable; rejects as `RoomLog.append`. */
  result: Promise<Result>;
}

/**
 * Accepts a command: a later one of the same caller comes after it in the log.
 * @param idOrSlug of the room
 * @param command made once the room is known
 * @param prepare what it needs beside the log; not done for what is refused before
 * @throws ChatError `room_not_found`, `forbidden` if the actor is banned, `rate_limited`,
 *   `idempotency_conflict`, `unavailable`, or as `prepare`
 */
export async function accept(
  actor: Participant,
  { access, log, rateLimits, store }: AcceptDependencies,
  idOrSlug: string,
  command: (room: RoomAccess) => Command,
  prepare?: (room: RoomAccess) => Promise<void>,
): Promise<Accepted> {
  const room = access.known(actor, idOrSlug) ?? await access.find(actor, idOrSlug);
  const { roomId } = room;
  const accepted = command(room);
  try {
    await rateLimits.consume("message", `${actor.userId} ${roomId}`);
    if (prepare) await prepare(room);
  } catch (refusal) {
    // What is done already is acknowledged in any case.
    if (accepted.request === null) throw refusal;
    const { by, clientMessageId } = accepted;
    const [entry] = await store.log.findSent(roomId, [{ senderId: by.id, clientMessageId }]);
    if (!entry) throw refusal;
    requireRepeat(accepted, entry);
    return { room, roomId, result: Promise.resolve({ entry, isRepeat: true }) };
  }
  return { room, roomId, result: log.append(roomId, accepted) };
}

/** The message that a command changes. */
export interface Target {
  /** Id or slug. */
  room: string;
  messageId: string;
}

/** A command that changes a message, and what it is recognised by when it is repeated. */
interface ChangeCommand extends Target {
  /** Missing if it is never repeated. */
  repeatable?: { clientMessageId: string; request: readonly unknown[] };
  text?: string | undefined;
  /** What it is decided on beside the message. */
  needs?: Omit<Needs, "messageIds">;
}

/** What a change does, and the message after it. */
type ChangedMessage = Exclude<Change, { kind: "created" }> & Pick<ChangeDraft, "message">;

/**
 * Accepts a command that changes one message.
 * @param decide what it makes of the message `at` that time, null if that is as asked already; as
 *   `Command.decide`
 * @throws ChatError as `accept`; the result rejects with `message_not_found`, with what `decide`
 *   throws, or as `RoomLog.append`
 */
export async function acceptChange(
  actor: Participant,
  dependencies: AcceptDependencies,
  { room: idOrSlug, messageId, repeatable, text = "", needs }: ChangeCommand,
  decide: (before: Message, room: RoomAccess, state: RoomState, at: Date) => ChangedMessage | null,
): Promise<Accepted> {
  const fields = {
    by: actor.user,
    clientMessageId: repeatable?.clientMessageId ?? newId(),
    request: repeatable ? dependencies.requestHashes.hash(repeatable.request) : null,
    createdAt: new Date(),
  };
  return await accept(actor, dependencies, idOrSlug, () => ({
    ...fields,
    text,
    needs: { messageIds: [messageId], ...needs },
    decide(state) {
      const access = state.access(actor);
      const before = state.message(messageId);
      const changed = decide(before, access, state, fields.createdAt);
      if (!changed) return { unchanged: before };
      // An own id each time: what an earlier attempt left pending in a store is another change.
      return { draft: { id: newId(), ...fields, ...changed, before } };
    },
  }));
}
