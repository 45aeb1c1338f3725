/** Messages on their way: shown at once, stored once, in order, over losses and reloads. */
// @slow: dozens of broken connections
import assert from "node:assert/strict";
import type { ChatMessage, Metadata } from "../src/client/mod.ts";
import { becomes, newAccount, reaches, type TestBrowser } from "./harness/client.ts";
import { Frames, SlowFetch } from "./harness/client_network.ts";
import {
  enter,
  onRoom,
  onServer,
  type Person,
  range,
  seqs,
  shows,
  texts,
  write,
  writeOffline,
} from "./harness/client_world.ts";
import { nextTurn, until } from "./harness/stage.ts";

Deno.test("a message is in the list as soon as send is called", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const sent = room.send("Hello");
    const message = room.messages.get().at(-1)!;
    assert.equal(message.text, "Hello");
    assert.equal(message.sender.displayName, "Ada");
    assert.deepEqual([message.state, message.id, message.seq], ["sending", null, null]);
    await sent;
  }));

Deno.test("a message goes from queued to sending to sent, under the same key", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const seen: ChatMessage[] = [];
    room.messages.subscribe(() => seen.push(room.messages.get().at(-1)!));
    const sent = room.send("Hello");
    await nextTurn();
    ada.client.connect();
    const { id, seq } = await sent;
    await becomes(room.messages, (messages) => messages.at(-1)!.state === "sent");
    await nextTurn();
    const states = seen.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1]);
    assert.deepEqual(states, ["queued", "sending", "sent"]);
    assert.equal(new Set(seen.map(({ key }) => key)).size, 1);
    const { id: shownId, seq: shownSeq } = room.messages.get().at(-1)!;
    assert.deepEqual([shownId, shownSeq], [id, seq]);
  }));

Deno.test("a message's clientMessageId is a UUID that begins with the time of sending", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const before = Date.now();
    const { clientMessageId } = await room.send("Hello");
    assert.match(
      clientMessageId!,
      /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
    const time = parseInt(clientMessageId!.replaceAll("-", "").slice(0, 12), 16);
    assert.ok(before <= time && time <= Date.now());
  }));

Deno.test("an acked message is the one that others see", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    const { id, seq, clientMessageId } = await (await enter(ada.client, slug)).send("Hello");
    await shows(bobs, 2);
    const message = bobs.messages.get().at(-1)!;
    assert.deepEqual([message.id, message.seq], [id, seq]);
    assert.equal(message.clientMessageId, clientMessageId);
    assert.equal(message.sender.displayName, "Ada");
    assert.equal(message.state, "sent");
  }));

Deno.test("a message that is too long is refused, and shown as failed", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await assert.rejects(room.send("x".repeat(4_001)), {
      name: "EchoRoomError",
      code: "validation_failed",
    });
    const message = room.messages.get().at(-1)!;
    assert.equal(message.state, "failed");
    assert.equal(message.error?.code, "validation_failed");
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("metadata that is not JSON is refused at once, and not shown", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const { id } = await room.send("Hello");
    const cycle: Metadata = {};
    cycle.self = cycle;
    for (const metadata of [cycle, { big: 1n }]) {
      const refusal = { name: "EchoRoomError", code: "validation_failed" };
      await assert.rejects(room.send("Hello", { metadata }), refusal);
      await assert.rejects(room.edit(id, "Hello", { metadata }), refusal);
    }
    assert.deepEqual(room.messages.get().map(({ isChanging }) => isChanging), [false, false]);
  }));

Deno.test("a message to an unknown room fails with room_not_found", () =>
  onRoom(async ({ ada }) => {
    const room = ada.client.join("nowhere");
    await assert.rejects(room.send("Hello"), { code: "room_not_found" });
    assert.equal(room.messages.get().at(-1)?.state, "failed");
  }));

