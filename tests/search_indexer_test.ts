/** How the index that messages are found by follows the rooms' logs. */
import assert from "node:assert/strict";
import type { Entry, EntryDraft } from "../src/domain/entry.ts";
import { SearchIndexer } from "../src/services/search_indexer.ts";
import { deletion, edit } from "./conformance/store/change_drafts.ts";
import {
  createRoom,
  createRoomWithAda,
  creation,
  draft,
  range,
  write,
} from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { until } from "./harness/stage.ts";

Deno.test("what is appended is indexed soon, as its last change has left it", async () => {
  await using world = await openWorld();
  const [first, second] = await world.append(text("one"), text("two"));
  world.indexer.appended(world.roomId, [first!, second!]);
  const changes = await world.append(
    edit(first!.message, { text: "three" }),
    deletion(second!.message, second!.by),
  );
  world.indexer.appended(world.roomId, changes);
  await until(async () => (await world.find("three")).length === 1, "the edit is indexed");
  assert.deepEqual(await world.find("one"), []);
  assert.deepEqual(await world.find("two"), []);
});

Deno.test("what was not heard of is read from the log", async () => {
  await using world = await openWorld();
  await world.append(text("lost 1"), text("lost 2"));
  const [heard] = await world.append(text("heard"));
  await world.append(text("lost 3"));
  world.indexer.appended(world.roomId, [heard!]);
  await until(async () => (await world.find("lost")).length === 3, "all are indexed");
  const [last] = await world.append(text("last"));
  world.indexer.appended(world.roomId, []);
  await until(async () => (await world.find("last")).length === 1, "the last is indexed");
  // What is heard of late changes nothing.
  world.indexer.appended(world.roomId, [last!]);
  const [next] = await world.append(text("next"));
  world.indexer.appended(world.roomId, [next!]);
  await until(async () => (await world.find("next")).length === 1, "the next is indexed");
});

Deno.test("a look through all rooms finds what a crash has left, and a room's messages in any number", async () => {
  await using world = await openWorld();
  for (const _ of range(1, 3)) await world.append(...range(1, 100).map((i) => text(`many ${i}`)));
  const { id: other } = await createRoom(world.store, world.ada);
  await write(world.store, other, text("elsewhere")(world.ada));
  assert.deepEqual(await world.find("many"), []);
  const indexed = await world.indexer.indexRest();
  assert.deepEqual(indexed, { rooms: 2, messages: 303 });
  assert.equal((await world.find("many")).length, 300);
  assert.equal((await world.find("elsewhere")).length, 1);
  assert.deepEqual(await world.indexer.indexRest(), { rooms: 0, messages: 0 });
});

Deno.test("a room whose index is ahead of its log, as a restored backup may have it, is indexed again", async () => {
  await using world = await openWorld();
  const { roomId, store } = world;
  const ahead = { roomId, from: 0, to: { seq: 50, at: new Date() }, messages: [], removed: [] };
  await store.search.index([ahead]);
  await world.append(text("restored"));
  await world.indexer.indexRest();
  assert.equal((await world.find("restored")).length, 1);
});

Deno.test("several that index at once leave nothing out", async () => {
  await using world = await openWorld();
  const others = range(1, 3).map(() => new SearchIndexer(world.store));
  for (const i of range(1, 20)) {
    const entries = await world.append(text(`shared ${i} a`), text(`shared ${i} b`));
    for (const [k, each] of others.entries()) {
      each.appended(world.roomId, k === i % 3 ? entries : []);
    }
    if (i % 7 === 0) await Promise.all(others.map((each) => each.indexRest()));
  }
  await until(async () => (await world.find("shared")).length === 40, "all are indexed");
  await Promise.all(others.map((each) => each.close()));
});

Deno.test("of several only one looks through all rooms, and not again at once", async () => {
  await using world = await openWorld();
  const other = new SearchIndexer(world.store);
  await world.indexer.lookThrough();
  await world.append(text("left"));
  await other.lookThrough();
  assert.deepEqual(await world.find("left"), []);
  // The claim is the first one's.
  await world.indexer.lookThrough();
  assert.equal((await world.find("left")).length, 1);
});

Deno.test("messages are in the order of the log where clocks differ a little, else of their times", async () => {
  await using world = await openWorld();
  const start = Date.UTC(2026, 0, 1);
  const at = (seconds: number, name: string) => {
    return text(`clock ${name}`, { createdAt: new Date(start + 1_000 * seconds) });
  };
  await world.append(at(100, "a"), at(98, "b"), at(97, "c"), at(20, "d"), at(101, "e"));
  await world.indexer.indexRest();
  const places = await world.find("clock");
  const moments = new Map(places.map(({ seq, at }) => [seq - 2, (at.getTime() - start) / 1_000]));
  assert.deepEqual(range(0, 4).map((i) => moments.get(i)), [100, 100, 100, 20, 101]);
});

