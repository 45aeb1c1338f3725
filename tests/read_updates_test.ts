/** What the others in a room are shown of how far somebody has read. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { createClient } from "../src/client/mod.ts";
import { roomNotFound } from "../src/domain/errors.ts";
import { type Membership, STRANGER } from "../src/domain/membership.ts";
import { OPEN_RULES, OPEN_SETTINGS, type RoomType } from "../src/domain/room.ts";
import { ReadUpdates } from "../src/rooms/read_updates.ts";
import type { Admission } from "../src/services/access.ts";
import type { Account } from "./harness/account.ts";
import { shareStage } from "./harness/shared_server.ts";
import { nextTurn, type Stage, until } from "./harness/stage.ts";

const onStage = shareStage();

/** Longer than any of these tests. */
const LONG_MS = 3_600_000;

interface Case {
  type?: RoomType;
  memberCount?: number;
  role?: "member" | null;
  intervalMs?: number;
  isServed?: boolean;
}

/** Bob's updates in one room, and what the others have been shown. */
function openUpdates(
  { type = "private", memberCount = 2, role = "member", intervalMs = LONG_MS, isServed = true }:
    Case = {},
) {
  const place = { rules: { ...OPEN_RULES, type }, standing: { ...STRANGER, role } };
  const room = { ...OPEN_SETTINGS, id: "room", memberCount } as Admission["room"];
  const shown: number[] = [];
  const access = { admit: () => ({ access: place, room }) as unknown as Admission };
  const hub = {
    head: () => isServed ? 7 : undefined,
    broadcast(roomId: string, text: string, except?: string) {
      const { event, data } = JSON.parse(text);
      assert.deepEqual([event, data.roomId, data.userId], ["read:update", roomId, except]);
      shown.push(data.seq);
    },
  };
  const bus = new InProcessBus();
  let readSeq = 0;
  const members = {
    find: () => Promise.resolve(new Map([["room", { readSeq } as Membership]])),
  };
  const updates = new ReadUpdates(bus, access, hub, members, intervalMs);
  const published: unknown[] = [];
  bus.subscribe((event) => void (event.kind === "read_moved" && published.push(event.seq)));
  const receive = (...seqs: number[]) => {
    readSeq = seqs.at(-1)!;
    for (const seq of seqs) {
      updates.receive({ kind: "read_moved", roomId: "room", userId: "bob", seq });
    }
  };
  const moveTo = (seq: number) => readSeq = seq;
  return { updates, shown, published, receive, moveTo, access };
}

Deno.test("a position is shown at once, and those that follow within the interval are not", async () => {
  const { updates, shown, receive } = openUpdates();
  receive(1);
  await nextTurn();
  receive(2, 3);
  await nextTurn();
  assert.deepEqual(shown, [1]);
  updates.close();
});

Deno.test("at the end of the interval the last position is shown, if it is another", async () => {
  const { updates, shown, receive } = openUpdates({ intervalMs: 20 });
  receive(1);
  await until(() => shown.length === 1, "the first is shown");
  receive(1, 2, 3);
  await until(() => shown.length === 2, "the last is shown");
  assert.deepEqual(shown, [1, 3]);
  updates.close();
});

Deno.test("positions whose events come in another order are shown as the store has them", async () => {
  const { updates, shown, receive, moveTo } = openUpdates({ intervalMs: 20 });
  receive(1);
  receive(3, 2);
  moveTo(3);
  await until(() => shown.length === 2, "the last is shown");
  assert.deepEqual(shown, [2, 3]);
  updates.close();
});

Deno.test("what waits when its room is served no more is not shown", async () => {
  const { updates, shown, receive } = openUpdates({ intervalMs: 0 });
  receive(1);
  updates.closed("room");
  await nextTurn();
  assert.deepEqual(shown, []);
  updates.close();
});

Deno.test("who was removed meanwhile is not shown, and waits for nothing", async () => {
  const { updates, shown, receive, access } = openUpdates({ intervalMs: 10 });
  receive(1);
  await nextTurn();
  const asked = Promise.withResolvers<void>();
  access.admit = () => {
    asked.resolve();
    throw roomNotFound();
  };
  receive(2);
  await asked.promise;
  await nextTurn();
  // A timer that was left would fail the test.
  assert.deepEqual(shown, [1]);
  updates.close();
});

for (
  const [who, given, isShown] of [
    ["a member of a direct room", { type: "direct" }, true],
    ["one of 100 members", { memberCount: 100 }, true],
    ["one of 101 members", { memberCount: 101 }, false],
    ["a member of a public room", { type: "public" }, false],
    ["who is no member", { role: null }, false],
  ] as [string, Case, boolean][]
) {
  Deno.test(`${who} is ${isShown ? "published and shown" : "neither published nor shown"}`, async () => {
    const { updates, shown, published, receive } = openUpdates(given);
    await updates.publish("room", "bob", 5);
    receive(6);
    await nextTurn();
    assert.deepEqual([published, shown], isShown ? [[5], [6]] : [[], []]);
    updates.close();
  });
}

Deno.test("a position in a room that is not served here is not kept", async () => {
  const { updates, shown, receive } = openUpdates({ isServed: false });
  receive(1);
  await nextTurn();
  assert.deepEqual(shown, []);
  updates.close();
});

