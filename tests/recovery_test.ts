/** Recovery: nothing is missed and nothing comes twice, whatever happened meanwhile. */
// @slow: thousands of steps at random
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Account } from "./harness/account.ts";
import type { Received, TestSocket } from "./harness/socket.ts";
import { onStage, sleep, type Stage } from "./harness/stage.ts";

/** What goes with messages that nobody has reacted to or answered. */
const NOTHING = { mine: {}, threads: {} };

/** The numbers from `first` to `last`. */
function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

function seqs(messages: { seq: number }[]): number[] {
  return messages.map(({ seq }) => seq);
}

/** Sends `count` messages and resolves once the last is acked, and so all are. */
async function sendMany(socket: TestSocket, roomId: string, count: number, text = "Hello") {
  for (let i = 1; i < count; i++) socket.send("message:send", { roomId, text });
  if (count === 0) return;
  const { event, data } = await socket.call("message:send", { roomId, text });
  assert.equal(event, "message:ack", JSON.stringify(data));
}

/** A room of Ada's whose log has `count` entries, and a socket of hers outside it. */
async function filledRoom(stage: Stage, count: number) {
  const [ada] = await stage.people("Ada");
  const room = await ada.createRoom("Room");
  const sender = await stage.connect(ada);
  await sendMany(sender, room.id, count - 1);
  return { ada, sender, roomId: room.id, slug: room.slug };
}

async function lastMessage(account: Account, roomId: string): Promise<{ id: string }> {
  const { body } = await account.request("GET", `/rooms/${roomId}/messages?limit=1`);
  return body.messages[0];
}

async function recover(socket: TestSocket, roomId: string, lastSeenSeq: number) {
  const { event, data } = await socket.call("connection:recover", { roomId, lastSeenSeq });
  assert.equal(event, "connection:missed", JSON.stringify(data));
  const { room, capabilities, ...missed } = data;
  assert.equal(room.id, missed.roomId);
  assert.ok(room.lastSeq >= missed.lastSeq);
  assert.ok(capabilities.includes("message.send"));
  return missed;
}

Deno.test("recovering shows what was missed, then live entries follow without a gap", () =>
  onStage(async (stage) => {
    const { ada, sender, roomId } = await filledRoom(stage, 10);
    const socket = await stage.connect(ada);
    const { messages, ...rest } = await recover(socket, roomId, 4);
    assert.deepEqual(seqs(messages), range(5, 10));
    const lastEntryId = messages.at(-1).id;
    const end = { lastSeq: 10, lastEntryId, hasMore: false, reset: false };
    assert.deepEqual(rest, { roomId, ...end, ...NOTHING });
    const history = await ada.request("GET", `/rooms/${roomId}/messages?limit=6`);
    assert.deepEqual(messages, history.body.messages);
    await sendMany(sender, roomId, 3);
    await socket.event("message:new", ({ seq }) => seq === 13);
    assert.deepEqual(seqs(socket.all("message:new")), range(11, 13));
  }));

Deno.test("recovering from 0 shows the whole log", () =>
  onStage(async (stage) => {
    const { ada, roomId } = await filledRoom(stage, 3);
    const { messages, lastSeq } = await recover(await stage.connect(ada), roomId, 0);
    assert.deepEqual(seqs(messages), [1, 2, 3]);
    assert.equal(messages[0].system, true);
    assert.equal(lastSeq, 3);
  }));

Deno.test("recovering at the head shows nothing and joins", () =>
  onStage(async (stage) => {
    const { ada, sender, roomId } = await filledRoom(stage, 5);
    const socket = await stage.connect(ada);
    const { messages, lastEntryId, ...rest } = await recover(socket, roomId, 5);
    assert.deepEqual(messages, []);
    assert.equal(lastEntryId, (await lastMessage(ada, roomId)).id);
    assert.deepEqual(rest, { roomId, lastSeq: 5, hasMore: false, reset: false, ...NOTHING });
    await socket.event("presence:update", ({ count }) => count === 1);
    await sendMany(sender, roomId, 1);
    await socket.event("message:new", ({ seq }) => seq === 6);
  }));

Deno.test("recovering by slug answers with the id", () =>
  onStage(async (stage) => {
    const { ada, roomId, slug } = await filledRoom(stage, 2);
    const missed = await recover(await stage.connect(ada), slug, 0);
    assert.equal(missed.roomId, roomId);
  }));

