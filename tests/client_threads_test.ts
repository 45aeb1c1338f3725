/** Threads: a message and the answers to it, as the server has them, whatever the room's list shows. */
// @slow: several servers and clients
import assert from "node:assert/strict";
import type { Room, Thread } from "../src/client/mod.ts";
import { becomes, reaches } from "./harness/client.ts";
import { SlowFetch } from "./harness/client_network.ts";
import { enter, enterBoth, onRoom, type RoomWorld, write } from "./harness/client_world.ts";

function texts({ replies }: Thread): string[] {
  return replies.get().map(({ text }) => text);
}

/** Waits until a thread has these answers, all of them the server's. */
async function shows(thread: Thread, ...wanted: string[]): Promise<void> {
  await becomes(thread.replies, (all) => {
    const isSettled = all.every(({ state, isChanging }) => state === "sent" && !isChanging);
    return isSettled && `${all.map(({ text }) => text)}` === `${wanted}`;
  });
}

type ThreadWorld = RoomWorld & { adas: Room; bobs: Room; rootId: string };

/** A room with a message of Ada's. */
function withRoot(act: (world: ThreadWorld) => Promise<void>): Promise<void> {
  return onRoom(async (world) => {
    const [adas, bobs] = await enterBoth(world.ada, world.bob, world.slug);
    const { id: rootId } = await adas.send("Root");
    await becomes(bobs.messages, (all) => all.at(-1)!.text === "Root");
    await act({ ...world, adas, bobs, rootId });
  }, { RATE_LIMIT: "off" });
}

async function answer(room: Room, rootId: string, count: number): Promise<string[]> {
  const all = Array.from({ length: count }, (_, i) => `Answer ${i + 1}`);
  for (const text of all) await room.reply(rootId, text);
  return all;
}

Deno.test("a thread shows at once what the room shows of it, and what happens in it from then on", () =>
  withRoot(async ({ adas, bobs, rootId }) => {
    await bobs.reply(rootId, "One");
    await becomes(adas.messages, (all) => all.at(-1)!.text === "One");
    const thread = adas.thread(rootId);
    assert.equal(thread.root.get()!.text, "Root");
    assert.deepEqual(texts(thread), ["One"]);
    await thread.loadOlder();
    assert.equal(thread.hasOlder.get(), false);
    const { id } = await bobs.reply(rootId, "Two");
    await bobs.send("Beside it");
    await shows(thread, "One", "Two");
    await bobs.reply(id, "Three");
    await bobs.edit(id, "Second");
    await adas.edit(rootId, "The root");
    await shows(thread, "One", "Second", "Three");
    await becomes(thread.root, (root) => root!.text === "The root");
    await bobs.delete(id);
    await shows(thread, "One", "", "Three");
    await bobs.react(rootId, "👍");
    await becomes(thread.root, (root) => root!.reactions.length === 1);
    thread.close();
    await bobs.reply(rootId, "Four");
    await becomes(adas.messages, (all) => all.at(-1)!.text === "Four");
    assert.deepEqual(texts(thread), ["One", "", "Three"]);
    // Any of its messages stands for it.
    assert.equal(adas.thread(adas.messages.get().at(-1)!).id, rootId);
  }));

Deno.test("one's own answers are in the thread at once, also to answers, and can be discarded", () =>
  withRoot(async ({ ada, adas, rootId }) => {
    const thread = adas.thread(rootId);
    ada.client.disconnect();
    const done = [adas.reply(rootId, "One")];
    done.push(adas.reply(thread.replies.get()[0]!, "Two"));
    assert.deepEqual(texts(thread), ["One", "Two"]);
    assert.deepEqual(thread.replies.get().map(({ state }) => state), ["queued", "queued"]);
    const tooLong = assert.rejects(adas.reply(rootId, "x".repeat(4_001)), {
      code: "validation_failed",
    });
    ada.client.connect();
    await Promise.all([...done, tooLong]);
    const failed = thread.replies.get().at(-1)!;
    assert.equal(failed.state, "failed");
    assert.equal(adas.discard(failed), true);
    await shows(thread, "One", "Two");
  }));

Deno.test("a thread that was opened before its first answer has no older ones", () =>
  withRoot(async ({ adas, bobs, rootId }) => {
    const thread = adas.thread(rootId);
    assert.equal(await thread.loadOlder(), false);
    await bobs.reply(rootId, "One");
    await shows(thread, "One");
    assert.equal(thread.hasOlder.get(), false);
    thread.close();
  }));

