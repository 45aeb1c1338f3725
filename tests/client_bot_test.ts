/** Bots follow a room from a stored cursor: each message and change once, over restarts. */
// @slow: many servers and clients
import assert from "node:assert/strict";
import { type BotHandlers, follow, type FollowOptions } from "../src/client/bot.ts";
import type { Message, Room } from "../src/client/mod.ts";
import { MemoryStorage } from "../src/client/testing/memory_storage.ts";
import { enter, onRoom, range, type RoomWorld } from "./harness/client_world.ts";
import { until } from "./harness/stage.ts";

/** Notes what a bot is passed, as `message text` and `changed text`. */
class Notes implements BotHandlers {
  readonly all: string[] = [];
  readonly errors: unknown[] = [];

  message({ text }: Message): void {
    this.all.push(`message ${text}`);
  }

  changed({ text, reactions }: Message): void {
    this.all.push(`changed ${text} ${reactions.length}`);
  }

  error(error: unknown): void {
    this.errors.push(error);
  }

  async has(count: number): Promise<void> {
    await until(() => this.all.length >= count, `${count} notes`);
  }
}

/** Bob's bot in Ada's room. */
async function start(
  { bob, slug, server }: RoomWorld,
  handlers: BotHandlers,
  options: FollowOptions,
): Promise<() => Promise<void>> {
  const client = bob.browser.open(server.url);
  client.connect();
  const storage = options.storage!;
  const stop = follow(client, slug, handlers, options);
  await until(() => (storage as MemoryStorage).length === 1, "it has a cursor");
  return async () => {
    await stop();
    client.close();
  };
}

async function write(room: Room, texts: string[]): Promise<string[]> {
  const acks = await Promise.all(texts.map((text) => room.send(text)));
  return acks.map(({ id }) => id);
}

Deno.test("a bot is passed each message and change once, also what happened while it was away", () =>
  onRoom(async (world) => {
    const room = await enter(world.ada.client, world.slug);
    const options = { storage: new MemoryStorage() };
    const notes = new Notes();
    const stop = await start(world, notes, options);
    const [one] = await write(room, ["One", "Two"]);
    await notes.has(2);
    await room.react(one!, "👍");
    await notes.has(3);
    await stop();
    await write(room, range(1, 250).map((i) => `Away ${i}`));
    await room.edit(one!, "One, edited");
    const stopNext = await start(world, notes, options);
    await notes.has(254);
    await write(room, ["Last"]);
    await notes.has(255);
    await stopNext();
    assert.deepEqual(notes.all.slice(0, 3), ["message One", "message Two", "changed One 1"]);
    const away = range(1, 250).map((i) => `message Away ${i}`);
    const passed = notes.all.slice(3).filter((note) => note.startsWith("message"));
    assert.deepEqual(passed, [...away, "message Last"]);
    assert.deepEqual(notes.all.filter((note) => note.startsWith("changed One, edited")).length, 1);
    assert.deepEqual(notes.errors, []);
  }));

Deno.test("a message that was written and changed while a bot was away is passed on as a message", () =>
  onRoom(async (world) => {
    const room = await enter(world.ada.client, world.slug);
    const options = { storage: new MemoryStorage() };
    await (await start(world, new Notes(), options))();
    const [one] = await write(room, range(1, 220).map((i) => `Away ${i}`));
    await room.edit(one!, "Away 1, edited");
    const notes = new Notes();
    const stop = await start(world, notes, options);
    await notes.has(220);
    await write(room, ["Last"]);
    await notes.has(221);
    await stop();
    const away = range(2, 220).map((i) => `message Away ${i}`);
    assert.deepEqual(notes.all, ["message Away 1, edited", ...away, "message Last"]);
  }));

Deno.test("a bot whose cursor is of a lost log is told so, and goes on at the end of the present one", () =>
  onRoom(async (world) => {
    const room = await enter(world.ada.client, world.slug);
    const storage = new MemoryStorage();
    await (await start(world, new Notes(), { storage }))();
    const key = storage.key(0)!;
    const cursor = JSON.parse(storage.getItem(key)!);
    storage.setItem(key, JSON.stringify({ ...cursor, messageId: "of a lost log", seq: 1_000 }));
    await write(room, ["Before"]);
    let resets = 0;
    const notes = new Notes();
    const stop = await start(world, {
      message: (message) => notes.message(message),
      reset: () => void resets++,
    }, { storage });
    await until(() => resets > 0, "it is told");
    await until(() => JSON.parse(storage.getItem(key)!).seq === 2, "it is at the end");
    await write(room, ["After"]);
    await notes.has(1);
    await stop();
    assert.deepEqual([notes.all, resets], [["message After"], 1]);
  }));

Deno.test("a message on which a handler failed is passed on again, and those before it are not", () =>
  onRoom(async (world) => {
    const room = await enter(world.ada.client, world.slug);
    const notes = new Notes();
    let failures = 0;
    const message = (one: Message) => {
      if (one.text === "Two" && failures++ === 0) throw new Error("not now");
      notes.message(one);
    };
    const error = (fault: unknown) => notes.error(fault);
    const stop = await start(world, { message, error }, { storage: new MemoryStorage() });
    await write(room, ["One", "Two"]);
    await notes.has(2);
    await stop();
    assert.deepEqual(notes.all, ["message One", "message Two"]);
    assert.equal(notes.errors.length, 1);
  }));

Deno.test("a bot whose handler of errors fails goes on", () =>
  onRoom(async (world) => {
    const room = await enter(world.ada.client, world.slug);
    const notes = new Notes();
    let failures = 0;
    const message = (one: Message) => {
      if (failures++ < 2) throw new Error("not now");
      notes.message(one);
    };
    const error = (fault: unknown) => {
      notes.error(fault);
      if (notes.errors.length === 1) throw new Error("nor this");
      return Promise.reject(new Error("nor that"));
    };
    const stop = await start(world, { message, error }, { storage: new MemoryStorage() });
    await write(room, ["One"]);
    await notes.has(1);
    await stop();
    assert.deepEqual([notes.all, notes.errors.length], [["message One"], 2]);
  }));
