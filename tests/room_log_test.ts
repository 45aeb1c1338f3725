/** What the log publishes of its appends, and waiting for that. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { Metrics } from "../src/services/metrics.ts";
import { RoomLog } from "../src/services/room_log.ts";
import { newId } from "../src/domain/id.ts";
import type { Entry, EntryDraft, LogPosition } from "../src/domain/entry.ts";
import type { User } from "../src/domain/user.ts";
import type { BusEvent } from "../src/ports/bus.ts";
import type { LogStore } from "../src/ports/store/log.ts";
import type { Store } from "../src/ports/store/store.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { Flusher } from "../src/rooms/flusher.ts";
import { Hub } from "../src/rooms/hub.ts";
import { until } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

/** A bus that is notified of entries by the database itself, as a change stream does. */
class EagerBus extends InProcessBus {
  readonly published: BusEvent["kind"][] = [];

  readonly entries: Entry[] = [];

  override publish(event: Parameters<InProcessBus["publish"]>[0]): void {
    if (event.kind === "appended") this.entries.push(...event.entries);
    this.published.push(event.kind);
    super.publish(event);
  }

  contend(roomId: string): void {
    this.listeners.notify({ kind: "append_contended", roomId }, "another");
  }

  grow(roomId: string, head: number): void {
    this.listeners.notify({ kind: "head_advanced", roomId, head }, "");
  }
}

Deno.test("a batch counts as unpublished until the bus has it, stored or not", async () => {
  await using world = await openWorld();
  const { log, bus, room, ada } = world;
  assert.equal(log.published(room), null);
  const appended = log.append(room, draft(ada));
  const published = log.published(room);
  await appended;
  assert.deepEqual(bus.published, []);
  await published;
  assert.deepEqual(bus.published, ["appended"]);
  assert.equal(log.published(room), null);

  world.failing = true;
  const refused = assert.rejects(log.append(room, draft(ada)));
  await log.published(room);
  assert.deepEqual(bus.published, ["appended", "append_uncertain"]);
  await refused;
});

Deno.test("a drain ends once the last batch is published", async () => {
  await using world = await openWorld();
  const { log, bus, room, ada } = world;
  void log.append(room, draft(ada));
  await log.drain();
  assert.deepEqual(bus.published, ["appended"]);
});

Deno.test("another instance's entry is read although an own append does not end", async () => {
  await using world = await openWorld();
  const { log, bus, hub, store, room, ada } = world;
  bus.subscribe((event) => hub.receive(event));
  const seqs: number[] = [];
  await hub.join(room, watcher(seqs), ({ lastSeq }) => seqs.push(lastSeq));
  const hanging = Promise.withResolvers<void>();
  world.beforeAppend = () => hanging.promise;
  const own = log.append(room, draft(ada));
  await store.log.append(room, { seq: 1, n: 1 }, [draft(ada)]);
  bus.grow(room, 2);
  await until(() => seqs.length === 2, "the other's entry is delivered");
  hanging.resolve();
  await own;
  await until(() => seqs.length === 3, "the own one follows");
  assert.deepEqual(seqs, [1, 2, 3]);
});

Deno.test("an entry that the database announces before its writer does is not read again", async () => {
  await using world = await openWorld();
  const { log, bus, hub, room, ada } = world;
  bus.subscribe((event) => hub.receive(event));
  const seqs: number[] = [];
  await hub.join(room, watcher(seqs), ({ lastSeq }) => seqs.push(lastSeq));
  const before = world.reads;
  world.onAppended = (entries) => bus.grow(room, entries.at(-1)!.seq);
  await log.append(room, draft(ada));
  await until(() => seqs.length === 2, "the entry is delivered");
  assert.deepEqual(seqs, [1, 2]);
  assert.equal(world.reads, before);
});

Deno.test("what another instance wrote is read when the database announces it", async () => {
  await using world = await openWorld();
  const { bus, hub, store, room, ada } = world;
  bus.subscribe((event) => hub.receive(event));
  const seqs: number[] = [];
  await hub.join(room, watcher(seqs), ({ lastSeq }) => seqs.push(lastSeq));
  await store.log.append(room, { seq: 1, n: 1 }, [draft(ada), draft(ada)]);
  bus.grow(room, 3);
  await until(() => seqs.length === 3, "the entries are delivered");
  assert.deepEqual(seqs, [1, 2, 3]);
});

Deno.test("a lost race costs one read, of the entries that were first", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  await log.append(room, draft(ada));
  await store.log.append(room, { seq: 2, n: 2 }, [draft(ada), draft(ada)]);
  world.calls = [];
  assert.equal((await log.append(room, draft(ada))).seq, 5);
  assert.deepEqual(world.calls, ["append", "entriesAfter", "append"]);
  assert.ok(!bus.published.includes("append_contended"));
});

Deno.test("an append after entries that arrived here meanwhile reads nothing", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  await log.append(room, draft(ada));
  await store.log.append(room, { seq: 2, n: 2 }, [draft(ada)]);
  log.advance(room, { seq: 3, n: 3 }, store.epoch);
  world.calls = [];
  assert.equal((await log.append(room, draft(ada))).seq, 4);
  assert.deepEqual(world.calls, ["append"]);
});

Deno.test("an append far behind the log's end asks for the end instead of reading on", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  await log.append(room, draft(ada));
  await store.log.append(room, { seq: 2, n: 2 }, Array.from({ length: 300 }, () => draft(ada)));
  world.calls = [];
  assert.equal((await log.append(room, draft(ada))).seq, 303);
  assert.deepEqual(world.calls, ["append", "entriesAfter", "end", "append"]);
});

