/** What the log decides and appends, what it publishes of that, and waiting for it. */
import assert from "node:assert/strict";
import { configure, reset } from "@logtape/logtape";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { Metrics } from "../src/services/metrics.ts";
import { PublicUsers } from "../src/services/public_users.ts";
import { RequestHashes } from "../src/services/request_hashes.ts";
import { RoomLog } from "../src/services/room_log.ts";
import { noticeOf } from "../src/application/rooms/notice.ts";
import { requireOtherOwner } from "../src/application/members/add_member.ts";
import type { Command, Result } from "../src/services/decision.ts";
import type { RoomState } from "../src/services/room_state.ts";
import { newId } from "../src/domain/id.ts";
import type { Announcement } from "../src/domain/notices.ts";
import { OPEN_SETTINGS } from "../src/domain/room.ts";
import {
  type ChangeDraft,
  type CreatedDraft,
  type Entry,
  entryAfter,
  type EntryDraft,
  type LogPosition,
} from "../src/domain/entry.ts";
import { type Message, type MessageDraft, PLAIN, withoutContent } from "../src/domain/message.ts";
import { type Edit, edit as edited, MAX_EMOJI } from "../src/domain/message_changes.ts";
import { publicUser, type User } from "../src/domain/user.ts";
import type { BusEvent } from "../src/ports/bus.ts";
import type { LogStore } from "../src/ports/store/log.ts";
import type { Store } from "../src/ports/store/store.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { Flusher } from "../src/rooms/flusher.ts";
import { Hub } from "../src/rooms/hub.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { nextTurn, until } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

const hashes = new RequestHashes("a secret of thirty-two bytes or more");

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
  const appended = log.append(room, send(ada));
  const published = log.published(room);
  await appended;
  assert.deepEqual(bus.published, []);
  await published;
  assert.deepEqual(bus.published, ["appended"]);
  assert.equal(log.published(room), null);

  world.failing = true;
  const refused = assert.rejects(log.append(room, send(ada)));
  await log.published(room);
  assert.deepEqual(bus.published, ["appended", "append_uncertain"]);
  await refused;
});

Deno.test("a send to a room that another instance has deleted fails without a warning", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  const warnings: string[] = [];
  await configure({
    sinks: { kept: ({ message }) => warnings.push(message.join("")) },
    loggers: [
      { category: "echoroom", sinks: ["kept"], lowestLevel: "warning" },
      { category: ["logtape", "meta"], lowestLevel: "error" },
    ],
  });
  const entry = draft(ada, {
    system: true,
    systemType: "room_deleted",
    systemData: { users: [] },
  });
  await store.log.append(room, { seq: 1, n: 1 }, [entry]);
  await assert.rejects(log.append(room, send(ada)), { code: "room_not_found" });
  await log.drain();
  await reset();
  assert.deepEqual([bus.published, warnings], [[], []]);
});

Deno.test("the last owner stays as long as one member does, however many leave in the same batch", async () => {
  await using world = await openWorld();
  const { log, store, room, ada, bob } = world;
  const others = [bob, person("Cleo"), person("Dan")];
  for (const user of others.slice(1)) await store.users.create(user);
  const members: Announcement[] = [
    { systemType: "member_added", users: [ada], data: { role: "owner" } },
    { systemType: "member_added", users: others, data: { role: "member" } },
  ];
  for (const each of members) await log.append(room, announce(ada, each));
  const leaving = [...others.slice(0, 2), ada, others[2]!].map(leave);
  const settled = await settleBatch(world, leaving);
  const outcomes = settled.map((each) => each.status === "fulfilled" ? "left" : codeOf(each));
  assert.deepEqual(outcomes, ["left", "left", "last_owner", "left"]);
});

Deno.test("a drain ends once the last batch is published", async () => {
  await using world = await openWorld();
  const { log, bus, room, ada } = world;
  void log.append(room, send(ada));
  await log.drain();
  assert.deepEqual(bus.published, ["appended"]);
});

