/** Reads a room's history, page by page. */
import type { Actor } from "../../domain/actor.ts";
import { LOG_LIMIT, type LogPosition } from "../../domain/entry.ts";
import { ChatError } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { Dependencies } from "../dependencies.ts";

/** A range of history, oldest first, and whether there is more in the direction of paging. */
export interface MessagesPage {
  messages: Message[];
  hasMore: boolean;
}

/**
 * Reads the last messages of a room, or those before or after one.
 * @throws ChatError `room_not_found`, or `validation_failed` if `before` and `after` are both given
 *   or either is not the id of a message of this room
 */
export async function readHistory(
  actor: Actor,
  { access, store, newestPages }: Pick<Dependencies, "access" | "store" | "newestPages">,
  idOrSlug: string,
  page: { limit: number; before: string | undefined; after: string | undefined },
): Promise<MessagesPage> {
  const { roomId } = await access.find(actor, idOrSlug);
  const { limit, before, after } = page;
  if (before !== undefined && after !== undefined) {
    throw invalid("before", "must not be given together with after");
  }
  if (after !== undefined) {
    const start = await positionOf(store, roomId, "after", after);
    const found = await store.log.messagesAfter(roomId, start, limit + 1);
    return { messages: found.slice(0, limit), hasMore: found.length > limit };
  }
  if (before === undefined) {
    const load = () => readBefore(store, roomId, LOG_LIMIT, limit);
    return newestPages ? await newestPages.read(roomId, limit, load) : await load();
  }
  return await readBefore(store, roomId, await positionOf(store, roomId, "before", before), limit);
}

async function readBefore(
  store: Dependencies["store"],
  roomId: string,
  end: LogPosition,
  limit: number,
): Promise<MessagesPage> {
  const found = await store.log.messagesBefore(roomId, end, limit + 1);
  return { messages: found.slice(-limit), hasMore: found.length > limit };
}

async function positionOf(
  store: Dependencies["store"],
  roomId: string,
  path: string,
  messageId: string,
): Promise<LogPosition> {
  const position = await store.log.position(roomId, messageId);
  if (position === null) throw invalid(path, "is not the id of a message of this room");
  return position;
}

function invalid(path: string, message: string): ChatError {
  return new ChatError("validation_failed", `${path} ${message}.`, { faults: [{ path, message }] });
}
