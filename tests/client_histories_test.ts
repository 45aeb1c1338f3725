/**
 * Whatever the protocol allows, in whatever order it comes, a client ends with all messages, pins and
 * answers as they are now, and no message is ever shown in an older state than before: a thousand
 * histories in memory.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChatMessage, createClient, type Room, type Thread } from "../src/client/mod.ts";
import { Random } from "./faults/random.ts";
import { QUICK } from "./harness/client.ts";
import { BOB, type Change, RoomModel } from "./harness/room_model.ts";

/** Nothing happens by itself within a history. */
const TIMING = { ...QUICK, answerMs: 60_000, silenceMs: 60_000 };
/** Far more than any history needs to come to its end. */
const MAX_ROUNDS = 500;
const RUNS = 1_000;

const step = fc.record({
  does: fc.constantFrom(
    ...["create", "create", "edit", "delete", "react", "pin", "unpin", "unknown", "send", "reply"],
    ...["own edit", "own delete", "own react", "own unreact"],
    ...["deliver", "deliver", "deliver all", "double", "lose", "reconnect"],
    ...["load older", "load older", "deliver pages", "forget older", "load thread", "turn"],
  ),
  count: fc.nat({ max: 9 }),
});

const total = {
  histories: 0,
  entries: 0,
  changes: 0,
  lost: 0,
  doubled: 0,
  pages: 0,
  reconnects: 0,
  pinned: 0,
  answers: 0,
};

Deno.test("a client ends with all messages, pins and answers as they are now, and never shows an older state again", async () => {
  const history = fc.asyncProperty(
    fc.array(step, { minLength: 10, maxLength: 80, size: "max" }),
    fc.nat(),
    (steps, seed) => live(steps, new RoomModel(new Random(seed))),
  );
  await fc.assert(history, { numRuns: RUNS, endOnFailure: true });
  console.log(JSON.stringify(total));
  for (const [name, count] of Object.entries(total)) assert.ok(count > 0, name);
});

Deno.test("a join does not show a message as it was before a page that came earlier", async () => {
  const model = new RoomModel(new Random(1));
  const { client, room } = enter(model);
  room.send("Hello").catch(() => {});
  await deliver(model, "auth:ok");
  client.disconnect();
  client.connect();
  await deliver(model, "auth:ok");
  await deliver(model, "message:ack");
  model.change(1, "react");
  room.loadOlder();
  await turn();
  model.deliverPages();
  await turn();
  assert.deepEqual(changes(room.messages), [4, 5, 8, 7]);
  await deliver(model, "room:joined");
  assert.deepEqual(changes(room.messages), [4, 5, 8, 7]);
  client.close();
});

Deno.test("an own answer whose ack comes late does not stand in its thread before a gap", async () => {
  const model = new RoomModel(new Random(1));
  const { client, room } = enter(model);
  const thread = room.thread(model.messages[1]!.id);
  room.reply(thread.id, "Own answer").catch(() => {});
  await deliver(model, "auth:ok");
  client.disconnect();
  client.connect();
  model.create(BOB, "8", "Answer", thread.id);
  for (let i = 9; i <= 12; i++) model.create(BOB, `${i}`, `${i}`, "");
  await settle(model);
  assert.deepEqual(changes(thread.replies), []);
  thread.loadOlder();
  await settle(model);
  assert.deepEqual(changes(thread.replies).slice(-2), [7, 8]);
  client.close();
});

Deno.test("an acked edit stays shown in a thread while only the room has it from the log", async () => {
  const model = new RoomModel(new Random(1));
  const { client, room } = enter(model);
  const answer = model.create(BOB, "7", "Answer", model.messages[1]!.id);
  const thread = room.thread(answer.threadId!);
  model.create(BOB, "8", "8", "");
  await settle(model);
  client.disconnect();
  for (let i = 9; i <= 16; i++) model.create(BOB, `${i}`, `${i}`, "");
  room.edit(answer.id, "Own edit").catch(() => {});
  client.connect();
  await deliver(model, "auth:ok");
  await deliver(model, "message:ack");
  await deliver(model, "room:joined");
  room.forgetOlder(1);
  room.loadOlder();
  await turn();
  model.deliverPages();
  await turn();
  assert.deepEqual(changes(room.messages), [5, 6, 17, 8]);
  await deliver(model, "connection:missed");
  assert.equal(changes(thread.replies).at(-1), 7);
  assert.equal(thread.replies.get().at(-1)!.text, "Own edit");
  client.close();
});

