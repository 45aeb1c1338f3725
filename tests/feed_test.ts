/** The feed of one room: however its bus mangles what it carries, sockets see the log in order. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Metrics } from "../src/application/metrics.ts";
import { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import type { Message, MessageDraft } from "../src/domain/message.ts";
import type { User } from "../src/domain/user.ts";
import type { Store } from "../src/ports/store.ts";
import type { Connection } from "../src/realtime/connection.ts";
import { Feed } from "../src/realtime/feed.ts";
import { Flusher } from "../src/realtime/flusher.ts";
import { sleep } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

const ADA: User = {
  id: "ada",
  email: "ada@example.com",
  passwordHash: "",
  displayName: "Ada",
  avatarUrl: null,
  onboardingCompleted: true,
  createdAt: new Date(),
  updatedAt: new Date(),
};

function draft(): MessageDraft {
  return {
    id: crypto.randomUUID(),
    sender: ADA,
    text: "Hello",
    system: false,
    clientMessageId: crypto.randomUUID(),
    createdAt: new Date(),
  };
}

/** What a socket that came into the room was shown, and what it got live since. */
class Watcher {
  readonly open = true;
  readonly seqs: number[];

  constructor(feed: Feed) {
    this.seqs = feed.latest().map(({ message }) => message.seq);
    feed.live.add(this as unknown as Connection);
  }

  send(text: string) {
    this.seqs.push(JSON.parse(text).data.seq);
  }
}

async function openStore() {
  const { DATA_DIR } = await SQLITE.fresh();
  const store = await SqliteStore.open(`${DATA_DIR}/echoroom.db`);
  await store.createUser(ADA);
  return store;
}

/** Makes a room and appends to it behind the feed's back, as another instance would. */
async function openRoom(store: SqliteStore) {
  const id = crypto.randomUUID();
  const now = new Date();
  await store.createRoom({
    id,
    name: "Room",
    slug: id,
    description: null,
    createdBy: ADA,
    createdAt: now,
    updatedAt: now,
  }, draft());
  return id;
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("append"), n: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("append"), n: fc.integer({ min: 90, max: 250 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("refresh"), n: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("enter"), n: fc.constant(0) }) },
);

/** Which of the appended entries an event of the bus carries, in which order; picks may repeat. */
const offer = fc.array(fc.nat(), { maxLength: 30 });

Deno.test("entries lost, repeated and shuffled on the bus reach each socket once, in order", async () => {
  const store = await openStore();
  const metrics = new Metrics();
  const scenario = fc.array(fc.record({ step, offers: fc.array(offer, { maxLength: 4 }) }), {
    maxLength: 15,
  });
  await fc.assert(
    fc.asyncProperty(scenario, async (turns) => {
      const roomId = await openRoom(store);
      const feed = new Feed(roomId, store, new Flusher(() => 0), metrics);
      const appended: Message[] = [];
      const watchers: Watcher[] = [];
      for (const { step: { kind, n }, offers } of turns) {
        if (kind === "append") {
          appended.push(...await store.append(roomId, Array.from({ length: n }, draft)));
        }
        if (kind === "enter") {
          await feed.refresh();
          watchers.push(new Watcher(feed));
        }
        const refreshed = kind === "refresh" ? feed.refresh() : Promise.resolve();
        for (const picks of appended.length === 0 ? [] : offers) {
          feed.offer(picks.map((pick) => appended[pick % appended.length]!));
        }
        await refreshed;
      }
      await feed.refresh();
      const head = await store.head(roomId);
      assert.equal(feed.head, head);
      for (const { seqs } of watchers) {
        const first = seqs[0]!;
        assert.deepEqual(seqs, Array.from({ length: head - first + 1 }, (_, i) => first + i));
      }
      feed.close();
    }),
    { numRuns: 200 },
  );
  metrics.close();
  await store.close();
});

Deno.test("one event with a gap and a shuffled rest loses nothing", () =>
  onFeed(async ({ store, roomId, feed }) => {
    const watcher = new Watcher(feed);
    const [two, , four, , six] = await store.append(roomId, Array.from({ length: 5 }, draft));
    feed.offer([two!, six!, four!]);
    await feed.refresh();
    assert.deepEqual(watcher.seqs, [1, 2, 3, 4, 5, 6]);
  }));

Deno.test("a gap is read from the store without anybody asking", () =>
  onFeed(async ({ store, roomId, feed }) => {
    const watcher = new Watcher(feed);
    const appended = await store.append(roomId, Array.from({ length: 100 }, draft));
    feed.offer(appended.slice(-1));
    for (let i = 0; i < 100 && watcher.seqs.length < 101; i++) await sleep(10);
    assert.deepEqual(watcher.seqs, Array.from({ length: 101 }, (_, i) => i + 1));
  }));

Deno.test("a refresh delivers all that was appended before it was asked for", () =>
  onFeed(async ({ store, roomId, feed }) => {
    for (let i = 0; i < 50; i++) {
      const under = feed.refresh();
      const appended = await store.append(roomId, [draft()]);
      await Promise.all([under, feed.refresh()]);
      assert.equal(feed.head, appended[0]!.seq);
    }
  }));

/** Runs `act` on the feed of a new room, with its first entry delivered. */
async function onFeed(
  act: (room: { store: Store; roomId: string; feed: Feed }) => Promise<void>,
): Promise<void> {
  const store = await openStore();
  const metrics = new Metrics();
  const roomId = await openRoom(store);
  const feed = new Feed(roomId, store, new Flusher(() => 0), metrics);
  await feed.refresh();
  await act({ store, roomId, feed });
  feed.close();
  metrics.close();
  await store.close();
}
