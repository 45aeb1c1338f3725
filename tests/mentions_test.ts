/** Messages that concern a user: the hint to their sockets, and the list. */
// deno-lint-ignore-file no-explicit-any -- lists hold messages
import assert from "node:assert/strict";
import type { Account } from "./harness/account.ts";
import { shareStage } from "./harness/shared_server.ts";
import type { TestSocket } from "./harness/socket.ts";

const onStage = shareStage();

Deno.test("who is named gets a hint on all sockets, in the room or not, and finds the message in the list", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("Engines");
    const sender = await stage.join(ada, room.id);
    const sockets = [await stage.connect(bob), await stage.join(bob, room.id)];
    const { id: messageId } = await send(sender, room.id, { mentions: [bob.id, ada.id] });
    for (const socket of sockets) {
      const { data } = await socket.event("mention:new");
      assert.deepEqual([data.roomId, data.messageId, data.reason], [room.id, messageId, "mention"]);
      assert.deepEqual(data.by, { id: ada.id, displayName: "Ada", avatarUrl: null });
    }
    const { mentions, nextCursor } = await mentionsOf(bob);
    assert.equal(nextCursor, null);
    assert.deepEqual(mentions.map(({ reason }) => reason), ["mention"]);
    const { body } = await bob.request("GET", `/rooms/${room.id}/messages/${messageId}`);
    assert.deepEqual(mentions[0].message, body.message);
    assert.equal(mentions[0].room.slug, room.slug);
    assert.deepEqual((await mentionsOf(ada)).mentions, []);
    assert.deepEqual(sender.all("mention:new"), []);
  }));

Deno.test("who is answered gets a hint, and a repeat of the command is none", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id: roomId } = await ada.createRoom("Engines");
    const [hers, his] = [await stage.join(ada, roomId), await stage.join(bob, roomId)];
    const { id: replyTo } = await send(his, roomId, {});
    const own = await send(his, roomId, { replyTo });
    const clientMessageId = crypto.randomUUID();
    const answer = await send(hers, roomId, { replyTo, clientMessageId });
    await send(hers, roomId, { replyTo, clientMessageId });
    const last = await send(hers, roomId, { mentions: [bob.id], replyTo });
    await his.event("mention:new", ({ messageId }) => messageId === last.id);
    const hints = his.all("mention:new").map(({ messageId, reason }) => [messageId, reason]);
    assert.deepEqual(hints, [[answer.id, "reply"], [last.id, "mention"]]);
    const { mentions } = await mentionsOf(bob);
    assert.deepEqual(mentions.map(({ message, reason }) => [message.id, reason]), [
      [last.id, "mention"],
      [answer.id, "reply"],
    ]);
    assert.ok(!mentions.some(({ message }) => message.id === own.id));
  }));

Deno.test("what means everybody reaches the members, not who only looks on, and each once", () =>
  onStage(async (stage) => {
    const [ada, bob, cleo] = await stage.people("Ada", "Bob", "Cleo");
    const { id: roomId } = await ada.createRoom("Engines");
    const sender = await stage.join(ada, roomId);
    const [his, hers] = [await stage.join(bob, roomId), await stage.join(cleo, roomId)];
    await send(his, roomId, {});
    const first = await send(sender, roomId, { mentionsRoom: true, mentions: [bob.id] });
    const second = await send(sender, roomId, { mentionsRoom: true });
    await his.event("mention:new", ({ messageId }) => messageId === second.id);
    const hints = his.all("mention:new").map(({ messageId, reason }) => [messageId, reason]);
    assert.deepEqual(hints, [[first.id, "mention"], [second.id, "room"]]);
    const { mentions } = await mentionsOf(bob);
    assert.deepEqual(mentions.map(({ reason }) => reason), ["room", "mention"]);
    assert.deepEqual((await mentionsOf(cleo)).mentions, []);
    assert.deepEqual(hers.all("mention:new"), []);
  }));

