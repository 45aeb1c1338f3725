/** What a user has not read, the list of rooms, and rooms that are not on the screen. */
// @slow: many servers and clients
import assert from "node:assert/strict";
import type { Room, RoomSummary, Unread } from "../src/client/mod.ts";
import { becomes, newAccount, reaches, TestBrowser } from "./harness/client.ts";
import { Frames } from "./harness/client_network.ts";
import { enter, enterBoth, onRoom, onServer, range, shows, texts } from "./harness/client_world.ts";
import { until } from "./harness/stage.ts";

function counts(room: Room, count: number, mentions = 0): Promise<Unread> {
  return becomes(room.unread, (unread) => {
    return unread.readSeq !== null && unread.count === count && unread.mentions === mentions;
  });
}

/** Waits for a room in the list. */
async function lists(
  client: Parameters<typeof enter>[0],
  isWanted: (room: RoomSummary) => boolean,
): Promise<RoomSummary> {
  const rooms = await becomes(client.rooms, (rooms) => rooms?.some(isWanted) ?? false);
  return rooms!.find(isWanted)!;
}

Deno.test("what others write is unread until it is read, and not what one writes oneself", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    await adas.send("Mine");
    const adasId = ada.client.user.get()!.id;
    const { id } = await bobs.send("One");
    await bobs.send("Two", { mentions: [adasId] });
    await bobs.reply(adas.messages.get().at(1)!.id!, "Three");
    await counts(adas, 3, 2);
    await bobs.delete(id);
    await counts(adas, 2, 2);
    adas.markRead();
    assert.deepEqual(adas.unread.get(), { count: 0, mentions: 0, readSeq: adas.cursor });
    await bobs.send("Four");
    await counts(adas, 1);
  }));

Deno.test("a position is on the server: another page begins with it", () =>
  onRoom(async ({ ada, bob, slug, server }) => {
    const frames = new Frames();
    const page = ada.browser.open(server.url, { WebSocket: frames.WebSocket });
    page.connect();
    const [adas, bobs] = await Promise.all([enter(page, slug), enter(bob.client, slug)]);
    for (const text of ["One", "Two", "Three"]) await bobs.send(text);
    await counts(adas, 3);
    const told = until(() => frames.events.filter((name) => name === "read:ack").length >= 2, "it");
    adas.markRead(3);
    await told;
    const next = ada.browser.open(server.url);
    next.connect();
    const { readSeq } = await counts(await enter(next, slug), 1);
    assert.equal(readSeq, 3);
  }));

Deno.test("a message that is marked as unread is unread, with those after it", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    for (const text of ["One", "Two", "Three"]) await bobs.send(text);
    await shows(adas, 4);
    adas.markRead();
    await counts(adas, 0);
    adas.markUnread(adas.messages.get()[2]!);
    await counts(adas, 2);
    assert.throws(() => adas.markUnread("nothing"), { code: "message_not_found" });
    adas.markRead();
    await counts(adas, 0);
  }));

Deno.test("what was read before a message that is marked as unread stays read", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    for (const text of ["One", "Two", "Three"]) await bobs.send(text);
    await shows(adas, 4);
    adas.markRead(3);
    adas.markUnread(adas.messages.get()[3]!);
    await counts(adas, 1);
    const read = async () => (await ada.client.api.readRoom(slug)).me?.readSeq;
    await until(async () => await read() === 3, "the server knows the position");
    await counts(adas, 1);
  }));

Deno.test("what was read offline is told to the server later", () =>
  onRoom(async ({ ada, bob, slug, server }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    await bobs.send("One");
    await counts(adas, 1);
    ada.client.disconnect();
    adas.markRead();
    assert.equal(adas.unread.get().count, 0);
    ada.client.connect();
    await reaches(adas.state, "live");
    const read = async () => (await ada.client.api.readRoom(slug)).me?.readSeq;
    await until(async () => await read() === 2, "the server knows the position");
    assert.equal(adas.unread.get().count, 0);
    const next = ada.browser.open(server.url);
    next.connect();
    await counts(await enter(next, slug), 0);
  }));

Deno.test("a position that waits for its pause is sent when the room is left", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    for (const text of ["One", "Two"]) await bobs.send(text);
    await counts(adas, 2);
    // One of them is on its way, or has just been sent.
    for (const seq of [2, 3]) adas.markRead(seq);
    adas.leave();
    const readSeq = async () => (await ada.client.api.readRoom(slug)).me?.readSeq;
    await until(async () => await readSeq() === 3, "the server has the position");
  }));

Deno.test("a position that waits for its pause is sent when the client is closed", () =>
  onRoom(async ({ ada, bob, slug, server }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    for (const text of ["One", "Two"]) await bobs.send(text);
    await counts(adas, 2);
    for (const seq of [2, 3]) adas.markRead(seq);
    ada.client.close();
    const next = ada.browser.open(server.url);
    next.connect();
    await reaches(next.connection, "online");
    const readSeq = async () => (await next.api.readRoom(slug)).me?.readSeq;
    await until(async () => await readSeq() === 3, "the server has the position");
  }));

Deno.test("more unread messages than are shown are counted by the server, and 100 means more", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    await Promise.all(range(1, 70).map((i) => bobs.send(`Message ${i}`)));
    const adas = await enter(ada.client, slug);
    await counts(adas, 70);
    await bobs.send("Another");
    await counts(adas, 71);
    await Promise.all(range(1, 40).map((i) => bobs.send(`More ${i}`)));
    await counts(adas, 100);
    adas.markRead();
    await counts(adas, 0);
  }));

