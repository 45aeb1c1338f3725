/** Recovery: everything that was missed is there, in order and once, and the app gets the number. */
// @slow: starts processes
import assert from "node:assert/strict";
import { createClient } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { becomes, QUICK, reaches } from "./harness/client.ts";
import { Frames } from "./harness/client_network.ts";
import {
  enter,
  enterBoth,
  onProcess,
  onRoom,
  PATIENT,
  range,
  seqs,
  shows,
  texts,
  write,
} from "./harness/client_world.ts";

/** A join brings the last 50 entries. */
const MISSED = [
  { missed: 0, how: "none", pages: 0 },
  { missed: 1, how: "by joining again", pages: 0 },
  { missed: 49, how: "by joining again", pages: 0 },
  // These alone do not show whether the entry before them is still the cursor's.
  { missed: 50, how: "by one page of recovery", pages: 1 },
  { missed: 51, how: "by one page of recovery", pages: 1 },
  { missed: 450, how: "page by page", pages: 3 },
];

for (const { missed, how, pages } of MISSED) {
  Deno.test(`${missed} messages that were missed come back ${how}`, () =>
    onRoom(async ({ ada, bob, slug, server }) => {
      const frames = new Frames();
      // A sign of life would be one more `connection:missed`.
      const timing = { ...QUICK, silenceMs: 60_000 };
      const client = ada.browser.open(server.url, { WebSocket: frames.WebSocket, timing });
      client.connect();
      const room = await enter(client, slug);
      assert.equal(room.recovery.get(), null);
      client.disconnect();
      await write(bob, slug, missed);
      client.connect();
      await reaches(room.state, "live");
      assert.deepEqual(seqs(room), range(1, missed + 1));
      assert.deepEqual(room.recovery.get(), { messages: missed, reset: false });
      assert.equal(frames.events.filter((event) => event === "connection:missed").length, pages);
    }));
}

Deno.test("what is written during a recovery is neither lost nor shown twice", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const room = await enter(ada.client, slug);
    const bobs = await enter(bob.client, slug);
    ada.client.disconnect();
    await Promise.all(range(1, 250).map((i) => bobs.send(`Message ${i}`)));
    const meanwhile = range(251, 400).map((i) => bobs.send(`Message ${i}`));
    ada.client.connect();
    await Promise.all(meanwhile);
    await shows(room, 401);
    assert.deepEqual(seqs(room), range(1, 401));
    assert.deepEqual(texts(room).slice(1), range(1, 400).map((i) => `Message ${i}`));
  }));

Deno.test("many messages at once arrive in batches, in order and without a gap", () =>
  onRoom(async ({ ada, slug, server }) => {
    const frames = new Frames();
    const client = ada.browser.open(server.url, { WebSocket: frames.WebSocket });
    client.connect();
    const room = await enter(client, slug);
    const { id } = room.info.get()!;
    const crowd = await Promise.all(range(1, 20).map(() => Account.register(server.url, "Bob")));
    const pages = crowd.map(({ token }) => {
      const page = createClient(server.url, { token: () => Promise.resolve(token) });
      page.connect();
      return page;
    });
    try {
      await Promise.all(pages.flatMap((page) => {
        const bobs = page.join(id);
        return range(1, 20).map((i) => bobs.send(String(i)));
      }));
      await shows(room, 401);
    } finally {
      for (const page of pages) page.close();
    }
    assert.equal(frames.protocol, "echoroom.batch");
    assert.ok(frames.batches > 0);
    assert.deepEqual(seqs(room), range(1, 401));
  }));

Deno.test("a server that is killed and restarted has every message once, in order", () =>
  onProcess(async ({ newPerson, newRoom, restart }) => {
    const { client, browser } = await newPerson("Ada");
    const room = await enter(client, await newRoom({ client }));
    const wanted = range(1, 100).map((i) => `Message ${i}`);
    const sends = wanted.map((text) => room.send(text));
    await sends[10];
    await restart("SIGKILL");
    const acks = await Promise.all(sends);
    assert.deepEqual(acks.map(({ seq }) => seq), range(2, 101));
    await shows(room, 101);
    assert.deepEqual(texts(room).slice(1), wanted);
    const { messages } = await client.api.readMessages(room.id, { limit: 100 });
    assert.deepEqual(messages.map(({ text }) => text), wanted);
    assert.equal(browser.storage.length, 0);
  }));

