/** Edits: what they change, whose they are, what refuses them, and the texts they leave behind. */
// @slow: over both transports
import assert from "node:assert/strict";
import { publicOf, testInRoom, testOverBoth } from "./harness/chat.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { until } from "./harness/stage.ts";
import { skip } from "./harness/time.ts";

testOverBoth("an edit changes what it names and leaves the rest", async (chat) => {
  const { ada, bob } = chat;
  const mentions = [bob.account.id];
  const id = await chat.send(ada, "Helo", { mentions, metadata: { mood: "fine" } });
  const before = await chat.message(id);
  assert.deepEqual([before.changedSeq, before.editedAt], [before.seq, null]);
  await chat.do(ada, "message:edit", { messageId: id, text: " Hello " });
  const { updatedAt, editedAt, ...after } = await chat.message(id);
  const { updatedAt: _, ...same } = before;
  assert.deepEqual({ ...after, editedAt: null }, {
    ...same,
    text: "Hello",
    changedSeq: before.seq + 1,
  });
  assert.equal(editedAt, updatedAt);
});

testOverBoth(
  "null or an empty list empties what an edit names, and is no edit of the text",
  async (chat) => {
    const { ada, bob } = chat;
    const content = { mentions: [bob.account.id], metadata: { mood: "fine" } };
    const [first, second] = [
      await chat.send(ada, "1", content),
      await chat.send(ada, "2", content),
    ];
    await chat.do(ada, "message:edit", { messageId: first, mentions: [], metadata: null });
    await chat.do(ada, "message:edit", { messageId: second, mentions: null });
    const [one, two] = [await chat.message(first), await chat.message(second)];
    assert.deepEqual([one.text, one.mentions, one.metadata, one.editedAt], ["1", [], null, null]);
    assert.deepEqual([two.mentions, two.metadata], [[], { mood: "fine" }]);
  },
);

testOverBoth(
  "an edit that names nothing to change, or empties the text, is refused",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    for (
      const edit of [{}, { ifChangedSeq: 2 }, { text: null }, { text: " " }, {
        text: "x".repeat(4_001),
      }]
    ) {
      await chat.refuses(chat.ada, "message:edit", { messageId, ...edit }, "validation_failed");
    }
  },
);

testOverBoth(
  "a message is edited by its sender alone, not even by the room's owner",
  async (chat) => {
    const { ada, bob } = chat;
    const [adas, bobs] = [await chat.send(ada), await chat.send(bob)];
    await chat.refuses(bob, "message:edit", { messageId: adas, text: "Hi" }, "forbidden");
    await chat.refuses(ada, "message:edit", { messageId: bobs, text: "Hi" }, "forbidden");
    assert.equal((await chat.message(bobs)).text, "Hello");
  },
);

testOverBoth("a system message is edited and deleted by nobody", async (chat) => {
  const { messages: [opening] } = await chat.get(chat.ada, "/messages");
  assert.deepEqual(
    [opening.systemType, opening.systemData],
    ["room_created", { users: [chat.ada.account.id] }],
  );
  const messageId = opening.id;
  for (const person of [chat.ada, chat.bob]) {
    await chat.refuses(person, "message:edit", { messageId, text: "Hi" }, "forbidden");
    await chat.refuses(person, "message:delete", { messageId }, "forbidden");
  }
});

testOverBoth("what is not a message of the room is not found", async (chat) => {
  const { ada } = chat;
  const elsewhere = await ada.account.createRoom("Elsewhere");
  const { body } = await ada.account.request("GET", `/rooms/${elsewhere.id}/messages`);
  for (const messageId of ["nothing", body.messages[0].id, "__proto__", "x".repeat(128)]) {
    for (
      const [event, more] of [
        ["message:edit", { text: "Hi" }],
        ["message:delete", {}],
        ["reaction:add", { emoji: "+1" }],
        ["reaction:remove", { emoji: "+1" }],
        ["message:pin", {}],
        ["message:unpin", {}],
      ] as const
    ) {
      await chat.refuses(ada, event, { messageId, ...more }, "message_not_found");
    }
  }
  const data = { roomId: "nowhere", messageId: "nothing", text: "Hi" };
  await chat.refuses(ada, "message:edit", data, "room_not_found");
});