/** Ada and Bob, in a direct room where Ada has sent three messages; `seqs` are theirs. */
async function inDirectRoom(stage: Stage) {
  const [ada, bob] = await stage.people("Ada", "Bob");
  const { body } = await ada.request("POST", "/directs", { userId: bob.id });
  const roomId: string = body.room.id;
  const sockets = [await stage.join(ada, roomId), await stage.join(bob, roomId)] as const;
  const seqs: number[] = [];
  for (const text of ["One", "Two", "Three"]) {
    const { data } = await sockets[0].call("message:send", { roomId, text });
    seqs.push(data.seq);
  }
  return { ada, bob, roomId, sockets, seqs: seqs as [number, number, number] };
}

const readOverRest = (account: Account, roomId: string, seq: number) =>
  account.request("PUT", `/rooms/${roomId}/read`, { seq });

for (const transport of ["the WebSocket", "REST"]) {
  Deno.test(`over ${transport}: the other one sees at once how far one has read, one's own sockets do not`, () =>
    onStage(async (stage) => {
      const { bob, roomId, sockets: [adas, bobs], seqs: [seq] } = await inDirectRoom(stage);
      const second = await stage.join(bob, roomId);
      if (transport === "REST") await readOverRest(bob, roomId, seq);
      else await bobs.call("room:read", { roomId, seq });
      const { data } = await adas.event("read:update");
      assert.deepEqual(data, { roomId, userId: bob.id, seq });
      for (const own of [bobs, second]) {
        await own.call("room:join", { roomId });
        assert.deepEqual(own.all("read:update"), []);
      }
    }));
}

Deno.test("of positions that follow each other the last is shown, also one set back", () =>
  onStage(async (stage) => {
    const { roomId, sockets: [adas, bobs], seqs: [first, second, third] } = await inDirectRoom(
      stage,
    );
    await bobs.call("room:read", { roomId, seq: first });
    await adas.event("read:update");
    await bobs.call("room:read", { roomId, seq: second });
    await bobs.call("room:read", { roomId, seq: third });
    await bobs.call("room:unread", { roomId, seq: third });
    const shown = () => adas.all("read:update").map(({ seq }) => seq);
    await until(() => shown().at(-1) === second, "the last is shown");
    assert.equal(shown()[0], first);
  }));

Deno.test("a position that stays, one's own message, and one in a public room show nothing", () =>
  onStage(async (stage) => {
    const { bob, roomId, sockets: [adas, bobs], seqs: [seq] } = await inDirectRoom(stage);
    const open = await bob.createRoom("Open");
    for (const socket of [adas, bobs]) await socket.call("room:join", { roomId: open.id });
    await bobs.call("room:read", { roomId, seq: 0 });
    await bobs.call("message:send", { roomId, text: "Mine" });
    const sent = await adas.call("message:send", { roomId: open.id, text: "Hello" });
    assert.equal((await readOverRest(bob, open.id, sent.data.seq)).status, 200);
    await bobs.call("room:read", { roomId, seq });
    await adas.event("read:update");
    assert.deepEqual(adas.all("read:update"), [{ roomId, userId: bob.id, seq }]);
  }));

Deno.test("in private rooms who is present sees it, not who was removed or is elsewhere", () =>
  onStage(async (stage) => {
    const [ada, bob, cleo, dan] = await stage.people("Ada", "Bob", "Cleo", "Dan");
    const { body } = await ada.request("POST", "/rooms", {
      name: "Plans",
      type: "private",
      members: [bob.id, cleo.id, dan.id],
    });
    const roomId = body.room.id;
    const [adas, cleos] = [await stage.join(ada, roomId), await stage.join(cleo, roomId)];
    const hidden = await stage.connect(dan);
    await hidden.call("room:join", { roomId, present: false });
    const elsewhere = await stage.connect(dan);
    const { status } = await ada.request("DELETE", `/rooms/${roomId}/members/${cleo.id}`);
    assert.equal(status, 204);
    await cleos.event("room:removed");
    const { data } = await adas.call("message:send", { roomId, text: "Hello" });
    await readOverRest(bob, roomId, data.seq);
    await adas.event("read:update", ({ userId }) => userId === bob.id);
    for (const socket of [cleos, hidden, elsewhere]) {
      await socket.call("room:leave", { roomId });
      assert.deepEqual(socket.all("read:update"), []);
    }
  }));

Deno.test("in the client a room has it as an event, which only its handlers see", () =>
  onStage(async (stage) => {
    const { ada, bob, roomId, seqs: [seq] } = await inDirectRoom(stage);
    const client = createClient(stage.server.url, { token: () => Promise.resolve(ada.token) });
    try {
      client.connect();
      const room = client.join(roomId);
      await until(() => room.state.get().status === "live", "the room is live");
      const messages = room.messages.get();
      const seen = new Promise<unknown[]>((resolve) => {
        room.on("read", (read, { id }) => resolve([read.userId, read.seq, id]));
      });
      await readOverRest(bob, roomId, seq);
      assert.deepEqual(await seen, [bob.id, seq, roomId]);
      assert.deepEqual(room.messages.get(), messages);
    } finally {
      client.close();
    }
  }));
