/** The last rooms and messages of a user, kept in the browser. */
import assert from "node:assert/strict";
import { indexedDB } from "fake-indexeddb";
import { createStore, entries, set } from "idb-keyval";
import type { ChatMessage, RoomInfo } from "../src/client/mod.ts";
import { ARCHIVE_LIMITS, RoomArchive } from "../web/archive/room_archive.ts";
import { sentMessage } from "./harness/sent_message.ts";

Object.assign(globalThis, { indexedDB });

/** So long that only `flush` writes. */
const NEVER = { pauseMs: 2 ** 31 - 1 };
const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };

Deno.test("rooms and messages are there after a reload, the last active first", async () => {
  const open = newStore();
  const before = new RoomArchive("ada", { open, ...NEVER });
  before.keep(room("tea"), [message(1), message(2)]);
  before.keep(room("old"), []);
  await before.flush();
  const loaded = await new RoomArchive("ada", { open }).load();
  assert.deepEqual(loaded.map(({ room }) => room.id), ["tea", "old"]);
  assert.deepEqual(loaded[0]!.messages, [message(1), message(2)]);
});

Deno.test("changes are written by themselves, several at once", async () => {
  const written = Promise.withResolvers<void>();
  const store = newStore()();
  let writes = 0;
  const open = () =>
    (async (mode, work) => {
      const result = await store(mode, work);
      writes++;
      written.resolve();
      return result;
    }) as typeof store;
  const archive = new RoomArchive("ada", { open, pauseMs: 1 });
  for (let seq = 1; seq < 10; seq++) archive.keep(room("tea"), [message(seq)]);
  await written.promise;
  assert.equal(writes, 1);
  assert.equal((await archive.load())[0]!.messages[0]!.seq, 9);
});

Deno.test("what is not sent is not kept, and a deleted text goes with the next copy", async () => {
  const open = newStore();
  const archive = new RoomArchive("ada", { open, ...NEVER });
  const queued = { ...message(2), state: "queued", id: null, seq: null } as const;
  archive.keep(room("tea"), [message(1), queued]);
  await archive.flush();
  assert.equal((await archive.load())[0]!.messages.length, 1);
  archive.keep(room("tea"), [{ ...message(1), text: "", deletedAt: "2026-01-02" }]);
  await archive.flush();
  assert.ok(!JSON.stringify(await entries(open())).includes("text 1"));
});

Deno.test("the last messages of the last active rooms are kept, and one that is on the screen", async () => {
  const open = newStore();
  const archive = new RoomArchive("ada", { open, ...NEVER });
  const many = Array.from({ length: 150 }, (_, i) => message(i + 1));
  archive.keep(room("shown"), [message(1)], true);
  for (let i = 1; i <= 30; i++) archive.keep(room(`room ${i}`), many.slice(0, 100 + i));
  await archive.flush();
  const loaded = await archive.load();
  assert.equal(loaded.length, ARCHIVE_LIMITS.rooms);
  assert.equal((await entries(open())).length, ARCHIVE_LIMITS.rooms);
  assert.equal(loaded[0]!.room.id, "shown");
  assert.equal(loaded[1]!.room.id, "room 30");
  assert.equal(loaded[1]!.messages.length, ARCHIVE_LIMITS.messages);
  assert.equal(loaded[1]!.messages.at(-1)!.seq, 130);
  assert.equal(loaded.at(-1)!.room.id, "room 12");
});

Deno.test("rooms that are no longer followed are removed", async () => {
  const open = newStore();
  const archive = new RoomArchive("ada", { open, ...NEVER });
  for (const id of ["tea", "left"]) archive.keep(room(id), [message(1)]);
  await archive.flush();
  const next = new RoomArchive("ada", { open, ...NEVER });
  await next.load();
  next.retain(["tea"]);
  await next.flush();
  assert.deepEqual((await next.load()).map(({ room }) => room.id), ["tea"]);
});

Deno.test("another user sees nothing, and the first one's rooms are gone", async () => {
  const open = newStore();
  const archive = new RoomArchive("ada", { open, ...NEVER });
  archive.keep(room("tea"), [message(1)]);
  await archive.flush();
  assert.deepEqual(await new RoomArchive("bob", { open }).load(), []);
  assert.deepEqual(await entries(open()), []);
});

Deno.test("after signing out nothing is left, and nothing is kept any more", async () => {
  const open = newStore();
  const archive = new RoomArchive("ada", { open, ...NEVER });
  archive.keep(room("tea"), [message(1)]);
  const [, , erased] = [archive.flush(), archive.keep(room("cake"), []), archive.erase()];
  await erased;
  archive.keep(room("tea"), [message(2)]);
  await archive.flush();
  assert.deepEqual(await entries(open()), []);
  assert.deepEqual(await archive.load(), []);
});

Deno.test("what another release has stored in another form is removed", async () => {
  const open = newStore();
  await set(["ada", "tea"], { version: 0, room: "tea" }, open());
  assert.deepEqual(await new RoomArchive("ada", { open }).load(), []);
  assert.deepEqual(await entries(open()), []);
});

Deno.test("a storage that is forbidden or full does no harm", async () => {
  const forbidden = () => {
    throw new DOMException("forbidden", "SecurityError");
  };
  const full = () => () => Promise.reject(new DOMException("full", "QuotaExceededError"));
  for (const open of [forbidden, full]) {
    const archive = new RoomArchive("ada", { open, ...NEVER });
    assert.deepEqual(await archive.load(), []);
    archive.keep(room("tea"), [message(1)]);
    await archive.flush();
    await archive.erase();
  }
});

let stores = 0;

/** In a database of its own. */
function newStore() {
  const store = createStore(`archive ${++stores}`, "rooms");
  return () => store;
}

function room(id: string): RoomInfo {
  const at = "2026-01-01T00:00:00.000Z";
  const fields = { description: null, createdBy: ADA, lastSeq: 1, createdAt: at, updatedAt: at };
  const rules = { type: "public", postPolicy: "members", slowModeSeconds: 0 } as const;
  const settings = { ...rules, memberCount: 1, archivedAt: null, metadata: null };
  return { id, name: id, slug: id, ...settings, ...fields };
}

function message(seq: number): ChatMessage {
  const createdAt = new Date(Date.UTC(2026, 1, 1, 0, seq)).toISOString();
  return sentMessage(seq, { id: `id ${seq}`, sender: ADA, createdAt });
}
