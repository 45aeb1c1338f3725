/** What users do with messages that are there: shown at once, done once, in order, or taken back. */
// @slow: many servers and clients
import assert from "node:assert/strict";
import type { ChatMessage, Client, Room } from "../src/client/mod.ts";
import { becomes } from "./harness/client.ts";
import { Frames } from "./harness/client_network.ts";
import {
  enter,
  enterBoth,
  onRoom,
  onServer,
  type RoomWorld,
  shows,
  texts,
} from "./harness/client_world.ts";
import { nextTurn } from "./harness/stage.ts";

function last(room: Room): ChatMessage {
  return room.messages.get().at(-1)!;
}

/** Waits until the last message is so, without a change on its way. */
async function settles(room: Room, isWanted: (message: ChatMessage) => boolean): Promise<void> {
  await becomes(room.messages, (all) => {
    const message = all.at(-1);
    return message !== undefined && !message.isChanging && isWanted(message);
  });
}

/** What the server has of the last message. */
async function stored({ ada, slug }: RoomWorld): Promise<unknown> {
  return (await ada.client.api.readMessages(slug)).messages.at(-1);
}

/** The last message as the server sends it. */
function plain(room: Room): unknown {
  const { key: _, state: _state, ownReactions: _own, isChanging, ...message } = last(room);
  assert.equal(isChanging, false);
  return message;
}

/** Ada in a room with a message of hers, and Bob beside her. */
function withMessage(
  act: (world: RoomWorld & { adas: Room; bobs: Room; id: string }) => Promise<void>,
): Promise<void> {
  return onRoom(async (world) => {
    const [adas, bobs] = await enterBoth(world.ada, world.bob, world.slug);
    const { id } = await adas.send("Hello");
    await Promise.all([shows(adas, 2), shows(bobs, 2)]);
    await act({ ...world, adas, bobs, id });
  });
}

Deno.test("an edit is shown at once, and to others when the server has it", () =>
  withMessage(async (world) => {
    const { adas, bobs, id } = world;
    const done = adas.edit(id, "Good morning", { metadata: { mood: "good" } });
    assert.deepEqual([last(adas).text, last(adas).isChanging], ["Good morning", true]);
    assert.notEqual(last(adas).editedAt, null);
    await done;
    await settles(bobs, ({ text }) => text === "Good morning");
    assert.deepEqual(last(bobs).metadata, { mood: "good" });
    await settles(adas, ({ text }) => text === "Good morning");
    assert.deepEqual(plain(adas), await stored(world));
  }));

Deno.test("a deletion is shown at once as a tombstone, and to others when the server has it", () =>
  withMessage(async (world) => {
    const { adas, bobs } = world;
    const done = adas.delete(last(adas));
    assert.equal(last(adas).text, "");
    assert.notEqual(last(adas).deletedAt, null);
    await done;
    await settles(bobs, ({ deletedAt }) => deletedAt !== null);
    await settles(adas, ({ deletedAt }) => deletedAt !== null);
    assert.deepEqual(plain(adas), await stored(world));
  }));

Deno.test("a reaction is counted and one's own at once, and can be taken back", () =>
  withMessage(async ({ ada, bob, adas, bobs, id }) => {
    await bobs.react(id, "👍");
    await settles(adas, ({ reactions }) => reactions.length === 1);
    const done = adas.react(id, "👍");
    const [adasId, bobsId] = [ada, bob].map(({ client }) => client.user.get()!.id);
    assert.deepEqual(last(adas).reactions, [{ emoji: "👍", count: 2, users: [bobsId, adasId] }]);
    assert.deepEqual([last(adas).ownReactions, last(adas).isChanging], [["👍"], true]);
    await done;
    await settles(bobs, ({ reactions }) => reactions[0]?.count === 2);
    assert.deepEqual(last(bobs).ownReactions, ["👍"]);
    await adas.unreact(id, "👍");
    await settles(bobs, ({ reactions }) => reactions[0]?.count === 1);
    await settles(adas, ({ ownReactions }) => ownReactions.length === 0);
  }));