Deno.test("recovering many rooms answers each, in order, with the same ref", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const rooms = await Promise.all(["A", "B", "C"].map((name) => ada.createRoom(name)));
    const sender = await stage.connect(ada);
    await Promise.all(rooms.map(({ id }, i) => sendMany(sender, id, i)));
    const socket = await stage.connect(ada);
    const cursors = rooms.map(({ id }) => ({ roomId: id, lastSeenSeq: 1 }));
    socket.send("connection:recover", { rooms: cursors }, 0);
    await socket.event("connection:missed", ({ roomId }) => roomId === rooms[2]!.id);
    const answers = socket.received.filter(({ event }) => event === "connection:missed");
    assert.deepEqual(answers.map(({ ref }) => ref), [0, 0, 0]);
    assert.deepEqual(answers.map(({ data }) => data.roomId), rooms.map(({ id }) => id));
    assert.deepEqual(answers.map(({ data }) => seqs(data.messages)), [[], [2], [2, 3]]);
  }));

Deno.test("pages hold 200 entries, and hasMore is true until the last", () =>
  onStage(async (stage) => {
    const { ada, roomId } = await filledRoom(stage, 455);
    const socket = await stage.connect(ada);
    const sizes: [number, boolean][] = [];
    let cursor = 0;
    while (true) {
      const { messages, lastSeq, hasMore, reset } = await recover(socket, roomId, cursor);
      assert.deepEqual(seqs(messages), range(cursor + 1, lastSeq));
      assert.equal(reset, false);
      sizes.push([messages.length, hasMore]);
      cursor = lastSeq;
      if (!hasMore) break;
    }
    assert.deepEqual(sizes, [[200, true], [200, true], [55, false]]);
  }));

Deno.test("a page that ends at the head has hasMore false", () =>
  onStage(async (stage) => {
    const { ada, roomId } = await filledRoom(stage, 201);
    const socket = await stage.connect(ada);
    const { messages, hasMore } = await recover(socket, roomId, 1);
    assert.equal(messages.length, 200);
    assert.equal(hasMore, false);
    assert.equal((await recover(socket, roomId, 0)).hasMore, true);
  }));

Deno.test("a joined room pauses while hasMore is true, and then misses nothing", () =>
  onStage(async (stage) => {
    const { ada, sender, roomId } = await filledRoom(stage, 450);
    const socket = await stage.join(ada, roomId);
    const first = await recover(socket, roomId, 10);
    assert.equal(first.hasMore, true);
    await sendMany(sender, roomId, 20);
    const second = await recover(socket, roomId, first.lastSeq);
    assert.equal(second.hasMore, true);
    await sendMany(sender, roomId, 20);
    assert.deepEqual(socket.all("message:new"), []);
    const third = await recover(socket, roomId, second.lastSeq);
    assert.equal(third.hasMore, false);
    assert.deepEqual(seqs(third.messages), range(second.lastSeq + 1, 490));
    await sendMany(sender, roomId, 2);
    await socket.event("message:new", ({ seq }) => seq === 492);
    assert.deepEqual(seqs(socket.all("message:new")), [491, 492]);
  }));

Deno.test("a room not joined is not joined by a page with more to come", () =>
  onStage(async (stage) => {
    const { ada, sender, roomId } = await filledRoom(stage, 300);
    const socket = await stage.connect(ada);
    const { hasMore } = await recover(socket, roomId, 0);
    assert.equal(hasMore, true);
    await sendMany(sender, roomId, 1);
    const typing = await socket.call("typing:start", { roomId });
    assert.equal(typing.data.code, "not_joined");
    assert.deepEqual(socket.all("message:new"), []);
  }));

Deno.test("a socket in a paused room still gets typing and presence", () =>
  onStage(async (stage) => {
    const { ada, roomId } = await filledRoom(stage, 300);
    const [bob] = await stage.people("Bob");
    const socket = await stage.join(ada, roomId);
    assert.equal((await recover(socket, roomId, 0)).hasMore, true);
    const other = await stage.join(bob, roomId);
    other.send("typing:start", { roomId });
    await socket.event("typing:update");
    await socket.event("presence:update", ({ count }) => count === 2);
  }));

Deno.test("joining ends the pause of a room that was being recovered", () =>
  onStage(async (stage) => {
    const { ada, sender, roomId } = await filledRoom(stage, 300);
    const socket = await stage.join(ada, roomId);
    assert.equal((await recover(socket, roomId, 0)).hasMore, true);
    const { data } = await socket.call("room:join", { roomId });
    assert.equal(data.lastSeq, 300);
    await sendMany(sender, roomId, 1);
    await socket.event("message:new", ({ seq }) => seq === 301);
  }));

