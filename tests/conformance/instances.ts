/** How several instances behave as one; run on every bus by a file of its own. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { WaitLimits } from "../../src/backends.ts";
import { request } from "../harness/account.ts";
import { playWithin } from "../harness/patience.ts";
import { startServer } from "../harness/server.ts";
import type { TestSocket } from "../harness/socket.ts";
import { repeatUntil, sleep, Stage, typeUntilShown, until } from "../harness/stage.ts";

export interface InstancesSetting {
  /** What carries the events. */
  name: string;
  /** Settings for instances of one fresh deployment. */
  fresh(): Promise<Record<string, string>>;
}

/** Two instances with the same people and rooms. */
export interface Pair {
  a: Stage;
  b: Stage;
  /** What both run with. */
  settings: Record<string, string>;
}

/** Typing ends by itself so long after its start. */
const TYPING_MS = 6_000;
/** The users of an instance that is silent for so long are offline. */
const SILENCE_MS = 15_000;

export function testInstances(setting: InstancesSetting): void {
  const test = (sentence: string, act: (pair: Pair) => Promise<void>) =>
    Deno.test(`${setting.name}: ${sentence}`, () => onPair(setting, act));

  test("a message sent on one instance reaches sockets on the other, in order", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const [here, there] = [await pair.a.join(ada, roomId), await pair.b.join(bob, roomId)];
    const send = (socket: TestSocket, text: string) => {
      return socket.acked("message:send", { roomId, text, clientMessageId: crypto.randomUUID() });
    };
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    await Promise.all(numbers.flatMap((i) => [send(here, `a${i}`), send(there, `b${i}`)]));
    for (const socket of [here, there]) {
      await socket.event("message:new", ({ seq }) => seq === 41);
      const seen = socket.all("message:new");
      assert.deepEqual(seen.map(({ seq }) => seq), Array.from({ length: 40 }, (_, i) => i + 2));
      assert.equal(new Set(seen.map(({ message }) => message.text)).size, 40);
      assert.deepEqual(new Set(seen.map(({ message }) => message.sender.displayName)).size, 2);
    }
  });

  test("settings changed on one instance are shown on the other as they are now", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const there = await pair.b.join(bob, roomId);
    for (const name of ["Tea", "Coffee"]) {
      const { status } = await ada.request("PATCH", `/rooms/${roomId}`, { name });
      assert.equal(status, 200);
      await there.event(
        "message:new",
        ({ message }) => message.systemData?.changes?.name === name,
      );
    }
    await there.event("room:updated", ({ room }) => room.name === "Coffee");
    const names = new Set(there.all("room:updated").map(({ room }) => room.name));
    assert.ok(names.isSubsetOf(new Set(["Tea", "Coffee"])), [...names].join(", "));
  });

  test("a role on the server given on one instance is shown in the rooms of the other", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const there = await pair.b.join(bob, roomId);
    for (const role of ["admin", "member"]) {
      // The first who registered is an admin.
      const { status } = await ada.request("PUT", `/users/${bob.id}/role`, { role });
      assert.equal(status, 204);
      await there.event("room:updated", ({ capabilities }) => {
        return capabilities.includes("room.delete") === (role === "admin");
      });
    }
  });

  test("changes on both instances reach sockets on both, in order, with what they made", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const [here, there] = [await pair.a.join(ada, roomId), await pair.b.join(bob, roomId)];
    const sent = await here.call("message:send", { roomId, text: "Hello" });
    const messageId = sent.data.id;
    for (let i = 0; i < 20; i++) {
      here.send("message:edit", { roomId, messageId, text: `Text ${i}` });
      const event = i % 2 === 0 ? "reaction:add" : "reaction:remove";
      there.send(event, { roomId, messageId, emoji: "👍" });
    }
    // The two compete for the room: on a slow database a command may have to be repeated.
    await there.acked("reaction:remove", { roomId, messageId, emoji: "👍" });
    await there.acked("reaction:add", { roomId, messageId, emoji: "heart" });
    await here.acked("message:edit", { roomId, messageId, text: "Last" });
    const { body } = await bob.request("GET", `/rooms/${roomId}/messages/${messageId}`);
    assert.equal(body.message.text, "Last");
    assert.deepEqual(body.message.reactions, [{ emoji: "heart", count: 1, users: [bob.id] }]);
    for (const socket of [here, there]) {
      await socket.event("message:updated", ({ seq }) => seq === body.message.changedSeq);
      const seen = socket.all("message:updated");
      assert.deepEqual(seen.map(({ seq }) => seq), Array.from(seen, (_, i) => i + 3));
      assert.deepEqual(seen.at(-1).message, body.message);
    }
  });

  test("a change is decided after those on the other instance, and seen by who joins there", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const here = [await pair.a.connect(ada), await pair.a.connect(bob)] as const;
    const there = await pair.b.connect(bob);
    for (let round = 0; round < 5; round++) {
      const sent = await there.call("message:send", { roomId, text: "The secret words" });
      const { id: messageId, seq: ifChangedSeq } = sent.data;
      const edits = await Promise.all(Array.from({ length: 6 }, (_, i) => {
        const edit = { roomId, messageId, text: `The secret words ${i}`, ifChangedSeq };
        return (i % 2 === 0 ? there : here[1]).call("message:edit", edit);
      }));
      const codes = edits.flatMap(({ event, data }) => event === "error" ? data.code : []);
      assert.deepEqual(codes, Array.from({ length: 5 }, () => "edit_conflict"));
      const deleted = await here[0].call("message:delete", { roomId, messageId });
      assert.equal(deleted.event, "message:ack");
      const late = { roomId, messageId, text: "The secret words again" };
      assert.equal((await there.call("message:edit", late)).data.code, "message_deleted");
      for (const [instance, person] of [[pair.a, ada], [pair.b, bob]] as const) {
        const socket = await instance.join(person, roomId);
        assert.doesNotMatch(JSON.stringify(socket.received), /secret/);
        await socket.close();
      }
    }
  });

  test("what changes of an account on one instance reaches its sockets on the other, in order", async (pair) => {
    const { bob } = await adaAndBob(pair);
    const there = await pair.b.connect(bob);
    assert.equal((await there.call("account:recover", { lastSeenSeq: 0 })).data.hasMore, false);
    const names = Array.from({ length: 5 }, (_, i) => `Bob's ${i}`);
    const made = await Promise.all(names.map((name) => bob.createRoom(name)));
    for (const { id } of made) {
      await there.event("account:item", ({ item }) => item.key === `room:${id}`);
    }
    const seqs = there.all("account:item").map(({ item }) => item.seq);
    assert.deepEqual(seqs, [...new Set(seqs)].toSorted((a, b) => a - b));
    const { body } = await bob.request("GET", "/auth/me/changes?after=0");
    const keys = new Set(body.items.map(({ key }: { key: string }) => key));
    assert.ok(made.every(({ id }) => keys.has(`room:${id}`)));
  });

  test("who is named or answered gets a hint on both instances, without having joined", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const sender = await pair.a.connect(ada);
    const sockets = [await pair.a.connect(bob), await pair.b.connect(bob)];
    const content = { roomId, text: "Bob?", mentions: [bob.id] };
    await sender.acked("message:send", { ...content, clientMessageId: crypto.randomUUID() });
    for (const socket of sockets) {
      const { data } = await socket.event("mention:new");
      assert.deepEqual([data.roomId, data.by.id, data.reason], [roomId, ada.id, "mention"]);
    }
    await sockets[1]!.acked("message:send", { roomId, text: "Yes", clientMessageId: "yes" });
    await sender.acked("message:send", { ...content, mentions: [], mentionsRoom: true });
    for (const socket of sockets) {
      await socket.event("mention:new", ({ reason }) => reason === "room");
    }
  });

  test("each instance shows admins both, with what the other one said", async (pair) => {
    const { ada, bob } = await adaAndBob(pair);
    await pair.b.connect(bob);
    const sockets = async (url: string) => {
      const { body } = await ada.at(url).request("GET", "/instances");
      // deno-lint-ignore no-explicit-any -- an answer
      return body.instances.map(({ isThis, status }: any) => [isThis, status?.sockets]);
    };
    const { a, b } = pair;
    await until(async () => {
      return isDeepStrictEqual(await sockets(a.server.url), [[true, 0], [false, 1]]);
    }, "the first shows the second one's socket");
    await until(async () => {
      return isDeepStrictEqual(await sockets(b.server.url), [[true, 1], [false, 0]]);
    }, "the second shows the first one");
  });

  test("a user who joins sees those on the other instance, and is seen there", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const here = await pair.a.join(ada, roomId);
    await knowEachOther(pair);
    const there = await pair.b.join(bob, roomId);
    await until(() => shown(there).join() === "Ada,Bob", "both are shown");
    const update = await here.event("presence:update", ({ joined }) => names(joined)[0] === "Bob");
    assert.equal(update.data.count, 2);
  });

  test(
    "a user with sockets on both instances is online once, until the last has gone",
    (pair) => playWithin(SILENCE_MS, () => comeAndGo(pair)),
  );

  test("an instance that ends takes its users with it", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const watcher = await pair.a.join(ada, roomId);
    await knowEachOther(pair);
    await pair.b.join(bob, roomId);
    await watcher.event("presence:update", ({ count }) => count === 2);
    await pair.b.end();
    await watcher.event("presence:update", ({ count }) => count === 1);
  });

  test("typing shows on the other instance, and ends with a send", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const [here, there] = [await pair.a.join(ada, roomId), await pair.b.join(bob, roomId)];
    await typeUntilShown(here, there, roomId);
    await here.acked("message:send", { roomId, text: "done" });
    const { data } = await there.event("typing:update", ({ isTyping }) => !isTyping);
    assert.equal(data.user.displayName, "Ada");
    assert.equal(here.all("typing:update").length, 0, "the typist is not notified");
  });

  test("how far one has read shows on the other instance, as the last of what both were told", async (pair) => {
    const [ada, bob] = await pair.a.people("Ada", "Bob");
    const { body } = await ada.request("POST", "/directs", { userId: bob.id });
    const roomId = body.room.id;
    const [here, there] = [await pair.a.join(bob, roomId), await pair.b.join(bob, roomId)];
    const watcher = await pair.b.join(ada, roomId);
    for (const text of ["One", "Two", "Three"]) {
      await watcher.acked("message:send", { roomId, text, clientMessageId: crypto.randomUUID() });
    }
    const { seq } =
      (await here.event("message:new", ({ message }) => message.text === "Three")).data;
    /** Reads until the watcher is shown it; only a position that moves is shown. */
    const read = async (socket: TestSocket, position: number) => {
      const isShown = () => watcher.all("read:update").some(({ seq }) => seq === position);
      await repeatUntil(isShown, () => {
        socket.send("room:unread", { roomId, seq: position });
        socket.send("room:read", { roomId, seq: position });
      }, "the position is shown");
    };
    await read(here, seq - 2);
    const { data } = await watcher.event("read:update", (data) => data.seq === seq - 2);
    assert.deepEqual(data, { roomId, userId: bob.id, seq: seq - 2 });
    await here.call("room:read", { roomId, seq: seq - 1 });
    await read(there, seq);
    assert.deepEqual([...here.all("read:update"), ...there.all("read:update")], []);
  });

  test(
    "typing on two instances ends when it has ended on both",
    (pair) => playWithin(TYPING_MS, () => typeOnBoth(pair)),
  );

  test("signing out on one instance closes the session's sockets on the other", async (pair) => {
    const { ada, roomId } = await adaAndBob(pair);
    const socket = await pair.b.join(ada, roomId);
    assert.equal((await ada.logOut()).status, 204);
    assert.equal(await socket.closeCode(), 4401);
    assert.equal(socket.all("auth:error")[0].code, "session_revoked");
  });

  test("a changed profile shows on the other instance", async (pair) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    await pair.a.join(ada, roomId);
    await knowEachOther(pair);
    const there = await pair.b.join(bob, roomId);
    await ada.request("PATCH", "/auth/me", { displayName: "Countess" });
    await until(async () => {
      const { data } = await there.call("room:join", { roomId });
      return names(data.online).includes("Countess") &&
        data.messages[0].sender.displayName === "Countess";
    }, "the new name is shown");
  });

  test("an instance is ready while its bus is", async ({ a }) => {
    await until(async () => {
      const { status, body } = await request(a.server.url, "GET", "/ready");
      return status === 200 && body.checks.bus === "ok";
    }, "it is ready");
  });
}

