/** What a message holds beside its text: mentions of users and of everybody, and an app's metadata. */
// @slow: over both transports
import assert from "node:assert/strict";
import { publicOf, testInRoom, testOverBoth } from "./harness/chat.ts";

const WAYS = ["message:send", "message:edit"] as const;

testOverBoth(
  "mentions of users that do not exist are dropped, and each user counts once",
  async (chat) => {
    const { ada, bob } = chat;
    const [adaId, bobId] = [ada.account.id, bob.account.id];
    const mentions = [bobId, "nobody", bobId, "__proto__", adaId];
    const messageId = await chat.send(ada, "Hello", { mentions });
    assert.deepEqual((await chat.message(messageId)).mentions, [bobId, adaId]);
    await chat.do(ada, "message:edit", { messageId, mentions: ["nobody"] });
    assert.deepEqual((await chat.message(messageId)).mentions, []);
    await chat.do(ada, "message:edit", { messageId, mentions });
    assert.deepEqual((await chat.message(messageId)).mentions, [bobId, adaId]);
  },
);

testOverBoth("a message names at most 25 users", async (chat) => {
  const messageId = await chat.send(chat.ada);
  const mentions = Array.from({ length: 26 }, (_, i) => `user ${i}`);
  for (const event of WAYS) {
    const data = { messageId, text: "Hi", mentions };
    await chat.refuses(chat.ada, event, data, "validation_failed");
    await chat.do(chat.ada, event, { ...data, mentions: mentions.slice(1) });
    for (const wrong of ["all", [7], [null], [""], ["x".repeat(129)], { length: 1 }]) {
      await chat.refuses(chat.ada, event, { ...data, mentions: wrong }, "validation_failed");
    }
  }
});

testOverBoth("only the room's owner may mean everybody in the room", async (chat) => {
  const messageId = await chat.send(chat.ada, "All", { mentionsRoom: true });
  assert.equal((await chat.message(messageId)).mentionsRoom, true);
  const data = { text: "All", mentionsRoom: true };
  await chat.refuses(chat.bob, "message:send", data, "forbidden");
  await chat.send(chat.bob, "All", { mentionsRoom: false });
  await chat.refuses(chat.ada, "message:send", { ...data, mentionsRoom: 1 }, "validation_failed");
});

testInRoom("the users whom messages name are shown beside them, each once", async (chat) => {
  const { ada, bob } = chat;
  const mentions = [bob.account.id];
  const messageId = await chat.send(ada, "Hello", { mentions });
  await chat.send(ada, "Again", { mentions });
  await chat.do(ada, "reaction:add", { messageId, emoji: "+1" });
  const answers = await Promise.all([
    chat.get(bob, "/messages"),
    chat.get(bob, `/messages/${messageId}`),
    chat.get(bob, "/changes?after=1"),
    chat.joined(),
    chat.missed(1),
  ]);
  for (const { users } of answers) {
    assert.deepEqual(users, [publicOf(bob, "Bob"), publicOf(ada, "Ada")]);
  }
  const { data } = await bob.socket.event("message:new");
  assert.deepEqual(data.users, [publicOf(bob, "Bob")]);
  await bob.account.request("PATCH", "/auth/me", { displayName: "Robert" });
  assert.equal((await chat.get(ada, `/messages/${messageId}`)).users[0].displayName, "Robert");
});

testOverBoth("metadata is kept as it is, up to five levels and 4 KiB", async (chat) => {
  const kept: Record<string, unknown>[] = [
    {},
    { a: { b: { c: { d: [1, "2", null, true, -1.5e-7] } } } },
    { $set: 1, "a.b": 2, "": 3, constructor: { prototype: 4 }, toString: "5", hasOwnProperty: 6 },
    { "ünïcode 💫": "\u2028\ufeff", text: "x".repeat(3_000) },
    { x: "x".repeat(4 * 1024 - '{"x":""}'.length) },
    { x: "é".repeat((4 * 1024 - '{"x":""}'.length) / 2) },
  ];
  for (const metadata of kept) {
    const messageId = await chat.send(chat.ada, "Hello", { metadata });
    assert.deepEqual((await chat.message(messageId)).metadata, metadata);
    await chat.do(chat.ada, "message:edit", { messageId, metadata: {} });
    await chat.do(chat.ada, "message:edit", { messageId, metadata });
    assert.deepEqual((await chat.message(messageId)).metadata, metadata);
  }
  const none = await chat.send(chat.ada, "Hello", { metadata: null });
  assert.equal((await chat.message(none)).metadata, null);
});

testOverBoth("metadata that is no object, too deep or too large is refused", async (chat) => {
  const messageId = await chat.send(chat.ada);
  const nested = (levels: number) => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
  const wrong = [
    ...["text", 7, true, [], [{}]],
    ...[{ a: { b: { c: { d: { e: {} } } } } }, { a: nested(5) }, { a: nested(20_000) }],
    ...[{ x: "x".repeat(4 * 1024) }, { x: "é".repeat(2_050) }],
    { x: Array.from({ length: 2_100 }, () => 1) },
  ];
  for (const metadata of wrong) {
    for (const event of WAYS) {
      const data = { messageId, text: "Hi", metadata };
      await chat.refuses(chat.ada, event, data, "validation_failed");
    }
  }
  assert.equal((await chat.message(messageId)).changedSeq, 2);
});

testOverBoth(
  "a field __proto__ in metadata is refused, elsewhere ignored, and changes no object",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    const wrong = [
      '{"__proto__": {"polluted": true}}',
      '{"a": {"__proto__": 1}}',
      '{"a": [{"__proto__": null}]}',
    ];
    for (const text of wrong) {
      for (const event of WAYS) {
        const data = { messageId, text: "Hi", metadata: JSON.parse(text) };
        await chat.refuses(chat.ada, event, data, "validation_failed");
      }
    }
    const data = JSON.parse('{"text": "Hi", "__proto__": {"metadata": {"polluted": true}}}');
    const ack = await chat.transport.call(
      chat.ada,
      "message:send",
      Object.defineProperty(data, "roomId", { value: chat.roomId, enumerable: true }),
    );
    assert.equal(ack.code, undefined);
    const { messages } = await chat.get(chat.ada, "/messages");
    assert.deepEqual(messages.map(({ metadata }: { metadata: unknown }) => metadata), [
      null,
      null,
      null,
    ]);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  },
);