Deno.test("another instance's entry is read although an own append does not end", async () => {
  await using world = await openWorld();
  const { log, bus, hub, store, room, ada } = world;
  bus.subscribe((event) => hub.receive(event));
  const seqs: number[] = [];
  await hub.join(room, watcher(seqs), () => true, ({ lastSeq }) => seqs.push(lastSeq));
  const hanging = Promise.withResolvers<void>();
  world.beforeAppend = () => hanging.promise;
  const own = log.append(room, send(ada));
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
  await hub.join(room, watcher(seqs), () => true, ({ lastSeq }) => seqs.push(lastSeq));
  const before = world.reads;
  world.onAppended = (entries) => bus.grow(room, entries.at(-1)!.seq);
  await log.append(room, send(ada));
  await until(() => seqs.length === 2, "the entry is delivered");
  assert.deepEqual(seqs, [1, 2]);
  assert.equal(world.reads, before);
});

Deno.test("what another instance wrote is read when the database announces it", async () => {
  await using world = await openWorld();
  const { bus, hub, store, room, ada } = world;
  bus.subscribe((event) => hub.receive(event));
  const seqs: number[] = [];
  await hub.join(room, watcher(seqs), () => true, ({ lastSeq }) => seqs.push(lastSeq));
  await store.log.append(room, { seq: 1, n: 1 }, [draft(ada), draft(ada)]);
  bus.grow(room, 3);
  await until(() => seqs.length === 3, "the entries are delivered");
  assert.deepEqual(seqs, [1, 2, 3]);
});

Deno.test("a lost race costs one read, of the entries that were first", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  await log.append(room, send(ada));
  await store.log.append(room, { seq: 2, n: 2 }, [draft(ada), draft(ada)]);
  world.calls = [];
  assert.equal(seqOf(await log.append(room, send(ada))), 5);
  assert.deepEqual(world.calls, ["append", "entriesAfter", "append"]);
  assert.ok(!bus.published.includes("append_contended"));
});

Deno.test("an append after entries that arrived here meanwhile reads nothing", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  await log.append(room, send(ada));
  const entries = await store.log.append(room, { seq: 2, n: 2 }, [draft(ada)]);
  log.advance(room, entries, store.epoch);
  world.calls = [];
  assert.equal(seqOf(await log.append(room, send(ada))), 4);
  assert.deepEqual(world.calls, ["append"]);
});

Deno.test("an append far behind the log's end asks for the end instead of reading on", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  await log.append(room, send(ada));
  await store.log.append(room, { seq: 2, n: 2 }, Array.from({ length: 300 }, () => draft(ada)));
  world.calls = [];
  assert.equal(seqOf(await log.append(room, send(ada))), 303);
  assert.deepEqual(world.calls, ["append", "entriesAfter", "end", "append"]);
});

Deno.test("an append that loses twice in a row notifies the other instances", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  let races = 2;
  world.beforeAppend = async () => {
    if (races-- > 0) await store.log.append(room, await store.log.end(room), [draft(ada)]);
  };
  assert.equal(seqOf(await log.append(room, send(ada))), 4);
  await log.drain();
  assert.deepEqual(bus.published, ["append_contended", "appended"]);
});

Deno.test("an instance that loses races may append first", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  await log.append(room, send(ada));
  bus.contend(room);
  const own = log.append(room, send(ada));
  // The store gets this one first, unless the log has not waited.
  const [other] = await store.log.append(room, { seq: 2, n: 2 }, [draft(ada)]);
  assert.equal(other?.seq, 3);
  log.advance(room, [other!], store.epoch);
  assert.equal(seqOf(await own), 4);
});

Deno.test("an append goes on although the instance that lost races does not append", async () => {
  await using world = await openWorld();
  const { log, bus, room, ada } = world;
  bus.contend(room);
  assert.equal(seqOf(await log.append(room, send(ada))), 2);
});

Deno.test("a log's end from before the database changed is not a basis", async () => {
  await using world = await openWorld();
  const { log, room, ada } = world;
  log.advance(room, [entryAt(9, ada)], 0);
  world.epoch = 1;
  assert.equal(seqOf(await log.append(room, send(ada))), 2);
  log.advance(room, [entryAt(9, ada)], 0);
  assert.equal(seqOf(await log.append(room, send(ada))), 3);
});

