/** The embedded database's index of search: how it is emptied, and what becomes of a damaged one. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { backUp } from "../src/adapters/store/sqlite/backup.ts";
import { SqliteDatabase } from "../src/adapters/store/sqlite/database.ts";
import type { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { SearchIndexer } from "../src/services/search_indexer.ts";
import { deletion } from "./conformance/store/change_drafts.ts";
import {
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  range,
  write,
} from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { until } from "./harness/stage.ts";

/** Longer than any test. */
const NEVER_MS = 600_000;
const COUNT = 200;

Deno.test("an index is emptied in steps, between which others write, and leaves nothing behind", async () => {
  await using world = await openWorld();
  const [doomed] = await world.send("kqsecret", 1);
  await world.index();
  await write(world.store, doomed!.roomId, deletion(doomed!, doomed!.sender));
  const database = new SqliteDatabase(world.path);
  assert.ok(database.transaction(() => database.ports.search.replace()));
  assert.equal(await world.count(), 0);
  let steps = 0;
  for (; removeSome(database); steps++) await world.send("more", 1);
  assert.ok(steps > COUNT / 50, String(steps));
  database.close();
  assert.deepEqual(formerTables(world.path), []);
  assert.ok(!holds(world.path, "qsecret"));
  await world.index();
  assert.equal(await world.count(), COUNT);
});

Deno.test("what a process that died while it emptied the index has left the next start removes", async () => {
  await using dying = await openWorld();
  const database = new SqliteDatabase(dying.path);
  database.transaction(() => database.ports.search.replace());
  assert.ok(removeSome(database));
  const path = await copyOf(dying.path);
  database.close();
  await using world = await reopen(path, 0);
  await until(() => formerTables(path).length === 0, "the former tables are removed");
  await world.index();
  assert.equal(await world.count(), COUNT);
});

Deno.test("an index that another process is emptying is emptied once more", async () => {
  await using world = await openWorld();
  const database = new SqliteDatabase(world.path);
  database.transaction(() => database.ports.search.replace());
  await world.index();
  assert.equal(database.transaction(() => database.ports.search.replace()), false);
  assert.equal(await world.count(), COUNT);
  await world.store.search.clear();
  assert.deepEqual(formerTables(world.path), []);
  assert.equal(await world.count(), 0);
  database.close();
});

Deno.test("segments of the index are merged as it grows, also after it was emptied", async () => {
  await using world = await openWorld();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 12; i++) {
      await world.send("more", 1);
      await world.index();
    }
    assert.ok(countSegments(world.path) <= 6, String(countSegments(world.path)));
    await world.store.search.clear();
  }
});

Deno.test("a damaged index is made again by itself, once, and logged", async () => {
  await using world = await openWorld();
  await using log = await recordWarnings();
  await world.store.repair();
  assert.equal(await world.count(), COUNT);
  damage(world.path);
  await assert.rejects(world.count(), { code: "unavailable" });
  await world.store.repair();
  assert.equal(await world.count(), 0);
  await world.index();
  assert.equal(await world.count(), COUNT);
  damage(world.path);
  await assert.rejects(world.count(), { code: "unavailable" });
  await world.store.repair();
  await assert.rejects(world.count(), { code: "unavailable" });
  assert.deepEqual(log.warnings, [
    "The index of search is damaged, and is made again from the messages",
  ]);
  await world.store.search.clear();
  await world.index();
  assert.equal(await world.count(), COUNT);
});

for (const table of ["data", "config"]) {
  Deno.test(`an index that has lost its ${table} stops no start and no backup, and is made again`, async () => {
    const closed = await openWorld();
    await closed.store.close();
    damage(closed.path, `DELETE FROM search_terms_${table}`);
    await using world = await reopen(closed.path, NEVER_MS);
    await assert.rejects(world.count(), { code: "unavailable" });
    await backUp(world.path, `${world.path}.backup`, false);
    await world.store.repair();
    await world.index();
    assert.equal(await world.count(), COUNT);
  });
}

Deno.test("a damaged index does not make the store unready", async () => {
  await using world = await openWorld();
  damage(world.path);
  await assert.rejects(world.count(), { code: "unavailable" });
  await world.store.ping();
  await world.send("more", 1);
});

Deno.test("an index that another process has made again is not made again once more", async () => {
  await using world = await openWorld();
  damage(world.path);
  await assert.rejects(world.count(), { code: "unavailable" });
  const other = await openSqlite(world.path);
  await other.search.clear();
  await new SearchIndexer(other).indexRest();
  await other.close();
  await world.store.repair();
  assert.equal(await world.count(), COUNT);
});

Deno.test("a damaged index keeps no deleted text in the write-ahead log, and is made again after the deletion", async () => {
  await using world = await openWorld();
  const [message] = await world.send("kqsecret", 1);
  await world.index();
  await world.store.close();
  damage(world.path);
  await using again = await reopen(world.path, 0);
  await write(again.store, message!.roomId, deletion(message!, message!.sender));
  await new SearchIndexer(again.store).indexRest();
  await until(() => Deno.statSync(`${world.path}-wal`).size === 0, "the log is empty");
  assert.ok(!holds(world.path, "kqsecret 1"));
  await again.store.repair();
  await again.index();
  assert.equal(await again.count(), COUNT);
});