Deno.test("each message of a direct room is a hint to the other, and not in their list", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { body } = await ada.request("POST", "/directs", { userId: bob.id });
    const roomId = body.room.id;
    const [hers, his] = [await stage.connect(ada), await stage.connect(bob)];
    const { id: messageId } = await send(hers, roomId, {});
    const { data } = await his.event("mention:new");
    assert.deepEqual([data.roomId, data.messageId, data.reason], [roomId, messageId, "direct"]);
    await send(his, roomId, {});
    await hers.event("mention:new", ({ reason }) => reason === "direct");
    assert.deepEqual((await mentionsOf(bob)).mentions, []);
  }));

Deno.test("who may not read a private room is not named in it, and told nothing of it", () =>
  onStage(async (stage) => {
    const [ada, bob, cleo] = await stage.people("Ada", "Bob", "Cleo");
    const { body } = await ada.request("POST", "/rooms", {
      name: "Vault",
      type: "private",
      members: [bob.id],
    });
    const roomId = body.room.id;
    const [socket, his, hers] = await Promise.all(
      [ada, bob, cleo].map((who) => stage.connect(who)),
    );
    const { id } = await send(socket!, roomId, { mentions: [bob.id, cleo.id] });
    await his!.event("mention:new");
    await socket!.acked("message:edit", { roomId, messageId: id, mentions: [cleo.id, bob.id] });
    const { body: shown } = await ada.request("GET", `/rooms/${roomId}/messages/${id}`);
    assert.deepEqual(shown.message.mentions, [bob.id]);
    assert.equal((await mentionsOf(bob)).mentions.length, 1);
    assert.deepEqual((await mentionsOf(cleo)).mentions, []);
    assert.deepEqual(hers!.all("mention:new"), []);
  }));

Deno.test("deleted messages, and mentions that an edit takes back, leave the list", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id: roomId } = await ada.createRoom("Engines");
    const socket = await stage.join(ada, roomId);
    const sent = [];
    for (let i = 0; i < 3; i++) sent.push(await send(socket, roomId, { mentions: [bob.id] }));
    await socket.acked("message:delete", { roomId, messageId: sent[0]!.id });
    await socket.acked("message:edit", { roomId, messageId: sent[1]!.id, mentions: [] });
    const { mentions } = await mentionsOf(bob);
    assert.deepEqual(mentions.map(({ message }) => message.id), [sent[2]!.id]);
  }));

Deno.test("the list is paged over rooms, newest first, and refuses cursors of other lists", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const rooms = [await ada.createRoom("Engines"), await ada.createRoom("Looms")];
    const socket = await stage.connect(ada);
    const sent: string[] = [];
    for (let i = 0; i < 5; i++) {
      const { id } = await send(socket, rooms[i % 2]!.id, { mentions: [bob.id] });
      sent.unshift(id);
    }
    // Not on any page, and no reason to end one early.
    await socket.acked("message:edit", { roomId: rooms[0]!.id, messageId: sent[2], mentions: [] });
    const found: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ""; cursor !== null; pages++) {
      const page = await mentionsOf(bob, `?limit=2${cursor && `&cursor=${cursor}`}`);
      assert.ok(page.mentions.length <= 2);
      found.push(...page.mentions.map(({ message }) => message.id));
      cursor = page.nextCursor;
    }
    assert.deepEqual(found, sent.toSpliced(2, 1));
    assert.ok(pages <= 3);
    for (const query of ["?cursor=x", "?cursor=WzFd", "?limit=0"]) {
      const { status, body } = await bob.request("GET", `/auth/me/mentions${query}`);
      assert.deepEqual([status, body.code], [400, "validation_failed"]);
    }
  }));

/** Sends a message; returns its acknowledgement. */
async function send(socket: TestSocket, roomId: string, content: object) {
  const { event, data } = await socket.call("message:send", { roomId, text: "Hello", ...content });
  assert.equal(event, "message:ack", JSON.stringify(data));
  return data;
}

async function mentionsOf(
  account: Account,
  query = "",
): Promise<{ mentions: any[]; nextCursor: string | null }> {
  const { status, body } = await account.request("GET", `/auth/me/mentions${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}