testOverBoth(
  "an edit of a text that was edited since its editor saw it is a conflict",
  async (chat) => {
    const { ada, bob } = chat;
    const messageId = await chat.send(ada);
    const { changedSeq } = await chat.message(messageId);
    await chat.do(bob, "reaction:add", { messageId, emoji: "👍" });
    await chat.do(ada, "message:edit", { messageId, metadata: {}, ifChangedSeq: changedSeq });
    await chat.do(ada, "message:edit", { messageId, text: "First", ifChangedSeq: changedSeq });
    const stale = { messageId, text: "Second", ifChangedSeq: changedSeq };
    await chat.refuses(ada, "message:edit", stale, "edit_conflict");
    const { changedSeq: current } = await chat.message(messageId);
    await chat.do(ada, "message:edit", { ...stale, ifChangedSeq: current });
    assert.equal((await chat.message(messageId)).text, "Second");
  },
);

testOverBoth(
  "of edits of one text at the same time one is done, the others are conflicts",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    const { changedSeq: ifChangedSeq } = await chat.message(messageId);
    const texts = Array.from({ length: 20 }, (_, i) => `Text ${i}`);
    const outcomes = await Promise.all(
      texts.map((text) => chat.try(chat.ada, "message:edit", { messageId, text, ifChangedSeq })),
    );
    const done = texts.filter((_, i) => outcomes[i]!.code === undefined);
    assert.equal(done.length, 1);
    assert.equal(outcomes.filter(({ code }) => code === "edit_conflict").length, 19);
    assert.equal((await chat.message(messageId)).text, done[0]);
  },
);

testOverBoth("an edit that is repeated is done once, whatever has changed since", async (chat) => {
  const { ada, bob } = chat;
  const messageId = await chat.send(ada);
  const edit = { messageId, text: "Hi", ifChangedSeq: 2, clientMessageId: "e1" };
  const first = await chat.do(ada, "message:edit", edit);
  assert.equal(first.seq ?? first.message.changedSeq, 3);
  await chat.do(ada, "message:edit", { messageId, text: "Hello again" });
  await chat.do(bob, "reaction:add", { messageId, emoji: "+1" });
  const again = await chat.do(ada, "message:edit", edit);
  if (again.seq !== undefined) assert.deepEqual(again, first);
  await chat.do(ada, "message:delete", { messageId });
  await chat.do(ada, "message:edit", edit);
  const { changedSeq, text } = await chat.message(messageId);
  assert.deepEqual([changedSeq, text], [6, ""]);
});

testInRoom("a command that is repeated over the other transport is done once", async (chat) => {
  const { ada: { account, socket }, roomId } = chat;
  const sent = { text: "Hello", clientMessageId: "s1" };
  const { data: ack } = await socket.call("message:send", { roomId, ...sent });
  const edit = { text: "Hi", clientMessageId: "e1" };
  const message = `/rooms/${roomId}/messages/${ack.id}`;
  const { body } = await account.request("PATCH", message, edit);
  const again = await account.request("POST", `/rooms/${roomId}/messages`, sent);
  assert.deepEqual([again.status, again.body], [200, body]);
  const { data } = await socket.call("message:edit", { roomId, messageId: ack.id, ...edit });
  assert.deepEqual([data.id, data.seq], [ack.id, body.message.changedSeq]);
});