Deno.test("large messages come in pages that a reader can keep up with", () =>
  onStage(async (stage) => {
    const { ada, sender, roomId } = await filledRoom(stage, 1);
    const text = "😀".repeat(4_000);
    await sendMany(sender, roomId, 150, text);
    const socket = await stage.join(ada, roomId);
    // Ends some time: on a busy machine somebody may write faster than anybody reads.
    let left = 300;
    const busy = setInterval(() => {
      if (left-- > 0) sender.send("message:send", { roomId, text });
    }, 5);
    let [cursor, pages] = [0, 0];
    try {
      for (let hasMore = true; hasMore; pages++) {
        const page = await recover(socket, roomId, cursor);
        assert.deepEqual(seqs(page.messages), range(cursor + 1, page.lastSeq));
        assert.ok(JSON.stringify(page.messages).length < 512 * 1024);
        cursor = page.lastSeq;
        hasMore = page.hasMore;
      }
    } finally {
      clearInterval(busy);
    }
    assert.ok(cursor >= 151);
    assert.ok(pages > 1);
    await socket.call("room:leave", { roomId });
  }));

Deno.test("a cursor beyond the log is reset: the last 50 messages, the log's end, and joined", () =>
  onStage(async (stage) => {
    const { ada, sender, roomId } = await filledRoom(stage, 60);
    for (const cursor of [61, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      const socket = await stage.connect(ada);
      const { messages, ...rest } = await recover(socket, roomId, cursor);
      const lastEntryId = messages.at(-1).id;
      assert.deepEqual(rest, {
        roomId,
        lastSeq: 60,
        lastEntryId,
        hasMore: false,
        reset: true,
        ...NOTHING,
      });
      assert.deepEqual(seqs(messages), range(11, 60));
      await socket.close();
    }
    const socket = await stage.connect(ada);
    await recover(socket, roomId, 61);
    await sendMany(sender, roomId, 1);
    await socket.event("message:new", ({ seq }) => seq === 61);
  }));

Deno.test("a cursor with the id of another entry is reset", () =>
  onStage(async (stage) => {
    // Old enough that the id is read from the store, and young enough to be remembered.
    const { ada, roomId } = await filledRoom(stage, 200);
    for (const lastSeenSeq of [3, 199]) {
      const socket = await stage.connect(ada);
      const cursor = { roomId, lastSeenSeq, lastSeenEntryId: "the entry of a lost log" };
      const { data } = await socket.call("connection:recover", cursor);
      assert.deepEqual([data.reset, data.hasMore, data.lastSeq], [true, false, 200]);
      assert.deepEqual(seqs(data.messages), range(151, 200));
      await socket.close();
    }
  }));

Deno.test("a cursor with the right entry id is continued, alone and among several", () =>
  onStage(async (stage) => {
    const { ada, sender, roomId } = await filledRoom(stage, 5);
    const joiner = await stage.connect(ada);
    const { data: joined } = await joiner.call("room:join", { roomId });
    assert.equal(joined.lastEntryId, joined.messages.at(-1).id);
    const cursor = {
      roomId,
      lastSeenSeq: joined.lastSeq,
      lastSeenEntryId: joined.lastEntryId,
    };
    await sendMany(sender, roomId, 2);
    const { data: live } = await joiner.event("message:new", ({ seq }) => seq === 7);
    assert.equal(live.entryId, live.message.id);
    for (const request of [cursor, { rooms: [cursor] }]) {
      const socket = await stage.connect(ada);
      const { data } = await socket.call("connection:recover", request);
      assert.deepEqual([data.reset, seqs(data.messages)], [false, [6, 7]]);
      assert.equal(data.lastEntryId, live.entryId);
      await socket.close();
    }
  }));

Deno.test("an unknown room among several gets an error of its own", () =>
  onStage(async (stage) => {
    const { ada, roomId } = await filledRoom(stage, 3);
    const socket = await stage.connect(ada);
    const rooms = [
      { roomId: "nowhere", lastSeenSeq: 0 },
      { roomId, lastSeenSeq: 1 },
      { roomId: "no-place", lastSeenSeq: 5 },
    ];
    socket.send("connection:recover", { rooms }, "r");
    await socket.event("error", ({ roomId }) => roomId === "no-place");
    const answers = socket.received.filter(({ ref }) => ref === "r");
    const received = answers.map(({ event, data }) => [event, data.code, data.roomId]);
    assert.deepEqual(received, [
      ["error", "room_not_found", "nowhere"],
      ["connection:missed", undefined, roomId],
      ["error", "room_not_found", "no-place"],
    ]);
    assert.equal(answers[0]!.data.event, "connection:recover");
  }));

Deno.test("a recovery without a cursor, or with both forms, is validation_failed", () =>
  onStage(async (stage) => {
    const { ada, roomId } = await filledRoom(stage, 1);
    const socket = await stage.connect(ada);
    const cursor = { roomId, lastSeenSeq: 0 };
    const wrong = [
      {},
      { roomId },
      { lastSeenSeq: 0 },
      { rooms: [] },
      { rooms: [cursor], ...cursor },
      { rooms: [cursor], roomId },
      { rooms: [cursor], lastSeenSeq: 0 },
      { rooms: [{ roomId }] },
      { rooms: [cursor, null] },
      { rooms: cursor },
      { rooms: Array.from({ length: 101 }, () => cursor) },
      ...[-1, 0.5, 1e300, Number.MAX_SAFE_INTEGER + 1, "0", null, [0], {}, true].map(
        (lastSeenSeq) => ({ roomId, lastSeenSeq }),
      ),
    ];
    for (const data of wrong) {
      const answer = await socket.call("connection:recover", data);
      assert.equal(answer.event, "error", JSON.stringify(data));
      assert.equal(answer.data.code, "validation_failed");
      assert.equal(answer.data.event, "connection:recover");
    }
    const rooms = Array.from({ length: 100 }, () => cursor);
    socket.send("connection:recover", { rooms }, "hundred");
    await socket.call("room:leave", { roomId });
    assert.equal(socket.received.filter(({ ref }) => ref === "hundred").length, 100);
  }));

/**
 * A client that follows the protocol: it keeps every entry it is shown, and knows for each room the
 * cursor up to which it has them all. It checks that each event fits the earlier ones.
 */
class Follower {
  readonly account: Account;
  readonly stage: Stage;
  readonly logs = new Map<string, Map<number, string>>();
  /** The last entry delivered, for each room that is live. */
  #live = new Map<string, number>();
  /** What each recovery under way asked from. */
  #asked = new Map<string, number>();
  #refs = 0;
  #read = 0;
  socket: TestSocket | null = null;

  readonly protocol: string;

  constructor(stage: Stage, account: Account, roomIds: string[], protocol = "echoroom.v1") {
    this.stage = stage;
    this.account = account;
    this.protocol = protocol;
    for (const roomId of roomIds) this.logs.set(roomId, new Map());
  }

  async connect(): Promise<TestSocket> {
    if (this.socket) return this.socket;
    this.#live.clear();
    this.#read = 0;
    return this.socket = await this.stage.connect(this.account, { protocol: this.protocol });
  }

  /** Goes without waiting for the answers to what was sent. */
  async disconnect() {
    await this.socket?.close();
    this.take();
    this.socket = null;
  }

  cursor(roomId: string): number {
    const log = this.logs.get(roomId)!;
    let cursor = 0;
    while (log.has(cursor + 1)) cursor++;
    return cursor;
  }

  async recover(cursors: { roomId: string; lastSeenSeq: number }[]): Promise<string> {
    const socket = await this.connect();
    const ref = `recover-${++this.#refs}`;
    for (const { roomId, lastSeenSeq } of cursors) {
      this.#asked.set(`${ref} ${roomId}`, lastSeenSeq);
    }
    const [first, ...more] = cursors;
    const data = more.length === 0 ? first : { rooms: cursors };
    socket.send("connection:recover", data, ref);
    return ref;
  }

  /** Takes in what has arrived. */
  take() {
    const news = this.socket?.received.slice(this.#read) ?? [];
    this.#read += news.length;
    for (const received of news) this.#take(received);
  }

  #take({ event, data, ref }: Received) {
    switch (event) {
      case "room:joined": {
        const first = Math.max(1, data.lastSeq - 49);
        assert.deepEqual(seqs(data.messages), range(first, data.lastSeq));
        this.#keep(data.room.id, data.messages);
        this.#live.set(data.room.id, data.lastSeq);
        break;
      }
      case "connection:missed": {
        const asked = this.#asked.get(`${ref} ${data.roomId}`)!;
        assert.equal(data.reset, false);
        assert.deepEqual(seqs(data.messages), range(asked + 1, data.lastSeq));
        this.#keep(data.roomId, data.messages);
        if (data.hasMore) this.#live.delete(data.roomId);
        else this.#live.set(data.roomId, data.lastSeq);
        break;
      }
      case "room:left":
        this.#live.delete(data.roomId);
        break;
      case "message:new":
        assert.equal(data.seq, this.#live.get(data.roomId)! + 1, "the next entry");
        assert.equal(data.message.seq, data.seq);
        this.#keep(data.roomId, [data.message]);
        this.#live.set(data.roomId, data.seq);
        break;
      case "error":
        assert.fail(JSON.stringify(data));
    }
  }

  #keep(roomId: string, messages: { seq: number; id: string }[]) {
    const log = this.logs.get(roomId)!;
    for (const { seq, id } of messages) {
      assert.equal(log.get(seq) ?? id, id, "an entry never becomes another");
      log.set(seq, id);
    }
  }

  /** Recovers from the cursor until there is no more, then waits for what is still to come. */
  async catchUp(roomId: string, head: number) {
    const socket = await this.connect();
    let hasMore = true;
    while (hasMore) {
      this.take();
      const ref = await this.recover([{ roomId, lastSeenSeq: this.cursor(roomId) }]);
      const { data } = await socket.find((received) => received.ref === ref);
      this.take();
      hasMore = data.hasMore;
    }
    await this.socket!.find(({ event, data }) => {
      const end = event === "message:new" ? data.seq : data.lastSeq;
      return (data.roomId ?? data.room?.id) === roomId && end >= head;
    });
    this.take();
  }
}

const PEOPLE = 3;
const person = fc.nat({ max: PEOPLE - 1 });
const place = fc.nat({ max: 1 });
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("send"), person, place, n: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("join"), person, place, n: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave"), person, place, n: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("go"), person, place, n: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("recover"), person, place, n: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("both"), person, place, n: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait"), person, place, n: fc.nat(5) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

