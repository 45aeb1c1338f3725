/** Use cases of messages: send one, read a room's history. */
import { newId } from "../domain/id.ts";
import { LOG_LIMIT, type LogPosition } from "../domain/entry.ts";
import { ChatError } from "../domain/errors.ts";
import type { Message, MessageDraft } from "../domain/message.ts";
import { type PublicUser, publicUser } from "../domain/user.ts";
import type { Services } from "../services/services.ts";

/** A stretch of history, oldest first, and whether there is more in the direction of paging. */
export interface MessagesPage {
  messages: Message[];
  hasMore: boolean;
}

/**
 * Appends a message to a room's log. Once this resolves the message is durable. Repeated with the
 * same sender, room and clientMessageId it stores nothing and returns the message stored first.
 * @param input checked and cleaned by the protocol's `message:send`
 * @throws ChatError `idempotency_conflict` if the clientMessageId was used for another text,
 *   `unavailable` if the outcome is not known: then repeat it with the same clientMessageId
 */
export async function sendMessage(
  { log }: Pick<Services, "log">,
  input: { roomId: string; sender: PublicUser; text: string; clientMessageId: string },
): Promise<Message> {
  const draft: MessageDraft = {
    id: newId(),
    sender: publicUser(input.sender),
    text: input.text,
    system: false,
    clientMessageId: input.clientMessageId,
    createdAt: new Date(),
  };
  const { message } = await log.append(input.roomId, { kind: "created", message: draft });
  if (message.text !== draft.text) {
    throw new ChatError("idempotency_conflict", "This clientMessageId belongs to another text.");
  }
  return message;
}

/**
 * Reads history: the last messages, or those before or after one.
 * @throws ChatError `room_not_found`, or `validation_failed` if `before` and `after` are both given
 *   or either is not the id of a message of this room
 */
export async function readHistory(
  { store, directory }: Pick<Services, "store" | "directory">,
  idOrSlug: string,
  page: { limit: number; before: string | undefined; after: string | undefined },
): Promise<MessagesPage> {
  const roomId = await directory.idOf(idOrSlug);
  const { limit, before, after } = page;
  if (before !== undefined && after !== undefined) {
    throw invalid("before", "must not be given together with after");
  }
  if (after !== undefined) {
    const start = await positionOf(store, roomId, "after", after);
    const found = await store.log.messagesAfter(roomId, start, limit + 1);
    return { messages: found.slice(0, limit), hasMore: found.length > limit };
  }
  const end = before === undefined ? LOG_LIMIT : await positionOf(store, roomId, "before", before);
  const found = await store.log.messagesBefore(roomId, end, limit + 1);
  return { messages: found.slice(-limit), hasMore: found.length > limit };
}

async function positionOf(
  store: Services["store"],
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