Deno.test("if the database changes while an append is refused, the log's end is read again", async () => {
  await using world = await openWorld();
  const { log, room, ada } = world;
  log.advance(room, [entryAt(9, ada)], 0);
  world.refusing = true;
  world.beforeAppend = () => {
    world.epoch = 1;
    return Promise.resolve();
  };
  assert.equal(seqOf(await log.append(room, send(ada))), 2);
});

Deno.test("an own attempt that becomes visible later is found and published, not repeated", async () => {
  await using world = await openWorld();
  const { log, bus, store, room, ada } = world;
  world.hidesAppended = true;
  const drafts = [draft(ada), draft(ada)];
  const commands = drafts.map((each) => send(ada, each));
  const results = await Promise.all(commands.map((each) => log.append(room, each)));
  assert.deepEqual(
    results.map(entryOf).map(({ id, seq }) => [id, seq]),
    drafts.map(({ message }, i) => [message.id, i + 2]),
  );
  await log.drain();
  assert.deepEqual(bus.entries.map(({ seq }) => seq), [2, 3]);
  assert.deepEqual(await store.log.end(room), { seq: 3, n: 3 });
});

Deno.test("an own reaction that becomes visible later is acknowledged, and no conflict", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  world.hidesAppended = true;
  const { seq, kind } = entryOf(await log.append(room, react(ada, id)));
  assert.deepEqual([kind, seq], ["reacted", 3]);
  assert.deepEqual(await store.log.end(room), { seq: 3, n: 2 });
});

Deno.test("a command is decided on what others have appended, although the bus has lost it", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const sent = entryOf(await log.append(room, send(ada))).message;
  await store.log.append(room, await store.log.end(room), [deletion(sent, ada)]);
  await assert.rejects(log.append(room, edit(ada, sent.id, "Hi")), { code: "message_deleted" });
  await assert.rejects(log.append(room, react(ada, sent.id)), { code: "message_deleted" });
});

Deno.test("a command is decided on what those before it in its batch do", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const { id, seq } = entryOf(await log.append(room, send(ada))).message;
  const [edited, stale, deleted, reaction] = await settleBatch(world, [
    edit(ada, id, "First", { ifChangedSeq: seq }),
    edit(ada, id, "Second", { ifChangedSeq: seq }),
    remove(ada, id),
    react(ada, id),
  ]);
  assert.equal(seqOf(resultOf(edited)), seq + 2);
  assert.equal(codeOf(stale), "edit_conflict");
  assert.equal(seqOf(resultOf(deleted)), seq + 3);
  assert.equal(codeOf(reaction), "message_deleted");
  const [message] = await store.messages.find(room, [id]);
  assert.deepEqual([message?.text, message?.changedSeq], ["", seq + 3]);
});

Deno.test("a command of which nothing comes is no entry, and asks the store only for the log's end", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  await log.append(room, react(ada, id));
  world.calls = [];
  const [again] = await Promise.allSettled([log.append(room, react(ada, id))]);
  assert.deepEqual(unchangedOf(resultOf(again)), { id, changedSeq: 3 });
  await assert.rejects(log.append(room, react(ada, "nothing")), { code: "message_not_found" });
  assert.deepEqual(world.calls, ["end", "end"]);
  assert.deepEqual(await store.log.end(room), { seq: 3, n: 2 });
});

Deno.test("a refusal is not known before what it was decided on is stored", async () => {
  await using world = await openWorld();
  const { log, room, ada } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  const [reached, stored] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let appends = 0;
  world.beforeAppend = () => {
    if (++appends < 2) return Promise.resolve();
    reached.resolve();
    return stored.promise;
  };
  const settled: string[] = [];
  const batch = await appendBatch(world, [remove(ada, id), edit(ada, id, "Hi")]);
  batch[0]!.then(() => settled.push("deleted"));
  const refusal = assert.rejects(batch[1]!, { code: "message_deleted" })
    .then(() => settled.push("refused"));
  await reached.promise;
  await nextTurn();
  assert.deepEqual(settled, []);
  stored.resolve();
  await refusal;
  assert.deepEqual(settled, ["deleted", "refused"]);
});