testOverBoth("an edit that is sent several times at once is done once", async (chat) => {
  const { ada } = chat;
  const messageId = await chat.send(ada);
  const edit = { messageId, text: "Hi", clientMessageId: "e1" };
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => chat.try(ada, "message:edit", edit)),
  );
  assert.deepEqual(outcomes.map(({ code }) => code), Array(10).fill(undefined));
  assert.equal((await chat.message(messageId)).changedSeq, 3);
  assert.equal((await chat.get(ada, "/changes?after=0")).lastSeq, 3);
});

testOverBoth("of edits with one id at the same time one is done", async (chat) => {
  const { ada } = chat;
  const messageId = await chat.send(ada);
  const texts = Array.from({ length: 10 }, (_, i) => `Text ${i}`);
  const outcomes = await Promise.all(
    texts.map((text) => chat.try(ada, "message:edit", { messageId, text, clientMessageId: "e1" })),
  );
  const done = texts.filter((_, i) => outcomes[i]!.code === undefined);
  assert.equal(done.length, 1);
  assert.equal(outcomes.filter(({ code }) => code === "idempotency_conflict").length, 9);
  const { changedSeq, text } = await chat.message(messageId);
  assert.deepEqual([changedSeq, text], [3, done[0]]);
});

testOverBoth("the id of an edit that is used for anything else is a conflict", async (chat) => {
  const { ada, bob } = chat;
  const messageId = await chat.send(ada, "Hello", { clientMessageId: "s1" });
  const edit = { messageId, text: "Hi", clientMessageId: "e1" };
  await chat.do(ada, "message:edit", edit);
  const others = [
    ["message:edit", { ...edit, text: "Ho" }],
    ["message:edit", { ...edit, metadata: null }],
    ["message:edit", { ...edit, mentions: [] }],
    ["message:edit", { ...edit, ifChangedSeq: 9 }],
    ["message:edit", { ...edit, messageId: "nothing" }],
    ["message:edit", { ...edit, clientMessageId: "s1" }],
    ["message:send", { text: "Hi", clientMessageId: "e1" }],
  ] as const;
  for (const [event, data] of others) await chat.refuses(ada, event, data, "idempotency_conflict");
  await chat.send(bob, "Hi", { clientMessageId: "e1" });
  assert.equal((await chat.message(messageId)).changedSeq, 3);
});

testOverBoth(
  "beyond the window for edits a message is edited no more, and still deleted",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    const edit = { messageId, text: "Hi", clientMessageId: "e1" };
    await chat.do(chat.ada, "message:edit", edit);
    skip(10 * 60_000);
    await chat.refuses(chat.ada, "message:edit", { messageId, text: "Ho" }, "forbidden");
    await chat.do(chat.ada, "message:edit", edit);
    await chat.do(chat.ada, "message:delete", { messageId });
  },
  { MESSAGE_EDIT_WINDOW: "10m", JWT_ACCESS_EXPIRES_IN: "1h" },
);

testInRoom("an edit is acked with its entry, which everybody in the room gets", async (chat) => {
  const { ada, bob, roomId } = chat;
  const messageId = await chat.send(ada);
  const edit = { messageId, text: "Hi", clientMessageId: "e1" };
  const { createdAt, ...ack } = await chat.do(ada, "message:edit", edit);
  assert.deepEqual(ack, { roomId, clientMessageId: "e1", id: messageId, seq: 3 });
  const message = await chat.message(messageId);
  assert.equal(message.editedAt, createdAt);
  for (const { socket } of [ada, bob]) {
    const { data: { entryId, ...entry } } = await socket.event("message:updated");
    assert.equal(typeof entryId, "string");
    const change = { type: "edited", by: publicOf(ada, "Ada") };
    assert.deepEqual(entry, { roomId, seq: 3, change, message });
  }
});

