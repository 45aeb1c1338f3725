/** Lists the messages that concern the user who asks. */
import type { Actor } from "../../domain/actor.ts";
import { type MentionReason, reasonOf } from "../../domain/mention.ts";
import type { Message } from "../../domain/message.ts";
import type { Room } from "../../domain/room.ts";
import type { MentionCursor, MentionPlace } from "../../ports/store/messages.ts";
import { decodeCursor, encodeCursor, invalidCursor, timeIn } from "../../services/cursors.ts";
import type { Dependencies } from "../dependencies.ts";
import { readFound } from "../messages/found.ts";

export interface ListedMention {
  message: Message;
  room: Room;
  reason: Exclude<MentionReason, "direct">;
}

export interface MentionsPage {
  mentions: ListedMention[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

type ListDependencies = Pick<Dependencies, "access" | "store">;

/**
 * Lists the messages that name the actor, answer them, or mean everybody in a room of theirs, the
 * newest first; of rooms that they may read, and as they are now.
 * @param cursor `nextCursor` of the page before
 * @throws ChatError `validation_failed` for an invalid cursor, `unavailable`
 */
export async function listMentions(
  actor: Actor,
  dependencies: ListDependencies,
  { limit, cursor }: { limit: number; cursor: string | undefined },
): Promise<MentionsPage> {
  const { messages } = dependencies.store;
  const mentions: ListedMention[] = [];
  let after = cursor === undefined ? undefined : readCursor(cursor);
  while (mentions.length < limit) {
    const wanted = limit - mentions.length;
    const places = await messages.mentionsOf(actor.userId, wanted + 1, after);
    const page = places.slice(0, wanted);
    mentions.push(...await readMentions(actor, dependencies, page));
    after = page.at(-1);
    if (places.length <= wanted) return { mentions, nextCursor: null };
  }
  return { mentions, nextCursor: after ? cursorOf(after) : null };
}

/** Without what has changed since it was found, and what may no longer be read. */
async function readMentions(
  actor: Actor,
  dependencies: ListDependencies,
  places: readonly MentionPlace[],
): Promise<ListedMention[]> {
  const found = await readFound(actor, dependencies, places);
  return found.flatMap(({ place: { isAnswer }, message, room }) => {
    const reason = reasonOf(message, actor.userId, isAnswer);
    return reason ? [{ message, room, reason }] : [];
  });
}

function cursorOf({ createdAt, messageId }: MentionCursor): string {
  return encodeCursor([createdAt.getTime(), messageId]);
}

function readCursor(cursor: string): MentionCursor {
  const [time, messageId] = decodeCursor(cursor);
  if (typeof messageId !== "string") throw invalidCursor();
  return { createdAt: timeIn(time), messageId };
}