Deno.test("several messages to an unknown room all fail", () =>
  onRoom(async ({ ada }) => {
    const room = ada.client.join("nowhere");
    const refused = ["One", "Two", "Three"].map((text) =>
      assert.rejects(room.send(text), { code: "room_not_found" })
    );
    await Promise.all(refused);
    assert.deepEqual(room.messages.get().map(({ state }) => state), ["failed", "failed", "failed"]);
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("a message that is sent too fast has the reason and the time of its next attempt", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const before = Date.now();
    const sendMany = () => {
      for (const text of range(1, 100)) room.send(String(text)).catch(() => {});
    };
    sendMany();
    // A busy machine may have come into the next window of the limit meanwhile.
    const more = setInterval(sendMany, 5_000);
    const isLimited = ({ error }: ChatMessage) => error?.code === "rate_limited";
    const messages = await becomes(room.messages, (messages) => messages.some(isLimited))
      .finally(() => clearInterval(more));
    const { state, error, retryAt } = messages.find(isLimited)!;
    assert.equal(state, "queued");
    assert.ok(retryAt! >= before + error!.retryAfter! * 1000);
  }, { RATE_LIMIT: "on" }));

Deno.test("a refused message does not block those behind it", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const refused = assert.rejects(room.send("x".repeat(4_001)), { code: "validation_failed" });
    await room.send("Short");
    await refused;
    assert.deepEqual(room.messages.get().map(({ state }) => state), ["sent", "sent", "failed"]);
  }));

Deno.test("a message too large for a frame fails, and neither closes the connection nor is sent again", () =>
  onRoom(async ({ ada, slug, server }) => {
    const room = await enter(ada.client, slug);
    await assert.rejects(room.send("€".repeat(40_000)), { code: "validation_failed" });
    assert.equal(ada.client.connection.get().status, "online");
    await room.send("Short");
    assert.equal(ada.browser.storage.length, 0);
    const next = ada.browser.open(server.url);
    next.connect();
    assert.deepEqual(texts(await enter(next, slug)).slice(1), ["Short"]);
  }));

Deno.test("over the limit messages wait, and arrive in order", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const acks = await Promise.all(range(1, 65).map((i) => room.send(`Message ${i}`)));
    assert.deepEqual(acks.map(({ seq }) => seq), range(2, 66));
  }, { RATE_LIMIT: "on" }));

Deno.test("a failed message that is tried again is replaced by the new attempt", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await room.send("x".repeat(4_001)).catch(() => {});
    const failed = room.messages.get().at(-1)!;
    await assert.rejects(room.retry(failed), { code: "validation_failed" });
    const all = room.messages.get().filter(({ state }) => state === "failed");
    assert.equal(all.length, 1);
    assert.notEqual(all[0]!.key, failed.key);
  }));

Deno.test("a failed message is sent when it is retried and accepted", () =>
  onRoom(async ({ ada }) => {
    const room = ada.client.join("later");
    await room.send("Hello").catch(() => {});
    await ada.client.api.createRoom({ name: "Later" });
    const { seq } = await room.retry(room.messages.get().at(-1)!);
    assert.equal(seq, 2);
    const sent = room.messages.get().map(({ text, state }) => [text, state]);
    assert.deepEqual(sent, [["Ada created the room", "sent"], ["Hello", "sent"]]);
  }));

Deno.test("retrying a failed message of a room that was left does not discard it", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await room.send("x".repeat(4_001)).catch(() => {});
    const failed = room.messages.get().at(-1)!;
    room.leave();
    await assert.rejects(room.retry(failed), { code: "closed" });
    assert.equal(room.messages.get().at(-1), failed);
  }));

Deno.test("a failed message can be discarded", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await room.send("x".repeat(4_001)).catch(() => {});
    room.discard(room.messages.get().at(-1)!);
    assert.deepEqual(texts(room), ["Ada created the room"]);
  }));

Deno.test("only failed messages can be discarded", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await room.send("Hello");
    room.discard(room.messages.get().at(-1)!);
    assert.deepEqual(texts(room).slice(1), ["Hello"]);
  }));

Deno.test("two messages of one turn keep their order", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    const [first, second] = await Promise.all([room.send("One"), room.send("Two")]);
    assert.deepEqual([first.seq, second.seq], [2, 3]);
    assert.deepEqual(texts(room).slice(1), ["One", "Two"]);
  }));

Deno.test("two messages written before the room was joined keep their order", () =>
  onRoom(async ({ ada, slug }) => {
    const room = ada.client.join(slug);
    const acks = await Promise.all([room.send("One"), room.send("Two"), room.send("Three")]);
    assert.deepEqual(acks.map(({ seq }) => seq), [2, 3, 4]);
    await shows(room, 4);
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three"]);
  }));

Deno.test("a message written while offline is sent on reconnection", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const bobs = await enter(bob.client, slug);
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const sent = room.send("Hello");
    ada.client.connect();
    await sent;
    await shows(bobs, 2);
    assert.deepEqual(texts(bobs).slice(1), ["Hello"]);
  }));

