/** Sending messages: acks, order, idempotency, what a text may be, and the frames they come in. */
// @slow: many servers
import assert from "node:assert/strict";
import type { Account } from "./harness/account.ts";
import { shareStage } from "./harness/shared_server.ts";
import type { Received, TestSocket } from "./harness/socket.ts";
import type { Stage } from "./harness/stage.ts";

const onSharedStage = shareStage();

/** Ada and Bob, each on a socket in the same room. */
async function duet(stage: Stage) {
  const [ada, bob] = await stage.people("Ada", "Bob");
  const room = await ada.createRoom("Room");
  const a = await stage.join(ada, room.id);
  const b = await stage.join(bob, room.id);
  return { ada, bob, roomId: room.id, slug: room.slug, a, b };
}

async function send(socket: TestSocket, data: unknown) {
  const { event, data: ack } = await socket.call("message:send", data);
  assert.equal(event, "message:ack", JSON.stringify(ack));
  return ack;
}

/** Sends without an id. */
async function sendBare(socket: TestSocket, roomId: string) {
  const { event, data: ack } = await socket.callOnce("message:send", { roomId, text: "Same" });
  assert.equal(event, "message:ack", JSON.stringify(ack));
  return ack;
}

async function refused(socket: TestSocket, data: unknown, code: string) {
  const answer = await socket.call("message:send", data);
  assert.equal(answer.event, "error", JSON.stringify(data).slice(0, 200));
  assert.equal(answer.data.code, code);
  assert.equal(answer.data.event, "message:send");
  return answer.data;
}

async function history(account: Account, roomId: string) {
  const { body } = await account.request("GET", `/rooms/${roomId}/messages?limit=100`);
  return body.messages;
}

/** What the socket receives from now on, frame by frame. */
function framesOf({ socket }: TestSocket): (Received | Received[])[] {
  const frames: (Received | Received[])[] = [];
  socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(data)));
  return frames;
}

Deno.test("an ack names the message, its place in the log and its time, and it is stored", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, a } = await duet(stage);
    const ack = await send(a, { roomId, text: "Hello", clientMessageId: "c1" });
    const [, stored] = await history(ada, roomId);
    assert.equal(stored.text, "Hello");
    assert.equal(stored.system, false);
    const { id, seq, createdAt } = stored;
    assert.deepEqual(ack, { roomId, clientMessageId: "c1", id, seq, createdAt });
    assert.equal(seq, 2);
  }));

Deno.test("everyone in the room gets the message, the sender's sockets too", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, a, b } = await duet(stage);
    const a2 = await stage.join(ada, roomId);
    await send(a, { roomId, text: "Hello" });
    const [, stored] = await history(ada, roomId);
    for (const socket of [a, a2, b]) {
      const { data, ref } = await socket.event("message:new");
      assert.deepEqual(data, { roomId, seq: 2, entryId: stored.id, message: stored });
      assert.equal(ref, undefined);
    }
  }));

Deno.test("a message can be sent to a room by its slug, and the answer names the id", () =>
  onSharedStage(async (stage) => {
    const { roomId, slug, a } = await duet(stage);
    const ack = await send(a, { roomId: slug, text: "Hello" });
    assert.equal(ack.roomId, roomId);
  }));

Deno.test("a text is trimmed and otherwise kept as written", () =>
  onSharedStage(async (stage) => {
    const { roomId, a, b } = await duet(stage);
    const markup = `<script>alert("1 & 2")</script> 'x' \`y\` \${z} {"$ne": null}\n\ttab  two`;
    await send(a, { roomId, text: ` \n\t\u00a0${markup}\r\n ` });
    const { data } = await b.event("message:new");
    assert.equal(data.message.text, markup);
  }));

Deno.test("unknown fields are ignored and never stored", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, a } = await duet(stage);
    await send(a, { roomId, text: "Hi", system: true, seq: 99, sender: { id: "x" }, extra: 1 });
    const [, stored] = await history(ada, roomId);
    assert.equal(stored.system, false);
    assert.equal(stored.seq, 2);
    assert.equal(stored.sender.id, ada.id);
    assert.equal("extra" in stored, false);
  }));