Deno.test("a message written while the server is down is sent once it is back", () =>
  onProcess(async ({ newPerson, newRoom, restart }) => {
    const { client } = await newPerson("Ada");
    const room = await enter(client, await newRoom({ client }));
    let sent: Promise<{ seq: number }> | undefined;
    await restart("SIGKILL", async () => {
      await becomes(client.connection, ({ status }) => status !== "online");
      sent = room.send("Hello");
    });
    assert.equal((await sent!).seq, 2);
    await shows(room, 2);
  }));

Deno.test("after a restart the recovery counts what was written before the return", () =>
  onProcess(async ({ newPerson, newRoom, restart }) => {
    const ada = await newPerson("Ada", { timing: PATIENT });
    const bob = await newPerson("Bob");
    const slug = await newRoom(ada);
    const [room, bobs] = await enterBoth(ada, bob, slug);
    await restart("SIGKILL");
    await Promise.all(range(1, 3).map((i) => bobs.send(`Message ${i}`)));
    assert.equal(ada.client.connection.get().status, "waiting");
    ada.client.connect();
    await reaches(room.state, "live");
    assert.deepEqual(room.recovery.get(), { messages: 3, reset: false });
    assert.deepEqual(seqs(room), range(1, 4));
  }));

Deno.test("after a restore of the database the list is replaced by what the server has", () =>
  onProcess(async ({ newPerson, newRoom, restart, backUp }) => {
    const ada = await newPerson("Ada");
    const bob = await newPerson("Bob");
    const slug = await newRoom(ada);
    await write(bob, slug, 70);
    let backup = "";
    await restart("SIGTERM", async () => {
      backup = await backUp();
    });
    const room = await enter(ada.client, slug);
    await Promise.all(range(1, 5).map((i) => room.send(`Lost ${i}`)));
    await becomes(room.messages, () => room.cursor === 76);
    await restart("SIGTERM", () => Promise.resolve(), { DATA_DIR: backup });
    const recovery = await becomes(room.recovery, (recovery) => recovery?.reset === true);
    assert.equal(recovery?.reset, true);
    await reaches(room.state, "live");
    assert.deepEqual(seqs(room), range(22, 71));
    assert.equal(room.cursor, 71);
    assert.equal((await room.send("New")).seq, 72);
    await shows(room, 51);
    await room.loadOlder();
    assert.deepEqual(seqs(room), range(1, 72));
    assert.equal(texts(room).some((text) => text.startsWith("Lost")), false);
  }));

/** How many messages a restored log has more than the client's cursor, 15 of whose own are lost. */
const GROWN = [
  { grown: 0, end: "again as long as before" },
  { grown: 3, end: "longer than before" },
  { grown: 50, end: "so much longer that a join shows nothing from before" },
  { grown: 60, end: "much longer than before" },
];

for (const { grown, end } of GROWN) {
  Deno.test(`a restored database whose log is ${end} replaces what is shown`, () =>
    onProcess(async ({ newPerson, newRoom, restart, backUp }) => {
      const ada = await newPerson("Ada", { timing: PATIENT });
      const bob = await newPerson("Bob");
      const slug = await newRoom(ada);
      await write(bob, slug, 10);
      let backup = "";
      await restart("SIGTERM", async () => {
        backup = await backUp();
      });
      ada.client.connect();
      const room = await enter(ada.client, slug);
      await Promise.all(range(1, 15).map((i) => room.send(`Lost ${i}`)));
      await becomes(room.messages, () => room.cursor === 26);
      await restart("SIGTERM", () => Promise.resolve(), { DATA_DIR: backup });
      await write(bob, slug, 15 + grown);
      ada.client.connect();
      const recovery = await becomes(room.recovery, (recovery) => recovery?.reset === true);
      assert.equal(recovery?.reset, true);
      await reaches(room.state, "live");
      const last = 26 + grown;
      assert.equal(room.cursor, last);
      assert.deepEqual(seqs(room), range(Math.max(1, last - 49), last));
      assert.equal(texts(room).some((text) => text.startsWith("Lost")), false);
      const { messages } = await ada.client.api.readMessages(slug, { limit: 50 });
      assert.deepEqual(texts(room), messages.map(({ text }) => text));
    }));
}
