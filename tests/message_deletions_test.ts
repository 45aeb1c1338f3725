/** Deletions: who may delete, what stays, and that what was deleted is shown nowhere. */
import assert from "node:assert/strict";
import { type Chat, type Person, publicOf, testInRoom, testOverBoth } from "./harness/chat.ts";

const SECRET = "The secret words";

/** Everything that the server answers about the room, as one text. */
async function everything(chat: Chat, person: Person, messageId: string): Promise<string> {
  const paths = [
    "/messages",
    `/messages?around=${messageId}`,
    `/messages?threadId=${messageId}`,
    `/messages/${messageId}`,
    `/messages/${messageId}/edits`,
    "/changes?after=0",
    "/pins",
  ];
  const answers = await Promise.all([
    ...paths.map((path) => chat.get(person, path)),
    chat.joined(),
    chat.missed(0),
  ]);
  return JSON.stringify(answers);
}

testOverBoth("a deleted message stays as a tombstone", async (chat) => {
  const { ada, bob } = chat;
  const first = await chat.send(bob);
  const content = { replyTo: first, mentions: [bob.account.id], metadata: { mood: "fine" } };
  const messageId = await chat.send(ada, SECRET, { ...content, mentionsRoom: true });
  await chat.do(ada, "message:edit", { messageId, text: `${SECRET}!` });
  await chat.do(bob, "reaction:add", { messageId, emoji: "+1" });
  await chat.do(ada, "message:pin", { messageId });
  const before = await chat.message(messageId);
  await chat.do(ada, "message:delete", { messageId });
  const { deletedAt, updatedAt, ...after } = await chat.message(messageId);
  assert.ok(deletedAt);
  assert.equal(updatedAt, deletedAt);
  const { id, roomId, seq, sender, system, clientMessageId, createdAt, editedAt } = before;
  assert.ok(editedAt);
  assert.deepEqual(after, {
    ...{ id, roomId, seq, sender, system, clientMessageId, createdAt, editedAt },
    changedSeq: before.changedSeq + 1,
    text: "",
    replyTo: first,
    threadId: first,
    mentions: [],
    mentionsRoom: false,
    reactions: [],
    pinned: false,
    attachments: [],
    metadata: null,
    systemType: null,
    systemData: null,
  });
});

testOverBoth(
  "a message is deleted by its sender and by the room's owner, by no other",
  async (chat) => {
    const { ada, bob } = chat;
    const carol = await chat.newPerson("Carol");
    const [first, second] = [await chat.send(bob), await chat.send(bob)];
    await chat.refuses(carol, "message:delete", { messageId: first }, "forbidden");
    await chat.do(bob, "message:delete", { messageId: first });
    await chat.do(ada, "message:delete", { messageId: second });
    await chat.refuses(carol, "message:delete", { messageId: second }, "forbidden");
  },
);

testOverBoth(
  "a deleted message is changed no more, and deleting it again changes nothing",
  async (chat) => {
    const { ada } = chat;
    const messageId = await chat.send(ada);
    await chat.do(ada, "message:delete", { messageId });
    const tombstone = await chat.message(messageId);
    const again = await chat.do(ada, "message:delete", { messageId });
    if (again) assert.equal(again.seq, tombstone.changedSeq);
    const changes = [
      ["message:edit", { text: "Hi" }],
      ["message:edit", { metadata: {} }],
      ["reaction:add", { emoji: "+1" }],
      ["reaction:remove", { emoji: "+1" }],
      ["message:pin", {}],
      ["message:unpin", {}],
    ] as const;
    for (const [event, more] of changes) {
      await chat.refuses(ada, event, { messageId, ...more }, "message_deleted");
    }
    await chat.refuses(ada, "message:send", { text: "Hi", replyTo: messageId }, "message_deleted");
    assert.deepEqual(await chat.message(messageId), tombstone);
  },
);