Deno.test("a refusal that rested on an entry that lost its race is decided again", async () => {
  await using world = await openWorld();
  const { log, store, room, ada, bob } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  const emoji = Array.from({ length: MAX_EMOJI - 1 }, (_, i) => `e${i}`);
  await Promise.all(emoji.map((each) => log.append(room, react(ada, id, each))));
  const [before] = await store.messages.find(room, [id]);
  let appends = 0;
  world.beforeAppend = async () => {
    if (++appends !== 2) return;
    // Another instance: takes the first emoji back.
    const reactions = before!.reactions.slice(1);
    const use = { emoji: "e0", user: publicUser(ada) };
    const taken: EntryDraft = {
      ...changeOf(before!, ada),
      kind: "reacted",
      added: [],
      removed: [use],
      message: { ...before!, reactions },
    };
    await store.log.append(room, await store.log.end(room), [taken]);
  };
  const results = await settleBatch(world, [react(bob, id, "last"), react(bob, id, "too_many")]);
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "fulfilled"]);
  const [after] = await store.messages.find(room, [id]);
  assert.equal(after?.reactions.length, MAX_EMOJI);
});

Deno.test("reactions to a message of one batch are one entry, whatever others send between them", async () => {
  await using world = await openWorld();
  const { log, store, room, ada, bob } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  const results = await settleBatch(world, [
    react(bob, id),
    send(bob),
    react(ada, id),
    react(ada, id, "heart"),
  ]);
  const [first, sent, second, third] = results.map(resultOf).map(entryOf);
  assert.deepEqual([first, second, third].map((entry) => entry?.seq), [4, 4, 4]);
  assert.equal(sent?.seq, 5);
  assert.ok(first?.kind === "reacted" && first.removed.length === 0);
  const used = first.added.map(({ emoji, user }) => `${user.displayName} ${emoji}`);
  assert.deepEqual(used.toSorted(), ["Ada +1", "Ada heart", "Bob +1"]);
  assert.deepEqual(first.message.reactions, [
    { emoji: "+1", count: 2, users: [ada.id, bob.id].toSorted() },
    { emoji: "heart", count: 1, users: [ada.id] },
  ]);
  assert.deepEqual(await store.log.entriesAfter(room, 3, 1), [first]);
});

Deno.test("a reaction is an entry after what its user sent before it, and others join it there", async () => {
  await using world = await openWorld();
  const { log, room, ada, bob } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  const results = await settleBatch(world, [
    react(bob, id),
    react(ada, id),
    send(ada),
    react(ada, id, "heart"),
    react(bob, id, "heart"),
  ]);
  assert.deepEqual(results.map(resultOf).map(seqOf), [4, 4, 5, 6, 6]);
});

Deno.test("reactions to a message on both sides of another change of it are two entries", async () => {
  await using world = await openWorld();
  const { log, room, ada, bob } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  const results = await settleBatch(world, [react(ada, id), edit(ada, id, "Hi"), react(bob, id)]);
  assert.deepEqual(results.map(resultOf).map(seqOf), [4, 5, 6]);
});

Deno.test("a reaction that is taken back within a batch, and put again, is three entries", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  const results = await settleBatch(world, [
    react(ada, id),
    react(ada, id, "+1", false),
    react(ada, id),
  ]);
  assert.deepEqual(results.map(resultOf).map(seqOf), [4, 5, 6]);
  const [message] = await store.messages.find(room, [id]);
  assert.deepEqual(message?.reactions, [{ emoji: "+1", count: 1, users: [ada.id] }]);
});

Deno.test("a repeat is acknowledged with the first entry, whatever has changed since", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const sending = send(ada);
  const sent = entryOf(await log.append(room, sending));
  const { id } = sent.message;
  const editing = edit(ada, id, "Hi", { ifChangedSeq: sent.seq });
  const edited = entryOf(await log.append(room, editing));
  await log.append(room, edit(ada, id, "Hello again"));
  await log.append(room, remove(ada, id));
  const end = await store.log.end(room);
  for (const [command, entry] of [[sending, sent], [editing, edited]] as const) {
    const again = await log.append(room, command);
    const { kind, seq, createdAt, message } = entryOf(again);
    assert.ok("entry" in again && again.isRepeat);
    assert.deepEqual([kind, seq, createdAt], [entry.kind, entry.seq, entry.createdAt]);
    assert.equal(message.text, "");
  }
  assert.deepEqual(await store.log.end(room), end);
});

