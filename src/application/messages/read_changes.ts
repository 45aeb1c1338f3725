/** Reads what has changed in a room since an entry: recovery without a socket. */
import type { Actor } from "../../domain/actor.ts";
import type { Message } from "../../domain/message.ts";
import type { Capability } from "../../domain/permissions.ts";
import type { Room } from "../../domain/room.ts";
import type { Cursor } from "../../rooms/catch_up.ts";
import { isTooMuch, MissedMessages } from "../../rooms/missed_messages.ts";
import { render } from "../../rooms/rendered_message.ts";
import { relatedTo, type RelatedToReader } from "../../services/related.ts";
import type { Dependencies } from "../dependencies.ts";

type ReadDependencies = Pick<Dependencies, "access" | "store" | "publicUsers">;

/** Entries read at once: many may change one message. */
const PAGE = 200;

/** As `connection:missed` in the protocol. */
export interface Changes extends Page {
  related: RelatedToReader;
  /** As it is now. */
  room: Room;
  /** What the actor may do in it. */
  capabilities: ReadonlySet<Capability>;
}

interface Page {
  messages: Message[];
  lastSeq: number;
  lastEntryId: string | null;
  hasMore: boolean;
  reset: boolean;
}

/**
 * The messages that are new or changed since an entry, each once, as it is now.
 * @param limit of messages, 1 to 200
 * @param latest how many of the last messages are answered if the cursor is not of this log
 * @throws ChatError `room_not_found`
 */
export async function readChanges(
  actor: Actor,
  { access, store, publicUsers }: ReadDependencies,
  idOrSlug: string,
  { cursor, limit, latest }: { cursor: Cursor; limit: number; latest: number },
): Promise<Changes> {
  const { roomId } = await access.find(actor, idOrSlug);
  let page = await isForeign(store, roomId, cursor)
    ? await readLatest(store, roomId, Math.min(limit, latest))
    : await readMissed(store, roomId, cursor, limit);
  let related = await relatedTo({ store, publicUsers }, roomId, actor.userId, page.messages);
  while (!page.reset && page.messages.length > 1 && isTooMuch(related.referenced.map(render))) {
    page = await readMissed(store, roomId, cursor, Math.ceil(page.messages.length / 2));
    related = await relatedTo({ store, publicUsers }, roomId, actor.userId, page.messages);
  }
  const { room, access: { capabilities } } = await access.read(actor, roomId);
  return { ...page, related, room, capabilities };
}

/** Whether the cursor is of another log: the database was restored since. */
async function isForeign(
  { log }: ReadDependencies["store"],
  roomId: string,
  { seq, entryId }: Cursor,
): Promise<boolean> {
  if (seq === 0) return false;
  const known = await log.entryId(roomId, seq);
  return known === null || (entryId !== undefined && entryId !== known);
}

async function readLatest(
  { log, messages }: ReadDependencies["store"],
  roomId: string,
  limit: number,
): Promise<Page> {
  const end = await log.end(roomId);
  const beyond = { seq: end.seq + 1, n: end.n + 1 };
  return {
    messages: await messages.before(roomId, beyond, limit),
    lastSeq: end.seq,
    lastEntryId: await log.entryId(roomId, end.seq),
    hasMore: false,
    reset: true,
  };
}

async function readMissed(
  { log }: ReadDependencies["store"],
  roomId: string,
  { seq }: Cursor,
  limit: number,
): Promise<Page> {
  const missed = new MissedMessages(seq, limit);
  let isEnd = false;
  while (!missed.isFull && !isEnd) {
    const entries = await log.entriesAfter(roomId, missed.lastSeq, PAGE);
    missed.add(entries);
    isEnd = entries.length < PAGE;
  }
  const { messages, lastSeq, isFull } = missed;
  const lastEntryId = missed.lastEntryId ?? await log.entryId(roomId, lastSeq);
  return { messages, lastSeq, lastEntryId, hasMore: isFull, reset: false };
}
