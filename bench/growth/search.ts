/** The cost of search: how long searches take, and what indexing costs beside the sends. */
import process from "node:process";
import { InProcessBus } from "../../src/adapters/bus/in_process.ts";
import { searchMessages } from "../../src/application/search/search_messages.ts";
import type { Actor } from "../../src/domain/actor.ts";
import type { CreatedDraft } from "../../src/domain/entry.ts";
import type { User } from "../../src/domain/user.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { Access } from "../../src/services/access.ts";
import { RateLimits } from "../../src/services/rate_limits.ts";
import { RoomCache } from "../../src/services/room_cache.ts";
import { SearchIndexer } from "../../src/services/search_indexer.ts";
import { Standings } from "../../src/services/standings.ts";
import { quantile } from "../statistics.ts";
import { draft, type Point } from "./log_length.ts";

/** Messages in one append, as of a busy room. */
const BATCH = 50;
const REPEATS = 100;
const WORDS = 50_000;
const WORDS_IN_A_TEXT = 10;

/**
 * Fills rooms with messages up to each of the numbers in turn, indexes them, and measures there.
 * @param onProgress is called with the number of messages so far, and with each measurement
 */
export async function measureSearches(
  store: Store,
  { rooms, creator, reader }: { rooms: readonly string[]; creator: User; reader: User },
  counts: number[],
  onProgress: (progress: number | Point["figures"]) => void,
): Promise<Point[]> {
  const bus = new InProcessBus();
  const dependencies = {
    store,
    access: new Access(new RoomCache(store, bus), new Standings(store)),
    rateLimits: new RateLimits(false),
  };
  const actor = { userId: reader.id, sessionId: "", isAdmin: false };
  const points: Point[] = [];
  let messages = 0;
  for (const size of counts) {
    const start = messages;
    const sending = cpuMs();
    while (messages < size) {
      const roomId = rooms[messages / BATCH % rooms.length]!;
      const drafts = Array.from({ length: Math.min(BATCH, size - messages) }, () => send(creator));
      await store.log.append(roomId, await store.log.end(roomId), drafts);
      messages += drafts.length;
      onProgress(messages);
    }
    const indexing = cpuMs();
    await new SearchIndexer(store).indexRest();
    const done = cpuMs();
    const figures = {
      ...await measure(dependencies, actor, rooms[0]!, creator.id),
      "CPU time of 1,000 messages' appends": (indexing - sending) / (size - start) * 1_000,
      "CPU time of indexing them": (done - indexing) / (size - start) * 1_000,
    };
    points.push({ size, figures });
    onProgress(figures);
  }
  await bus.close();
  return points;
}

/** The 95th percentiles of searches, each of another word of its kind. */
async function measure(
  dependencies: Parameters<typeof searchMessages>[1],
  actor: Actor,
  roomId: string,
  from: string,
): Promise<Record<string, number>> {
  const p95 = async (search: (i: number) => { q: string; roomId?: string; from?: string }) => {
    const times: number[] = [];
    for (let i = 0; i < REPEATS; i++) {
      const start = performance.now();
      await searchMessages(actor, dependencies, { limit: 20, ...search(i) });
      times.push(performance.now() - start);
    }
    return quantile(times, 0.95)!;
  };
  const common = (i: number) => word(i % 20);
  const rare = (i: number) => word(WORDS - 1 - 97 * i);
  return {
    "a common word, p95": await p95((i) => ({ q: `"${common(i)}"` })),
    "a rare word, p95": await p95((i) => ({ q: `"${rare(i)}"` })),
    "two common words, p95": await p95((i) => ({ q: `${common(i)} "${common(i + 1)}"` })),
    "a common word beside a rare one, p95": await p95((i) => ({ q: `${rare(i)} ${common(i)}` })),
    "a phrase, p95": await p95((i) => ({ q: `"${common(i)} ${common(i + 1)}"` })),
    "a beginning, p95": await p95((i) => ({ q: word(100 + i).slice(0, 3) })),
    "in a room, p95": await p95((i) => ({ q: `"${common(i)}"`, roomId, from })),
  };
}

/** Words are as common as in a language: the n-th occurs about 1/n times as often as the first. */
function send(sender: User): CreatedDraft {
  const sent = draft(sender);
  const text = Array.from({ length: WORDS_IN_A_TEXT }, () => {
    return word(Math.floor(Math.exp(Math.random() * Math.log(WORDS))) - 1);
  }).join(" ");
  return { ...sent, message: { ...sent.message, text } };
}

/** A word of letters, another for each number. */
function word(number: number): string {
  let text = "";
  for (let rest = (number + 1) * 7_919; rest > 0; rest = Math.floor(rest / 20)) {
    text += "abcdefghijklmnoprstu"[rest % 20];
  }
  return text;
}

/** CPU time of this process, the database's thread included, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
