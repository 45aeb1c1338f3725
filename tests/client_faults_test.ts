/** Whatever the network does, a client's list equals the room's log, and every send is in it once. */
// @slow: hundreds of histories
import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChatMessage, type Client, createClient, type Room } from "../src/client/mod.ts";
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
  does: fc.constantFrom(
    "send",
    "send",
    "send",
    "send two",
    "wait",
    "disconnect",
    "load older",
    "forget older",
  ),
});

const total = { histories: 0, dropped: 0, duplicated: 0, delayed: 0, cut: 0, sends: 0 };

Deno.test("over a faulty network every client ends with the whole log, and every send is in it once", async () => {
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
  assert.ok(total.dropped > 0 && total.duplicated > 0 && total.delayed > 0 && total.cut > 0);
  await server.stop();
});

/** Two people live through a history in a room of their own. */
async function live(server: TestServer, network: FaultyNetwork, steps: Step[]): Promise<void> {
  const people = await Promise.all([0, 1].map(() => enter(server, network)));
  const room = await people[0]!.account.createRoom("Room");
  for (const person of people) person.room = person.client.join(room.slug);
  const sends = await act(people, steps);
  const acked = Promise.all(sends.map(({ ack }) => ack));
  // With many faults all of it may take for ever.
  await Promise.race([acked, sleep(FAULTY_MS)]);
  network.calm();

  const acks = await acked;

  const log = await readLog(people[0]!.account, room.id);
  for (const { room } of people) await shows(room!, log.at(-1)!.seq);
  for (const { room } of people) {
    assertEqualToLog(room!, log);
    await loadAll(room!);
    assert.equal(room!.messages.get().length, log.length);
    assertEqualToLog(room!, log);
  }
  // The first entry says that the room was made.
  assert.equal(log.length - 1, sends.length, "an entry for every send");
  assert.equal(new Set(acks.map(({ seq }) => seq)).size, sends.length, "a seq for every ack");
  sends.forEach(({ text }, i) => {
    assert.equal(log.find(({ seq }) => seq === acks[i]!.seq)?.text, text);
  });
  for (const who of people.keys()) assertInOrder(sends, acks, who);
  for (const { client } of people) client.close();
  for (const name of ["dropped", "duplicated", "delayed", "cut"] as const) {
    total[name] += network.faults[name];
  }
  total.sends += sends.length;
  total.histories++;
}

interface Step {
  who: number;
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
  ack: Promise<{ seq: number }>;
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

async function act(people: Person[], steps: Step[]): Promise<Send[]> {
  const sends: Send[] = [];
  const send = (who: number) => {
    const text = `${who}: ${sends.length}`;
    sends.push({ who, text, ack: people[who]!.room!.send(text) });
  };
  for (const { who, does } of steps) {
    const { client, room } = people[who]!;
    if (does.startsWith("send")) send(who);
    if (does === "send two") send(who);
    if (does === "wait") await sleep(20);
    if (does === "load older") room!.loadOlder().catch(() => {});
    if (does === "forget older") room!.forgetOlder(3);
    if (does === "disconnect") {
      client.disconnect();
      client.connect();
    }
  }
  return sends;
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

function assertEqualToLog(room: Room, log: { id: string; seq: number; text: string }[]): void {
  const shown = room.messages.get().map(({ id, seq, text }: ChatMessage) => ({ id, seq, text }));
  const first = shown[0]?.seq ?? 1;
  assert.equal(room.hasOlder.get(), first > 1);
  const expected = log.filter(({ seq }) => seq >= first);
  assert.deepEqual(shown, expected.map(({ id, seq, text }) => ({ id, seq, text })));
}

function assertInOrder(sends: Send[], acks: { seq: number }[], who: number): void {
  const own = acks.filter((_, i) => sends[i]!.who === who).map(({ seq }) => seq);
  assert.deepEqual(own, own.toSorted((a, b) => a - b), "in the order written");
}

async function readLog(account: Account, roomId: string) {
  const log: { id: string; seq: number; text: string }[] = [];
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
