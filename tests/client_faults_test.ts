/**
 * Whatever the network does, a client's list equals the room's messages as they are now, every send is
 * in it once, and at no time was one missing or shown in an older state than before.
 */
// @slow: hundreds of histories
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ChatMessage,
  type Client,
  createClient,
  type Message,
  type Room,
} from "../src/client/mod.ts";
import { Random } from "./faults/random.ts";
import { FaultyNetwork, type Rates } from "./faults/socket.ts";
import { Account } from "./harness/account.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { startServer, type TestServer } from "./harness/server.ts";
import { sleep } from "./harness/stage.ts";

/** Short, so that a lost frame is soon missed. */
const TIMING = { answerMs: 250, silenceMs: 100, firstRetryMs: 5, longestRetryMs: 40 };
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
    "wait",
    "disconnect",
    "load older",
    "forget older",
  ),
});

const total = { histories: 0, dropped: 0, duplicated: 0, delayed: 0, cut: 0, sends: 0, changes: 0 };

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
  const { sends, changes } = await act(people, steps);
  const acked = Promise.all([...sends.map(({ ack }) => ack), ...changes]);
  // With many faults all of it may take for ever.
  await Promise.race([acked, sleep(FAULTY_MS)]);
  network.calm();

  const acks = await Promise.all(sends.map(({ ack }) => ack));
  const isDone = await Promise.all(changes);

  const log = await readLog(people[0]!.account, room.id);
  const { lastSeq } = (await people[0]!.account.request("GET", `/rooms/${room.id}`)).body.room;
  for (const { room } of people) await shows(room!, lastSeq);
  for (const { room } of people) {
    assertEqualToLog(room!, log);
    await loadAll(room!);
    assert.equal(room!.messages.get().length, log.length);
    assertEqualToLog(room!, log);
  }
  for (const view of views) view.assertWithoutGap(log);
  // The first entry says that the room was made.
  assert.equal(log.length - 1, sends.length, "an entry for every send");
  assert.equal(new Set(acks.map(({ seq }) => seq)).size, sends.length, "a seq for every ack");
  sends.forEach(({ text }, i) => {
    const message = log.find(({ seq }) => seq === acks[i]!.seq)!;
    if (message.editedAt === null && message.deletedAt === null) assert.equal(message.text, text);
  });
  for (const who of people.keys()) assertInOrder(sends, acks, who);
  for (const { client } of people) client.close();
  for (const name of ["dropped", "duplicated", "delayed", "cut"] as const) {
    total[name] += network.faults[name];
  }
  total.sends += sends.length;
  total.changes += isDone.filter(Boolean).length;
  total.histories++;
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
  ack: Promise<{ id: string; seq: number }>;
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
  const account = await Account.register(server.url, "Ada");
  const client = createClient(server.url, {
    token: () => Promise.resolve(account.token),
    WebSocket: network.WebSocket,
    timing: TIMING,
  });
  client.connect();
  return { account, client };
}

/** Returns what was sent, and for each change whether the server took it. */
async function act(
  people: Person[],
  steps: Step[],
): Promise<{ sends: Send[]; changes: Promise<boolean>[] }> {
  const sends: Send[] = [];
  const changes: Promise<boolean>[] = [];
  const send = (who: number) => {
    const text = `${who}: ${sends.length}`;
    sends.push({ who, text, ack: people[who]!.room!.send(text) });
  };
  for (const { who, back, does } of steps) {
    const { client, room } = people[who]!;
    const target = sends.at(-1 - back);
    if (does.startsWith("send")) send(who);
    else if (does in CHANGES && target) changes.push(change(people, who, target, does));
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

const CHANGES: Record<string, { method: string; path: string; body?: unknown }> = {
  edit: { method: "PATCH", path: "", body: { text: "Edited" } },
  delete: { method: "DELETE", path: "" },
  react: { method: "PUT", path: "/reactions/+1" },
  unreact: { method: "DELETE", path: "/reactions/+1" },
  pin: { method: "PUT", path: "/pin" },
};

/** Changes a message as soon as it is acked, over a network without faults. Returns whether it could. */
async function change(people: Person[], who: number, target: Send, does: string): Promise<boolean> {
  const { id } = await target.ack;
  const { method, path, body } = CHANGES[does]!;
  // Others may neither edit nor delete it, and only the room's owner may pin.
  const by = people[does === "pin" ? 0 : path === "" ? target.who : who]!;
  const url = `/rooms/${by.room!.name}/messages/${id}${path}`;
  const { status, body: answer } = await by.account.request(method, url, body);
  if (status < 300) return true;
  assert.equal(answer.code, "message_deleted", `${method} ${url}`);
  return false;
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
async function loadAll(room: Room): Promise<void> {
  const deadline = Date.now() + HANG_MS;
  const hasOlder = () =>
    room.loadOlder().catch(({ code }) => code === "unreachable" && Date.now() < deadline);
  while (await hasOlder());
}

function assertEqualToLog(room: Room, log: Message[]): void {
  const shown = room.messages.get().map(({ key: _, state, ...message }: ChatMessage) => {
    assert.equal(state, "sent");
    return message;
  });
  const first = shown[0]?.seq ?? 1;
  assert.equal(room.hasOlder.get(), first > 1);
  assert.deepEqual(shown, log.filter(({ seq }) => seq >= first));
}

function assertInOrder(sends: Send[], acks: { seq: number }[], who: number): void {
  const own = acks.filter((_, i) => sends[i]!.who === who).map(({ seq }) => seq);
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
