/** Messages on their way: shown at once, stored once, in order, over losses and reloads. */
import assert from "node:assert/strict";
import type { ChatMessage, Client, Room } from "../src/client/mod.ts";
import { becomes, newAccount, reaches, TestBrowser } from "./harness/client.ts";
import { spawnServer, startServer, type TestServer } from "./harness/server.ts";

Deno.test("a message is shown at once, and goes from queued over sending to sent", () =>
  onRoom(async ({ room }) => {
    const states: ChatMessage["state"][] = [];
    const look = () => states.push(room.messages.get().at(-1)!.state);
    const sent = room.send("Hello");
    await becomes(room.messages, (messages) => messages.length === 2);
    look();
    room.messages.subscribe(look);
    const ack = await sent;
    const [message] = await becomes(room.messages, (messages) => messages.at(-1)!.state === "sent")
      .then((messages) => messages.slice(-1));
    assert.equal(message!.id, ack.id);
    assert.equal(message!.seq, 2);
    assert.deepEqual([...new Set(states)], ["sending", "sent"]);
  }));

Deno.test("what waits for a connection is queued", () =>
  onRoom(async ({ client, room }) => {
    client.disconnect();
    const sent = room.send("Hello");
    await becomes(room.messages, (messages) => messages.length === 2);
    const message = room.messages.get().at(-1)!;
    assert.deepEqual([message.state, message.id, message.seq], ["queued", null, null]);
    client.connect();
    assert.equal((await sent).seq, 2);
  }));

Deno.test("what is written in one turn arrives in the order in which it was written", () =>
  onRoom(async ({ room }) => {
    const acks = await Promise.all(["One", "Two", "Three"].map((text) => room.send(text)));
    assert.deepEqual(acks.map(({ seq }) => seq), [2, 3, 4]);
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three"]);
  }));

Deno.test("a message that is refused has failed, and holds up none behind it", () =>
  onRoom(async ({ room }) => {
    const refused = room.send("x".repeat(4_001));
    const next = room.send("Short");
    await assert.rejects(refused, { name: "EchoRoomError", code: "validation_failed" });
    await next;
    const failed = room.messages.get().find(({ state }) => state === "failed")!;
    assert.equal(failed.error?.code, "validation_failed");
    room.discard(failed);
    assert.deepEqual(texts(room).slice(1), ["Short"]);
  }));

Deno.test("a message that failed can be tried again", () =>
  onRoom(async ({ room }) => {
    await room.send("x".repeat(4_001)).catch(() => {});
    const failed = room.messages.get().find(({ state }) => state === "failed")!;
    await assert.rejects(room.retry(failed), { code: "validation_failed" });
    const again = room.messages.get().filter(({ state }) => state === "failed");
    assert.equal(again.length, 1);
    assert.notEqual(again[0]!.clientMessageId, failed.clientMessageId);
  }));

Deno.test("over the limit messages wait, and arrive in order", () =>
  onRoom(async ({ room }) => {
    const wanted = Array.from({ length: 65 }, (_, i) => String(i));
    const acks = await Promise.all(wanted.map((text) => room.send(text)));
    assert.deepEqual(acks.map(({ seq }) => seq), wanted.map((_, i) => i + 2));
  }, { RATE_LIMIT: "on" }));

Deno.test("unsent messages survive a reload, go out in order, and are then forgotten", () =>
  onRoom(async ({ client, room, browser, server, slug }) => {
    client.disconnect();
    for (const text of ["One", "Two", "Three"]) room.send(text).catch(() => {});
    await becomes(room.messages, (messages) => messages.length === 4);
    assert.equal(browser.storage.length, 3);
    client.close();
    const next = browser.open(server.url);
    const again = next.join(slug);
    next.connect();
    await becomes(again.messages, (messages) => messages.filter(isSent).length === 4);
    assert.deepEqual(texts(again).slice(1), ["One", "Two", "Three"]);
    assert.equal(browser.storage.length, 0);
  }));

Deno.test("unsent messages go out although their room is not joined any more", () =>
  onRoom(async ({ client, room, browser, server, slug }) => {
    client.disconnect();
    room.send("One").catch(() => {});
    await becomes(room.messages, (messages) => messages.length === 2);
    client.close();
    const next = browser.open(server.url);
    next.connect();
    await reaches(next.connection, "online");
    const { messages } = await becomesSent(next, slug, 2);
    assert.equal(messages.at(-1)!.text, "One");
    assert.equal(browser.storage.length, 0);
  }));

