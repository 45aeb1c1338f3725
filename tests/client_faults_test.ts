/**
 * Whatever the network does, a client's list equals the room's messages as they are now, every send is
 * in it once, and at no time was one missing or shown in an older state than before.
 */
// @slow: hundreds of histories
import assert from "node:assert/strict";
import fc from "fast-check";
import { within } from "../src/async/deadline.ts";
import {
  type ChatMessage,
  type Client,
  createClient,
  EchoRoomError,
  type Message,
  type Room,
} from "../src/client/mod.ts";
import { Random } from "./faults/random.ts";
import { FaultyNetwork, type Rates } from "./faults/socket.ts";
import { Account } from "./harness/account.ts";
import { becomes } from "./harness/client.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { startServer, type TestServer } from "./harness/server.ts";
import { sleep } from "./harness/stage.ts";

const FAULTY_MS = 1_000;
/** Histories, so many at a time: most of their time is waiting for what was lost. */
const RUNS = { series: 6, each: 30 };

const percent = (max: number) => fc.integer({ min: 0, max }).map((percent) => percent / 100);
const rates: fc.Arbitrary<Rates> = fc.record({
  drop: percent(15),
  duplicate: percent(30),
  delay: percent(50),
  cut: percent(10),
});
/** What one of two people does. */
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.constantFrom(0, 1),
  /** Which of the messages sent so far is changed, counted from the last one. */
  back: fc.nat({ max: 12 }),
  does: fc.constantFrom(
    "send",
    "send",
    "send",
    "send two",
    "edit",
    "delete",
    "react",
    "unreact",
    "pin",
    "unpin",
    "reply",
    "wait",
    "disconnect",
    "load older",
    "forget older",
  ),
});

const total = {
  ...{ histories: 0, dropped: 0, duplicated: 0, delayed: 0, cut: 0 },
  ...{ sends: 0, discarded: 0, changes: 0, refused: 0, pinned: 0, answers: 0 },
};

Deno.test("over a faulty network every client ends with all messages as they are now, and every send once", async () => {
  const server = await startServer();
  const history = fc.asyncProperty(
    rates,
    fc.array(step, { minLength: 5, maxLength: 40, size: "max" }),
    fc.nat(),
    (rates, steps, seed) => live(server, new FaultyNetwork(rates, new Random(seed)), steps),
  );
  const series = Array.from({ length: RUNS.series }, () => {
    return fc.assert(history, { numRuns: RUNS.each });
  });
  await Promise.all(series);
  console.log(JSON.stringify(total));
  for (const [name, count] of Object.entries(total)) assert.ok(count > 0, name);
  await server.stop();
});

/** Two people live through a history in a room of their own. */
async function live(server: TestServer, network: FaultyNetwork, steps: Step[]): Promise<void> {
  const people = await Promise.all([0, 1].map(() => enter(server, network)));
  const room = await people[0]!.account.createRoom("Room");
  for (const person of people) person.room = person.client.join(room.slug);
  const views = people.map(({ room }) => new View(room!));
  for (const { room } of people) room!.pins.subscribe(() => {});
  const { sends, changes } = await act(people, steps);
  const done = Promise.all([...sends.map(({ ack }) => ack), ...changes.map(({ done }) => done)]);
  // With many faults all of it may take for ever.
  await Promise.race([done, sleep(FAULTY_MS)]);
  network.calm();
  await within(done, 5 * HANG_MS, () => assert.fail("something is never answered"));
  for (const { room } of people) discardFailed(room!);

  const log = await readLog(people[0]!.account, room.id);
  const { lastSeq } = (await people[0]!.account.request("GET", `/rooms/${room.id}`)).body.room;
  for (const { room } of people) await shows(room!, lastSeq);
  for (const { room } of people) {
    assertEqualToLog(room!, log);
    await loadAll(room!);
    assert.equal(room!.messages.get().length, log.length);
    assertEqualToLog(room!, log);
    await showsPins(room!, log);
    await showsThreads(room!, log);
  }
  for (const view of views) view.assertWithoutGap(log);
  const stored = sends.filter(({ id }) => id !== null);
  // The first entry says that the room was made.
  assert.equal(log.length - 1, stored.length, "a message for every send that was not discarded");
  assert.equal(new Set(stored.map(({ id }) => id)).size, stored.length, "an id for every ack");
  for (const send of sends) assertOutcome(send, changes, log, people);
  for (const who of people.keys()) assertInOrder(stored, log, who);
  for (const { client } of people) client.close();
  for (const name of ["dropped", "duplicated", "delayed", "cut"] as const) {
    total[name] += network.faults[name];
  }
  total.sends += sends.length;
  total.discarded += sends.length - stored.length;
  total.changes += changes.filter(({ isDone }) => isDone).length;
  total.refused += changes.filter(({ isDone }) => !isDone).length;
  total.histories++;
}

