/** The client as it was packed before entries had ids works unchanged against today's server. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { extract } from "tar";
import type * as today from "../src/client/mod.ts";
import { becomes, newAccount, reaches, TestBrowser } from "./harness/client.ts";
import { Frames } from "./harness/client_network.ts";
import { enterBoth, onServer, range, seqs, shows, texts } from "./harness/client_world.ts";
import { Account } from "./harness/account.ts";
import { TestSocket } from "./harness/socket.ts";
import { until } from "./harness/stage.ts";

const PACKED = new URL("data/echoroom_client_part_1.tgz", import.meta.url);
const part1: typeof today = await unpack();

Deno.test("a part 1 client signs up, chats, recovers what it missed, and signs out", () =>
  onServer(async ({ server }) => {
    const frames = new Frames();
    const [ada, bob] = await Promise.all([
      newPerson(server.url, "Ada", { WebSocket: frames.WebSocket }),
      newPerson(server.url, "Bob"),
    ]);
    try {
      const created = await ada.client.api.createRoom({ name: "Room", description: "Of part 1" });
      assert.equal(created.lastSeq, 1);
      const page = await ada.client.api.listRooms();
      assert.deepEqual(page.rooms.map(({ slug }) => slug), [created.slug]);
      const [adas, bobs] = await enterBoth(ada, bob, created.slug);

      const { seq } = await adas.send("Hello");
      assert.equal(seq, 2);
      await shows(bobs, 2);
      assert.deepEqual(texts(bobs), ["Ada created the room", "Hello"]);
      await becomes(adas.online, ({ users }) => users.length === 2);
      adas.keystroke();
      const typing = await becomes(bobs.typing, ({ length }) => length === 1);
      assert.deepEqual(typing.map(({ displayName }) => displayName), ["Ada"]);
      adas.stopTyping();
      await becomes(bobs.typing, ({ length }) => length === 0);

      ada.client.disconnect();
      const unsent = adas.send("Written while away");
      await Promise.all(range(1, 120).map((i) => bobs.send(`Message ${i}`)));
      ada.client.connect();
      assert.equal((await unsent).seq, 123);
      await shows(adas, 123);
      assert.deepEqual(seqs(adas), range(1, 123));
      assert.ok(frames.events.includes("connection:missed"));

      adas.forgetOlder(3);
      assert.deepEqual(seqs(adas), [121, 122, 123]);
      while (await adas.loadOlder());
      assert.deepEqual(seqs(adas), range(1, 123));

      const renamed = await bob.client.updateMe({ displayName: "Robert" });
      assert.equal(renamed.displayName, "Robert");
      bobs.leave();
      await becomes(adas.online, ({ count }) => count === 1);
      await ada.client.logout();
      assert.equal(ada.client.connection.get().status, "signed_out");
      assert.equal(adas.state.get().status, "left");
    } finally {
      ada.client.close();
      bob.client.close();
    }
  }));

Deno.test("a part 1 client chats among edits, deletions and reactions, and loses nothing", () =>
  onServer(async ({ server }) => {
    const ada = await newPerson(server.url, "Ada");
    const bob = await Account.register(server.url, "Bob");
    try {
      const { id, slug } = await ada.client.api.createRoom({ name: "Room" });
      const socket = await TestSocket.connect(bob);
      const room = ada.client.join(slug);
      await reaches(room.state, "live");
      const call = async (event: string, data: object) => {
        const answer = await socket.call(event, { roomId: id, ...data });
        assert.equal(answer.event, "message:ack", JSON.stringify(answer.data));
        return answer.data;
      };
      /** Sends a message, changes it in every way, and deletes every other. */
      const chat = async (i: number) => {
        const { id: messageId } = await call("message:send", { text: `Bob's ${i}` });
        await call("message:edit", { messageId, text: `Bob's ${i}, edited` });
        await call("reaction:add", { messageId, emoji: "👍" });
        await call("reaction:remove", { messageId, emoji: "👍" });
        if (i % 2 === 0) await call("message:delete", { messageId });
      };
      /** Resolves once the client shows all messages of the room, in their order. */
      const showsAll = async () => {
        const { body } = await bob.request("GET", `/rooms/${id}/messages?limit=100`);
        const all = body.messages.map((message: { seq: number }) => message.seq);
        await until(() => room.messages.get().length >= all.length, "all are shown");
        assert.deepEqual(seqs(room), all);
      };

      for (let i = 0; i < 10; i++) await Promise.all([chat(i), room.send(`Ada's ${i}`)]);
      await showsAll();
      ada.client.disconnect();
      const unsent = room.send("Written while away");
      for (let i = 10; i < 20; i++) await chat(i);
      ada.client.connect();
      await unsent;
      await showsAll();
      for (let i = 20; i < 25; i++) await Promise.all([chat(i), room.send(`Ada's ${i}`)]);
      await showsAll();
      const missed = texts(room).filter((text) => /^Bob's 1\d/.test(text));
      assert.deepEqual(missed, [11, 13, 15, 17, 19].map((i) => `Bob's ${i}, edited`));
      await socket.close();
    } finally {
      ada.client.close();
    }
  }));

Deno.test("a part 1 client gets the error codes that it got before", () =>
  onServer(async ({ server }) => {
    const { client } = await newPerson(server.url, "Ada");
    try {
      const room = client.join("nowhere");
      const state = await reaches(room.state, "failed");
      assert.equal(state.status === "failed" && state.error.code, "room_not_found");
      const { slug } = await client.api.createRoom({ name: "Room" });
      await assert.rejects(client.join(slug).send(" "), { code: "validation_failed" });
      const wrong = { email: newAccount("Bob").email, password: "wrong horse" };
      await assert.rejects(client.login(wrong), { code: "invalid_credentials" });
    } finally {
      client.close();
    }
  }));

Deno.test("a part 1 client with tokens of the app's own sends and receives in order", () =>
  onServer(async ({ server }) => {
    const account = await Account.register(server.url, "Ada");
    const { id } = await account.createRoom("Room");
    const client = part1.createClient(server.url, { token: () => Promise.resolve(account.token) });
    client.connect();
    try {
      const room = client.join(id);
      await reaches(room.state, "live");
      const acks = await Promise.all(range(1, 20).map((i) => room.send(String(i))));
      assert.deepEqual(acks.map(({ seq }) => seq), range(2, 21));
      await shows(room, 21);
      assert.deepEqual(seqs(room), range(1, 21));
    } finally {
      client.close();
    }
  }));

/** Somebody whose browser has loaded the packed client. */
async function newPerson(url: string, name: string, options: today.ClientOptions = {}) {
  const browser = new TestBrowser();
  const client = part1.createClient(url, {
    fetch: browser.fetch,
    storage: browser.storage,
    ...options,
  });
  const account = newAccount(name);
  await client.register(account);
  await reaches(client.connection, "online");
  return { client, browser, account };
}

async function unpack() {
  const folder = await Deno.makeTempDir();
  await extract({ file: PACKED.pathname, cwd: folder });
  return await import(join(folder, "package/src/client/mod.js"));
}