Deno.test("a ref is echoed on the ack whatever string or number it is", () =>
  onSharedStage(async (stage) => {
    const { roomId, a } = await duet(stage);
    for (const ref of ["abc", "", 0, -1.5, 12345, "ünïcode 😀", "__proto__"]) {
      a.received.length = 0;
      a.send("message:send", { roomId, text: "Hello" }, ref);
      const ack = await a.event("message:ack");
      assert.equal(ack.ref, ref);
    }
    a.received.length = 0;
    a.send("message:send", { roomId, text: "Hello" });
    assert.equal("ref" in await a.event("message:ack"), false);
  }));

Deno.test("every socket sees the same messages in the order of their seq", () =>
  onSharedStage(async (stage) => {
    const { ada, bob, roomId, a, b } = await duet(stage);
    const watchers = await Promise.all([ada, bob, bob].map((who) => stage.join(who, roomId)));
    const sends = Array.from({ length: 100 }, (_, i) => {
      return send(i % 2 ? a : b, { roomId, text: `Message ${i}` });
    });
    await Promise.all(sends);
    const seqs = Array.from({ length: 100 }, (_, i) => i + 2);
    const seen = await Promise.all([a, b, ...watchers].map(async (socket) => {
      await socket.event("message:new", ({ seq }) => seq === 101);
      return socket.all("message:new");
    }));
    for (const entries of seen) {
      assert.deepEqual(entries.map(({ seq }) => seq), seqs);
      assert.deepEqual(entries, seen[0]);
    }
  }));

Deno.test("500 messages sent without waiting are stored in the order sent", () =>
  onSharedStage(async (stage) => {
    const { roomId, a, b } = await duet(stage);
    const texts = Array.from({ length: 500 }, (_, i) => `Message ${i}`);
    const acks = await Promise.all(texts.map((text) => send(a, { roomId, text })));
    assert.deepEqual(acks.map(({ seq }) => seq), texts.map((_, i) => i + 2));
    await b.event("message:new", ({ seq }) => seq === 501);
    assert.deepEqual(b.all("message:new").map(({ message }) => message.text), texts);
  }));

Deno.test("a repeated send is acked with the same id and seq, and stored once", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, a, b } = await duet(stage);
    const message = { roomId, text: "Once", clientMessageId: "c1" };
    const first = await send(a, message);
    const second = await send(a, message);
    const elsewhere = await send(await stage.connect(ada), message);
    assert.deepEqual([second, elsewhere], [first, first]);
    await send(a, { roomId, text: "Last" });
    await b.event("message:new", ({ message }) => message.text === "Last");
    assert.deepEqual(b.all("message:new").map(({ seq }) => seq), [2, 3]);
    assert.equal((await history(ada, roomId)).length, 3);
  }));

Deno.test("concurrent copies of one send from several sockets are stored once", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, a } = await duet(stage);
    const sockets = [a, await stage.connect(ada), await stage.connect(ada)];
    const sends = Array.from({ length: 30 }, (_, i) => {
      return send(sockets[i % 3]!, { roomId, text: "Once", clientMessageId: "same" });
    });
    const acks = await Promise.all(sends);
    assert.equal(new Set(acks.map(({ id, seq }) => `${id} ${seq}`)).size, 1);
    assert.equal((await history(ada, roomId)).length, 2);
  }));

Deno.test("a clientMessageId is scoped to one sender in one room", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, a, b } = await duet(stage);
    const other = await ada.createRoom("Other");
    const acks = [
      await send(a, { roomId, text: "Mine", clientMessageId: "c1" }),
      await send(b, { roomId, text: "Mine, too", clientMessageId: "c1" }),
      await send(a, { roomId: other.id, text: "Elsewhere", clientMessageId: "c1" }),
    ];
    assert.equal(new Set(acks.map(({ id }) => id)).size, 3);
  }));