/** Pins were kept through all of it. */
async function showsPins({ pins }: Room, log: Message[]): Promise<void> {
  await becomes(pins, (all) => all !== null && all.every(({ isChanging }) => !isChanging));
  const pinned = log.filter((message) => message.pinned).map(({ id }) => id);
  assert.deepEqual(pins.get()!.map(({ id }) => id), pinned);
  total.pinned += pinned.length;
}

/** Each thread has the answers that the log has. */
async function showsThreads(room: Room, log: Message[]): Promise<void> {
  const rootIds = new Set(log.flatMap(({ threadId }) => threadId ?? []));
  for (const rootId of rootIds) {
    const thread = room.thread(rootId);
    await loadAll(thread);
    const answers = log.filter(({ threadId }) => threadId === rootId);
    const idAndText = ({ id, text }: Pick<ChatMessage, "id" | "text">) => [id, text];
    assert.deepEqual(thread.replies.get().map(idAndText), answers.map(idAndText));
    assert.equal(thread.root.get()!.id, rootId);
    thread.close();
    total.answers += answers.length;
  }
}

interface Step {
  who: number;
  back: number;
  does: string;
}

interface Person {
  account: Account;
  client: Client;
  room?: Room;
}

interface Send {
  who: number;
  text: string;
  /** Settles when it is acked, or was deleted before it was sent. */
  ack: Promise<void>;
  /** Null until it is acked. */
  id: string | null;
  /** Under which its sender's client shows it; undefined until that was looked up. */
  key?: string | undefined;
}

/** A change of what was sent, in the order in which it was asked for. */
interface Change {
  who: number;
  target: Send;
  does: string;
  text: string;
  done: Promise<void>;
  /** Whether the server took it. */
  isDone: boolean;
  /** Whether it had to wait for the ack of the message. */
  isLate: boolean;
}

/** All that a room has shown. */
class View {
  readonly #room: Room;
  /** The `changedSeq` of each message, by its key. */
  readonly #states = new Map<string, number>();
  /** Which messages up to the cursor were shown at a time. */
  readonly #shown: { cursor: number; seqs: number[] }[] = [];

  constructor(room: Room) {
    this.#room = room;
    room.messages.subscribe(() => this.#look());
  }

  #look(): void {
    const { cursor, messages } = this.#room;
    const seqs: number[] = [];
    for (const { key, seq, changedSeq } of messages.get()) {
      if (seq === null || changedSeq === null) continue;
      const before = this.#states.get(key) ?? 0;
      assert.ok(changedSeq >= before, `message ${seq} went from state ${before} to ${changedSeq}`);
      this.#states.set(key, changedSeq);
      if (seq <= cursor) seqs.push(seq);
    }
    this.#shown.push({ cursor, seqs });
  }

  assertWithoutGap(log: Message[]): void {
    for (const { cursor, seqs } of this.#shown) {
      const first = seqs[0] ?? Infinity;
      const expected = log.map(({ seq }) => seq).filter((seq) => seq >= first && seq <= cursor);
      assert.deepEqual(seqs, expected, `at ${cursor}`);
    }
  }
}

async function enter(server: TestServer, network: FaultyNetwork): Promise<Person> {
  const begun = Date.now();
  const account = await Account.register(server.url, "Ada");
  // Short, so that a lost frame is soon missed, but not so that a busy machine's answers count as lost.
  const answerMs = Math.max(250, 5 * (Date.now() - begun));
  const client = createClient(server.url, {
    token: () => Promise.resolve(account.token),
    WebSocket: network.WebSocket,
    timing: { answerMs, silenceMs: 0.4 * answerMs, firstRetryMs: 5, longestRetryMs: 40 },
  });
  client.connect();
  return { account, client };
}

async function act(people: Person[], steps: Step[]): Promise<{ sends: Send[]; changes: Change[] }> {
  const sends: Send[] = [];
  const changes: Change[] = [];
  const send = (who: number, answered?: string) => {
    const text = `${who}: ${sends.length}`;
    const room = people[who]!.room!;
    const sent: Send = { who, text, id: null, ack: Promise.resolve() };
    const options = answered === undefined ? {} : { replyTo: answered };
    sent.ack = room.send(text, options).then(({ id }) => void (sent.id = id), isDiscarded);
    sends.push(sent);
  };
  for (const { who, back, does } of steps) {
    const { client, room } = people[who]!;
    const target = sends.at(-1 - back);
    // Most of what was sent so far has no id yet; the message that the room was made has one.
    const rootId = room!.messages.get()[0]?.id ?? undefined;
    if (does.startsWith("send")) send(who);
    else if (does === "reply" && (target?.id ?? rootId)) send(who, target?.id ?? rootId);
    else if (CHANGES.includes(does) && target) {
      changes.push(change(people, who, target, does, `Edit ${changes.length}`));
    }
    if (does === "send two") send(who);
    if (does === "wait") await sleep(20);
    if (does === "load older") room!.loadOlder().catch(() => {});
    if (does === "forget older") room!.forgetOlder(3);
    if (does === "disconnect") {
      client.disconnect();
      client.connect();
    }
  }
  return { sends, changes };
}

const CHANGES = ["edit", "delete", "react", "unreact", "pin", "unpin"];

