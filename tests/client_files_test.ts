/** Messages with files: uploaded, then sent, over losses and reloads, unless they are taken back. */
import "fake-indexeddb/auto";
import { indexedDB } from "fake-indexeddb";
import assert from "node:assert/strict";
import { KeptUploads } from "../src/client/kept_uploads.ts";
import type { ChatMessage, Client, Room } from "../src/client/mod.ts";
import { MemoryStorage } from "../src/client/testing/memory_storage.ts";
import { becomes, reaches, type TestBrowser } from "./harness/client.ts";
import { enter, onRoom, type RoomWorld, shows, texts } from "./harness/client_world.ts";
import { until } from "./harness/stage.ts";

const NOTE = () => new File(["Dear Ada"], "letter.txt", { type: "text/plain" });

/** A page whose uploads wait for the test, or fail. */
class Page {
  readonly client: Client;
  uploads = 0;
  isBroken = false;
  #gate = Promise.withResolvers<void>();

  constructor(browser: TestBrowser, url: string) {
    this.#gate.resolve();
    this.client = browser.open(url, {
      fetch: async (url, init) => {
        if (!/\/files\?/.test(url)) return await browser.fetch(url, init as RequestInit);
        this.uploads++;
        const ended = Promise.withResolvers<never>();
        init.signal.addEventListener("abort", () => ended.reject(new Error("aborted")));
        ended.promise.catch(() => {});
        await Promise.race([this.#gate.promise, ended.promise]);
        if (this.isBroken) throw new TypeError("The network is down.");
        return await browser.fetch(url, init as RequestInit);
      },
    });
    this.client.connect();
  }

  /** No upload is answered until the release. */
  hold(): () => void {
    const gate = this.#gate = Promise.withResolvers();
    return gate.resolve;
  }

  /** No upload that is under way is answered; later ones are. */
  lose(): void {
    this.hold()();
  }
}

type Scene = RoomWorld & { page: Page; room: Room; bobs: Room };

/** Ada on a page whose uploads the test holds, and Bob, in a room. */
function onPage(act: (scene: Scene) => Promise<void>): Promise<void> {
  return onRoom(async (world) => {
    const page = new Page(world.ada.browser, world.server.url);
    const room = await enter(page.client, world.slug);
    await act({ ...world, page, room, bobs: await enter(world.bob.client, world.slug) });
  });
}

function last({ messages }: Room): ChatMessage {
  return messages.get().at(-1)!;
}

Deno.test("a message with files arrives with them, in their order", () =>
  onPage(async ({ room, bobs, page }) => {
    const files = [NOTE(), new Blob(["Dear Bob"], { type: "text/plain" })];
    const ack = await room.send("Letters", { files });
    await becomes(bobs.messages, () => last(bobs).id === ack.id);
    const { attachments, text } = last(bobs);
    assert.equal(text, "Letters");
    assert.deepEqual(attachments.map(({ name, size }) => [name, size]), [
      ["letter.txt", 8],
      ["text.txt", 8],
    ]);
    await becomes(room.messages, () => last(room).seq === ack.seq);
    assert.deepEqual(last(room).attachments, attachments);
    assert.equal(last(room).files, undefined);
    assert.equal(page.uploads, 2);
  }));

Deno.test("a message with files needs no text", () =>
  onPage(async ({ room, bobs }) => {
    await room.send("", { files: [NOTE()] });
    await shows(bobs, 2);
    assert.deepEqual([last(bobs).text, last(bobs).attachments.length], ["", 1]);
  }));

Deno.test("a message shows its files while they are uploaded, under the key that it keeps", () =>
  onPage(async ({ room, page }) => {
    const release = page.hold();
    const file = NOTE();
    const sent = room.send("Letter", { files: [file] });
    await becomes(room.messages, () => last(room).state === "sending");
    const { key, files, attachments, id } = last(room);
    assert.deepEqual(files, [
      { name: "letter.txt", type: file.type, size: 8, sent: 0, blob: file },
    ]);
    assert.deepEqual([attachments, id], [[], null]);
    release();
    const ack = await sent;
    await becomes(room.messages, () => last(room).seq === ack.seq);
    assert.equal(last(room).key, key);
  }));

Deno.test("a message with files that is written offline is shown at once, and sent later", () =>
  onPage(async ({ room, bobs, page }) => {
    page.client.disconnect();
    const sent = room.send("Letter", { files: [NOTE()] });
    const { text, state, files, key } = last(room);
    assert.deepEqual([text, state, files![0]!.name], ["Letter", "queued", "letter.txt"]);
    const answered = room.reply(last(room), "Read it");
    page.client.connect();
    const { id } = await sent;
    await answered;
    await shows(bobs, 3);
    assert.deepEqual(texts(bobs).slice(1), ["Letter", "Read it"]);
    assert.equal(last(bobs).replyTo, id);
    assert.equal(room.messages.get()[1]!.key, key);
  }));

Deno.test("a message that waits for a connection with its files ends with its client", () =>
  onPage(async ({ room, page }) => {
    page.client.disconnect();
    const sent = assert.rejects(room.send("Letter", { files: [NOTE()] }), { code: "closed" });
    page.client.close();
    await sent;
  }));

Deno.test("messages without files do not wait for an upload", () =>
  onPage(async ({ room, bobs, page }) => {
    const release = page.hold();
    const sent = room.send("Letter", { files: [NOTE()] });
    await room.send("Meanwhile");
    release();
    await sent;
    await shows(bobs, 3);
    assert.deepEqual(texts(bobs).slice(1), ["Meanwhile", "Letter"]);
  }));

Deno.test("an answer to a message whose files are uploaded waits for it", () =>
  onPage(async ({ room, bobs, page }) => {
    const release = page.hold();
    const sent = room.send("Letter", { files: [NOTE()] });
    await becomes(room.messages, () => last(room).state === "sending");
    const answered = room.reply(last(room), "Read it", { files: [NOTE()] });
    release();
    const { id } = await sent;
    await answered;
    await shows(bobs, 3);
    assert.equal(last(bobs).replyTo, id);
    assert.equal(last(bobs).attachments.length, 1);
  }));

Deno.test("what changes or answers a message whose files are uploaded is shown at once", () =>
  onPage(async ({ room, bobs, page }) => {
    const release = page.hold();
    const sent = room.send("Letter", { files: [NOTE()] });
    await becomes(room.messages, () => last(room).state === "sending");
    const letter = last(room);
    const done = [
      room.edit(letter, "Letter to all"),
      room.react(letter, "👍"),
      room.reply(letter, "Read it"),
      room.reply(letter, "And this", { files: [NOTE()] }),
    ];
    assert.deepEqual(texts(room).slice(1), ["Letter to all", "Read it", "And this"]);
    assert.deepEqual(room.find(letter)!.ownReactions, ["👍"]);
    release();
    const { id } = await sent;
    await Promise.all(done);
    await shows(bobs, 4);
    const [shown, ...answers] = bobs.messages.get().slice(1);
    assert.deepEqual([shown!.text, shown!.reactions.length], ["Letter to all", 1]);
    assert.deepEqual(answers.map(({ replyTo }) => replyTo), [id, id]);
  }));

Deno.test("an answer to a message whose upload is refused fails with it, and keeps its text", () =>
  onPage(async ({ room, page }) => {
    const release = page.hold();
    const program = new File([new Uint8Array([77, 90, 0, 0])], "setup.exe");
    const refused = { code: "unsupported_media_type" };
    const sent = assert.rejects(room.send("Run it", { files: [program] }), refused);
    await becomes(room.messages, () => last(room).state === "sending");
    const question = last(room);
    const ends = [room.reply(question, "Why?"), room.reply(question, "See", { files: [NOTE()] })];
    const answered = ends.map((end) => assert.rejects(end, refused));
    const reacted = assert.rejects(room.react(question, "👍"), refused);
    release();
    await Promise.all([sent, reacted, ...answered]);
    const shown = room.messages.get().slice(1);
    assert.deepEqual(shown.map(({ text, state }) => [text, state]), [
      ["Run it", "failed"],
      ["Why?", "failed"],
      ["See", "failed"],
    ]);
    assert.deepEqual(room.find(question)!.ownReactions, []);
  }));

Deno.test("an upload is ended by the deletion of its message, which is never sent", () =>
  onPage(async ({ room, bobs, page }) => {
    page.hold();
    const sent = assert.rejects(room.send("Letter", { files: [NOTE()] }), { code: "discarded" });
    await becomes(room.messages, () => last(room).state === "sending");
    await room.delete(last(room));
    await sent;
    assert.equal(last(room).text.includes("Letter"), false);
    await room.send("Next", { attachments: [] });
    await shows(bobs, 2);
    assert.equal(last(bobs).text, "Next");
  }));

Deno.test("a message behind another's upload is taken back at once", () =>
  onPage(async ({ room, bobs, page }) => {
    const release = page.hold();
    const first = room.send("First", { files: [NOTE()] });
    await becomes(room.messages, () => last(room).state === "sending");
    const second = assert.rejects(room.send("Second", { files: [NOTE()] }), { code: "discarded" });
    await becomes(room.messages, () => last(room).text === "Second");
    await room.delete(last(room));
    await second;
    assert.equal(last(room).text, "First");
    release();
    await first;
    await shows(bobs, 2);
    assert.equal(page.uploads, 1);
  }));

Deno.test("a message waits while its files cannot be uploaded, and says why", () =>
  onPage(async ({ room, bobs, page }) => {
    page.isBroken = true;
    const sent = room.send("Letter", { files: [NOTE()] });
    await becomes(room.messages, () => last(room).error !== undefined);
    const { state, error, retryAt } = last(room);
    assert.deepEqual([state, error!.code], ["queued", "unreachable"]);
    assert.ok(retryAt! > 0);
    page.isBroken = false;
    await sent;
    await shows(bobs, 2);
  }));

Deno.test("an upload that was lost with the connection is sent again, and those behind it go on", () =>
  onPage(async ({ room, bobs, page }) => {
    page.hold();
    const sent = room.send("Letter", { files: [NOTE()] });
    const next = room.send("Another", { files: [NOTE()] });
    await until(() => page.uploads === 1, "begun");
    page.lose();
    page.client.disconnect();
    page.client.connect();
    await sent;
    await next;
    await shows(bobs, 3);
    assert.deepEqual(texts(bobs).slice(1), ["Letter", "Another"]);
    assert.equal(page.uploads, 3);
  }));

Deno.test("files that are uploaded are sent once more, in the same room and by the same user", () =>
  onPage(async ({ ada, bob, bobs, room, slug }) => {
    const elsewhere = await ada.client.api.createRoom({ name: "Elsewhere" });
    const { attachments } = await sendAndRead(room);
    const there = await enter(ada.client, elsewhere.id);
    await assert.rejects(there.send("Again", { attachments }), { code: "file_in_use" });
    await assert.rejects(there.retry(last(there)), { code: "file_in_use" });
    const foreign = await enter(bob.client, slug);
    await assert.rejects(foreign.send("Mine", { attachments }), { code: "file_not_found" });
    await room.send("Once more", { attachments });
    const isIt = ({ text }: ChatMessage) => text === "Once more";
    const messages = await becomes(bobs.messages, (all) => all.some(isIt));
    assert.deepEqual(messages.find(isIt)!.attachments, attachments);
  }));

async function sendAndRead(room: Room): Promise<ChatMessage> {
  const { seq } = await room.send("Letter", { files: [NOTE()] });
  await becomes(room.messages, () => last(room).seq === seq);
  return last(room);
}

Deno.test("a message whose file is refused fails, and keeps the file for another attempt", () =>
  onPage(async ({ room, bobs }) => {
    const program = new File([new Uint8Array([77, 90, 0, 0])], "setup.exe");
    const refused = { name: "EchoRoomError", code: "unsupported_media_type" };
    await assert.rejects(room.send("Run it", { files: [program] }), refused);
    const { state, files } = last(room);
    assert.deepEqual([state, files![0]!.blob], ["failed", program]);
    await assert.rejects(room.retry(last(room)), refused);
    assert.equal(room.discard(last(room)), true);
    await room.send("Never mind");
    await shows(bobs, 2);
  }));

Deno.test("a message with more than ten files fails before they are uploaded", () =>
  onPage(async ({ room, page }) => {
    const files = Array.from({ length: 11 }, NOTE);
    await assert.rejects(room.send("Letters", { files }), { code: "validation_failed" });
    const { state, files: kept } = last(room);
    assert.deepEqual([state, kept!.length, page.uploads], ["failed", 11, 0]);
  }));

/** Closes a page while the file of a message is on its way. */
async function closeWhileSending(browser: TestBrowser, page: Page, room: Room): Promise<void> {
  page.hold();
  room.send("Letter", { files: [NOTE()] }).catch(() => {});
  await becomes(room.messages, () => last(room).state === "sending");
  await until(() => browser.storage.getItem("echoroom:uploads") !== null, "noted");
  page.client.close();
}

Deno.test("after a reload a message goes on with its files, and arrives once", () =>
  onPage(async ({ ada, server, room, bobs, page, slug }) => {
    await closeWhileSending(ada.browser, page, room);
    const next = new Page(ada.browser, server.url);
    const again = await enter(next.client, slug);
    await becomes(again.messages, () => last(again).state === "sent" && last(again).seq === 2);
    await shows(bobs, 2);
    assert.deepEqual(last(bobs).attachments.map(({ name }) => name), ["letter.txt"]);
    next.client.close();
    const third = new Page(ada.browser, server.url);
    const room3 = await enter(third.client, slug);
    await room3.send("Last");
    assert.equal(third.uploads, 0);
    await shows(bobs, 3);
  }));

Deno.test("what changes or answers a message whose files are uploaded survives a reload", () =>
  onPage(async ({ ada, server, room, bobs, page, slug }) => {
    page.hold();
    room.send("Letter", { files: [NOTE()] }).catch(() => {});
    await becomes(room.messages, () => last(room).state === "sending");
    const letter = last(room);
    room.edit(letter, "Letter to all").catch(() => {});
    room.react(letter, "👍").catch(() => {});
    room.reply(letter, "Read it").catch(() => {});
    room.reply(letter, "And this", { files: [NOTE()] }).catch(() => {});
    const isKept = async () => /Read it.*And this|And this.*Read it/.test(await keptUploads());
    await until(isKept, "kept");
    page.client.close();
    const next = new Page(ada.browser, server.url);
    await enter(next.client, slug);
    await shows(bobs, 4);
    const [shown, ...answers] = bobs.messages.get().slice(1);
    await becomes(bobs.messages, () => bobs.find(shown!)!.reactions.length === 1);
    assert.equal(bobs.find(shown!)!.text, "Letter to all");
    assert.deepEqual(answers.map(({ replyTo }) => replyTo), [shown!.id, shown!.id]);
    assert.deepEqual(answers.map(({ text }) => text), ["Read it", "And this"]);
  }));

Deno.test("of two messages of one millisecond that are kept, the one that is answered goes on first", async () => {
  const kept = new KeptUploads(new MemoryStorage(), crypto.randomUUID());
  const message = { room: "room", text: "", createdAt: new Date().toISOString(), files: [] };
  for (const each of [{ clientMessageId: "a", sendId: "b" }, { clientMessageId: "b" }]) {
    (await kept.keep({ ...message, ...each })).release();
  }
  await until(async () => (await kept.load()).length === 2, "no page is at them");
  assert.deepEqual((await kept.load()).map((each) => each.clientMessageId), ["b", "a"]);
  await kept.erase();
});

/** What IndexedDB has, as JSON. */
async function keptUploads(): Promise<string> {
  const opening = indexedDB.open("echoroom", 1);
  await new Promise((resolve) => opening.onsuccess = resolve);
  const database = opening.result;
  const reading = database.transaction("uploads").objectStore("uploads").getAll();
  await new Promise((resolve) => reading.onsuccess = resolve);
  database.close();
  return JSON.stringify(reading.result);
}

Deno.test("after a reload a message goes on also where the browser refuses its locks", () =>
  onPage(async ({ ada, server, room, bobs, page, slug }) => {
    await closeWhileSending(ada.browser, page, room);
    const { locks } = navigator as unknown as { locks: { query(): Promise<unknown> } };
    const query = locks.query;
    locks.query = () => Promise.reject(new DOMException("No origin.", "SecurityError"));
    try {
      const next = new Page(ada.browser, server.url);
      await enter(next.client, slug);
      await shows(bobs, 2);
    } finally {
      locks.query = query;
    }
  }));

Deno.test("a second page leaves the uploads of the first one alone", () =>
  onPage(async ({ ada, server, room, bobs, page, slug }) => {
    const release = page.hold();
    const sent = room.send("Letter", { files: [NOTE()] });
    await becomes(room.messages, () => last(room).state === "sending");
    await until(() => ada.browser.storage.getItem("echoroom:uploads") !== null, "noted");
    const second = new Page(ada.browser, server.url);
    await (await enter(second.client, slug)).send("From the second");
    release();
    await sent;
    await shows(bobs, 3);
    assert.equal(second.uploads, 0);
    assert.equal(bobs.messages.get().filter(({ text }) => text === "Letter").length, 1);
  }));

Deno.test("who signs out leaves no uploads for the next user", () =>
  onPage(async ({ ada, server, room, bobs, page, slug }) => {
    page.hold();
    const ended = assert.rejects(room.send("Letter", { files: [NOTE()] }), { code: "signed_out" });
    await becomes(room.messages, () => last(room).state === "sending");
    await until(() => ada.browser.storage.getItem("echoroom:uploads") !== null, "noted");
    await page.client.logout();
    await ended;
    const next = new Page(ada.browser, server.url);
    await next.client.login(ada.account);
    await (await enter(next.client, slug)).send("Hello again");
    await shows(bobs, 2);
    assert.equal(next.uploads, 0);
  }));

Deno.test("the address of a file has a token, which is asked for once", () =>
  onPage(async ({ room, page, server }) => {
    const { attachments: [file] } = await sendAndRead(room);
    const addresses = await Promise.all([1, 2].map(() => page.client.fileUrl(file!.url)));
    assert.equal(addresses[0], addresses[1]);
    const { origin, pathname, searchParams } = new URL(addresses[0]!);
    assert.deepEqual([origin, pathname], [server.url, file!.url]);
    assert.ok(searchParams.get("token"));
  }));

Deno.test("the address of a file shows it to whoever has it", () =>
  onPage(async ({ room, bob }) => {
    const { attachments: [file] } = await sendAndRead(room);
    const answer = await fetch(await bob.client.fileUrl(file!.url));
    assert.deepEqual([answer.status, await answer.text()], [200, "Dear Ada"]);
    assert.match(answer.headers.get("content-disposition")!, /^attachment; filename=letter.txt/);
  }));

Deno.test("an avatar is set and taken away, and the user shows it at once", () =>
  onPage(async ({ page: { client } }) => {
    await reaches(client.connection, "online");
    const picture = new Blob([PIXEL], { type: "image/png" });
    const { avatarUrl } = await client.setAvatar(picture);
    assert.match(avatarUrl!, /^\/avatars\//);
    assert.equal(client.user.get()!.avatarUrl, avatarUrl);
    await client.setAvatar(null);
    assert.equal(client.user.get()!.avatarUrl, null);
    const text = new Blob(["no picture"], { type: "text/plain" });
    await assert.rejects(client.setAvatar(text), { code: "unsupported_media_type" });
  }));

/** A red PNG of one pixel. */
const PIXEL = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
);