Deno.test("a clientMessageId used for another text is an idempotency_conflict", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, slug, a } = await duet(stage);
    await send(a, { roomId, text: "One", clientMessageId: "c1" });
    const again = { roomId: slug, text: "Two", clientMessageId: "c1" };
    const error = await refused(a, again, "idempotency_conflict");
    assert.equal(error.roomId, roomId);
    assert.equal(error.clientMessageId, "c1");
    assert.equal((await history(ada, roomId)).length, 2);
  }));

Deno.test("of two texts sent at once with one clientMessageId the second is the conflict", () =>
  onSharedStage(async (stage) => {
    const { roomId, a } = await duet(stage);
    const [first] = await Promise.all([
      send(a, { roomId, text: "One", clientMessageId: "c1" }),
      refused(a, { roomId, text: "Two", clientMessageId: "c1" }, "idempotency_conflict"),
    ]);
    assert.equal(first.seq, 2);
  }));

Deno.test("the same text with other space around it is no conflict", () =>
  onSharedStage(async (stage) => {
    const { roomId, a } = await duet(stage);
    const first = await send(a, { roomId, text: "One", clientMessageId: "c1" });
    const second = await send(a, { roomId, text: "\n  One ", clientMessageId: "c1" });
    assert.deepEqual(second, first);
  }));

Deno.test("without a clientMessageId the server makes one, and each send is a message", () =>
  onSharedStage(async (stage) => {
    const { roomId, a, b } = await duet(stage);
    const [first, second] = [await sendBare(a, roomId), await sendBare(a, roomId)];
    assert.match(first.clientMessageId, /^[\x20-\x7e]{1,64}$/);
    assert.notEqual(first.clientMessageId, second.clientMessageId);
    assert.notEqual(first.id, second.id);
    const { data } = await b.event("message:new", ({ seq }) => seq === first.seq);
    assert.equal(data.message.clientMessageId, first.clientMessageId);
  }));

Deno.test("a clientMessageId is 1 to 64 printable ASCII characters", () =>
  onSharedStage(async (stage) => {
    const { roomId, a } = await duet(stage);
    for (const clientMessageId of ["x", " ", "~!@#$%^&*()", "x".repeat(64)]) {
      const ack = await send(a, { roomId, text: "Hello", clientMessageId });
      assert.equal(ack.clientMessageId, clientMessageId);
    }
    for (const clientMessageId of ["", "x".repeat(65), "é", "a\nb", "a\0b", "😀"]) {
      const data = { roomId, text: "Hello", clientMessageId };
      const error = await refused(a, data, "validation_failed");
      assert.equal(error.errors[0].path, "clientMessageId");
      assert.equal(error.clientMessageId, clientMessageId);
    }
  }));

Deno.test("a text holds up to 4,000 code points, however many bytes they take", () =>
  onSharedStage(async (stage) => {
    const { roomId, a, b } = await duet(stage);
    for (const character of ["x", "é", "漢", "😀"]) {
      const text = character.repeat(4_000);
      const { seq } = await send(a, { roomId, text });
      const { data } = await b.event("message:new", (data) => data.seq === seq);
      assert.equal(data.message.text, text);
      await send(a, { roomId, text: `  ${text}  ` });
      const error = await refused(a, { roomId, text: `${text}${character}` }, "validation_failed");
      assert.equal(error.errors[0].path, "text");
    }
  }));

Deno.test("a text that is blank, or holds NUL or half a character, is validation_failed", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, a } = await duet(stage);
    const texts = ["", " ", "\n\t\u00a0\u2003\ufeff", "a\0b", "\0", "\ud800", "a\udc00b"];
    for (const text of texts) {
      const data = { roomId, text, clientMessageId: "c1" };
      const error = await refused(a, data, "validation_failed");
      assert.equal(error.roomId, roomId);
      assert.equal(error.clientMessageId, "c1");
      assert.equal(error.errors[0].path, "text");
    }
    assert.equal((await history(ada, roomId)).length, 1);
  }));