async function perform(
  followers: Follower[],
  roomIds: string[],
  { kind, person, place, n }: Action,
) {
  const follower = followers[person]!;
  const roomId = roomIds[place % roomIds.length]!;
  const socket = await follower.connect();
  follower.take();
  const cursor = follower.cursor(roomId);
  switch (kind) {
    case "send":
      for (let i = 0; i <= n; i++) socket.send("message:send", { roomId, text: `Message ${i}` });
      break;
    case "join":
      socket.send("room:join", { roomId });
      break;
    case "leave":
      socket.send("room:leave", { roomId });
      break;
    case "go":
      await follower.disconnect();
      break;
    case "recover": {
      // Half of them from the true cursor, the others from one that is stale.
      const lastSeenSeq = n % 2 ? cursor : n % (cursor + 1);
      await follower.recover([{ roomId, lastSeenSeq }]);
      break;
    }
    case "both":
      await follower.recover(roomIds.map((id) => {
        return { roomId: id, lastSeenSeq: follower.cursor(id) };
      }));
      break;
    case "wait":
      await sleep(n);
  }
}

Deno.test("every socket ends with the whole log, whatever the order of commands", () =>
  onStage(async (stage) => {
    const people = await stage.people("Ada", "Bob", "Cem");
    const filler = await stage.connect(people[0]);
    const scenario = fc.record({
      rooms: fc.integer({ min: 1, max: 2 }),
      filled: fc.constantFrom(0, 0, 45, 130, 199, 200, 410),
      actions: fc.array(action, { minLength: 5, maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ rooms, filled, actions }) => {
        const made = await Promise.all(range(1, rooms).map(() => people[0].createRoom("Room")));
        const roomIds = made.map(({ id }) => id);
        await sendMany(filler, roomIds[0]!, filled);
        const protocols = ["echoroom.v1", "echoroom.batch", "echoroom.batch"];
        const followers = people.map((who, i) => new Follower(stage, who, roomIds, protocols[i]));
        for (const one of actions) await perform(followers, roomIds, one);
        // Answered only after all that was sent before, so that the logs now have their end.
        await Promise.all(followers.map(async (follower) => {
          for (const roomId of roomIds) await sendMany(await follower.connect(), roomId, 1);
        }));
        for (const roomId of roomIds) {
          const whole = await wholeLog(people[0], roomId);
          for (const follower of followers) {
            await follower.catchUp(roomId, whole.length);
            const kept = [...follower.logs.get(roomId)!].sort(([a], [b]) => a - b);
            assert.deepEqual(kept, whole);
          }
        }
        for (const follower of followers) await follower.disconnect();
      }),
      { numRuns: 150 },
    );
  }));

/** The log as REST tells it: pairs of seq and id. */
async function wholeLog(account: Account, roomId: string): Promise<[number, string][]> {
  const entries: [number, string][] = [];
  let before = "";
  while (true) {
    const { body } = await account.request("GET", `/rooms/${roomId}/messages?limit=100${before}`);
    entries.unshift(...body.messages.map((m: { seq: number; id: string }) => [m.seq, m.id]));
    if (!body.hasMore) return entries;
    before = `&before=${body.messages[0].id}`;
  }
}