/**
 * Runs `act` on two instances of one deployment.
 * @param extra settings of both
 * @param limits as for `startServer`
 */
export async function onPair(
  { fresh }: InstancesSetting,
  act: (pair: Pair) => Promise<void>,
  extra: Record<string, string> = {},
  limits?: WaitLimits,
): Promise<void> {
  const settings = { ...await fresh(), ...extra };
  const start = () => startServer(settings, limits);
  const servers = await Promise.all([start(), start()]);
  const [a, b] = servers.map((server) => new Stage(server)) as [Stage, Stage];
  try {
    await act({ a, b, settings });
  } finally {
    await Promise.all([a.end(), b.end()]);
  }
}

/** Ada, who is known at the first instance, Bob, who is at the second, and a room of Ada's. */
export async function adaAndBob({ a, b }: Pair) {
  const [ada] = await a.people("Ada");
  const [bob] = await b.people("Bob");
  const { id: roomId } = await ada.createRoom("General");
  return { ada, bob, roomId };
}

/** Resolves once each instance has the other's presence: a newcomer sees the other's people. */
export async function knowEachOther({ a, b }: Pair): Promise<void> {
  const [scout] = await a.people("Scout");
  const { id: roomId } = await scout.createRoom("Lookout");
  for (const [from, to] of [[a, b], [b, a]] as const) {
    const [visitor] = await to.people("Visitor");
    const sockets = [await from.join(scout, roomId), await to.join(visitor, roomId)] as const;
    await until(
      () => shown(sockets[1]).includes("Scout"),
      "each instance has the other's presence",
    );
    for (const socket of sockets) await socket.close();
  }
}