Deno.test("a page opened later knows which reactions are the user's own, beyond the ten named", () =>
  onServer(async ({ server, newPerson, newRoom }) => {
    const people = [];
    for (let i = 0; i < 12; i++) people.push(await newPerson(`Person ${i}`));
    const slug = await newRoom(people[0]!);
    const { id } = await (await enter(people[0]!.client, slug)).send("Hello");
    for (const { client } of people) await client.join(slug).react(id, "tada");
    const { browser } = people.at(-1)!;
    const page = browser.open(server.url);
    page.connect();
    const room = await enter(page, slug);
    assert.equal(last(room).reactions[0]!.count, 12);
    assert.equal(last(room).reactions[0]!.users.length, 10);
    assert.deepEqual(last(room).ownReactions, ["tada"]);
    await room.unreact(id, "tada");
    await settles(room, ({ ownReactions }) => ownReactions.length === 0);
    assert.equal(last(room).reactions[0]!.count, 11);
  }));

Deno.test("a message is pinned by the room's owner, and for others it is forbidden and shown as it was", () =>
  withMessage(async ({ adas, bobs, id }) => {
    const refused = assert.rejects(bobs.pin(id), { code: "forbidden" });
    assert.equal(last(bobs).pinned, true);
    await refused;
    assert.deepEqual([last(bobs).pinned, last(bobs).isChanging], [false, false]);
    await adas.pin(id);
    await settles(bobs, ({ pinned }) => pinned);
    await adas.unpin(id);
    await settles(bobs, ({ pinned }) => !pinned);
  }));

Deno.test("an edit that is refused shows the message as it was, and throws the server's code", () =>
  withMessage(async ({ adas, bobs, id }) => {
    const before = last(adas);
    await assert.rejects(adas.edit(id, "x".repeat(4_001)), { code: "validation_failed" });
    assert.equal(last(adas), before);
    await assert.rejects(bobs.edit(id, "Mine"), { code: "forbidden" });
    assert.equal(last(bobs).text, "Hello");
    const { changedSeq } = before;
    await adas.edit(id, "Hello, all");
    await assert.rejects(adas.edit(id, "Late", { ifChangedSeq: changedSeq! }), {
      code: "edit_conflict",
    });
    await assert.rejects(adas.edit("nothing", "Text"), { code: "message_not_found" });
  }));

Deno.test("what is done offline is done in order once there is a connection", () =>
  withMessage(async (world) => {
    const { ada, adas, bobs, id } = world;
    ada.client.disconnect();
    const done = [
      adas.edit(id, "First"),
      adas.react(id, "👍"),
      adas.edit(id, "Second"),
      adas.pin(id),
    ];
    assert.deepEqual([last(adas).text, last(adas).pinned], ["Second", true]);
    ada.client.connect();
    await Promise.all(done);
    await settles(bobs, ({ pinned }) => pinned);
    await settles(adas, ({ pinned }) => pinned);
    assert.equal(last(bobs).text, "Second");
    assert.deepEqual(plain(adas), await stored(world));
  }));