Deno.test("unread messages count that are no longer shown, and until they are read", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    const adasId = ada.client.user.get()!.id;
    await bobs.send("Ada?", { mentions: [adasId] });
    await Promise.all(range(1, 8).map((i) => bobs.send(`Message ${i}`)));
    await counts(adas, 9, 1);
    adas.forgetOlder(3);
    assert.deepEqual(adas.unread.get(), { count: 9, mentions: 1, readSeq: 1 });
    await bobs.send("Another", { mentions: [adasId] });
    await counts(adas, 10, 2);
    await adas.loadOlder();
    await counts(adas, 10, 2);
    adas.forgetOlder(2);
    adas.markRead();
    await counts(adas, 0);
  }));

Deno.test("what is read stays so while the server is asked what another device has read", () =>
  onRoom(async ({ ada, bob, slug, server }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    const { rooms } = ada.client;
    const seen: number[] = [];
    const end = rooms.subscribe(() => {
      seen.push(...(rooms.get() ?? []).map(({ unread }) => unread));
    });
    for (const text of ["One", "Two", "Three"]) await bobs.send(text);
    await lists(ada.client, ({ unread, isJoined }) => isJoined && unread === 3);
    adas.markRead(3);
    await lists(ada.client, ({ unread }) => unread === 1);
    seen.length = 0;
    const page = ada.browser.open(server.url);
    page.connect();
    (await enter(page, slug)).markRead();
    await lists(ada.client, ({ unread }) => unread === 0);
    assert.deepEqual(seen.filter((unread) => unread > 1), []);
    end();
  }));

Deno.test("who is no member has nothing unread, and becomes one by the first message", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    await adas.send("Hello");
    await shows(bobs, 2);
    assert.deepEqual(bobs.unread.get(), { count: 0, mentions: 0, readSeq: null });
    await bobs.send("Hello, Ada");
    await counts(bobs, 0);
    await adas.send("How are you?");
    await counts(bobs, 1);
  }));

Deno.test("who has a room off the screen gets its messages, and is not counted as being there", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    const adas = ada.client.join(slug, { present: false });
    await reaches(adas.state, "live");
    await bobs.send("Hello");
    await shows(adas, 2);
    assert.equal(adas.online.get().count, null);
    await becomes(bobs.online, ({ count }) => count === 1);
    adas.setPresent(true);
    await becomes(bobs.online, ({ count }) => count === 2);
    await becomes(adas.online, ({ count }) => count === 2);
    adas.setPresent(false);
    await becomes(bobs.online, ({ count }) => count === 1);
    assert.equal(ada.client.join(slug), adas);
    await becomes(bobs.online, ({ count }) => count === 2);
  }));

Deno.test("a room that one handle has on the screen and another has not is on the screen", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    const shown = ada.client.join(slug);
    const hidden = ada.client.join(bobs.id, { present: false });
    await Promise.all([reaches(shown.state, "live"), reaches(hidden.state, "live")]);
    await becomes(bobs.online, ({ count }) => count === 2);
    shown.leave();
    await becomes(bobs.online, ({ count }) => count === 1);
    await bobs.send("Hello");
    await shows(hidden, 2);
  }));

Deno.test("the list of rooms has what is unread and when the last message was, live", () =>
  onServer(async ({ newPerson, newRoom, server }) => {
    const [ada, bob] = await Promise.all([newPerson("Ada"), newPerson("Bob")]);
    const slug = await newRoom(ada);
    const bobs = await enter(bob.client, slug);
    await bobs.send("Before");
    const end = ada.client.rooms.subscribe(() => {});
    const { lastMessageAt, isMember } = await lists(ada.client, ({ unread }) => unread === 1);
    assert.equal(isMember, true);
    const adasId = ada.client.user.get()!.id;
    const { seq } = await bobs.send("Hello", { mentions: [adasId] });
    const room = await lists(ada.client, ({ unread, mentions }) => unread === 2 && mentions === 1);
    assert.ok(room.lastMessageAt! >= lastMessageAt!);
    assert.equal(room.lastSeq, seq);
    (await enter(ada.client, slug)).markRead();
    await lists(ada.client, ({ unread }) => unread === 0);
    await ada.client.api.createRoom({ name: "Another" });
    await lists(ada.client, ({ name }) => name === "Another");
    // What is listed is not shown as being there.
    const browser = new TestBrowser();
    const page = browser.open(server.url);
    await page.register(newAccount("Eve"));
    const eves = await enter(page, "another");
    await becomes(eves.online, ({ count }) => count === 1);
    browser.close();
    end();
  }));

Deno.test("a room that the list keeps joined forgets older messages, and counts them", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    const end = ada.client.rooms.subscribe(() => {});
    await lists(ada.client, ({ isJoined }) => isJoined);
    for (const text of ["One", "Two", "Three"]) await bobs.send(text);
    const { id } = await lists(ada.client, ({ unread }) => unread === 3);
    const listed = ada.client.join(id, { present: false });
    listed.forgetOlder(1);
    listed.leave();
    assert.deepEqual(texts(listed), ["Three"]);
    await bobs.send("Four");
    await lists(ada.client, ({ unread }) => unread === 4);
    assert.deepEqual(texts(listed), ["Three", "Four"]);
    end();
  }));