Deno.test("an id of a command that is used for another one is a conflict, refused or not", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const sending = send(ada);
  const { id } = entryOf(await log.append(room, sending)).message;
  const { clientMessageId } = sending;
  const others = [
    edit(ada, id, "Hi", {}, clientMessageId),
    edit(ada, "nothing", "Hi", {}, clientMessageId),
    remove(ada, id, clientMessageId),
    send(ada, draft(ada, { clientMessageId, text: "Another" })),
  ];
  for (const other of others) {
    await assert.rejects(log.append(room, other), { code: "idempotency_conflict" });
  }
  assert.deepEqual(await store.log.end(room), { seq: 2, n: 2 });
});

Deno.test("a command that is repeated within a batch is done once, and conflicts with another", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  const editing = edit(ada, id, "Hi");
  const other = edit(ada, id, "Ho", {}, editing.clientMessageId);
  const [first, again, conflict] = await settleBatch(world, [editing, editing, other]);
  assert.equal(seqOf(resultOf(first)), 4);
  assert.equal(seqOf(resultOf(again)), 4);
  assert.equal(codeOf(conflict), "idempotency_conflict");
  assert.deepEqual(await store.log.end(room), { seq: 4, n: 3 });
});

Deno.test("a repeat that comes while the first try is overtaken by another instance is done once", async () => {
  await using world = await openWorld();
  const { log, store, room, ada } = world;
  const { id } = entryOf(await log.append(room, send(ada))).message;
  let races = 1;
  world.beforeAppend = async () => {
    if (races-- > 0) await store.log.append(room, await store.log.end(room), [draft(ada)]);
  };
  const editing = edit(ada, id, "Hi");
  const results = await Promise.all([log.append(room, editing), log.append(room, editing)]);
  assert.deepEqual(results.map(seqOf), [4, 4]);
  assert.deepEqual(await store.log.end(room), { seq: 4, n: 3 });
});

/** A log and a hub over a store that counts reads and can be made to fail, and a room of Ada's. */
async function openWorld() {
  const { DATA_DIR } = await SQLITE.fresh();
  const sqlite = await openSqlite(`${DATA_DIR}/echoroom.db`);
  const [ada, bob] = [person("Ada"), person("Bob")];
  for (const user of [ada, bob]) await sqlite.users.create(user);
  const now = new Date();
  const about = { id: newId(), slug: "room", name: "Room", description: null };
  const room = { ...OPEN_SETTINGS, memberCount: 1, ...about };
  await sqlite.rooms.create(
    { ...room, createdBy: ada, createdAt: now, updatedAt: now },
    [draft(ada)],
  );
  const world = {
    store: sqlite,
    bus: new EagerBus(),
    room: room.id,
    ada,
    bob,
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
  const nothing = () => {};
  const life = {
    opened: nothing,
    closed: nothing,
    removed: nothing,
    changed: nothing,
    accessChanged: nothing,
  };
  const publicUsers = new PublicUsers(store.users, world.bus);
  const services = { store, bus: world.bus, log, metrics, publicUsers };
  const hub = new Hub(services, new Flusher(() => 0), life);
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
    role: "member",
    ban: null,
    createdAt: now,
    updatedAt: now,
  };
}

function draft(sender: User, fields: Partial<MessageDraft> = {}): CreatedDraft {
  const message = {
    ...PLAIN,
    id: newId(),
    sender,
    text: "Hello",
    system: false,
    clientMessageId: newId(),
    createdAt: new Date(),
    ...fields,
  };
  return { kind: "created", message, request: null, answered: null };
}

/** A send, by default of something new. */
function send(by: User, sent = draft(by)): Command {
  const { clientMessageId, text } = sent.message;
  const request = hashes.hash(["send", text]);
  return { by, clientMessageId, request, text, decide: () => ({ draft: { ...sent, request } }) };
}