Deno.test("an append that loses twice in a row notifies the other instances", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  let races = 2;
  world.beforeAppend = async () => {
    if (races-- > 0) await store.log.append(room, await store.log.end(room), [draft(ada)]);
  };
  assert.equal((await log.append(room, draft(ada))).seq, 4);
  await log.drain();
  assert.deepEqual(bus.published, ["append_contended", "appended"]);
});

Deno.test("an instance that loses races may append first", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  await log.append(room, draft(ada));
  bus.contend(room);
  const own = log.append(room, draft(ada));
  // The store gets this one first, unless the log has not waited.
  const [other] = await store.log.append(room, { seq: 2, n: 2 }, [draft(ada)]);
  assert.equal(other?.seq, 3);
  log.advance(room, { seq: 3, n: 3 }, store.epoch);
  assert.equal((await own).seq, 4);
});

Deno.test("an append goes on although the instance that lost races does not append", async () => {
  await using world = await openWorld();
  const { log, bus, room, ada } = world;
  bus.contend(room);
  assert.equal((await log.append(room, draft(ada))).seq, 2);
});

Deno.test("a log's end from before the database changed is not a basis", async () => {
  await using world = await openWorld();
  const { log, room, ada } = world;
  log.advance(room, { seq: 9, n: 9 }, 0);
  world.epoch = 1;
  assert.equal((await log.append(room, draft(ada))).seq, 2);
  log.advance(room, { seq: 9, n: 9 }, 0);
  assert.equal((await log.append(room, draft(ada))).seq, 3);
});

Deno.test("if the database changes while an append is refused, the log's end is read again", async () => {
  await using world = await openWorld();
  const { log, room, ada } = world;
  log.advance(room, { seq: 9, n: 9 }, 0);
  world.refusing = true;
  world.beforeAppend = () => {
    world.epoch = 1;
    return Promise.resolve();
  };
  assert.equal((await log.append(room, draft(ada))).seq, 2);
});

Deno.test("an own attempt that becomes visible later is found and published, not repeated", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  world.hidesAppended = true;
  const drafts = [draft(ada), draft(ada)];
  const entries = await Promise.all(drafts.map((each) => log.append(room, each)));
  assert.deepEqual(
    entries.map(({ id, seq }) => [id, seq]),
    drafts.map(({ message }, i) => [message.id, i + 2]),
  );
  await log.drain();
  assert.deepEqual(bus.entries.map(({ seq }) => seq), [2, 3]);
  assert.deepEqual(await store.log.end(room), { seq: 3, n: 3 });
});

/** A log and a hub over a store that counts reads and can be made to fail, and a room of Ada's. */
async function openWorld() {
  const { DATA_DIR } = await SQLITE.fresh();
  const sqlite = await SqliteStore.open(`${DATA_DIR}/echoroom.db`);
  const ada = person("Ada");
  await sqlite.users.create(ada);
  const now = new Date();
  const room = { id: newId(), slug: "room", name: "Room", description: null };
  await sqlite.rooms.create(
    { ...room, createdBy: ada, createdAt: now, updatedAt: now },
    draft(ada),
  );
  const world = {
    store: sqlite,
    bus: new EagerBus(),
    room: room.id,
    ada,
    reads: 0,
    /** The calls of the log's port, by name. */
    calls: [] as string[],
    epoch: 0,
    failing: false,
    /** Whether the next append is refused. */
    refusing: false,
    /** Whether the next append is stored but answered as if it was refused. */
    hidesAppended: false,
    beforeAppend: () => Promise.resolve(),
    onAppended: (_: Entry[]) => {},
    [Symbol.asyncDispose]: async () => {
      metrics.close();
      hub.close();
      await sqlite.close();
    },
  };
  const store: Store = Object.create(sqlite, {
    log: {
      value: {
        ...sqlite.log,
        async append(roomId: string, basis: LogPosition, drafts: EntryDraft[]) {
          world.calls.push("append");
          if (world.failing) throw new Error("the disk is full");
          await world.beforeAppend();
          if (take("refusing")) return [];
          const entries = await sqlite.log.append(roomId, basis, drafts);
          if (take("hidesAppended")) return [];
          world.onAppended(entries);
          return entries;
        },
        end(roomId: string) {
          world.calls.push("end");
          return sqlite.log.end(roomId);
        },
        entriesAfter(...range: Parameters<LogStore["entriesAfter"]>) {
          world.calls.push("entriesAfter");
          world.reads++;
          return sqlite.log.entriesAfter(...range);
        },
      },
    },
    epoch: { get: () => world.epoch },
  });
  const take = (flag: "refusing" | "hidesAppended") => {
    const was = world[flag];
    world[flag] = false;
    return was;
  };
  const metrics = new Metrics();
  const log = new RoomLog(store, world.bus, metrics);
  const life = { opened: () => Promise.resolve(), closed: () => {} };
  const hub = new Hub({ store, bus: world.bus, log, metrics }, new Flusher(() => 0), life);
  return Object.assign(world, { log, hub });
}

function watcher(seqs: number[]): Subscriber {
  const send = (text: string) => void seqs.push(JSON.parse(text).data.seq);
  return { open: true, batching: false, send } as unknown as Subscriber;
}

function person(displayName: string): User {
  const now = new Date();
  return {
    id: newId(),
    email: `${displayName}@example.com`,
    passwordHash: "",
    displayName,
    avatarUrl: null,
    onboardingCompleted: true,
    createdAt: now,
    updatedAt: now,
  };
}

function draft(sender: User): EntryDraft {
  const message = {
    id: newId(),
    sender,
    text: "Hello",
    system: false,
    clientMessageId: newId(),
    createdAt: new Date(),
  };
  return { kind: "created", message };
}
