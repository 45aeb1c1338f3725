/** Reads a room's history, page by page. */
import type { Actor } from "../../domain/actor.ts";
import { LOG_LIMIT, type LogPosition } from "../../domain/entry.ts";
import { ChatError, messageNotFound } from "../../domain/errors.ts";
import type { Message } from "../../domain/message.ts";
import type { MessageStore } from "../../ports/store/messages.ts";
import type { NewestPage } from "../../services/newest_pages.ts";
import {
  ownReactions,
  relatedInAnswer,
  type RelatedSources,
  relatedTo,
  type RelatedToReader,
} from "../../services/related.ts";
import type { Dependencies } from "../dependencies.ts";

type ReadDependencies = Pick<Dependencies, "access" | "store" | "publicUsers">;

/** A range of history, oldest first, whether there is more in the direction of paging, and more. */
export interface MessagesPage extends NewestPage {
  /** The reader's own reactions. */
  mine: RelatedToReader["mine"];
}

/** A range of history around a message. */
export interface MessagesAround {
  messages: Message[];
  related: RelatedToReader;
  hasMoreBefore: boolean;
  hasMoreAfter: boolean;
}

export interface PageRequest {
  /** 1 to 100. */
  limit: number;
  /** The id of a message, as are the others. */
  before?: string | undefined;
  /** Not together with `before`. */
  after?: string | undefined;
  /** Only the answers to this one. */
  threadId?: string | undefined;
}

/**
 * Reads the last messages of a room, or those before or after one; of all, or of one thread.
 * @throws ChatError `room_not_found`; `validation_failed` if `before` or `after` is not the id of a
 *   message of this room; `message_not_found` of the thread
 */
export async function readHistory(
  actor: Actor,
  { access, store, publicUsers, newestPages }: ReadDependencies & Pick<Dependencies, "newestPages">,
  idOrSlug: string,
  request: PageRequest,
): Promise<MessagesPage> {
  const room = await access.find(actor, idOrSlug);
  const { roomId } = room;
  const sources = { store, publicUsers };
  const load = () => readPage(sources, roomId, request);
  const page = newestPages && isNewest(request)
    ? await newestPages.read(roomId, request.limit, load)
    : await load();
  const mine = await ownReactions(sources, roomId, actor.userId, page.messages);
  await access.confirm(actor, room, [...page.messages, ...page.related.referenced]);
  return { ...page, mine };
}

function isNewest({ before, after, threadId }: PageRequest): boolean {
  return before === undefined && after === undefined && threadId === undefined;
}

async function readPage(
  sources: RelatedSources,
  roomId: string,
  { limit, before, after, threadId }: PageRequest,
): Promise<NewestPage> {
  const { messages: store } = sources.store;
  if (threadId !== undefined) await requireMessage(store, roomId, threadId);
  const range = rangesOf(store, roomId, threadId);
  const isForward = after !== undefined;
  const found = isForward
    ? await range.after(await positionOf(store, roomId, "after", after), limit + 1)
    : await range.before(await endOf(store, roomId, before), limit + 1);
  const messages = isForward ? found.slice(0, limit) : found.slice(-limit);
  const related = await relatedInAnswer(sources, roomId, messages);
  return { messages, related, hasMore: found.length > limit };
}

/**
 * Reads the messages around one: half on each side of it, more on one where the other has fewer.
 * @throws ChatError `room_not_found`, `message_not_found`
 */
export async function readAround(
  actor: Actor,
  { access, store, publicUsers }: ReadDependencies,
  idOrSlug: string,
  { around, limit }: { around: string; limit: number },
): Promise<MessagesAround> {
  const room = await access.find(actor, idOrSlug);
  const { roomId } = room;
  const position = await requireMessage(store.messages, roomId, around);
  const before = { seq: position.seq + 1, n: position.n + 1 };
  // With the message itself before, and one more on each side that tells whether there is more.
  const [older, newer] = await Promise.all([
    store.messages.before(roomId, before, limit + 1),
    store.messages.after(roomId, position, limit),
  ]);
  const half = Math.floor((limit - 1) / 2);
  const countAfter = Math.min(newer.length, Math.max(limit - 1 - half, limit - older.length));
  const countBefore = Math.min(older.length, limit - countAfter);
  const messages = [...older.slice(older.length - countBefore), ...newer.slice(0, countAfter)];
  const related = await relatedTo({ store, publicUsers }, roomId, actor.userId, messages);
  await access.confirm(actor, room, [...messages, ...related.referenced]);
  return {
    messages,
    related,
    hasMoreBefore: older.length > countBefore,
    hasMoreAfter: newer.length > countAfter,
  };
}

/** History as ranges: of all messages, or of the answers to one. */
function rangesOf(store: MessageStore, roomId: string, threadId: string | undefined) {
  return {
    before: (end: LogPosition, limit: number) =>
      threadId === undefined
        ? store.before(roomId, end, limit)
        : store.answersBefore(roomId, threadId, end, limit),
    after: (start: LogPosition, limit: number) =>
      threadId === undefined
        ? store.after(roomId, start, limit)
        : store.answersAfter(roomId, threadId, start, limit),
  };
}

function endOf(store: MessageStore, roomId: string, before: string | undefined) {
  return before === undefined ? LOG_LIMIT : positionOf(store, roomId, "before", before);
}

async function positionOf(
  store: MessageStore,
  roomId: string,
  path: string,
  messageId: string,
): Promise<LogPosition> {
  const position = await store.position(roomId, messageId);
  if (position === null) throw invalid(path, "is not the id of a message of this room");
  return position;
}

async function requireMessage(store: MessageStore, roomId: string, id: string) {
  const position = await store.position(roomId, id);
  if (position === null) throw messageNotFound();
  return position;
}

function invalid(path: string, message: string): ChatError {
  return new ChatError("validation_failed", `${path} ${message}.`, { faults: [{ path, message }] });
}
