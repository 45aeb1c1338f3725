/** Decides commands, one after the other, on the state of a room at the end of its log. */
import type { Entry, EntryDraft, LogPosition } from "../domain/entry.ts";
import { ChatError } from "../domain/errors.ts";
import type { Message } from "../domain/message.ts";
import type { PublicUser } from "../domain/user.ts";
import type { Needs } from "./needs.ts";
import { isSameRequest } from "./request_hashes.ts";
import type { Authors, RoomState } from "./room_state.ts";
import type { Standings } from "./standings.ts";

/** What somebody wants to append to a room's log. */
export interface Command {
  by: PublicUser;
  /** What makes it idempotent: unique for `by` in the room. */
  clientMessageId: string;
  /** A keyed hash of what is asked; null if it is never repeated. */
  request: string | null;
  /** The text in it. */
  text: string;
  /** What it is decided on: nothing, for most sends. */
  needs?: Needs;
  /**
   * The entry that it becomes. Called again, on a newer state, if others have appended meanwhile.
   * @throws ChatError why it is refused
   */
  decide(state: RoomState): Decision;
}

/** The entry that a command becomes, or the message that was as asked already. */
export type Decision = { draft: EntryDraft } | { unchanged: Message };

/** What has become of a command: its entry, perhaps from an earlier time that it was sent. */
export type Result = { entry: Entry; isRepeat?: true } | { unchanged: Message };

/** Commands as they were decided on one state. */
export interface Attempt<W> {
  drafts: readonly EntryDraft[];
  /** Commands that become a draft, and its index. Several reactions may become one. */
  accepted: { waiting: W; index: number }[];
  /** Commands that become none, for a reason that holds after the first `after` drafts. */
  refused: { waiting: W; after: number; unchanged?: Message; error?: unknown }[];
  /** Repeats of others in the batch, to be looked at once those are stored. */
  repeats: W[];
}

/**
 * Decides a batch of commands in their order, each on what those before it do.
 * @param state of the room before the batch, with what the commands need
 */
export function decide<W extends { command: Command }>(
  state: RoomState,
  batch: readonly W[],
): Attempt<W> {
  const attempt: Attempt<W> = { drafts: state.drafts, accepted: [], refused: [], repeats: [] };
  const keys = new Set<string>();
  for (const waiting of batch) {
    const key = keyOf(waiting.command);
    if (keys.has(key)) {
      attempt.repeats.push(waiting);
      continue;
    }
    keys.add(key);
    const after = state.drafts.length;
    try {
      const decision = waiting.command.decide(state);
      if ("unchanged" in decision) attempt.refused.push({ waiting, after, ...decision });
      else attempt.accepted.push({ waiting, index: state.add(decision.draft) });
    } catch (error) {
      attempt.refused.push({ waiting, after, error });
    }
  }
  return attempt;
}

/**
 * What decides what the authors of commands, and the users that they concern, may do, no older than
 * the basis: known, as a rule; else it is read.
 * @throws ChatError `room_not_found`, `unavailable`
 */
export function authorsOf(
  standings: Standings,
  roomId: string,
  { seq }: LogPosition,
  batch: readonly { command: Command }[],
): Authors | Promise<Authors> {
  const { table } = standings;
  const places: Authors["places"] = new Map();
  const unknown = new Set<string>();
  for (const { command: { by, needs } } of batch) {
    const place = places.get(by.id) ?? standings.known(roomId, by.id, seq);
    if (place) places.set(by.id, place);
    // A stranger may have become a member without an entry, which matters to changes alone.
    const mayHaveJoined = needs && place?.standing.role === null;
    // Blocks are no entries of the room's log.
    if (!place || place.rules.type === "direct" || mayHaveJoined) unknown.add(by.id);
    for (const userId of needs?.userIds ?? []) unknown.add(userId);
  }
  if (unknown.size === 0) return { places, table };
  const read = [...unknown].map(async (userId) => {
    places.set(userId, await standings.read(roomId, userId, seq));
  });
  return Promise.all(read).then(() => ({ places, table }));
}

/** What a command is recognised by within its room, and the entry of it. */
export function keyOf({ by, clientMessageId }: Pick<Command, "by" | "clientMessageId">): string {
  return `${by.id} ${clientMessageId}`;
}

/** @throws ChatError `idempotency_conflict` if the entry with the command's key is of another one */
export function requireRepeat({ request, text }: Command, entry: Entry): void {
  if (request !== null && entry.request !== null && isSameRequest(request, entry.request)) return;
  // Its key is of its own: an attempt whose answer was lost has stored it.
  if (request === null && entry.request === null && entry.kind !== "created") return;
  if (entry.request === null && entry.kind === "created" && mayHaveSaid(entry.message, text)) {
    return;
  }
  throw new ChatError(
    "idempotency_conflict",
    "This clientMessageId was used for something else.",
  );
}

/** Messages of earlier versions have no hash: only their text tells, while it is the original. */
function mayHaveSaid({ seq, textSeq, deletedAt, text: present }: Message, text: string): boolean {
  return present === text || textSeq !== seq || deletedAt !== null;
}
