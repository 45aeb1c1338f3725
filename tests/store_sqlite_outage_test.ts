/** The embedded store's calls when its file, its disk or its thread fails. */
// @slow: waits for a locked database
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { toChatError } from "../src/adapters/store/sqlite/faults.ts";
import type { SqliteOptions, SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import type { CreatedDraft, Entry, EntryDraft } from "../src/domain/entry.ts";
import { OPEN_SETTINGS } from "../src/domain/room.ts";
import { newId } from "../src/domain/id.ts";
import { PLAIN } from "../src/domain/message.ts";
import { publicUser, type User } from "../src/domain/user.ts";
import { playInTime } from "./harness/patience.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { until } from "./harness/stage.ts";

const UNAVAILABLE = { name: "ChatError", code: "unavailable" };
/** Longer than any test. */
const NEVER_MS = 600_000;

Deno.test("writes that wait for a lock are all refused at their deadline, and none is written", async () => {
  const timeoutMs = 3_000;
  let slowestMs = 0;
  /** Does what waits for no lock. */
  const timed = async <T>(work: Promise<T>): Promise<T> => {
    const begun = performance.now();
    try {
      return await work;
    } finally {
      slowestMs = Math.max(slowestMs, performance.now() - begun);
    }
  };
  await playInTime(async () => {
    slowestMs = 0;
    await using world = await openWorld({ timeoutMs });
    const { store, ada } = world;
    world.lock();
    const writes: Promise<unknown>[] = [];
    // One after the other they would take minutes.
    for (let i = 0; i < 200; i++) {
      writes.push(assert.rejects(append(store, [draft(ada)]), UNAVAILABLE));
      assert.equal(await timed(headOf(store)), 1, "a read waits for no lock");
    }
    await Promise.all(writes);
    await isUnavailable(store, /another process holds a lock/i);
    world.unlock();
    const [message] = await timed(append(store, [draft(ada)]));
    assert.equal(message!.seq, 2);
    await until(() => store.ping().then(() => true, () => false), "a ping is answered");
  }, () => slowestMs >= timeoutMs - 100);
});

Deno.test("a write that waits for a lock is done once it is free", async () => {
  await using world = await openWorld({ timeoutMs: NEVER_MS });
  world.lock();
  const waiting = [1, 2, 3].map((seq) => append(world.store, [draft(world.ada)], seq));
  assert.equal(await headOf(world.store), 1);
  world.unlock();
  const messages = (await Promise.all(waiting)).flat();
  assert.deepEqual(messages.map(({ seq }) => seq), [2, 3, 4]);
});

Deno.test("a thread that dies fails its calls as unavailable, and is replaced", async () => {
  await using world = await openWorld({ timeoutMs: NEVER_MS });
  const { store, ada } = world;
  world.lock();
  const lost = assert.rejects(append(store, [draft(ada)]), UNAVAILABLE);
  await headOf(store);
  world.thread.postMessage("no request");
  await lost;
  world.unlock();
  const entries = await append(store, [draft(ada)]);
  // Nobody knows the outcome of the lost one: the thread may have stored it before its end.
  const [entry] = entries.length > 0 ? entries : await append(store, [draft(ada)], 2);
  assert.equal(entry!.seq, await headOf(store));
});

Deno.test("a replacement thread that starts while the store is closed ends", async () => {
  const { Worker } = globalThis;
  const threads = new Set<Worker>();
  let started = 0;
  const replaced = Promise.withResolvers<void>();
  globalThis.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      threads.add(this);
      if (++started === 2) replaced.resolve();
    }
    override terminate() {
      super.terminate();
      threads.delete(this);
    }
  };
  try {
    const store = await openSqlite(`${await Deno.makeTempDir()}/test.db`, {});
    for (const thread of threads) thread.postMessage("no request");
    await replaced.promise;
    await store.close();
    await until(() => threads.size === 0, "no thread is left");
  } finally {
    globalThis.Worker = Worker;
  }
});

