/** Unsent messages in storages that answer later, list no keys, or fail. */
import assert from "node:assert/strict";
import type { OutboxStorage } from "../src/client/mod.ts";
import { becomes } from "./harness/client.ts";
import {
  enter,
  onRoom,
  PATIENT,
  type RoomWorld,
  texts,
  writeOffline,
} from "./harness/client_world.ts";
import { nextTurn, until } from "./harness/stage.ts";

/** As `AsyncStorage` of React Native: every step takes its turns, and any may fail. */
class AsyncStorage implements OutboxStorage {
  readonly items = new Map<string, string>();
  /** Methods that reject. */
  readonly broken = new Set<keyof OutboxStorage>();
  #gate: PromiseWithResolvers<void> | null = null;

  getItem = (key: string) => this.#step("getItem", () => this.items.get(key) ?? null);
  setItem = (key: string, value: string) => this.#step("setItem", () => this.items.set(key, value));
  removeItem = (key: string) => this.#step("removeItem", () => this.items.delete(key));

  /** Nothing is answered until the release. */
  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  /** How many messages are kept. */
  get count(): number {
    return [...this.items.values()].flatMap((value) => JSON.parse(value)).length;
  }

  async #step<T>(name: keyof OutboxStorage, act: () => T): Promise<T> {
    await this.#gate?.promise;
    for (let i = 0; i < 3; i++) await nextTurn();
    if (this.broken.has(name)) throw new Error(`${name} does not work`);
    return act();
  }
}

type Act = (world: RoomWorld & { storage: AsyncStorage }) => Promise<void>;

/** A room in which Ada's browser keeps nothing but in the storage. */
function withStorage(act: Act): Promise<void> {
  return onRoom(async (world) => {
    const storage = new AsyncStorage();
    await act({ ...world, storage });
  });
}

/** Ada's next page, which keeps messages in the storage. */
function open({ server, ada, storage }: Parameters<Act>[0], options = {}) {
  const client = ada.browser.open(server.url, { storage, ...options });
  client.connect();
  return client;
}

/** Leaves messages unsent, all of them kept. */
async function leaveUnsent(world: Parameters<Act>[0], all: string[]): Promise<void> {
  await writeOffline({ ...world.ada, client: open(world) }, world.slug, all);
  await until(() => world.storage.count === all.length, "kept");
}

Deno.test("unsent messages survive a reload in a storage that answers later", () =>
  withStorage(async (world) => {
    await leaveUnsent(world, ["One", "Two", "Three"]);
    const room = await enter(open(world), world.slug);
    await becomes(room.messages, (all) => all.length === 4 && all.at(-1)!.state === "sent");
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three"]);
    await until(() => world.storage.count === 0, "forgotten");
  }));

Deno.test("what is written before the storage has answered is sent after the stored messages", () =>
  withStorage(async (world) => {
    await leaveUnsent(world, ["One", "Two"]);
    world.storage.hold();
    const room = await enter(open(world), world.slug);
    const sent = room.send("Three");
    // Two answers of the server later it would long have been sent.
    for (let i = 0; i < 2; i++) await world.bob.client.api.readRoom(world.slug);
    assert.equal(room.messages.get().at(-1)!.state, "queued");
    world.storage.release();
    await sent;
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three"]);
  }));

Deno.test("earlier unsent messages are shown first, however late the storage answers", () =>
  withStorage(async (world) => {
    await leaveUnsent(world, ["One", "Two"]);
    world.storage.hold();
    const client = open(world, { timing: PATIENT });
    const room = await enter(client, world.slug);
    client.disconnect();
    room.send("Three").catch(() => {});
    world.storage.release();
    await becomes(room.messages, (all) => all.length === 4);
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three"]);
  }));

Deno.test("what is written while the storage has not answered survives the next reload", () =>
  withStorage(async (world) => {
    await leaveUnsent(world, ["One"]);
    world.storage.hold();
    const client = open(world);
    const room = await enter(client, world.slug);
    client.disconnect();
    room.send("Two").catch(() => {});
    client.close();
    world.storage.release();
    const next = await enter(open(world), world.slug);
    await becomes(next.messages, (all) => all.length === 3 && all.at(-1)!.state === "sent");
    assert.deepEqual(texts(next).slice(1), ["One", "Two"]);
  }));

Deno.test("a storage that cannot be read delays no new messages, and old ones follow later", () =>
  withStorage(async (world) => {
    await leaveUnsent(world, ["One"]);
    world.storage.broken.add("getItem");
    const client = open(world);
    const room = await enter(client, world.slug);
    await room.send("Two");
    assert.deepEqual(texts(room).slice(1), ["Two"]);
    world.storage.broken.clear();
    client.disconnect();
    client.connect();
    await becomes(room.messages, (all) => all.length === 3 && all.at(-1)!.state === "sent");
    assert.deepEqual(texts(room).slice(1), ["Two", "One"]);
  }));

Deno.test("a storage that cannot be written delays no messages", () =>
  withStorage(async (world) => {
    world.storage.broken.add("setItem").add("removeItem");
    const room = await enter(open(world), world.slug);
    await room.send("One");
    assert.deepEqual(texts(room).slice(1), ["One"]);
  }));

Deno.test("a message that the storage failed to remove is still stored once", () =>
  withStorage(async (world) => {
    await leaveUnsent(world, ["One"]);
    world.storage.broken.add("removeItem");
    const first = open(world);
    await becomes((await enter(first, world.slug)).messages, (all) => all.at(-1)!.text === "One");
    first.close();
    world.storage.broken.clear();
    const room = await enter(open(world), world.slug);
    await until(() => world.storage.count === 0, "forgotten");
    assert.deepEqual(texts(room).slice(1), ["One"]);
  }));

Deno.test("two clients that share a storage lose nothing of each other's", () =>
  withStorage(async (world) => {
    const [first, second] = [open(world), open(world)];
    const rooms = await Promise.all([enter(first, world.slug), enter(second, world.slug)]);
    for (const client of [first, second]) client.disconnect();
    for (const text of ["One", "Two"]) {
      for (const room of rooms) room.send(text).catch(() => {});
    }
    await until(() => world.storage.count === 4, "kept");
    for (const client of [first, second]) client.close();
    const room = await enter(open(world), world.slug);
    await becomes(room.messages, (all) => all.length === 5 && all.at(-1)!.state === "sent");
    assert.deepEqual(texts(room).slice(1).sort(), ["One", "One", "Two", "Two"]);
  }));

Deno.test("signing out has erased what a storage kept that answers later", () =>
  withStorage(async (world) => {
    const client = open(world, { timing: PATIENT });
    const room = await enter(client, world.slug);
    client.disconnect();
    room.send("One").catch(() => {});
    await until(() => world.storage.count === 1, "kept");
    await client.logout();
    assert.equal(world.storage.items.size, 0);
  }));

Deno.test("a synchronous storage that cannot list its keys works, too", () =>
  onRoom(async ({ server, ada, slug }) => {
    const items = new Map<string, string>();
    const storage: OutboxStorage = {
      getItem: (key) => items.get(key),
      setItem: (key, value) => items.set(key, value),
      removeItem: (key) => items.delete(key),
    };
    const open = () => ada.browser.open(server.url, { storage });
    const first = open();
    first.connect();
    await writeOffline({ ...ada, client: first }, slug, ["One", "Two"]);
    const next = open();
    next.connect();
    const room = await enter(next, slug);
    await becomes(room.messages, (all) => all.length === 3 && all.at(-1)!.state === "sent");
    assert.deepEqual(texts(room).slice(1), ["One", "Two"]);
  }));
