/** The cost of a log's length: reads and writes of the log's port, as one room's log grows. */
import { type CreatedDraft, LOG_LIMIT, positionOf } from "../../src/domain/entry.ts";
import { newId } from "../../src/domain/id.ts";
import { PLAIN } from "../../src/domain/message.ts";
import type { PublicUser } from "../../src/domain/user.ts";
import type { Store } from "../../src/ports/store/store.ts";
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
 * @param others what else is measured at each length, by name
 * @param onProgress is called with the number of messages so far, and with each measurement
 */
export async function measureLogLengths(
  store: Store,
  room: { id: string; creator: PublicUser },
  lengths: number[],
  others: Record<string, () => Promise<unknown>>,
  onProgress: (progress: number | Point["figures"]) => void,
): Promise<Point[]> {
  const points: Point[] = [];
  for (const length of lengths) {
    await fill(store, room, length, onProgress);
    const figures = await measure(store, room);
    for (const [name, call] of Object.entries(others)) figures[name] = await time(call);
    points.push({ size: length, figures });
    onProgress(figures);
  }
  return points;
}

async function fill(
  store: Store,
  { id, creator }: { id: string; creator: PublicUser },
  length: number,
  onProgress: (messages: number) => void,
): Promise<void> {
  let end = await store.log.end(id);
  while (end.n < length) {
    const count = Math.min(BATCH, length - end.n);
    const drafts = Array.from({ length: count }, () => draft(creator));
    end = positionOf((await store.log.append(id, end, drafts)).at(-1)!);
    onProgress(end.n);
  }
}

async function measure(
  store: Store,
  { id, creator }: { id: string; creator: PublicUser },
): Promise<Record<string, number>> {
  let end = await store.log.end(id);
  const [entry] = await store.log.entriesAfter(id, Math.floor(end.seq / 2) - 1, 1);
  const middle = positionOf(entry!);
  const append = async () => {
    const [appended] = await store.log.append(id, end, [draft(creator)]);
    end = positionOf(appended!);
  };
  return {
    "history at the end": await time(() => store.messages.before(id, LOG_LIMIT, HISTORY)),
    "history in the middle": await time(() => store.messages.before(id, middle, HISTORY)),
    "recovery of 50": await time(() => store.log.entriesAfter(id, end.seq - 50, RECOVERY)),
    "recovery from the middle": await time(() => store.log.entriesAfter(id, middle.seq, RECOVERY)),
    "a message's place": await time(() => store.messages.position(id, entry!.message.id)),
    "the log's end": await time(() => store.log.end(id)),
    "an append": await time(append),
  };
}

/** The median time of some calls, one after the other, in milliseconds. */
export async function time(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return median(times)!;
}

export function draft(sender: PublicUser): CreatedDraft {
  const message = {
    ...PLAIN,
    id: newId(),
    sender,
    text: "What a log's length costs is to be shown by this text of common size.",
    system: false,
    clientMessageId: newId(),
    createdAt: new Date(),
  };
  return { kind: "created", message, request: null, answered: null };
}