Deno.test("a reload loses no change, and shows it before the server has it", () =>
  withMessage(async ({ ada, bobs, adas, id, server, slug }) => {
    ada.client.disconnect();
    adas.edit(id, "Edited").catch(() => {});
    adas.react(id, "👍").catch(() => {});
    ada.client.close();
    const frames = new Frames({ held: "message:edit" });
    const next = ada.browser.open(server.url, { WebSocket: frames.WebSocket });
    next.connect();
    const room = await enter(next, slug);
    assert.deepEqual([last(room).text, last(room).ownReactions], ["Edited", ["👍"]]);
    assert.equal(last(bobs).text, "Hello");
    frames.release();
    await settles(bobs, ({ text, reactions }) => text === "Edited" && reactions.length === 1);
    await settles(room, ({ text }) => text === "Edited");
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("an unsent message that is edited is sent once, with the new text", () =>
  withMessage(async ({ ada, adas, bobs }) => {
    ada.client.disconnect();
    const sent = adas.send("Helo");
    const edited = adas.edit(last(adas), "Hello again", { metadata: { n: 1 } });
    assert.deepEqual([last(adas).text, last(adas).state], ["Hello again", "queued"]);
    ada.client.connect();
    const [{ seq }] = await Promise.all([sent, edited]);
    await shows(bobs, 3);
    assert.equal(last(bobs).text, "Hello again");
    assert.deepEqual([last(bobs).seq, last(bobs).changedSeq], [seq, seq]);
    assert.deepEqual([last(bobs).editedAt, last(bobs).metadata], [null, { n: 1 }]);
  }));

Deno.test("an unsent message whose last edit is refused is sent as it was before it", () =>
  withMessage(async ({ ada, adas, bobs }) => {
    ada.client.disconnect();
    const sent = adas.send("Helo", { metadata: { n: 1 } });
    const edited = adas.edit(last(adas), "Hello again");
    const refused = assert.rejects(
      adas.edit(last(adas), "x".repeat(4_001), { metadata: { n: 2 } }),
      { code: "validation_failed" },
    );
    ada.client.connect();
    const [{ id }] = await Promise.all([sent, edited, refused]);
    await shows(bobs, 3);
    await shows(adas, 3);
    for (const room of [adas, bobs]) {
      const { id: shown, text, metadata, editedAt } = last(room);
      assert.deepEqual([shown, text, metadata], [id, "Hello again", { n: 1 }]);
      assert.equal(editedAt, null);
    }
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("an unsent message that is refused also as it was before its edit has failed so", () =>
  withMessage(async ({ ada, adas }) => {
    ada.client.disconnect();
    const done = [adas.send("x".repeat(4_001)), adas.edit(last(adas), "y".repeat(4_001))];
    const refused = done.map((one) => assert.rejects(one, { code: "validation_failed" }));
    ada.client.connect();
    await Promise.all(refused);
    assert.deepEqual([last(adas).state, last(adas).text[0]], ["failed", "x"]);
  }));

Deno.test("an unsent message that is edited after a reload is sent with the new text", () =>
  withMessage(async ({ ada, adas, bobs, server }) => {
    ada.client.disconnect();
    adas.send("Helo").catch(() => {});
    ada.client.close();
    const page = ada.browser.open(server.url, {
      WebSocket: new Frames({ held: "auth:identify" }).WebSocket,
    });
    page.connect();
    const room = page.join(adas.id);
    await becomes(room.messages, (all) => all.length === 1);
    await nextTurn();
    room.edit(last(room), "Hello again").catch(() => {});
    page.close();
    const next = ada.browser.open(server.url);
    next.connect();
    await shows(bobs, 3);
    assert.deepEqual([last(bobs).text, last(bobs).editedAt], ["Hello again", null]);
  }));

Deno.test("a message whose send is on its way is edited after it", () =>
  onRoom(async ({ ada, bob, slug, server }) => {
    const frames = new Frames({ held: "message:send" });
    const page = ada.browser.open(server.url, { WebSocket: frames.WebSocket });
    page.connect();
    const [room, bobs] = await Promise.all([enter(page, slug), enter(bob.client, slug)]);
    const sent = room.send("Helo");
    const done = [room.edit(last(room), "Hello"), room.react(last(room), "👍")];
    assert.deepEqual([last(room).text, last(room).state], ["Hello", "sending"]);
    assert.deepEqual(last(room).ownReactions, ["👍"]);
    frames.release();
    const { seq } = await sent;
    await Promise.all(done);
    await settles(bobs, ({ text, reactions }) => text === "Hello" && reactions.length === 1);
    assert.deepEqual([last(bobs).seq, last(bobs).changedSeq], [seq, seq + 2]);
    assert.notEqual(last(bobs).editedAt, null);
  }));

Deno.test("an unsent message that is deleted is never sent, nor what was done with it", () =>
  withMessage(async ({ ada, adas, bobs }) => {
    ada.client.disconnect();
    const sent = assert.rejects(adas.send("Secret"), { code: "discarded" });
    const unsent = last(adas);
    const reacted = adas.react(unsent, "👍");
    const answered = assert.rejects(adas.reply(unsent, "Yes"), { code: "discarded" });
    await adas.delete(unsent.key);
    await Promise.all([sent, reacted, answered]);
    assert.deepEqual(adas.messages.get().map(({ state }) => state), ["sent", "sent", "failed"]);
    assert.equal(ada.browser.storage.length, 0);
    ada.client.connect();
    await adas.send("Open");
    await shows(bobs, 3);
    assert.deepEqual(texts(bobs).slice(1), ["Hello", "Open"]);
    assert.equal(bobs.cursor, 3);
  }));

Deno.test("a message whose send is on its way is deleted after it", () =>
  onRoom(async ({ ada, bob, slug, server }) => {
    const frames = new Frames({ held: "message:send" });
    const page = ada.browser.open(server.url, { WebSocket: frames.WebSocket });
    page.connect();
    const [room, bobs] = await Promise.all([enter(page, slug), enter(bob.client, slug)]);
    const sent = room.send("Hello");
    const done = room.delete(last(room));
    assert.deepEqual([last(room).text, last(room).state], ["", "sending"]);
    frames.release();
    await Promise.all([sent, done]);
    await settles(bobs, ({ deletedAt }) => deletedAt !== null);
  }));

Deno.test("a message that failed is removed by its deletion", () =>
  withMessage(async ({ adas }) => {
    await adas.send("x".repeat(4_001)).catch(() => {});
    await adas.delete(last(adas));
    assert.deepEqual(texts(adas).slice(1), ["Hello"]);
  }));

Deno.test("what is done with an unsent message that is refused is refused with it", () =>
  withMessage(async ({ ada, adas }) => {
    ada.client.disconnect();
    const sent = adas.send("x".repeat(4_001));
    const done = [sent, adas.react(last(adas), "👍"), adas.reply(last(adas), "Yes")];
    const refused = done.map((one) => assert.rejects(one, { code: "validation_failed" }));
    ada.client.connect();
    await Promise.all(refused);
    assert.equal(ada.browser.storage.length, 0);
  }));

Deno.test("a reaction that is taken back before it was sent leaves no trace in the log", () =>
  withMessage(async ({ ada, adas, bobs, id }) => {
    ada.client.disconnect();
    const done = [adas.react(id, "👍"), adas.react(id, "tada"), adas.unreact(id, "👍")];
    assert.deepEqual(last(adas).ownReactions, ["tada"]);
    ada.client.connect();
    await Promise.all(done);
    await settles(bobs, ({ reactions }) => reactions.length === 1);
    assert.deepEqual([last(bobs).reactions[0]!.emoji, bobs.cursor], ["tada", 3]);
  }));

Deno.test("a reaction that is taken back while it is on its way ends taken back", () =>
  withMessage(async ({ ada, bobs, id, server, slug }) => {
    const frames = new Frames({ held: "reaction:add" });
    const page = ada.browser.open(server.url, { WebSocket: frames.WebSocket });
    page.connect();
    const room = await enter(page, slug);
    const done = [room.react(id, "👍"), room.unreact(id, "👍")];
    assert.deepEqual(last(room).reactions, []);
    frames.release();
    await Promise.all(done);
    await becomes(bobs.messages, () => bobs.cursor === 4);
    assert.deepEqual(last(bobs).reactions, []);
    await settles(room, ({ reactions }) => reactions.length === 0);
  }));

Deno.test("a message that others deleted meanwhile stays deleted, whatever one had queued", () =>
  onRoom(async ({ ada, bob, slug }) => {
    const [adas, bobs] = await enterBoth(ada, bob, slug);
    const { id } = await bobs.send("Hello");
    await shows(adas, 2);
    ada.client.disconnect();
    const refused = assert.rejects(adas.react(id, "👍"), { code: "message_deleted" });
    assert.deepEqual(last(adas).ownReactions, ["👍"]);
    await bobs.delete(id);
    ada.client.connect();
    await refused;
    await settles(adas, ({ deletedAt }) => deletedAt !== null);
    assert.deepEqual(last(adas).reactions, []);
  }));

Deno.test("an edit that waits is not sent when its message is deleted as well", () =>
  withMessage(async ({ ada, adas, bobs, id }) => {
    ada.client.disconnect();
    const done = [adas.edit(id, "Hello again"), adas.delete(id)];
    assert.equal(last(adas).text, "");
    ada.client.connect();
    await Promise.all(done);
    await settles(bobs, ({ deletedAt }) => deletedAt !== null);
    assert.equal(bobs.cursor, 3);
  }));

Deno.test("an edit that waits is refused when another page has deleted the message", () =>
  withMessage(async ({ ada, adas, id, server, slug }) => {
    const page = ada.browser.open(server.url);
    page.connect();
    const other = await enter(page, slug);
    ada.client.disconnect();
    const refused = assert.rejects(adas.edit(id, "Hello again"), { code: "message_deleted" });
    assert.equal(last(adas).text, "Hello again");
    await other.delete(id);
    ada.client.connect();
    await refused;
    await settles(adas, ({ deletedAt }) => deletedAt !== null);
    assert.equal(last(adas).text, "");
  }));

Deno.test("a reply to an unsent message names it once both are sent", () =>
  withMessage(async ({ ada, bob, adas, bobs }) => {
    const bobsId = bob.client.user.get()!.id;
    ada.client.disconnect();
    const question = adas.send("Question");
    const answer = adas.reply(last(adas), "Answer", { mentions: [bobsId], metadata: { n: 1 } });
    assert.deepEqual([last(adas).text, last(adas).mentions], ["Answer", [bobsId]]);
    ada.client.connect();
    const [{ id }] = await Promise.all([question, answer]);
    await shows(bobs, 4);
    const { replyTo, threadId, mentions, metadata } = last(bobs);
    assert.deepEqual([replyTo, threadId, mentions, metadata], [id, id, [bobsId], { n: 1 }]);
    await shows(adas, 4);
    assert.equal(last(adas).threadId, id);
  }));

/** Has a question refused, because it is too long, and the answer to it with it. */
async function failWithAnswer(client: Client, room: Room): Promise<void> {
  client.disconnect();
  const question = room.send("x".repeat(4_001));
  const sent = [question, room.reply(last(room), "Answer")];
  const refused = sent.map((one) => assert.rejects(one, { code: "validation_failed" }));
  client.connect();
  await Promise.all(refused);
}

Deno.test("an answer that failed with its question answers it when both are retried", () =>
  withMessage(async ({ ada, adas, bobs }) => {
    await failWithAnswer(ada.client, adas);
    const failed = () => adas.messages.get().filter(({ state }) => state === "failed");
    await becomes(adas.messages, () => failed().length === 2);
    const [asked, answered] = failed();
    assert.equal(adas.find(answered!.replyTo), asked);
    await assert.rejects(adas.retry(answered!), { code: "message_not_found" });
    assert.deepEqual(failed(), [asked, answered]);
    // Too long once more, and then not.
    await assert.rejects(adas.retry(asked!), { code: "validation_failed" });
    await becomes(adas.messages, () => failed().length === 2);
    const again = adas.retry({ ...failed().find(({ text }) => text !== "Answer")!, text: "Ask" });
    const answer = adas.retry(answered!);
    const { id } = await again;
    await answer;
    await shows(bobs, 4);
    assert.deepEqual([last(bobs).text, last(bobs).replyTo], ["Answer", id]);
    await shows(adas, 4);
    assert.deepEqual([last(adas).replyTo, last(adas).threadId], [id, id]);
  }));

Deno.test("an answer whose failed question was discarded is retried without one", () =>
  withMessage(async ({ ada, adas, bobs }) => {
    await failWithAnswer(ada.client, adas);
    const [asked, answered] = adas.messages.get().filter(({ state }) => state === "failed");
    adas.discard(asked!);
    await adas.retry(answered!);
    await shows(bobs, 3);
    assert.deepEqual([last(bobs).text, last(bobs).replyTo], ["Answer", null]);
  }));

Deno.test("what a message answers is found, and nothing if it answers none", () =>
  withMessage(async ({ adas, id }) => {
    await adas.reply(id, "Answer");
    assert.equal(adas.find(last(adas).replyTo)?.id, id);
    assert.equal(adas.find(adas.find(id)!.replyTo), undefined);
  }));

Deno.test("a message that changes nothing else stays the same object", () =>
  withMessage(async ({ ada, adas, id }) => {
    const [first] = adas.messages.get();
    ada.client.disconnect();
    const done = adas.edit(id, "Edited");
    const edited = last(adas);
    assert.equal(adas.messages.get()[0], first);
    adas.send("Another").catch(() => {});
    assert.equal(adas.messages.get()[1], edited);
    ada.client.connect();
    await done;
    assert.equal(adas.messages.get()[0], first);
  }));

Deno.test("changes of a room that was left are refused as closed", () =>
  withMessage(async ({ adas, id }) => {
    adas.leave();
    await assert.rejects(adas.edit(id, "Edited"), { code: "closed" });
    await assert.rejects(adas.react(id, "👍"), { code: "closed" });
  }));