/** It was deleted before it was sent, or answers what was deleted. */
function isDiscarded({ code }: EchoRoomError): void {
  assert.ok(code === "discarded" || code === "message_deleted", code);
}

/** Changes a message through the sender's client, at once if that shows it, else when it is acked. */
function change(
  people: Person[],
  who: number,
  target: Send,
  does: string,
  text: string,
): Change {
  // Others may neither edit nor delete it, and only the room's owner may pin.
  const by = does.endsWith("pin") ? 0 : does === "edit" || does === "delete" ? target.who : who;
  const room = people[by]!.room!;
  target.key ??= people[target.who]!.room!.messages.get().find((message) => {
    return message.id === null && message.text === target.text;
  })?.key;
  const ref = target.id ?? (by === target.who ? target.key : undefined);
  const isLate = ref === undefined;
  const done = Promise.resolve();
  const step: Change = { who: by, target, does, text, done, isDone: false, isLate };
  const perform = (ref: string) => {
    if (does === "edit") return room.edit(ref, text);
    if (does === "react" || does === "unreact") return room[does](ref, "+1");
    return room[does as "delete" | "pin" | "unpin"](ref);
  };
  const asked = !isLate
    ? perform(ref)
    : target.ack.then(() => target.id === null ? Promise.reject(NEVER_SENT) : perform(target.id));
  step.done = asked.then(() => void (step.isDone = true), (error: EchoRoomError) => {
    const isGone = target.id === null && error.code === "message_not_found";
    if (error !== NEVER_SENT && !isGone) isDiscarded(error);
  });
  return step;
}

const NEVER_SENT = new EchoRoomError({ message: "It was discarded.", code: "discarded" });

/** Removes answers to what was deleted before they were sent. */
function discardFailed(room: Room): void {
  for (const message of room.messages.get()) room.discard(message);
}

/** Checks that a message is what the changes of it, each client's in its order, have made of it. */
function assertOutcome(
  { id, who, text }: Send,
  changes: Change[],
  log: Message[],
  people: Person[],
): void {
  if (id === null) return;
  const message = log.find((message) => message.id === id)!;
  const done = changes.filter(({ target, isDone }) => isDone && target.id === id);
  assert.equal(message.deletedAt !== null, done.some(({ does }) => does === "delete"));
  if (message.deletedAt !== null) return;
  assert.equal(message.sender.id, people[who]!.account.id);
  // One that waited for the ack came later than it was asked for.
  if (done.some(({ isLate }) => isLate)) return;
  assert.equal(message.text, done.findLast(({ does }) => does === "edit")?.text ?? text);
  assert.equal(message.pinned, done.findLast(({ does }) => does.endsWith("pin"))?.does === "pin");
  const users = people.filter((_, by) => {
    return done.findLast((step) => step.who === by && step.does.endsWith("react"))?.does ===
      "react";
  });
  assert.deepEqual(
    (message.reactions[0]?.users ?? []).toSorted(),
    users.map(({ account }) => account.id).toSorted(),
  );
}

/** Resolves once nothing up to `seq` is missing in the room. */
async function shows(room: Room, seq: number): Promise<void> {
  const deadline = Date.now() + HANG_MS;
  while (room.cursor < seq || room.state.get().status !== "live") {
    assert.ok(Date.now() < deadline, `${room.cursor} of ${seq}: ${room.state.get().status}`);
    await sleep(5);
  }
}

/** A busy machine does not answer each request in the short time that these clients wait. */
async function loadAll(view: Pick<Room, "loadOlder">): Promise<void> {
  const deadline = Date.now() + HANG_MS;
  const hasOlder = () =>
    view.loadOlder().catch(({ code }) => code === "unreachable" && Date.now() < deadline);
  while (await hasOlder());
}

function assertEqualToLog(room: Room, log: Message[]): void {
  const shown = room.messages.get().map(
    ({ key: _, state, ownReactions: _own, isChanging, ...message }: ChatMessage) => {
      assert.equal(state, "sent");
      assert.equal(isChanging, false);
      return message;
    },
  );
  const first = shown[0]?.seq ?? 1;
  assert.equal(room.hasOlder.get(), first > 1);
  assert.deepEqual(shown, log.filter(({ seq }) => seq >= first));
}

function assertInOrder(sends: Send[], log: Message[], who: number): void {
  const ids = log.map(({ id }) => id);
  const own = sends.filter((send) => send.who === who).map(({ id }) => ids.indexOf(id!));
  assert.deepEqual(own, own.toSorted((a, b) => a - b), "in the order written");
}

async function readLog(account: Account, roomId: string): Promise<Message[]> {
  const log: Message[] = [];
  for (let hasMore = true, before = ""; hasMore;) {
    const query = before ? `&before=${before}` : "";
    const { body } = await account.request(
      "GET",
      `/rooms/${roomId}/messages?limit=100${query}`,
    );
    log.unshift(...body.messages);
    ({ hasMore } = body);
    before = body.messages[0]?.id;
  }
  return log;
}
