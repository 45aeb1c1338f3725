/** How far members have read, what they have not, and what sockets that are not present get. */
import assert from "node:assert/strict";
import { type Chat, type Person, testInRoom } from "./harness/chat.ts";

/** Reads up to an entry, over both transports, and returns the answer that they agree on. */
async function read(chat: Chat, { account, socket }: Person, seq: number) {
  const { roomId } = chat;
  const { event, data } = await socket.call("room:read", { roomId, seq });
  assert.equal(event, "read:ack", JSON.stringify(data));
  const { status, body } = await account.request("PUT", `/rooms/${roomId}/read`, { seq });
  assert.equal(status, 200);
  assert.deepEqual({ roomId, ...body }, data);
  return body;
}

/** The person's own place in the room, as both routes show it. */
async function placeOf(chat: Chat, person: Person) {
  const { room } = await chat.get(person, "");
  const { body } = await person.account.request("GET", "/rooms");
  const listed = body.rooms.find(({ id }: { id: string }) => id === chat.roomId);
  assert.deepEqual(listed, room);
  return room.me;
}

testInRoom("messages of others after the position are unread, no other entries", async (chat) => {
  const { ada, bob } = chat;
  const first = await chat.send(bob);
  assert.deepEqual(await placeOf(chat, bob), { readSeq: 2, unread: 0, mentions: 0 });
  await chat.send(ada, "One");
  const second = await chat.send(ada, "Two");
  await chat.send(bob, "Own");
  await chat.do(ada, "reaction:add", { messageId: first, emoji: "+1" });
  await chat.do(ada, "message:edit", { messageId: second, text: "Two!" });
  assert.deepEqual(await placeOf(chat, bob), { readSeq: 2, unread: 2, mentions: 0 });
  await chat.do(ada, "message:delete", { messageId: second });
  assert.deepEqual(await placeOf(chat, bob), { readSeq: 2, unread: 1, mentions: 0 });
  assert.deepEqual(await read(chat, bob, 3), { seq: 3, unread: 0, mentions: 0 });
});

testInRoom(
  "mentions, answers and what is meant for everybody count as mentions, each once",
  async (chat) => {
    const { ada, bob } = chat;
    const own = await chat.send(bob);
    const mentions = [bob.account.id];
    await chat.send(ada, "To you", { mentions, replyTo: own });
    await chat.send(ada, "To all", { mentionsRoom: true, mentions });
    const deleted = await chat.send(ada, "To you again", { mentions });
    await chat.send(ada, "To nobody");
    await chat.do(ada, "message:delete", { messageId: deleted });
    assert.deepEqual(await placeOf(chat, bob), { readSeq: 2, unread: 3, mentions: 2 });
    assert.deepEqual(await read(chat, bob, 3), { seq: 3, unread: 2, mentions: 1 });
  },
);

testInRoom(
  "a position moves forward only, is clamped to the log, and can be set back",
  async (chat) => {
    const { ada, bob, roomId } = chat;
    await chat.send(bob);
    for (const text of ["One", "Two", "Three"]) await chat.send(ada, text);
    assert.deepEqual(await read(chat, bob, 4), { seq: 4, unread: 1, mentions: 0 });
    assert.deepEqual(await read(chat, bob, 3), { seq: 4, unread: 1, mentions: 0 });
    assert.deepEqual(await read(chat, bob, 1_000), { seq: 5, unread: 0, mentions: 0 });
    for (const seq of [4, 5, 1_000]) {
      const { data } = await bob.socket.call("room:unread", { roomId, seq });
      assert.deepEqual(data, { roomId, seq: 3, unread: 2, mentions: 0 });
    }
  },
);

testInRoom("what is unread is exact to 99, and 100 means more", async (chat) => {
  const { ada, bob } = chat;
  await chat.send(bob);
  const mentions = [bob.account.id];
  for (let i = 1; i <= 99; i++) await chat.send(ada, "Hello", { mentions });
  assert.deepEqual(await placeOf(chat, bob), { readSeq: 2, unread: 99, mentions: 99 });
  for (let i = 1; i <= 3; i++) await chat.send(ada, "Hello", { mentions });
  assert.deepEqual(await placeOf(chat, bob), { readSeq: 2, unread: 100, mentions: 100 });
}, { RATE_LIMIT: "off" });