/** The online users of a socket's only room: those of its join, and those who came since. */
function shown(socket: TestSocket): string[] {
  const online = new Map<string, string>();
  for (const { event, data } of socket.received) {
    for (const { id, displayName } of data.online ?? data.joined ?? []) online.set(id, displayName);
    if (event === "presence:update") { for (const { id } of data.left) online.delete(id); }
  }
  return [...online.values()].toSorted();
}

function names(users: { displayName: string }[]): string[] {
  return users.map(({ displayName }) => displayName).toSorted();
}

/** Ada types on both instances, and is watched while she ends it on one and then on the other. */
async function typeOnBoth(pair: Pair): Promise<void> {
  const { ada, bob, roomId } = await adaAndBob(pair);
  const [one, two] = [await pair.a.join(ada, roomId), await pair.b.join(ada, roomId)];
  const watcher = await pair.b.join(bob, roomId);
  const [carol] = await pair.a.people("Carol");
  const beside = await pair.a.join(carol, roomId);
  /** The users that the watcher is notified of, in order. */
  const notified = () =>
    watcher.all("typing:update").map(({ user, isTyping }) => `${user.displayName} ${isTyping}`);
  /** Resolves once what was sent through the first instance has reached the second. */
  const crossed = async (event: "typing:start" | "typing:stop") => {
    await one.call("room:join", { roomId });
    const isShown = () => notified().includes(`Carol ${event === "typing:start"}`);
    await repeatUntil(isShown, () => beside.send(event, { roomId }), "Carol is shown");
  };
  const start = (socket: TestSocket) => socket.send("typing:start", { roomId });
  // Typing ends by itself after 6 s, which a busy machine may need for what follows.
  const typing = setInterval(() => start(one), 1_000);
  try {
    start(two);
    start(one);
    await crossed("typing:start");
    two.send("typing:stop", { roomId });
    await two.call("room:join", { roomId });
    await crossed("typing:stop");
    assert.deepEqual(notified(), ["Ada true", "Carol true", "Carol false"]);
  } finally {
    clearInterval(typing);
  }
  one.send("typing:stop", { roomId });
  await until(() => notified().includes("Ada false"), "Ada has stopped");
}

/** Bob comes through both instances and goes from one after the other, and is watched. */
async function comeAndGo(pair: Pair): Promise<void> {
  const { ada, bob, roomId } = await adaAndBob(pair);
  const watcher = await pair.a.join(ada, roomId);
  await knowEachOther(pair);
  const first = await pair.a.join(bob, roomId);
  await watcher.event("presence:update", ({ joined }) => names(joined).includes("Bob"));
  const second = await pair.b.join(bob, roomId);
  // The list that names Carol names Bob, too: from then on both instances list him.
  const [carol] = await pair.a.people("Carol");
  await pair.b.join(carol, roomId);
  await watcher.event("presence:update", ({ joined }) => names(joined).includes("Carol"));
  await first.close();
  await sleep(600);
  const { data } = await watcher.call("room:join", { roomId });
  assert.deepEqual(names(data.online), ["Ada", "Bob", "Carol"]);
  await second.close();
  const left = await watcher.event("presence:update", (update) => update.left.length > 0);
  assert.deepEqual([names(left.data.left), left.data.count], [["Bob"], 2]);
  assert.equal(
    watcher.all("presence:update").filter(({ joined }) => names(joined).includes("Bob")).length,
    1,
  );
}