Deno.test("messages that a user may not read are not looked at when they search", async () => {
  await using world = await openWorld();
  const { store } = world;
  const eve = await createUser(store);
  const ada = (await store.users.find(world.adaId))!;
  const closed = await createRoom(store, ada, { type: "private" });
  const hidden = range(1, 600).map((i) => creation(draft(ada, { text: `word ${i}` })));
  await write(store, closed.id, ...hidden);
  await world.index();
  const { places, next } = await store.search.find({
    userId: eve.id,
    terms: ["word"],
    limit: COUNT + 1,
  });
  assert.deepEqual([places.length, next], [COUNT, null]);
});

Deno.test("who is in more rooms than a search is narrowed by finds what they may read", async () => {
  await using world = await openWorld();
  const { store } = world;
  const ada = (await store.users.find(world.adaId))!;
  const eve = await createUser(store);
  await write(
    store,
    (await createRoom(store, ada, { type: "private" })).id,
    creation(draft(ada, { text: "word" })),
  );
  const rooms = [];
  for (let i = 0; i <= 1_000; i++) rooms.push(await createRoom(store, eve, { type: "private" }));
  await write(store, rooms[500]!.id, creation(draft(eve, { text: "word" })));
  await world.index();
  const find = { userId: eve.id, terms: ["word"], limit: 1_000 };
  assert.equal((await store.search.find(find)).places.length, COUNT + 1);
});

/** A store whose index has `COUNT` messages of Ada with the word "word". */
async function openWorld() {
  const path = `${await Deno.makeTempDir()}/test.db`;
  const store = await openSqlite(path, { eraseMs: NEVER_MS });
  const { room, ada } = await createRoomWithAda(store);
  const world = worldOf(store, path, room.id, ada.id);
  await world.send("word", COUNT);
  await world.index();
  assert.equal(await world.count(), COUNT);
  return world;
}

async function reopen(path: string, eraseMs: number) {
  const store = await openSqlite(path, { eraseMs });
  const [roomId] = await store.search.roomsAfter("", 1);
  return worldOf(store, path, roomId!, (await store.rooms.find(roomId!))!.createdBy.id);
}

function worldOf(store: SqliteStore, path: string, roomId: string, adaId: string) {
  return {
    path,
    store,
    adaId,
    async send(text: string, count: number) {
      const sender = (await store.users.find(adaId))!;
      const drafts = range(1, count).map((i) => creation(draft(sender, { text: `${text} ${i}` })));
      return (await write(store, roomId, ...drafts)).map(({ message }) => message);
    },
    async index(): Promise<void> {
      await new SearchIndexer(store).indexRest();
    },
    /** How many messages the index finds. */
    async count(): Promise<number> {
      const query = { userId: adaId, terms: ["word"], limit: 1_000 };
      return (await store.search.find(query)).places.length;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** One step, on a machine where each look at the clock takes a second. */
function removeSome(database: SqliteDatabase): boolean {
  const { now } = performance;
  let ms = 0;
  performance.now = () => ms += 1_000;
  try {
    return database.transaction(() => database.ports.search.removeSome());
  } finally {
    performance.now = now;
  }
}

function formerTables(path: string): unknown[] {
  using db = new DatabaseSync(path, { readOnly: true });
  return db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'former%'").all();
}

function countSegments(path: string): number {
  using db = new DatabaseSync(path, { readOnly: true });
  const row = db.prepare("SELECT count(DISTINCT segid) AS count FROM search_terms_idx").get();
  return Number(row?.count);
}

/** Damages the index as a defect would: by default takes blocks out of it. */
function damage(path: string, sql = "DELETE FROM search_terms_data WHERE id > 1000"): void {
  // The types lack the option, without which SQLite protects these tables.
  using db = new DatabaseSync(path, { defensive: false } as never);
  assert.ok(db.prepare(sql).run().changes > 0);
}

function holds(path: string, text: string): boolean {
  return [path, `${path}-wal`].some((file) => {
    return new TextDecoder("latin1").decode(Deno.readFileSync(file)).includes(text);
  });
}

/** What a process that dies now would leave. */
async function copyOf(path: string): Promise<string> {
  const copy = `${await Deno.makeTempDir()}/test.db`;
  for (const suffix of ["", "-wal"]) await Deno.copyFile(path + suffix, copy + suffix);
  return copy;
}

async function recordWarnings() {
  const warnings: string[] = [];
  const sink = ({ level, message }: LogRecord) => {
    if (level === "warning") warnings.push(message.join(""));
  };
  await configure({
    sinks: { list: sink },
    loggers: [
      { category: "echoroom", sinks: ["list"], lowestLevel: "warning" },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  return { warnings, [Symbol.asyncDispose]: () => reset() };
}
