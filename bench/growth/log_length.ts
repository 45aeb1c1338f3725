/** What a log's length costs: the reads and writes of the store port, as one room's log grows. */
import { newId } from "../../src/domain/id.ts";
import type { MessageDraft } from "../../src/domain/message.ts";
import type { PublicUser } from "../../src/domain/user.ts";
import type { Store } from "../../src/ports/store.ts";
import { median } from "../statistics.ts";

const BATCH = 500;
const REPEATS = 51;
const HISTORY = 51;
const RECOVERY = 200;

/** Median times in milliseconds, by what was done, at a size. */
export interface Point {
  size: number;
  figures: Record<string, number>;
}

/**
 * Fills one room's log to each of the lengths in turn, and measures there.
 * @param told is called with the number of messages so far, and with what was measured
 */
export async function measureLogLengths(
  store: Store,
  room: { id: string; creator: PublicUser },
  lengths: number[],
  told: (progress: number | Point["figures"]) => void,
): Promise<Point[]> {
  const points: Point[] = [];
  for (const length of lengths) {
    await fill(store, room, length, told);
    const figures = await measure(store, room);
    points.push({ size: length, figures });
    told(figures);
  }
  return points;
}

async function fill(
  store: Store,
  { id, creator }: { id: string; creator: PublicUser },
  length: number,
  told: (messages: number) => void,
): Promise<void> {
  let head = await store.head(id);
  while (head < length) {
    const count = Math.min(BATCH, length - head);
    const appended = await store.append(id, Array.from({ length: count }, () => draft(creator)));
    head = appended.at(-1)!.seq;
    told(head);
  }
}

async function measure(
  store: Store,
  { id, creator }: { id: string; creator: PublicUser },
): Promise<Record<string, number>> {
  const head = await store.head(id);
  const middle = Math.floor(head / 2);
  const [{ id: messageId } = { id: "" }] = await store.readAfter(id, middle - 1, 1);
  return {
    "history at the end": await time(() => store.readBefore(id, Number.MAX_SAFE_INTEGER, HISTORY)),
    "history in the middle": await time(() => store.readBefore(id, middle, HISTORY)),
    "recovery of 50": await time(() => store.readAfter(id, head - 50, RECOVERY)),
    "recovery from the middle": await time(() => store.readAfter(id, middle, RECOVERY)),
    "a message's place": await time(() => store.findSeq(id, messageId)),
    "the log's end": await time(() => store.head(id)),
    "an append": await time(() => store.append(id, [draft(creator)])),
  };
}

/** The median time of some calls, one after the other, in milliseconds. */
async function time(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return median(times)!;
}

export function draft(sender: PublicUser): MessageDraft {
  return {
    id: newId(),
    sender,
    text: "What a log's length costs is to be shown by this text of common size.",
    system: false,
    clientMessageId: newId(),
    createdAt: new Date(),
  };
}