Deno.test("a draft that was stored before the messages that a join shows does not stand before them", async () => {
  const model = new RoomModel(new Random(1));
  const { client, room } = enter(model);
  await deliver(model, "auth:ok");
  room.send("Hello").catch(() => {});
  await turn();
  const [draft] = room.messages.get();
  assert.deepEqual([draft!.seq, draft!.text], [null, "Hello"]);
  client.disconnect();
  for (let i = 8; i <= 12; i++) model.create(BOB, `${i}`, `${i}`, "");
  client.connect();
  await deliver(model, "auth:ok");
  await turn();
  model.change(5, "react");
  // At once: the join is taken before the ack.
  model.deliver();
  assert.deepEqual(changes(room.messages), [9, 10, 11, 12]);
  await settle(model);
  assert.deepEqual(changes(room.messages), [9, 10, 11, 12]);
  room.loadOlder();
  await settle(model);
  assert.deepEqual(changes(room.messages), [6, 13, 8, 9, 10, 11, 12]);
  client.close();
});

Deno.test("the message of a thread stays shown above one's own first answer", async () => {
  const model = new RoomModel(new Random(1));
  const { client, room } = enter(model);
  await settle(model);
  const thread = room.thread(model.messages[0]!.id);
  assert.equal(thread.root.get(), null);
  thread.loadOlder();
  await settle(model);
  assert.equal(thread.root.get()!.seq, 1);
  room.reply(thread.id, "Answer").catch(() => {});
  await turn();
  assert.equal(thread.root.get()!.seq, 1);
  await deliver(model, "message:ack");
  assert.equal(thread.root.get()!.seq, 1);
  client.close();
});

type Step = { does: string; count: number };

/** A client that enters a room of six messages. */
function enter(model: RoomModel) {
  for (let i = 0; i < 6; i++) model.create();
  const { WebSocket, fetch } = model;
  const token = () => Promise.resolve("a token");
  const options = { token, WebSocket, fetch, timing: TIMING };
  const client = createClient("http://localhost", options);
  client.connect();
  return { client, room: client.join("room") };
}

/** Delivers frames up to the next of an event. */
async function deliver(model: RoomModel, event: string): Promise<void> {
  await turn();
  while (model.nextEvent !== event) {
    assert.ok(model.nextEvent, `${event} does not come`);
    model.deliver(1);
    await turn();
  }
  model.deliver(1);
  await turn();
}

/** The entries that have last changed the messages shown. */
function changes(shown: Room["messages"]): (number | null)[] {
  return shown.get().map(({ changedSeq }) => changedSeq);
}

async function live(steps: Step[], model: RoomModel): Promise<void> {
  const { client, room } = enter(model);
  room.pins.subscribe(() => {});
  const thread = room.thread(model.messages[1]!.id);
  const faults = [room.messages, thread.replies].map(watch);
  try {
    for (const step of steps) {
      act(step, model, room, thread);
      if (step.does === "reconnect") {
        client.disconnect();
        client.connect();
      }
      // The client's own steps, up to the next thing that it waits for.
      if (step.count % 3 > 0) await turn();
    }
    // A gap at the end is noticed by what comes after it.
    await settle(model);
    model.appendUnknown();
    await settle(model);
    assertCurrent(room, model);
    assertViews(room, thread, model);
    for (const list of [thread, room]) {
      for (let hasOlder = true; hasOlder;) {
        const older = list.loadOlder();
        await settle(model);
        hasOlder = await older;
      }
    }
    assertCurrent(room, model);
    assertViews(room, thread, model);
    assert.equal(thread.replies.get().length, model.answersTo(thread.id).length);
    assert.equal(thread.hasOlder.get(), false);
    assert.equal(room.messages.get().length, model.messages.length);
    assert.deepEqual(faults.flatMap((ofList) => ofList()), []);
  } finally {
    client.close();
  }
  total.histories++;
  total.entries += model.lastSeq;
  total.pinned += model.pinned.length;
  total.answers += model.answersTo(thread.id).length;
}