Deno.test("a message written before the user is known is sent once they are", () =>
  onRoom(async ({ ada, slug, server }) => {
    const page = ada.browser.open(server.url);
    const room = page.join(slug);
    const sent = room.send("Hello");
    page.connect();
    assert.equal((await sent).seq, 2);
  }));

Deno.test("unsent messages survive a reload, are sent once and in order, and are then removed", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["One", "Two", "Three"]);
    assert.equal(ada.browser.storage.length, 3);
    const next = ada.browser.open(server.url);
    const room = next.join(slug);
    next.connect();
    await shows(room, 4);
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three"]);
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("a message written right after a reload is sent after the stored ones", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["One", "Two", "Three"]);
    const next = ada.browser.open(server.url);
    const room = next.join(slug);
    const sent = room.send("Four");
    next.connect();
    await sent;
    await shows(room, 5);
    assert.deepEqual(texts(room).slice(1), ["One", "Two", "Three", "Four"]);
  }));

Deno.test("unsent messages are sent although their room is no longer joined", () =>
  onRoom(async ({ ada, bob, slug, server }) => {
    const bobs = await enter(bob.client, slug);
    await writeOffline(ada, slug, ["One"]);
    ada.browser.open(server.url).connect();
    await shows(bobs, 2);
    assert.deepEqual(texts(bobs).slice(1), ["One"]);
  }));

Deno.test("a message whose ack was lost is not stored again", () =>
  onRoom(async ({ ada, slug, server }) => {
    await loseAck(ada, slug, "One", server.url);
    const next = ada.browser.open(server.url);
    next.connect();
    const room = await enter(next, slug);
    await room.send("Two");
    assert.deepEqual(texts(room).slice(1), ["One", "Two"]);
    assert.equal(ada.browser.storage.length, 0);
  }));

const EVENTS = { before: "room:join", after: "message:send" };

for (const [order, held] of Object.entries(EVENTS)) {
  Deno.test(`the late ack of an old message that comes ${order} the join leaves no gap in the list`, () =>
    onRoom(async ({ ada, bob, slug, server }) => {
      await loseAck(ada, slug, "Long ago", server.url);
      await write(bob, slug, 60);
      const { id } = await bob.client.api.readRoom(slug);
      const frames = new Frames({ held });
      const next = ada.browser.open(server.url, { WebSocket: frames.WebSocket });
      const room = next.join(id);
      next.connect();
      if (order === "before") await isEmpty(ada.browser);
      else await reaches(room.state, "live");
      frames.release();
      await isEmpty(ada.browser);
      await reaches(room.state, "live");
      assert.deepEqual(seqs(room), range(13, 62));
      assert.equal(await room.loadOlder(), false);
      assert.deepEqual(seqs(room), range(1, 62));
    }));
}

Deno.test("another user of the browser neither sees nor sends unsent messages", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["Ada's"]);
    const next = ada.browser.open(server.url);
    await next.register(newAccount("Bob"));
    const room = await enter(next, slug);
    await room.send("Bob's");
    assert.deepEqual(texts(room).slice(1), ["Bob's"]);
    assert.equal(ada.browser.storage.length, 1);
  }));

Deno.test("a full storage does not keep a message from being sent", () =>
  onRoom(async ({ ada, slug }) => {
    ada.browser.storage.setItem = () => {
      throw new Error("QuotaExceededError");
    };
    const room = await enter(ada.client, slug);
    assert.equal((await room.send("Hello")).seq, 2);
  }));

Deno.test("a message written after the clock was set back is sent after the earlier ones", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["One"]);
    const { storage } = ada.browser;
    const key = storage.key(0)!;
    const unsent = JSON.parse(storage.getItem(key)!);
    const createdAt = new Date(Date.now() + 3_600_000).toISOString();
    storage.setItem(key, JSON.stringify({ ...unsent, createdAt }));
    const next = ada.browser.open(server.url);
    const sent = next.join(slug).send("Two");
    next.connect();
    assert.equal((await sent).seq, 3);
    const { messages } = await next.api.readMessages(slug);
    assert.deepEqual(messages.slice(1).map(({ text }) => text), ["One", "Two"]);
  }));