Deno.test("a message without a legible text keeps no other one out of the index", async () => {
  await using world = await openWorld();
  await world.indexer.indexRest();
  const [first, second] = await world.append(text("bad"), text("good"));
  const illegible = { ...first!.message, text: null as unknown as string };
  world.indexer.appended(world.roomId, [{ ...first!, message: illegible }, second!]);
  await until(async () => (await world.find("good")).length === 1, "the other is indexed");
  assert.deepEqual(await world.find("bad"), []);
});

Deno.test("what is added at once is limited by terms, in a room and in all", async () => {
  await using world = await openWorld();
  const counts: number[] = [];
  const index = world.store.search.index;
  const search = {
    ...world.store.search,
    index: (parts: Parameters<typeof index>[0]) => {
      const messages = parts.flatMap((part) => part.messages);
      const terms = messages.reduce((sum, message) => sum + message.terms.length, 0);
      if (messages.length > 1) counts.push(terms);
      return index(parts);
    },
  };
  const indexer = new SearchIndexer({ log: world.store.log, search });
  const long = (length: number) =>
    text(`long ${String.fromCodePoint(...range(0, length - 1).map((i) => 0x4e00 + i))}`);
  const texts = [long(3_900), ...range(1, 8).map(() => long(600)), long(3_900), text("long 1")];
  const { id: other } = await createRoom(world.store, world.ada);
  await write(world.store, other, ...texts.map((each) => each(world.ada)));
  indexer.appended(world.roomId, await world.append(...texts));
  indexer.appended(other, []);
  await until(async () => (await world.find("long")).length === 22, "all are indexed");
  await world.store.search.clear();
  // And the first of each room.
  assert.equal((await indexer.indexRest()).messages, 24);
  assert.equal((await world.find("long")).length, 22);
  assert.ok(counts.length > 0 && Math.max(...counts) <= 5_000, String(counts));
  await indexer.close();
});

Deno.test("much that is appended is indexed without a wait between its pages", async () => {
  await using world = await openWorld();
  const waits: number[] = [];
  const setTimeout = globalThis.setTimeout;
  globalThis.setTimeout = ((act: () => void, ms = 0) => {
    waits.push(ms);
    return setTimeout(act, ms);
  }) as typeof setTimeout;
  try {
    const entries = await world.append(...range(1, 600).map((i) => text(`much ${i}`)));
    world.indexer.appended(world.roomId, entries);
    await until(async () => (await world.find("much")).length === 600, "all are indexed");
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assert.equal(waits.filter((ms) => ms === 400).length, 1);
});

Deno.test("a room that cannot be read keeps no other one out of the index", async () => {
  await using world = await openWorld();
  const { id: other } = await createRoom(world.store, world.ada);
  const log = {
    ...world.store.log,
    entriesAfter: (...args: Parameters<typeof world.store.log.entriesAfter>) => {
      const [roomId] = args;
      if (roomId === world.roomId) return Promise.reject(new Error("the disk is broken"));
      return world.store.log.entriesAfter(...args);
    },
  };
  const indexer = new SearchIndexer({ log, search: world.store.search });
  await write(world.store, other, text("fine")(world.ada));
  indexer.appended(world.roomId, []);
  indexer.appended(other, []);
  await until(async () => (await world.find("fine")).length === 1, "the other is indexed");
  await indexer.close();
});

Deno.test("a failure is tried again, and an indexer that is closed begins nothing", async () => {
  await using world = await openWorld();
  let failures = 0;
  const index = world.store.search.index;
  const search = {
    ...world.store.search,
    index: (...args: Parameters<typeof index>) => {
      return failures++ === 0 ? Promise.reject(new Error("the disk is away")) : index(...args);
    },
  };
  const indexer = new SearchIndexer({ log: world.store.log, search });
  indexer.appended(world.roomId, await world.append(text("again")));
  await until(async () => (await world.find("again")).length === 1, "it is tried again");
  await indexer.close();
  indexer.appended(world.roomId, await world.append(text("closed")));
  // A look through all rooms leaves out the one that it has just heard of.
  await createRoom(world.store, world.ada);
  assert.deepEqual(await indexer.indexRest(), { rooms: 1, messages: 0 });
  assert.deepEqual(await world.find("closed"), []);
});

function text(text: string, fields: Parameters<typeof draft>[1] = {}) {
  return (ada: Parameters<typeof draft>[0]) => creation(draft(ada, { text, ...fields }));
}

/** A store with a room, to which nobody else writes, and an indexer. */
async function openWorld() {
  const store = await openSqlite(`${await Deno.makeTempDir()}/test.db`);
  const { ada, room: { id: roomId } } = await createRoomWithAda(store);
  const indexer = new SearchIndexer(store);
  return {
    store,
    ada,
    roomId,
    indexer,
    append(...drafts: (EntryDraft | ReturnType<typeof text>)[]): Promise<Entry[]> {
      const made = drafts.map((each) => typeof each === "function" ? each(ada) : each);
      return write(store, roomId, ...made);
    },
    async find(term: string) {
      return (await store.search.find({ userId: ada.id, terms: [term], limit: 1_000 })).places;
    },
    async [Symbol.asyncDispose]() {
      await indexer.close();
      await store.close();
    },
  };
}