Deno.test("a replacement thread creates no new database if the file is gone", async () => {
  await using world = await openWorld({ timeoutMs: 3_000 });
  await Deno.remove(world.path);
  world.thread.postMessage("no request");
  // The first is lost with the thread, the second waits in vain for another one.
  for (let i = 0; i < 2; i++) {
    await assert.rejects(append(world.store, [draft(world.ada)]), UNAVAILABLE);
  }
  await assert.rejects(Deno.stat(world.path), Deno.errors.NotFound);
});

Deno.test("a thread that no longer answers leaves no call pending", async () => {
  await using world = await openWorld({ timeoutMs: 300 });
  world.thread.terminate();
  await assert.rejects(headOf(world.store), UNAVAILABLE);
  await assert.rejects(append(world.store, [draft(world.ada)]), UNAVAILABLE);
  await assert.rejects(world.store.ping(), UNAVAILABLE);
});

Deno.test("a write-ahead log that is deleted under an open store is noticed before an ack", async () => {
  await using world = await openWorld();
  await Deno.remove(`${world.path}-wal`);
  for (let i = 0; i < 2; i++) {
    await assert.rejects(append(world.store, [draft(world.ada)]), UNAVAILABLE);
  }
  await isUnavailable(world.store, /deleted or replaced/);
});

Deno.test("a database file that is replaced under an open store is noticed before an ack", async () => {
  await using world = await openWorld();
  await Deno.copyFile(world.path, `${world.path}.copy`);
  await Deno.rename(`${world.path}.copy`, world.path);
  await assert.rejects(append(world.store, [draft(world.ada)]), UNAVAILABLE);
  await isUnavailable(world.store, /deleted or replaced/);
});

for (
  const [rest, size] of [["nothing", 0], ["its first half", 0.5]] satisfies [string, number][]
) {
  Deno.test(`a database file that is truncated to ${rest} under an open store is noticed before an ack`, async () => {
    await using world = await openWorld();
    world.checkpoint();
    const whole = await Deno.stat(world.path);
    await append(world.store, [draft(world.ada)]);
    await Deno.truncate(world.path, whole.size * size);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(append(world.store, [draft(world.ada)], 2), UNAVAILABLE);
    }
    await isUnavailable(world.store, /deleted or replaced/);
  });
}

Deno.test("a database file that VACUUM has made shorter is written to as before", async () => {
  await using world = await openWorld();
  world.fill();
  world.checkpoint();
  await append(world.store, [draft(world.ada)]);
  const before = await Deno.stat(world.path);
  await world.vacuum();
  const after = await Deno.stat(world.path);
  assert.ok(after.size < before.size, `${after.size} bytes, before ${before.size}`);
  const [message] = await append(world.store, [draft(world.ada)], 2);
  assert.equal(message!.seq, 3);
  await world.store.ping();
});

for (
  const [fault, message, provoke] of [
    ["a lock of another process", /another process holds a lock/i, (db, path) => {
      using other = new DatabaseSync(path);
      other.exec("BEGIN IMMEDIATE");
      db.prepare("INSERT INTO t VALUES (1)").run();
    }],
    ["a full disk", /disk is full/, (db) => {
      db.exec("PRAGMA max_page_count = 3");
      db.prepare("INSERT INTO t VALUES (zeroblob(100000))").run();
    }],
    ["a read-only database", /read-only/, (db) => {
      db.exec("PRAGMA query_only = 1");
      db.prepare("INSERT INTO t VALUES (1)").run();
    }],
    ["a damaged page", /damaged/, (db, path) => {
      db.prepare("INSERT INTO t VALUES (zeroblob(100000))").run();
      db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
      Deno.writeFileSync(path, Deno.readFileSync(path).fill(0xff, 4_096));
      new DatabaseSync(path).prepare("SELECT hex(x) FROM t").all();
    }],
    ["a file that is no database", /damaged/, (_, path) => {
      Deno.writeTextFileSync(`${path}.txt`, "This is no database. ".repeat(1_000));
      new DatabaseSync(`${path}.txt`).prepare("SELECT * FROM sqlite_schema").all();
    }],
    ["tables that are gone", /tables/, (db) => db.prepare("SELECT * FROM messages").all()],
  ] satisfies [string, RegExp, (db: DatabaseSync, path: string) => unknown][]
) {
  Deno.test(`${fault} is answered with unavailable and its cause`, async () => {
    const path = `${await Deno.makeTempDir()}/test.db`;
    using db = new DatabaseSync(path);
    db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
    let error: unknown;
    try {
      provoke(db, path);
    } catch (thrown) {
      error = thrown;
    }
    const { code, message: cause } = toChatError(error) ?? {};
    assert.equal(code, "unavailable", String(error));
    assert.match(cause!, message);
  });
}