Deno.test("a send to a room that does not exist is room_not_found, with its clientMessageId", () =>
  onSharedStage(async (stage) => {
    const { a } = await duet(stage);
    const data = { roomId: "nowhere", text: "Hello", clientMessageId: "c1" };
    const error = await refused(a, data, "room_not_found");
    assert.equal(error.roomId, "nowhere");
    assert.equal(error.clientMessageId, "c1");
  }));

Deno.test("the server picks the first offered subprotocol that it knows", () =>
  onSharedStage(async (stage) => {
    const offers: [string | string[], string][] = [
      ["echoroom.v1", "echoroom.v1"],
      ["echoroom.batch", "echoroom.batch"],
      [["echoroom.batch", "echoroom.v1"], "echoroom.batch"],
      [["chat", "echoroom.v1", "echoroom.batch"], "echoroom.v1"],
    ];
    for (const [protocol, picked] of offers) {
      const { socket } = await stage.open({ protocol });
      assert.equal(socket.protocol, picked);
    }
    assert.equal((await stage.open()).socket.protocol, "");
    const raw = await stage.raw({ "Sec-WebSocket-Protocol": "chat, superchat" });
    assert.match(raw.answer, /^HTTP\/1\.1 101 /);
    assert.doesNotMatch(raw.answer, /sec-websocket-protocol/i);
    const several = await stage.raw({ "Sec-WebSocket-Protocol": "chat,echoroom.batch" });
    assert.match(several.answer, /sec-websocket-protocol: echoroom\.batch\r?$/im);
  }));

Deno.test("without echoroom.batch every frame is one object", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId, a } = await duet(stage);
    for (const options of [{}, { protocol: "echoroom.v1" }]) {
      const socket = await stage.join(ada, roomId, options);
      const frames = framesOf(socket);
      const sends = Array.from({ length: 50 }, () => send(a, { roomId, text: "Hello" }));
      const acks = await Promise.all(sends);
      await socket.event("message:new", ({ seq }) => seq === acks.at(-1).seq);
      assert.ok(frames.length >= 50);
      assert.ok(frames.every((frame) => !Array.isArray(frame)));
    }
  }));

Deno.test("with echoroom.batch a frame may be an array, and everything comes in order", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId } = await duet(stage);
    const socket = await stage.join(ada, roomId, { protocol: "echoroom.batch" });
    const frames = framesOf(socket);
    const texts = Array.from({ length: 200 }, (_, i) => `Message ${i}`);
    const acks = await Promise.all(texts.map((text) => send(socket, { roomId, text })));
    assert.deepEqual(acks.map(({ seq }) => seq), texts.map((_, i) => i + 2));
    await socket.event("message:new", ({ seq }) => seq === 201);
    assert.deepEqual(socket.all("message:new").map(({ message }) => message.text), texts);
    assert.ok(frames.some((frame) => Array.isArray(frame) && frame.length > 1));
    assert.ok(frames.flat().every((frame) => typeof frame.event === "string"));
  }));

Deno.test("with echoroom.batch an array from a client is still an invalid_frame", () =>
  onSharedStage(async (stage) => {
    const { ada, roomId } = await duet(stage);
    const socket = await stage.connect(ada, { protocol: "echoroom.batch" });
    socket.socket.send(JSON.stringify([{ event: "room:join", data: { roomId } }]));
    const { data } = await socket.event("error");
    assert.equal(data.code, "invalid_frame");
    assert.equal(data.event, null);
  }));

Deno.test("a batching socket that is closed still gets what was sent before", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.connect(ada, { protocol: "echoroom.batch" });
    await ada.logOut();
    const { data } = await socket.event("auth:error");
    assert.equal(data.code, "session_revoked");
    assert.equal((await socket.closed).code, 4401);
  }));