testOverBoth(
  "from the ack on no answer holds a text that was deleted, or one before it",
  async (chat) => {
    const { ada, bob } = chat;
    const messageId = await chat.send(ada, SECRET);
    await chat.do(ada, "message:edit", { messageId, text: `${SECRET}, again` });
    await chat.do(ada, "message:pin", { messageId });
    await chat.send(bob, "An answer", { replyTo: messageId });
    for (const person of [ada, bob]) await chat.get(person, "/messages");
    assert.ok((await everything(chat, ada, messageId)).includes(SECRET));
    await chat.do(ada, "message:delete", { messageId });
    const shown = await everything(chat, ada, messageId);
    assert.ok(!shown.includes(SECRET), shown);
  },
);

testOverBoth(
  "of edits and a deletion at the same time the order decides, and nothing is left",
  async (chat) => {
    const { ada, bob } = chat;
    for (let round = 0; round < 5; round++) {
      const messageId = await chat.send(bob, SECRET);
      const edit = (i: number) =>
        chat.try(bob, "message:edit", { messageId, text: `${SECRET} ${i}` });
      const outcomes = await Promise.all([
        edit(1),
        chat.try(ada, "message:delete", { messageId }),
        edit(2),
        chat.try(bob, "reaction:add", { messageId, emoji: "+1" }),
        edit(3),
      ]);
      assert.equal(outcomes[1]!.code, undefined);
      for (const { code = "message_deleted" } of outcomes) assert.equal(code, "message_deleted");
      const { text, reactions, deletedAt, changedSeq } = await chat.message(messageId);
      assert.deepEqual([text, reactions], ["", []]);
      assert.ok(deletedAt);
      const { lastSeq } = await chat.get(ada, "/changes?after=0");
      assert.equal(lastSeq, changedSeq);
      const shown = await everything(chat, ada, messageId);
      assert.ok(!shown.includes(SECRET), shown);
    }
  },
);

testInRoom("a deletion is acked with its entry, which everybody in the room gets", async (chat) => {
  const { ada, bob, roomId } = chat;
  const messageId = await chat.send(bob);
  const deletion = { messageId, clientMessageId: "d1" };
  const { createdAt, ...ack } = await chat.do(ada, "message:delete", deletion);
  assert.deepEqual(ack, { roomId, clientMessageId: "d1", id: messageId, seq: 3 });
  const message = await chat.message(messageId);
  assert.equal(message.deletedAt, createdAt);
  for (const { socket } of [ada, bob]) {
    const { data: { entryId, ...entry } } = await socket.event("message:deleted");
    assert.equal(typeof entryId, "string");
    assert.deepEqual(entry, { roomId, seq: 3, messageId, by: publicOf(ada, "Ada"), message });
  }
});

testInRoom(
  "a deletion that is repeated is acked the same, and its id is good for nothing else",
  async (chat) => {
    const { ada } = chat;
    const [messageId, other] = [await chat.send(ada), await chat.send(ada)];
    const deletion = { messageId, clientMessageId: "d1" };
    const ack = await chat.do(ada, "message:delete", deletion);
    await chat.send(ada);
    assert.deepEqual(await chat.do(ada, "message:delete", deletion), ack);
    const reused = { messageId: other, clientMessageId: "d1" };
    await chat.refuses(ada, "message:delete", reused, "idempotency_conflict");
    assert.equal((await chat.message(other)).deletedAt, null);
  },
);

testInRoom(
  "a send that is repeated after its message was deleted is acked with its own seq",
  async (chat) => {
    const { ada } = chat;
    const sent = { text: SECRET, clientMessageId: "s1" };
    const ack = await chat.do(ada, "message:send", sent);
    await chat.do(ada, "message:delete", { messageId: ack.id });
    assert.deepEqual(await chat.do(ada, "message:send", sent), ack);
    await chat.refuses(ada, "message:send", { ...sent, text: "" }, "validation_failed");
    await chat.refuses(ada, "message:send", { ...sent, text: "Other" }, "idempotency_conflict");
  },
);