Deno.test("a long thread whose messages the room does not show is loaded by page, without a gap", () =>
  withRoot(async ({ ada, bob, adas, bobs, rootId, slug, server }) => {
    const all = await answer(adas, rootId, 60);
    await write(bob, slug, 60);
    const page = ada.browser.open(server.url);
    page.connect();
    const room = await enter(page, slug);
    const thread = room.thread(rootId);
    assert.deepEqual([thread.root.get(), texts(thread), thread.hasOlder.get()], [null, [], true]);
    assert.equal(await thread.loadOlder(), true);
    assert.equal(thread.root.get()!.text, "Root");
    assert.deepEqual(texts(thread), all.slice(10));
    // Not shown yet: it would stand before a gap.
    await adas.edit(bobs.messages.get().find(({ text }) => text === "Answer 3")!, "Third");
    await becomes(adas.messages, (shown) => shown.some(({ text }) => text === "Third"));
    await adas.reply(rootId, "Last");
    await shows(thread, ...all.slice(10), "Last");
    assert.equal(await thread.loadOlder(), false);
    await shows(thread, ...all.map((text) => text === "Answer 3" ? "Third" : text), "Last");
    assert.equal(thread.hasOlder.get(), false);
  }));

Deno.test("a thread stays whole while the room forgets its older messages", () =>
  withRoot(async ({ bob, adas, bobs, rootId, slug }) => {
    const all = await answer(adas, rootId, 3);
    await write(bob, slug, 3);
    await becomes(bobs.messages, (shown) => shown.at(-1)!.text === "Message 3");
    const thread = bobs.thread(rootId);
    bobs.forgetOlder(1);
    assert.equal(bobs.messages.get().length, 1);
    assert.deepEqual(texts(thread), all);
    assert.equal(thread.root.get()!.text, "Root");
    await adas.edit(rootId, "The root");
    await becomes(thread.root, (root) => root!.text === "The root");
  }));

Deno.test("a thread is right after an absence in which it was answered, edited and deleted in", () =>
  withRoot(async ({ bob, adas, bobs, rootId, slug }) => {
    const { id } = await adas.reply(rootId, "One");
    await becomes(bobs.messages, (all) => all.at(-1)!.text === "One");
    const thread = bobs.thread(rootId);
    await thread.loadOlder();
    bob.client.disconnect();
    await adas.edit(id, "First");
    await adas.reply(rootId, "Two");
    const { id: gone } = await adas.reply(rootId, "Three");
    await adas.delete(gone);
    await adas.edit(rootId, "The root");
    for (let i = 0; i < 60; i++) await adas.send(`Beside it ${i}`);
    bob.client.connect();
    await reaches(bobs.state, "live");
    await shows(thread, "First", "Two", "");
    assert.equal(thread.root.get()!.text, "The root");
    assert.equal(slug, bobs.name);
  }));

Deno.test("what happens while the root or a page is on its way is in the thread", () =>
  withRoot(async ({ ada, bob, adas, rootId, slug, server }) => {
    const { id } = await adas.reply(rootId, "One");
    await write(bob, slug, 60);
    const slow = new SlowFetch(ada.browser, `/messages/${rootId}`);
    const page = ada.browser.open(server.url, { fetch: slow.fetch });
    page.connect();
    const room = await enter(page, slug);
    const thread = room.thread(rootId);
    const loaded = thread.loadOlder();
    await slow.answered;
    await adas.edit(rootId, "The root");
    await adas.edit(id, "First");
    await adas.reply(rootId, "Two");
    await becomes(room.messages, (all) => all.at(-1)!.text === "Two");
    slow.release();
    await loaded;
    await shows(thread, "First", "Two");
    assert.equal(thread.root.get()!.text, "The root");
  }));

Deno.test("a thread of an unknown message is refused when it is loaded, of an unsent one at once", () =>
  withRoot(async ({ ada, adas }) => {
    const thread = adas.thread("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    await assert.rejects(thread.loadOlder(), { code: "message_not_found" });
    assert.equal(thread.root.get(), null);
    ada.client.disconnect();
    adas.send("Unsent").catch(() => {});
    const unsent = adas.messages.get().at(-1)!;
    assert.throws(() => adas.thread(unsent), { code: "message_not_found" });
  }));
