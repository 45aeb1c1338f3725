/** Bots follow a room from a stored cursor: each message and change once, over restarts. */
import assert from "node:assert/strict";
import { type BotHandlers, follow, type FollowOptions } from "../src/client/bot.ts";
import type { Message, Room } from "../src/client/mod.ts";
import { MemoryStorage } from "./harness/client.ts";
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
function start(
  { bob, slug, server }: RoomWorld,
  handlers: BotHandlers,
  options: FollowOptions,
): () => Promise<void> {
  const client = bob.browser.open(server.url);
  client.connect();
  const stop = follow(client, slug, handlers, options);
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
    const options = { storage: new MemoryStorage(), from: "start" } as const;
    const notes = new Notes();
    const stop = start(world, notes, options);
    const [one] = await write(room, ["One", "Two"]);
    await notes.has(3);
    await room.react(one!, "👍");
    await notes.has(4);
    await stop();
    await write(room, range(1, 250).map((i) => `Away ${i}`));
    await room.edit(one!, "One, edited");
    const stopNext = start(world, notes, options);
    await notes.has(255);
    await write(room, ["Last"]);
    await notes.has(256);
    await stopNext();
    assert.deepEqual(notes.all.slice(0, 4), [
      "message Ada created the room",
      "message One",
      "message Two",
      "changed One 1",
    ]);
    const away = range(1, 250).map((i) => `message Away ${i}`);
    assert.deepEqual(notes.all.slice(4), [...away, "changed One, edited 1", "message Last"]);
    assert.deepEqual(notes.errors, []);
  }));

Deno.test("a message that was written and edited while a bot was away is passed as a message", () =>
  onRoom(async (world) => {
    const room = await enter(world.ada.client, world.slug);
    const options = { storage: new MemoryStorage(), from: "start" } as const;
    const [one] = await write(room, ["One", "Two"]);
    await room.edit(one!, "One, edited");
    const notes = new Notes();
    const stop = start(world, notes, options);
    await notes.has(3);
    await stop();
    assert.deepEqual(notes.all.slice(1), ["message Two", "message One, edited"]);
  }));

Deno.test("without a cursor a bot begins with what comes next", () =>
  onRoom(async (world) => {
    const room = await enter(world.ada.client, world.slug);
    await write(room, ["Before"]);
    const notes = new Notes();
    const storage = new MemoryStorage();
    const stop = start(world, notes, { storage });
    await until(() => storage.length === 1, "it has a cursor");
    await write(room, ["After"]);
    await notes.has(1);
    await stop();
    assert.deepEqual(notes.all, ["message After"]);
  }));

Deno.test("a message on which a handler failed is passed on again, and those before it are not", () =>
  onRoom(async (world) => {
    const room = await enter(world.ada.client, world.slug);
    await write(room, ["One", "Two"]);
    const notes = new Notes();
    let failures = 0;
    const message = (one: Message) => {
      if (one.text === "Two" && failures++ === 0) throw new Error("not now");
      notes.message(one);
    };
    const error = (fault: unknown) => notes.error(fault);
    const stop = start(world, { message, error }, { from: "start" });
    await notes.has(3);
    await stop();
    assert.deepEqual(notes.all.slice(1), ["message One", "message Two"]);
    assert.equal(notes.errors.length, 1);
  }));