Deno.test("messages written under both names of a room keep their order", () =>
  onRoom(async ({ ada, slug }) => {
    const { id } = await ada.client.api.readRoom(slug);
    ada.client.disconnect();
    const bySlug = ada.client.join(slug);
    const byId = ada.client.join(id);
    const sends = [bySlug.send("One"), bySlug.send("Two"), byId.send("Three")];
    ada.client.connect();
    await Promise.all(sends);
    await shows(bySlug, 4);
    assert.deepEqual(texts(bySlug).slice(1), ["One", "Two", "Three"]);
  }));

Deno.test("an unreadable stored item does not block the others", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["One"]);
    const { storage } = ada.browser;
    const key = storage.key(0)!;
    storage.setItem(`${key.slice(0, key.lastIndexOf(":"))}:broken`, "{");
    const next = ada.browser.open(server.url);
    next.connect();
    const room = await enter(next, slug);
    await room.send("Two");
    assert.deepEqual(texts(room).slice(1), ["One", "Two"]);
  }));

Deno.test("logging out erases what is stored, and rejects pending sends", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const sent = assert.rejects(room.send("Never"), { code: "signed_out" });
    assert.equal(ada.browser.storage.length, 1);
    await ada.client.logout();
    await sent;
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("logging out erases what is stored although the answer comes late", () =>
  onRoom(async ({ ada, slug, server }) => {
    await writeOffline(ada, slug, ["Never"]);
    const slow = new SlowFetch(ada.browser, "/auth/logout");
    const next = ada.browser.open(server.url, {
      fetch: slow.fetch,
      WebSocket: new Frames({ held: "message:send" }).WebSocket,
    });
    next.connect();
    await reaches(next.connection, "online");
    const loggedOut = next.logout();
    await reaches(next.connection, "signed_out");
    slow.release();
    await loggedOut;
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("closing rejects waiting sends with closed, and the next page sends them", () =>
  onRoom(async ({ ada, slug, server }) => {
    const room = await enter(ada.client, slug);
    ada.client.disconnect();
    const sent = assert.rejects(room.send("Later"), { code: "closed" });
    ada.client.close();
    await sent;
    assert.equal(ada.browser.storage.length, 1);
    const next = ada.browser.open(server.url);
    const again = next.join(slug);
    next.connect();
    await shows(again, 2);
    assert.deepEqual(texts(again).slice(1), ["Later"]);
  }));

Deno.test("closing rejects sends under way with closed, and the next page does not store them twice", () =>
  onRoom(async ({ ada, slug, server }) => {
    const room = await enter(ada.client, slug);
    const sent = assert.rejects(room.send("Once"), { code: "closed" });
    ada.client.close();
    await sent;
    const next = ada.browser.open(server.url);
    const again = await (next.connect(), enter(next, slug));
    await again.send("Behind it");
    assert.deepEqual(texts(again).slice(1), ["Once", "Behind it"]);
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("sending on a closed client fails with closed", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    ada.client.close();
    await assert.rejects(room.send("Too late"), { code: "closed" });
  }));

Deno.test("sending by the handle of a room that was left fails with closed", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    room.leave();
    await assert.rejects(room.send("Too late"), { code: "closed" });
  }));

Deno.test("a user who has never signed in cannot send", () =>
  onServer(async ({ newPage }) => {
    const client = newPage();
    client.connect();
    await reaches(client.connection, "signed_out");
    await assert.rejects(client.join("room").send("Hello"), { code: "signed_out" });
  }));

Deno.test("a user who has signed out cannot send", () =>
  onRoom(async ({ ada, slug }) => {
    const room = await enter(ada.client, slug);
    await ada.client.logout();
    await assert.rejects(room.send("Hello"), { code: "signed_out" });
    await assert.rejects(ada.client.join(slug).send("Hello"), { code: "signed_out" });
  }));

/** Has a message stored by the server, but kept as unsent: as if the page had ended before its ack. */
async function loseAck(person: Person, slug: string, text: string, url: string): Promise<void> {
  const { storage } = person.browser;
  await writeOffline(person, slug, [text]);
  const key = storage.key(0)!;
  const unsent = storage.getItem(key)!;
  const page = person.browser.open(url);
  page.connect();
  await isEmpty(person.browser);
  page.close();
  storage.setItem(key, unsent);
}

/** Resolves when nothing is unsent any more. */
function isEmpty({ storage }: TestBrowser): Promise<void> {
  return until(() => storage.length === 0, "nothing is unsent");
}
