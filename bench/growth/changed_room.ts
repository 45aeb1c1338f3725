/** The cost of changes in a room's log: reads of a room with as many edits and reactions as messages. */
import {
  type ChangeDraft,
  type EntryDraft,
  LOG_LIMIT,
  type LogPosition,
  positionOf,
} from "../../src/domain/entry.ts";
import { newId } from "../../src/domain/id.ts";
import type { Message } from "../../src/domain/message.ts";
import type { PublicUser } from "../../src/domain/user.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { draft, type Point, time } from "./log_length.ts";

const SENDS_AT_ONCE = 500;
const CHANGES_AT_ONCE = 50;
const PAGE = 51;
/** What a join shows, and what most clients that come back have missed. */
const LAST = 50;
const RECOVERY = 200;
/** Rooms whose unread messages are counted at once, the one with the changes among them. */
const UNREAD_ROOMS = 50;
const UNREAD_MESSAGES = 60;

export interface ChangedRoom {
  id: string;
  /** Rooms of few messages, whose unread ones are counted too. */
  others: string[];
  creator: PublicUser;
  /** Who has read all of the room but the last messages. */
  reader: PublicUser;
}

/**
 * Fills the room to each number of messages in turn, with as many changes, half of them edits and
 * half reactions, and measures there.
 * @param onProgress is called with the number of messages so far, and with each measurement
 */
export async function measureChangedRoom(
  store: Store,
  room: ChangedRoom,
  sizes: number[],
  onProgress: (progress: number | Point["figures"]) => void,
): Promise<Point[]> {
  const others = room.others.slice(0, UNREAD_ROOMS - 1);
  for (const id of others) {
    await store.log.append(id, await store.log.end(id), drafts(room.creator, UNREAD_MESSAGES));
  }
  const points: Point[] = [];
  for (const size of sizes) {
    await fill(store, room, size, onProgress);
    const figures = await measure(store, { ...room, others });
    points.push({ size, figures });
    onProgress(figures);
  }
  return points;
}

async function fill(
  store: Store,
  { id, creator, reader }: ChangedRoom,
  size: number,
  onProgress: (messages: number) => void,
): Promise<void> {
  let end = await store.log.end(id);
  const append = async (added: EntryDraft[]) => {
    const entries = await store.log.append(id, end, added);
    end = positionOf(entries.at(-1)!);
    return entries;
  };
  while (end.n < size) {
    const created = await append(drafts(creator, Math.min(SENDS_AT_ONCE, size - end.n)));
    const changes = created.map(({ message }, i) => {
      return i % 2 === 0 ? edit(message, creator) : reaction(message, reader);
    });
    while (changes.length > 0) await append(changes.splice(0, CHANGES_AT_ONCE));
    onProgress(end.n);
  }
}

async function measure(
  store: Store,
  { id, others, creator, reader }: ChangedRoom,
): Promise<Record<string, number>> {
  const end = await store.log.end(id);
  const [entry] = await store.log.entriesAfter(id, Math.floor(end.seq / 2) - 1, 1);
  const middle = positionOf(entry!);
  const nearEnd = end.seq - 2 * LAST;
  const readSeqs = new Map([[id, nearEnd], ...others.map((other) => [other, 1] as const)]);
  return {
    "history at the end": await time(() => store.messages.before(id, LOG_LIMIT, PAGE)),
    "history in the middle": await time(() => store.messages.before(id, middle, PAGE)),
    "what a join reads": await time(() => readAsJoin(store, id)),
    "recovery of 50": await time(() => store.log.entriesAfter(id, end.seq - LAST, RECOVERY)),
    "unread in 50 rooms": await time(() => store.members.countUnread(reader.id, readSeqs)),
    "a message's earlier texts": await time(() => {
      return store.messages.earlierTexts(id, entry!.message.id);
    }),
    "an edit": await timeEdits(store, id, entry!.message, creator, end),
  };
}

/** As the feed of a room that nobody was in. */
async function readAsJoin({ rooms, log, messages }: Store, id: string): Promise<void> {
  await rooms.describe(id);
  const end = await log.end(id);
  await log.entriesAfter(id, end.seq - LAST, LAST);
  const last = await messages.before(id, { seq: end.seq + 1, n: end.n + 1 }, LAST);
  await messages.threads(id, last.map((message) => message.id));
}

async function timeEdits(
  store: Store,
  id: string,
  message: Message,
  by: PublicUser,
  from: LogPosition,
): Promise<number> {
  let [before, end] = [message, from];
  return await time(async () => {
    const [entry] = await store.log.append(id, end, [edit(before, by)]);
    [before, end] = [entry!.message, positionOf(entry!)];
  });
}

function edit(before: Message, by: PublicUser): ChangeDraft {
  const common = changeBy(by);
  const message = { ...before, text: `Edited: ${common.id}`, editedAt: common.createdAt };
  return { ...common, kind: "edited", before, message };
}

function reaction(before: Message, user: PublicUser): ChangeDraft {
  const emoji = "👍";
  const message = { ...before, reactions: [{ emoji, count: 1, users: [user.id] }] };
  const uses = { added: [{ emoji, user }], removed: [] };
  return { ...changeBy(user), kind: "reacted", before, message, ...uses };
}

function changeBy(by: PublicUser) {
  return { id: newId(), by, clientMessageId: newId(), request: null, createdAt: new Date() };
}

function drafts(sender: PublicUser, count: number) {
  return Array.from({ length: count }, () => draft(sender));
}