function act({ does, count }: Step, model: RoomModel, room: Room, thread: Thread): void {
  switch (does) {
    case "create":
      return void model.create();
    case "edit":
    case "delete":
    case "react":
    case "pin":
    case "unpin":
      return model.change(count, does satisfies Change);
    case "unknown":
      return model.appendUnknown();
    case "send":
      return void room.send(`Message ${count}`).catch(() => {});
    case "reply":
      return void room.reply(thread.id, `Answer ${count}`).catch(() => {});
    case "load thread":
      total.pages++;
      return void thread.loadOlder().catch(() => {});
    case "own edit":
    case "own delete":
    case "own react":
    case "own unreact":
      return change(room, does, count);
    case "deliver":
      return model.deliver(count);
    case "deliver all":
      return model.deliver();
    case "double":
      total.doubled++;
      return model.double();
    case "lose":
      total.lost++;
      return model.lose();
    case "reconnect":
      total.reconnects++;
      break;
    case "load older":
      total.pages++;
      room.loadOlder().catch(() => {});
      break;
    case "deliver pages":
      return model.deliverPages();
    case "forget older":
      return room.forgetOlder(1 + count);
  }
}

/** Own edits that the server has not taken. */
const refused = new Set<number>();

/** Changes one of the messages shown, counted from the last one. */
function change(room: Room, does: string, back: number): void {
  const message = room.messages.get().at(-1 - back);
  if (!message) return;
  const number = ++total.changes;
  const done = does === "own edit"
    ? room.edit(message, `Own edit ${number}`)
    : does === "own delete"
    ? room.delete(message)
    : does === "own react"
    ? room.react(message, "heart")
    : room.unreact(message, "heart");
  done.catch(({ code }) => {
    refused.add(number);
    assert.match(code, /^(message_deleted|discarded|closed)$/);
  });
}

/** Checks everything that a room or a thread shows. Returns what was wrong with it so far. */
function watch(shown: Room["messages"]): () => string[] {
  const faults: string[] = [];
  const states = new Map<string, number>();
  const edits = new Map<string, number[]>();
  shown.subscribe(() => {
    for (const { key, changedSeq, text } of shown.get()) {
      const before = states.get(key) ?? 0;
      if ((changedSeq ?? Infinity) < before) {
        faults.push(`${key} went from ${before} to ${changedSeq}`);
      }
      states.set(key, changedSeq ?? 0);
      const edit = /^Own edit (\d+)$/.exec(text)?.[1];
      if (edit) edits.set(key, [...edits.get(key) ?? [], Number(edit)]);
    }
  });
  return () => {
    for (const [key, all] of edits) {
      // After a refused one the message is shown as it was.
      const taken = all.filter((edit) => !refused.has(edit));
      const isInOrder = taken.every((edit, i) => edit >= (taken[i - 1] ?? 0));
      if (!isInOrder) faults.push(`${key} has the edits ${taken}`);
    }
    return faults;
  };
}

/** Delivers everything until nothing more comes. */
async function settle(model: RoomModel): Promise<void> {
  for (let [quiet, rounds] = [0, 0]; quiet < 3; quiet++) {
    assert.ok(rounds++ < MAX_ROUNDS, "the client asks without an end");
    if (!model.isIdle) quiet = 0;
    model.deliver();
    model.deliverPages();
    await turn();
  }
}

/** Everything that the client does by itself: it waits for no timer. */
async function turn(): Promise<void> {
  for (let i = 0; i < 50; i++) await null;
}

function assertCurrent(room: Room, model: RoomModel): void {
  assert.equal(room.cursor, model.lastSeq);
  const shown = room.messages.get().map(plain);
  const first = shown[0]!.seq!;
  assert.deepEqual(shown, model.messages.filter(({ seq }) => seq >= first));
}

/** Pins are all there, and of a thread what is shown has no gap. */
function assertViews(room: Room, thread: Thread, model: RoomModel): void {
  assert.deepEqual(room.pins.get()!.map(plain), model.pinned);
  const shown = thread.replies.get().map(plain);
  const first = shown[0]?.seq ?? Infinity;
  assert.deepEqual(shown, model.answersTo(thread.id).filter(({ seq }) => seq >= first));
  const root = thread.root.get();
  if (root) assert.deepEqual(plain(root), model.messages[1]);
}

/** The message as the server sends it. */
function plain({ key: _, state, ownReactions: _own, isChanging, ...message }: ChatMessage) {
  assert.equal(state, "sent");
  assert.equal(isChanging, false);
  return message;
}