Deno.test("a violated constraint is not an outage", () => {
  using db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES (1)");
  assert.throws(() => db.prepare("INSERT INTO t VALUES (1)").run(), (error) => {
    return toChatError(error) === null;
  });
});

/** A store whose thread and file a test can get at, with Ada and the room "room". */
async function openWorld(options: SqliteOptions = {}) {
  const path = `${await Deno.makeTempDir()}/test.db`;
  const ada = await fillWorld(path);
  const { store, thread } = await openWithThread(path, options);
  const other = new DatabaseSync(path);
  return {
    store,
    thread,
    path,
    ada,
    lock: () => other.exec("BEGIN IMMEDIATE"),
    unlock: () => other.exec("ROLLBACK"),
    checkpoint: () => other.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get(),
    /** Adds pages that VACUUM removes. */
    fill: () => other.exec("CREATE TABLE t AS SELECT zeroblob(1000000); DROP TABLE t"),
    vacuum: () => vacuum(path),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      other.close();
    },
  };
}

/** Makes Ada and the room, with all the time that a busy machine needs. */
async function fillWorld(path: string): Promise<User> {
  const now = new Date();
  const ada: User = {
    id: "ada",
    email: "ada@example.org",
    passwordHash: "hash",
    displayName: "Ada",
    avatarUrl: null,
    onboardingCompleted: false,
    role: "member",
    ban: null,
    createdAt: now,
    updatedAt: now,
  };
  const store = await openSqlite(path, { timeoutMs: NEVER_MS });
  await store.users.create(ada);
  const about = { id: "room", name: "Room", slug: "room", description: null };
  const room = { ...OPEN_SETTINGS, memberCount: 1, ...about };
  const createdBy = publicUser(ada);
  await store.rooms.create({ ...room, createdBy, createdAt: now, updatedAt: now }, [draft(ada)]);
  await store.close();
  return ada;
}

/** Another program, because the runtime allows VACUUM only with all permissions (denoland/deno#28667). */
async function vacuum(path: string): Promise<void> {
  const code = `import { DatabaseSync } from "node:sqlite";
    const db = new DatabaseSync(${JSON.stringify(path)});
    db.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["eval", code] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** Opens a store and catches the worker that it starts. */
async function openWithThread(path: string, options: SqliteOptions) {
  const { Worker } = globalThis;
  let thread: Worker | undefined;
  globalThis.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      thread = this;
    }
  };
  try {
    const store = await openSqlite(path, options);
    return { store, thread: thread! };
  } finally {
    globalThis.Worker = Worker;
  }
}

/**
 * Asserts that each ping is refused, and waits for one that is with this cause: on a busy machine one
 * may just not be answered in time.
 */
async function isUnavailable(store: SqliteStore, cause: RegExp): Promise<void> {
  await until(async () => {
    const error = await store.ping().then(() => null, (error) => error);
    assert.equal(error?.code, "unavailable", String(error));
    return cause.test(error.message);
  }, `the cause is ${cause}`);
}

function draft(sender: User): CreatedDraft {
  const message = {
    ...PLAIN,
    id: newId(),
    sender: publicUser(sender),
    text: "Hello",
    system: false,
    clientMessageId: newId(),
    createdAt: new Date(),
  };
  return { kind: "created", message, request: null, answered: null };
}

/** Appends to the room after entry `seq`; its opening is entry 1. */
function append(store: SqliteStore, drafts: EntryDraft[], seq = 1): Promise<Entry[]> {
  return store.log.append("room", { seq, n: seq }, drafts);
}

async function headOf(store: SqliteStore): Promise<number> {
  return (await store.log.end("room")).seq;
}
