/** The feed of one room: whatever the bus loses, repeats or reorders, sockets get the log in order. */
// @slow: hundreds of random histories
import assert from "node:assert/strict";
import fc from "fast-check";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { Metrics } from "../src/services/metrics.ts";
import type { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { unavailable } from "../src/domain/errors.ts";
import { OPEN_SETTINGS } from "../src/domain/room.ts";
import type { CreatedDraft, Entry, EntryDraft } from "../src/domain/entry.ts";
import { PLAIN } from "../src/domain/message.ts";
import type { User } from "../src/domain/user.ts";
import type { Store } from "../src/ports/store/store.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { Feed, type FeedOptions } from "../src/rooms/feed.ts";
import { Flusher } from "../src/rooms/flusher.ts";
import { RecentProfiles } from "../src/rooms/recent_profiles.ts";
import { PublicUsers } from "../src/services/public_users.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { until } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

const ADA: User = {
  id: "ada",
  email: "ada@example.com",
  passwordHash: "",
  displayName: "Ada",
  avatarUrl: null,
  onboardingCompleted: true,
  role: "member",
  ban: null,
  createdAt: new Date(),
  updatedAt: new Date(),
};

function draft(): CreatedDraft {
  const message = {
    ...PLAIN,
    id: crypto.randomUUID(),
    sender: ADA,
    text: "Hello",
    system: false,
    clientMessageId: crypto.randomUUID(),
    createdAt: new Date(),
  };
  return { kind: "created", message, request: null, answered: null };
}

function answerTo(id: string): EntryDraft {
  const { message } = draft() as CreatedDraft;
  const place = { replyTo: id, threadId: id };
  return { kind: "created", message: { ...message, ...place }, request: null, answered: ADA.id };
}

/** Appends at the end of a log, as another instance would. */
async function append(store: Store, roomId: string, drafts: EntryDraft[]): Promise<Entry[]> {
  return await store.log.append(roomId, await store.log.end(roomId), drafts);
}

/** What a socket that came into the room was shown, and what it got live since. */
class Watcher {
  readonly open = true;
  readonly seqs: number[];
  /** The senders of what came live. */
  readonly names: string[] = [];

  constructor(feed: Feed) {
    this.seqs = feed.window.latest().map(({ message }) => message.seq);
    feed.live.add(this as unknown as Subscriber);
  }

  send(text: string) {
    const { seq, message } = JSON.parse(text).data;
    this.seqs.push(seq);
    this.names.push(message.sender.displayName);
  }
}

async function openStore() {
  const { DATA_DIR } = await SQLITE.fresh();
  const store = await openSqlite(`${DATA_DIR}/echoroom.db`);
  await store.users.create(ADA);
  return store;
}

/** Makes a room and appends to it behind the feed's back, as another instance would. */
async function openRoom(store: SqliteStore) {
  const id = crypto.randomUUID();
  const now = new Date();
  await store.rooms.create({
    ...OPEN_SETTINGS,
    id,
    name: "Room",
    slug: id,
    description: null,
    createdBy: ADA,
    memberCount: 1,
    createdAt: now,
    updatedAt: now,
  }, [draft()]);
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
      const feed = new Feed(roomId, optionsOf(store, metrics));
      const appended: Entry[] = [];
      const watchers: Watcher[] = [];
      for (const { step: { kind, n }, offers } of turns) {
        if (kind === "append") {
          appended.push(...await append(store, roomId, Array.from({ length: n }, draft)));
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
      const head = (await store.log.end(roomId)).seq;
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
    const [two, , four, , six] = await append(store, roomId, Array.from({ length: 5 }, draft));
    feed.offer([two!, six!, four!]);
    await feed.refresh();
    assert.deepEqual(watcher.seqs, [1, 2, 3, 4, 5, 6]);
  }));

Deno.test("a gap is read from the store without a request to refresh", () =>
  onFeed(async ({ store, roomId, feed }) => {
    const watcher = new Watcher(feed);
    const appended = await append(store, roomId, Array.from({ length: 100 }, draft));
    feed.offer(appended.slice(-1));
    await until(() => watcher.seqs.length >= 101, "the gap is read");
    assert.deepEqual(watcher.seqs, Array.from({ length: 101 }, (_, i) => i + 1));
  }));

Deno.test("a refresh delivers all that was appended before it was requested", () =>
  onFeed(async ({ store, roomId, feed }) => {
    for (let i = 0; i < 50; i++) {
      const under = feed.refresh();
      const appended = await append(store, roomId, [draft()]);
      await Promise.all([under, feed.refresh()]);
      assert.equal(feed.head, appended[0]!.seq);
    }
  }));

Deno.test("a stale window whose read fails stays stale until a read succeeds", () =>
  onSlowFeed(async ({ store, feed, reads }) => {
    await store.users.update(ADA.id, { displayName: "Countess" }, new Date());
    feed.invalidate();
    const failed = feed.refresh();
    await reads.fail();
    await assert.rejects(failed, { code: "unavailable" });
    assert.equal(feed.stale, true);
    const refreshed = feed.refresh();
    await reads.answer();
    await refreshed;
    assert.equal(feed.stale, false);
    assert.deepEqual(senders(feed), ["Countess"]);
  }));

Deno.test("a window that is invalidated while it is read is read again before it is shown", () =>
  onSlowFeed(async ({ store, feed, reads }) => {
    feed.invalidate();
    const refreshed = feed.refresh();
    const answer = await reads.next();
    await store.users.update(ADA.id, { displayName: "Countess" }, new Date());
    feed.invalidate();
    answer();
    await reads.answer();
    await refreshed;
    assert.deepEqual(senders(feed), ["Countess"]);
  }));

Deno.test("a window that is invalidated during its first read is read again before it is shown", () =>
  onSlowFeed(async ({ store, roomId, open, reads }) => {
    const feed = open(roomId);
    const refreshed = feed.refresh();
    const answer = await reads.next();
    await store.users.update(ADA.id, { displayName: "Countess" }, new Date());
    feed.invalidate();
    answer();
    await reads.answer();
    await refreshed;
    assert.deepEqual(senders(feed), ["Countess"]);
    feed.close();
  }));

Deno.test("entries that are delivered while a stale window is read follow what was read", () =>
  onSlowFeed(async ({ store, roomId, feed, reads }) => {
    feed.invalidate();
    const refreshed = feed.refresh();
    const answer = await reads.next();
    feed.offer(await append(store, roomId, [draft(), draft()]));
    answer();
    await refreshed;
    assert.equal(feed.stale, false);
    assert.deepEqual(feed.window.latest().map(({ message }) => message.seq), [1, 2, 3]);
  }));

Deno.test("answers that are appended while a window is read count once", async () => {
  const store = await openStore();
  const metrics = new Metrics();
  const roomId = await openRoom(store);
  const [root] = await append(store, roomId, [draft()]);
  const rootId = root!.message.id;
  const later: Entry[] = [];
  const messages: Store["messages"] = {
    ...store.messages,
    threads: async (...asked) => {
      later.push(...await append(store, roomId, [answerTo(rootId), answerTo(rootId)]));
      return await store.messages.threads(...asked);
    },
  };
  const busy: Store = Object.create(store, { messages: { value: messages } });
  const feed = new Feed(roomId, optionsOf(busy, metrics));
  await feed.refresh();
  feed.offer(later);
  const shown = feed.window.latest().map(({ message }) => message);
  assert.deepEqual(feed.window.threads(shown), new Map([[rootId, { count: 2, lastSeq: 4 }]]));
  feed.close();
  metrics.close();
  await store.close();
});

Deno.test("a message that was sent before its sender's change is delivered with the new name", () =>
  onSlowFeed(async ({ store, roomId, feed, profiles }) => {
    const watcher = new Watcher(feed);
    const sent = await append(store, roomId, [draft()]);
    await changeName(store, profiles, feed, "Countess");
    feed.offer(sent);
    await feed.refresh();
    assert.deepEqual(watcher.names, ["Countess"]);
    assert.deepEqual(senders(feed), ["Countess", "Countess"]);
  }));

Deno.test("a message that is read while its sender changes is delivered with the new name", () =>
  onSlowFeed(async ({ store, roomId, feed, profiles, reads }) => {
    const watcher = new Watcher(feed);
    await append(store, roomId, [draft()]);
    reads.hold = true;
    const refreshed = feed.refresh();
    const answer = await reads.next();
    await changeName(store, profiles, feed, "Countess");
    answer();
    await refreshed;
    assert.deepEqual(watcher.names, ["Countess"]);
    assert.deepEqual(senders(feed), ["Countess", "Countess"]);
  }));

function optionsOf(store: Store, metrics: Metrics): FeedOptions {
  return {
    store,
    metrics,
    log: { advance: () => {} },
    flusher: new Flusher(() => 0),
    profiles: new RecentProfiles(),
    publicUsers: new PublicUsers(store.users, new InProcessBus()),
  };
}

function senders(feed: Feed): string[] {
  return feed.window.latest().map(({ text }) => JSON.parse(text).sender.displayName);
}

/** Like an instance that receives a change over the bus. */
async function changeName(
  store: Store,
  profiles: RecentProfiles,
  feed: Feed,
  displayName: string,
): Promise<void> {
  const { user } = (await store.users.update(ADA.id, { displayName }, new Date()))!;
  profiles.receive({ kind: "profile_changed", user });
  feed.showProfile(user);
}

/** Reads of the log that have been answered by the store, and wait to be handed on. */
class HeldReads {
  /** Whether reads after a `seq` wait too, and not only those of a window. */
  hold = false;
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #arrived = Promise.withResolvers<void>();

  async pass<T>(read: Promise<T>): Promise<T> {
    const result = await read;
    const held = Promise.withResolvers<void>();
    this.#waiting.push(held);
    this.#arrived.resolve();
    await held.promise;
    return result;
  }

  /** Resolves with what hands the next read on. */
  async next(): Promise<() => void> {
    return (await this.#take()).resolve;
  }

  async answer(): Promise<void> {
    (await this.#take()).resolve();
  }

  async fail(): Promise<void> {
    (await this.#take()).reject(unavailable("The store is away."));
  }

  async #take(): Promise<PromiseWithResolvers<void>> {
    await this.#arrived.promise;
    const held = this.#waiting.shift()!;
    if (this.#waiting.length === 0) this.#arrived = Promise.withResolvers();
    return held;
  }
}

/** Runs `act` on a feed with its first entry delivered, over a store whose reads can be held. */
async function onSlowFeed(
  act: (scene: {
    store: Store;
    roomId: string;
    feed: Feed;
    profiles: RecentProfiles;
    reads: HeldReads;
    open(roomId: string): Feed;
  }) => Promise<void>,
): Promise<void> {
  const store = await openStore();
  const metrics = new Metrics();
  const profiles = new RecentProfiles();
  const reads = new HeldReads();
  const log: Store["log"] = {
    ...store.log,
    entriesAfter: (...range) => {
      const page = store.log.entriesAfter(...range);
      return reads.hold ? reads.pass(page) : page;
    },
  };
  // The last read of a window that is loaded, and that of one that was invalidated.
  const messages: Store["messages"] = {
    ...store.messages,
    threads: (...asked) => reads.pass(store.messages.threads(...asked)),
    find: (...asked) => reads.pass(store.messages.find(...asked)),
  };
  const held: Store = Object.create(store, { log: { value: log }, messages: { value: messages } });
  const open = (roomId: string) => {
    return new Feed(roomId, { ...optionsOf(held, metrics), profiles });
  };
  const roomId = await openRoom(store);
  const feed = open(roomId);
  await Promise.all([feed.refresh(), reads.answer()]);
  await act({ store, roomId, feed, profiles, reads, open });
  feed.close();
  metrics.close();
  await store.close();
}

/** Runs `act` on the feed of a new room, with its first entry delivered. */
async function onFeed(
  act: (room: { store: Store; roomId: string; feed: Feed }) => Promise<void>,
): Promise<void> {
  const store = await openStore();
  const metrics = new Metrics();
  const roomId = await openRoom(store);
  const feed = new Feed(roomId, optionsOf(store, metrics));
  await feed.refresh();
  await act({ store, roomId, feed });
  feed.close();
  metrics.close();
  await store.close();
}
