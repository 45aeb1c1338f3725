/** Rooms as the client holds them: their logs, who is there, who types, and coming back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Client, Room } from "../src/client/mod.ts";
import { becomes, newAccount, reaches, TestBrowser } from "./harness/client.ts";
import { spawnServer, startServer, type TestServer } from "./harness/server.ts";

Deno.test("a room joined by its slug and one joined by its id show one log", () =>
  onStage(async ({ ada, slug }) => {
    const room = ada.join(slug);
    await reaches(room.state, "live");
    const byId = ada.join(room.id);
    await reaches(byId.state, "live");
    await room.send("Hello");
    await becomes(byId.messages, (messages) => messages.at(-1)?.text === "Hello");
    assert.deepEqual(texts(room), texts(byId));
    byId.leave();
    await room.send("Still here");
    await becomes(room.messages, (messages) => messages.at(-1)?.state === "sent");
  }));

Deno.test("a room is left when it was left as often as it was joined", () =>
  onStage(async ({ ada, bob, slug }) => {
    const room = ada.join(slug);
    assert.equal(ada.join(slug), room);
    const bobs = bob.join(slug);
    await becomes(bobs.online, ({ count }) => count === 2);
    room.leave();
    assert.equal(room.state.get().status, "live");
    room.leave();
    assert.equal(room.state.get().status, "left");
    await becomes(bobs.online, ({ count }) => count === 1);
    assert.notEqual(ada.join(slug), room);
  }));

Deno.test("a room that does not exist has failed, and says why", () =>
  onStage(async ({ ada }) => {
    const state = await reaches(ada.join("nowhere").state, "failed");
    assert.equal(state.status === "failed" && state.error.code, "room_not_found");
  }));

Deno.test("listeners are told once of all that one turn changed", () =>
  onStage(async ({ ada, bob, slug }) => {
    const room = ada.join(slug);
    const bobs = bob.join(slug);
    await Promise.all([reaches(room.state, "live"), reaches(bobs.state, "live")]);
    const before = room.messages.get();
    assert.equal(room.messages.get(), before, "the same until it changes");
    let told = 0;
    const end = room.messages.subscribe(() => told++);
    await bobs.send("Hello");
    await becomes(room.messages, (messages) => messages.length > before.length);
    assert.equal(told, 1);
    end();
    await bobs.send("Again");
    await becomes(room.messages, (messages) => messages.length > before.length + 1);
    assert.equal(told, 1);
  }));

Deno.test("others are seen online, and to type until they send", () =>
  onStage(async ({ ada, bob, slug }) => {
    const room = ada.join(slug);
    const bobs = bob.join(slug);
    const { users } = await becomes(room.online, ({ count }) => count === 2);
    assert.deepEqual(users.map(({ displayName }) => displayName), ["Ada", "Bob"]);
    await reaches(bobs.state, "live");
    bobs.keystroke();
    const [typing] = await becomes(room.typing, ({ length }) => length === 1);
    assert.equal(typing?.displayName, "Bob");
    bobs.stopTyping();
    await becomes(room.typing, ({ length }) => length === 0);
    bobs.keystroke();
    await becomes(room.typing, ({ length }) => length === 1);
    await bobs.send("Hello");
    await becomes(room.typing, ({ length }) => length === 0);
    assert.deepEqual(bobs.typing.get(), [], "oneself is not among those who type");
  }));

Deno.test("the history is loaded page by page down to the first message", () =>
  onStage(async ({ ada, bob, slug }) => {
    await sendMany(bob, slug, 130);
    const room = ada.join(slug);
    await reaches(room.state, "live");
    assert.equal(room.messages.get().length, 50);
    assert.equal(room.hasOlder.get(), true);
    while (await room.loadOlder());
    assert.equal(room.hasOlder.get(), false);
    assert.deepEqual(seqs(room), range(1, 131));
    assert.equal(await room.loadOlder(), false);
  }));

for (const missed of [1, 49, 51, 450]) {
  Deno.test(`who missed ${missed} messages has them all, and is told how many`, () =>
    onStage(async ({ ada, bob, slug }) => {
      const room = ada.join(slug);
      await reaches(room.state, "live");
      ada.disconnect();
      assert.equal(room.state.get().status, "waiting");
      assert.equal(room.online.get().count, null);
      await sendMany(bob, slug, missed);
      ada.connect();
      await reaches(room.state, "live");
      assert.deepEqual(room.recovery.get(), { messages: missed, reset: false });
      assert.deepEqual(seqs(room), range(1, missed + 1));
    }));
}

Deno.test("who missed nothing is told of nothing", () =>
  onStage(async ({ ada, slug }) => {
    const room = ada.join(slug);
    await reaches(room.state, "live");
    ada.disconnect();
    ada.connect();
    await reaches(room.state, "live");
    assert.deepEqual(room.recovery.get(), { messages: 0, reset: false });
  }));

Deno.test("when the database was restored the room shows what the server has now", async () => {
  const first = await spawnServer();
  const browser = new TestBrowser();
  const client = browser.open(first.url);
  await client.register(newAccount("Ada"));
  const { slug } = await client.api.createRoom({ name: "Room" });
  const room = client.join(slug);
  await room.send("Before the backup");
  await stop(first);
  const backup = await copyOf(first.settings.DATA_DIR!);
  const { port } = new URL(first.url);
  const second = await spawnServer({ ...first.settings, PORT: port });
  await room.send("After the backup");
  await room.send("Also lost");
  await stop(second);
  const third = await spawnServer({ ...first.settings, DATA_DIR: backup, PORT: port });
  await becomes(room.recovery, (recovery) => recovery?.reset === true);
  assert.deepEqual(texts(room), ["Ada created the room", "Before the backup"]);
  const { seq } = await room.send("New");
  assert.equal(seq, 3);
  browser.close();
  await third.stop();
});

interface World {
  ada: Client;
  bob: Client;
  slug: string;
}

async function onStage(act: (world: World) => Promise<void>): Promise<void> {
  const server: TestServer = await startServer();
  const browsers = [new TestBrowser(), new TestBrowser()];
  const [ada, bob] = browsers.map((browser) => browser.open(server.url));
  await Promise.all([ada!.register(newAccount("Ada")), bob!.register(newAccount("Bob"))]);
  const { slug } = await ada!.api.createRoom({ name: "Room" });
  await act({ ada: ada!, bob: bob!, slug });
  for (const browser of browsers) browser.close();
  await server.stop();
}

async function sendMany(client: Client, slug: string, count: number): Promise<void> {
  const room = client.join(slug);
  await Promise.all(range(1, count).map((i) => room.send(`Message ${i}`)));
  room.leave();
}

async function stop(server: Awaited<ReturnType<typeof spawnServer>>): Promise<void> {
  server.kill("SIGTERM");
  await server.ended;
}

async function copyOf(folder: string): Promise<string> {
  const copy = await Deno.makeTempDir();
  for await (const { name } of Deno.readDir(folder)) {
    await Deno.copyFile(join(folder, name), join(copy, name));
  }
  return copy;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function texts(room: Room): string[] {
  return room.messages.get().map(({ text }) => text);
}

function seqs(room: Room): (number | null)[] {
  return room.messages.get().map(({ seq }) => seq);
}