testInRoom("who has not sent to a room has no place in it", async (chat) => {
  const { bob, roomId } = chat;
  assert.equal(await placeOf(chat, bob), undefined);
  for (const event of ["room:read", "room:unread"]) {
    const { data } = await bob.socket.call(event, { roomId, seq: 1 });
    assert.equal(data.code, "forbidden");
  }
  const { body } = await bob.account.request("PUT", `/rooms/${roomId}/read`, { seq: 1 });
  assert.equal(body.code, "forbidden");
});

testInRoom("the creator is a member from the beginning", async (chat) => {
  assert.deepEqual(await placeOf(chat, chat.ada), { readSeq: 1, unread: 0, mentions: 0 });
});

testInRoom("positions that are none, and rooms that are none, are refused", async (chat) => {
  const { ada, roomId } = chat;
  for (const seq of [-1, 0.5, 2 ** 53, "1", null, undefined]) {
    for (const event of ["room:read", "room:unread"]) {
      const { data } = await ada.socket.call(event, { roomId, seq });
      assert.equal(data.code, "validation_failed", `${event} ${seq}`);
    }
    const { body } = await ada.account.request("PUT", `/rooms/${roomId}/read`, { seq });
    assert.equal(body.code, "validation_failed");
  }
  const { data } = await ada.socket.call("room:unread", { roomId, seq: 0 });
  assert.equal(data.code, "validation_failed");
  for (const event of ["room:read", "room:unread"]) {
    const unknown = await ada.socket.call(event, { roomId: "unknown", seq: 1 });
    assert.equal(unknown.data.code, "room_not_found");
  }
  const { body } = await ada.account.request("PUT", "/rooms/unknown/read", { seq: 1 });
  assert.equal(body.code, "room_not_found");
});

testInRoom("a room shows when its last message was sent", async (chat) => {
  const messageId = await chat.send(chat.bob);
  const { createdAt } = await chat.message(messageId);
  await chat.do(chat.bob, "message:edit", { messageId, text: "Later" });
  assert.equal((await chat.get(chat.ada, "")).room.lastMessageAt, createdAt);
});

testInRoom(
  "a socket that is not present gets entries, no typing and presence, and is not counted",
  async (chat) => {
    const { ada, bob, roomId, stage } = chat;
    const [eve] = await stage.people("Eve");
    const socket = await stage.connect(eve);
    const joined = await socket.call("room:join", { roomId, present: false });
    assert.equal(joined.data.onlineCount, 2);
    await ada.socket.call("room:leave", { roomId });
    await bob.socket.event("presence:update", ({ count }) => count === 1);
    bob.socket.send("typing:start", { roomId });
    await chat.send(bob);
    await socket.event("message:new");
    assert.deepEqual(socket.all("typing:update"), []);
    assert.deepEqual(socket.all("presence:update"), []);
    const again = await socket.call("room:join", { roomId, present: true });
    assert.equal(again.data.onlineCount, 2);
    await bob.socket.event("presence:update", ({ count }) => count === 2);
    await socket.call("connection:recover", { roomId, lastSeenSeq: 2, present: false });
    await bob.socket.event("presence:update", ({ left }) => left[0]?.id === eve.id);
  },
);

for (const RATE_LIMIT of ["on", "off"]) {
  testInRoom(`auth:ok names the limits, with RATE_LIMIT=${RATE_LIMIT}`, async ({ ada }) => {
    const { data } = await ada.socket.call("auth:identify", { token: ada.account.token });
    assert.deepEqual(data.limits, {
      frameBytes: 65_536,
      textLength: 4_000,
      roomsPerSocket: 200,
      messages: { points: 60, seconds: 10 },
    });
  }, { RATE_LIMIT });
}