Deno.test("what was stored although its ack was lost is not stored again", () =>
  onRoom(async ({ client, room, browser, server, slug }) => {
    await room.send("One");
    // As if the page had been closed between the message and its ack.
    const { clientMessageId, createdAt } = room.messages.get().at(-1)!;
    const key = `echoroom:outbox:${new URL(server.url).host}:${client.user.get()!.id}`;
    const unsent = { room: room.id, text: "One", clientMessageId, createdAt };
    client.close();
    browser.storage.setItem(`${key}:${clientMessageId}`, JSON.stringify(unsent));
    const next = browser.open(server.url);
    const again = next.join(slug);
    next.connect();
    await reaches(again.state, "live");
    await again.send("Two");
    assert.deepEqual(texts(again).slice(1), ["One", "Two"]);
    assert.equal(browser.storage.length, 0);
  }));

Deno.test("another user of the browser neither sees nor sends what was left unsent", () =>
  onRoom(async ({ client, room, browser, server, slug }) => {
    client.disconnect();
    room.send("Ada's").catch(() => {});
    await becomes(room.messages, (messages) => messages.length === 2);
    client.close();
    const next = browser.open(server.url);
    await next.register(newAccount("Bob"));
    const again = next.join(slug);
    await reaches(again.state, "live");
    await again.send("Bob's");
    assert.deepEqual(texts(again).slice(1), ["Bob's"]);
    assert.equal(browser.storage.length, 1);
  }));

Deno.test("signing out throws unsent messages away", () =>
  onRoom(async ({ client, room, browser }) => {
    client.disconnect();
    const sent = assert.rejects(room.send("Never"), { code: "signed_out" });
    await becomes(room.messages, (messages) => messages.length === 2);
    await client.logout();
    await sent;
    assert.equal(browser.storage.length, 0);
  }));

Deno.test("closing the client ends every wait, and keeps what is stored", () =>
  onRoom(async ({ client, room, browser }) => {
    client.disconnect();
    const sent = assert.rejects(room.send("Later"), { code: "closed" });
    await becomes(room.messages, (messages) => messages.length === 2);
    client.close();
    await sent;
    await assert.rejects(room.send("Too late"), { code: "closed" });
    assert.equal(browser.storage.length, 1);
  }));

Deno.test("who is signed out cannot send", async () => {
  const server = await startServer();
  const browser = new TestBrowser();
  const client = browser.open(server.url);
  client.connect();
  await reaches(client.connection, "signed_out");
  await assert.rejects(client.join("room").send("Hello"), { code: "signed_out" });
  browser.close();
  await server.stop();
});

Deno.test("a storage that is full does not keep a message from being sent", () =>
  onRoom(async ({ browser, room }) => {
    browser.storage.setItem = () => {
      throw new Error("QuotaExceededError");
    };
    assert.equal((await room.send("Hello")).seq, 2);
  }));

Deno.test("a message sent to a server that is killed arrives once it lives again", async () => {
  const first = await spawnServer();
  const browser = new TestBrowser();
  const client = browser.open(first.url);
  await client.register(newAccount("Ada"));
  const { slug } = await client.api.createRoom({ name: "Room" });
  const room = client.join(slug);
  await reaches(room.state, "live");
  const texts = Array.from({ length: 200 }, (_, i) => String(i));
  const sends = texts.map((text) => room.send(text));
  await sends[20];
  first.kill("SIGKILL");
  await first.ended;
  const second = await spawnServer({ ...first.settings, PORT: new URL(first.url).port });
  await Promise.all(sends);
  await becomes(room.messages, (messages) => messages.filter(isSent).length === 201);
  assert.deepEqual(room.messages.get().slice(1).map(({ text }) => text), texts);
  browser.close();
  await second.stop();
});

interface World {
  server: TestServer;
  browser: TestBrowser;
  client: Client;
  room: Room;
  slug: string;
}

async function onRoom(
  act: (world: World) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const server = await startServer(settings);
  const browser = new TestBrowser();
  const client = browser.open(server.url);
  await client.register(newAccount("Ada"));
  const { slug } = await client.api.createRoom({ name: "Room" });
  const room = client.join(slug);
  await reaches(room.state, "live");
  await act({ server, browser, client, room, slug });
  browser.close();
  await server.stop();
}

async function becomesSent(client: Client, slug: string, count: number) {
  const room = client.join(slug);
  const messages = await becomes(room.messages, (all) => all.filter(isSent).length === count);
  return { messages };
}

function isSent({ state }: ChatMessage): boolean {
  return state === "sent";
}

function texts(room: Room): string[] {
  return room.messages.get().map(({ text }) => text);
}