/** A change of members, unless `check` throws. */
function announce(by: User, what: Announcement, check = (_: RoomState) => {}): Command {
  const draft = noticeOf(by, what, new Date());
  const { clientMessageId, text } = draft.message;
  const needs = { userIds: what.users.map(({ id }) => id), owners: true };
  const decide = (state: RoomState) => {
    check(state);
    return { draft };
  };
  return { by, clientMessageId, request: null, text, needs, decide };
}

function leave(user: User): Command {
  return announce(user, { systemType: "member_left", users: [user] }, (state) => {
    requireOtherOwner(state, user.id);
  });
}

/** A change of a message as another instance has decided it. */
function changeOf(before: Message, by: User): Omit<ChangeDraft, "kind" | "added" | "removed"> {
  const id = newId();
  const about = { by: publicUser(by), clientMessageId: id, request: null, createdAt: new Date() };
  return { ...about, id, before, message: before };
}

function deletion(before: Message, by: User): EntryDraft {
  const message = { ...withoutContent(before), deletedAt: new Date() };
  return { ...changeOf(before, by), kind: "deleted", message };
}

function edit(
  by: User,
  messageId: string,
  text: string,
  change: Edit = {},
  clientMessageId = newId(),
): Command {
  const request = hashes.hash(["edit", messageId, text]);
  return {
    ...{ by, clientMessageId, request, text, needs: { messageIds: [messageId] } },
    decide(state) {
      const before = state.message(messageId);
      const { id, ...common } = changeOf(before, by);
      const message = edited(before, { ...change, text }, common.createdAt);
      return { draft: { ...common, id, kind: "edited", clientMessageId, request, message } };
    },
  };
}

function remove(by: User, messageId: string, clientMessageId = newId()): Command {
  const request = hashes.hash(["delete", messageId]);
  return {
    ...{ by, clientMessageId, request, text: "", needs: { messageIds: [messageId] } },
    decide(state) {
      const before = state.message(messageId);
      if (before.deletedAt) return { unchanged: before };
      return { draft: { ...deletion(before, by), clientMessageId, request } as EntryDraft };
    },
  };
}

/** Adds a reaction, or takes it back. */
function react(by: User, messageId: string, emoji = "+1", isOn = true): Command {
  const use = { emoji, user: publicUser(by) };
  const uses = { added: isOn ? [use] : [], removed: isOn ? [] : [use] };
  const reaction = { messageId, emoji, userId: by.id, isOn };
  const clientMessageId = newId();
  return {
    ...{ by, clientMessageId, request: null, text: "" },
    needs: { messageIds: [messageId], reaction },
    decide(state) {
      const before = state.message(messageId);
      const message = state.react(messageId, use, isOn);
      if (!message) return { unchanged: before };
      const change = { ...changeOf(before, by), clientMessageId };
      return { draft: { ...change, kind: "reacted", ...uses, message } };
    },
  };
}

/** An entry of another log, for where it ends. */
function entryAt(seq: number, sender: User): Entry {
  return { ...entryAfter({ seq: seq - 1, n: seq - 1 }, "room", draft(sender)), seq };
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** Appends commands as one batch: what comes while a send is written. */
async function appendBatch({ log, room, ada }: World, commands: Command[]) {
  await log.drain();
  void log.append(room, send(ada));
  return commands.map((each) => log.append(room, each));
}

async function settleBatch(world: World, commands: Command[]) {
  return await Promise.allSettled(await appendBatch(world, commands));
}

function resultOf(settled: PromiseSettledResult<Result> | undefined): Result {
  assert.ok(
    settled?.status === "fulfilled",
    String(settled?.status === "rejected" && settled.reason),
  );
  return settled.value;
}

function codeOf(settled: PromiseSettledResult<Result> | undefined): string {
  assert.ok(settled?.status === "rejected");
  return settled.reason.code;
}

function unchangedOf(result: Result) {
  assert.ok("unchanged" in result);
  const { id, changedSeq } = result.unchanged;
  return { id, changedSeq };
}

function entryOf(result: Result): Entry {
  assert.ok("entry" in result);
  return result.entry;
}

function seqOf(result: Result): number {
  return entryOf(result).seq;
}