testInRoom(
  "the texts of a message are shown to its sender and to the room's owner",
  async (chat) => {
    const { ada, bob, roomId } = chat;
    const messageId = await chat.send(bob, "One");
    const path = `/messages/${messageId}/edits`;
    assert.deepEqual((await chat.get(bob, path)).edits, [{ seq: 2, text: "One", editedAt: null }]);
    await chat.do(bob, "message:edit", { messageId, text: "Two" });
    await chat.do(bob, "message:edit", { messageId, metadata: {} });
    await chat.do(bob, "message:edit", { messageId, text: "Three" });
    const { edits } = await chat.get(bob, path);
    const texts = edits.map(({ seq, text }: { seq: number; text: string }) => [seq, text]);
    assert.deepEqual(texts, [[2, "One"], [3, "Two"], [5, "Three"]]);
    assert.equal(edits.at(-1).editedAt, (await chat.message(messageId)).editedAt);
    assert.deepEqual((await chat.get(ada, path)).edits, edits);
    const carol = await chat.newPerson("Carol");
    const refused = await carol.account.request("GET", `/rooms/${roomId}${path}`);
    assert.deepEqual([refused.status, refused.body.code], [403, "forbidden"]);
    const missing = await ada.account.request("GET", `/rooms/${roomId}/messages/nothing/edits`);
    assert.deepEqual([missing.status, missing.body.code], [404, "message_not_found"]);
    await chat.do(ada, "message:delete", { messageId });
    assert.deepEqual(await chat.get(bob, path), { edits: [] });
  },
);

testOverBoth(
  "an edit is refused by the first of its faults in the contract's order",
  async (chat) => {
    const { ada, bob } = chat;
    const edit = (messageId: string, more = {}) => ({ messageId, text: "Hi", ...more });
    const messageId = await chat.send(ada);
    await chat.do(ada, "message:edit", edit(messageId, { clientMessageId: "e1" }));
    await chat.do(ada, "message:delete", { messageId });
    const refusals = [
      [ada, { roomId: "nowhere", ...edit("nothing"), text: "" }, "validation_failed"],
      [ada, { roomId: "nowhere", ...edit("nothing") }, "room_not_found"],
      [ada, edit("nothing", { clientMessageId: "e1" }), "idempotency_conflict"],
      [bob, edit("nothing"), "message_not_found"],
      [bob, edit(messageId, { ifChangedSeq: 1 }), "forbidden"],
      [ada, edit(messageId, { ifChangedSeq: 1 }), "message_deleted"],
    ] as const;
    for (const [person, data, code] of refusals) {
      await chat.refuses(
        person,
        "message:edit",
        data,
        code,
      );
    }
  },
);

testOverBoth(
  "over the limit of sends every change is rate limited, but a repeat is acked",
  async (chat) => {
    const { ada, bob } = chat;
    const messageId = await chat.send(ada, "Hello", { clientMessageId: "s1" });
    const edit = { messageId, text: "Hi", clientMessageId: "e1" };
    await chat.do(ada, "message:edit", edit);
    const changes = [
      ["reaction:add", { messageId, emoji: "+1" }],
      ["reaction:remove", { messageId, emoji: "+1" }],
      ["message:pin", { messageId }],
      ["message:edit", { messageId, text: "Ho" }],
    ] as const;
    const attempts = [
      ...changes,
      ["message:edit", { messageId: "nothing", text: "Hi" }],
      ["message:edit", edit],
      ["message:send", { text: "Hello", clientMessageId: "s1" }],
      ["message:edit", { ...edit, text: "Other" }],
    ] as const;
    await until(
      async () => {
        await Promise.all(Array.from({ length: 61 }, () => chat.try(ada, ...changes[0])));
        const outcomes = await Promise.all(
          attempts.map(([event, data]) => chat.try(ada, event, data)),
        );
        const codes = outcomes.map(({ code }) => code);
        assert.deepEqual(codes.splice(-3), [undefined, undefined, "idempotency_conflict"]);
        // A slow machine may come into the limit's next window meanwhile.
        return codes.every((code) => code === "rate_limited");
      },
      "all are refused",
      5 * HANG_MS,
    );
    await chat.send(bob);
  },
  { RATE_LIMIT: "on" },
);
