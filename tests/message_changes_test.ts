/** Recovery in a room whose messages change, by socket and by REST, which agree. */
// @slow: rooms of hundreds of messages
import assert from "node:assert/strict";
import { type Chat, testInRoom } from "./harness/chat.ts";

// deno-lint-ignore no-explicit-any -- tests look into answers of every shape
type Data = any;

/** What both ways of recovery answer, which is the same. */
async function changes(chat: Chat, after: number, entryId?: string): Promise<Data> {
  const { roomId: _, ...missed } = await chat.missed(after, { lastSeenEntryId: entryId });
  const query = entryId === undefined ? "" : `&entryId=${entryId}`;
  const read = await chat.get(chat.bob, `/changes?after=${after}${query}`);
  assert.deepEqual(read, missed);
  return read;
}

/** Recovers page by page. */
async function pages(chat: Chat, after: number, limit: number): Promise<Data[]> {
  const found = [];
  for (let cursor = after, hasMore = true; hasMore;) {
    const page = await chat.get(chat.bob, `/changes?after=${cursor}&limit=${limit}`);
    assert.ok(page.messages.length <= limit && page.lastSeq >= cursor);
    found.push(page);
    ({ hasMore, lastSeq: cursor } = page);
  }
  return found;
}

/** Two messages of Ada's and one of Bob's, seq 2 to 4, and changes of each, up to seq 9. */
async function changedRoom(chat: Chat): Promise<[string, string, string]> {
  const { ada, bob } = chat;
  const first = await chat.send(ada, "First");
  const second = await chat.send(ada, "Second");
  const third = await chat.send(bob, "Third");
  await chat.do(ada, "message:edit", { messageId: second, text: "Second, edited" });
  await chat.do(bob, "reaction:add", { messageId: first, emoji: "+1" });
  await chat.do(ada, "message:pin", { messageId: third });
  await chat.do(ada, "message:delete", { messageId: second });
  await chat.do(bob, "reaction:remove", { messageId: first, emoji: "+1" });
  return [first, second, third];
}

testInRoom(
  "each message that is new or changed is missed once, as it is, by its last change",
  async (chat) => {
    const [first, second, third] = await changedRoom(chat);
    const all = await Promise.all([third, second, first].map((id) => chat.message(id)));
    assert.deepEqual(all.map(({ changedSeq }) => changedSeq), [7, 8, 9]);
    for (const after of [1, 2, 3, 4, 5, 6]) {
      const { messages, lastSeq, hasMore, reset } = await changes(chat, after);
      assert.deepEqual(messages, all, `after ${after}`);
      assert.deepEqual([lastSeq, hasMore, reset], [9, false, false]);
    }
    assert.deepEqual((await changes(chat, 7)).messages, all.slice(1));
    assert.deepEqual((await changes(chat, 8)).messages, all.slice(2));
    const none = await changes(chat, 9);
    assert.deepEqual([none.messages, none.lastSeq], [[], 9]);
  },
);

testInRoom(
  "the last entry is named, whatever it was, and a cursor with it is good",
  async (chat) => {
    const { ada } = chat;
    const messageId = await chat.send(ada);
    const created = await changes(chat, 0);
    assert.deepEqual([created.lastSeq, created.lastEntryId], [2, messageId]);
    await chat.do(ada, "reaction:add", { messageId, emoji: "+1" });
    const { data: { entryId } } = await chat.bob.socket.event("message:updated");
    for (const after of [0, 1, 2, 3]) {
      assert.equal((await changes(chat, after)).lastEntryId, entryId);
    }
    assert.equal((await chat.joined()).lastEntryId, entryId);
    assert.equal((await changes(chat, 2, messageId)).reset, false);
    assert.equal((await changes(chat, 3, entryId)).reset, false);
  },
);

testInRoom(
  "a cursor of another log is reset: the last messages, and the log's end",
  async (chat) => {
    await changedRoom(chat);
    const { messages } = await chat.get(chat.bob, "/messages");
    for (const [after, entryId] of [[10, undefined], [9, "another"], [2, "another"]] as const) {
      const answer = await changes(chat, after, entryId);
      assert.deepEqual(answer.messages, messages);
      assert.deepEqual([answer.lastSeq, answer.hasMore, answer.reset], [9, false, true]);
    }
    for (let i = 0; i < 60; i++) await chat.send(chat.ada, `Message ${i}`);
    const answer = await changes(chat, 1_000);
    assert.equal(answer.messages.length, 50);
    const few = await chat.get(chat.bob, "/changes?after=1000&limit=5");
    assert.deepEqual(few.messages, answer.messages.slice(-5));
  },
);

testInRoom("pages cover the log once, and folded they are the room as it is", async (chat) => {
  const ids = await changedRoom(chat);
  await Promise.all(Array.from({ length: 20 }, (_, i) => chat.send(chat.ada, `Message ${i}`)));
  for (const messageId of ids.slice(0, 1)) {
    for (const emoji of ["a", "b", "c"]) {
      await chat.do(chat.bob, "reaction:add", { messageId, emoji });
    }
  }
  const { messages: room } = await chat.get(chat.bob, "/messages?limit=100");
  for (const limit of [1, 2, 7, 200]) {
    const found = await pages(chat, 0, limit);
    const folded = new Map<string, Data>();
    for (const message of found.flatMap(({ messages }) => messages)) {
      const known = folded.get(message.id);
      if (!known || known.changedSeq <= message.changedSeq) folded.set(message.id, message);
    }
    const bySeq = [...folded.values()].toSorted((a, b) => a.seq - b.seq);
    assert.deepEqual(bySeq, room, `limit ${limit}`);
    assert.equal(found.at(-1).lastSeq, 32);
    for (const { messages } of found) {
      const order = messages.map(({ changedSeq }: Data) => changedSeq);
      assert.deepEqual(order, order.toSorted((a: number, b: number) => a - b));
    }
  }
});

testInRoom("many changes of one message are one message in what was missed", async (chat) => {
  const messageId = await chat.send(chat.ada);
  for (let i = 0; i < 300; i++) {
    await chat.do(chat.ada, "message:edit", { messageId, text: `Text ${i}` });
  }
  const { messages, lastSeq, hasMore } = await changes(chat, 2);
  assert.deepEqual([messages, lastSeq, hasMore], [[await chat.message(messageId)], 302, false]);
  const first = await chat.get(chat.bob, "/changes?after=1&limit=1");
  assert.deepEqual([first.messages.length, first.lastSeq, first.hasMore], [1, 302, false]);
});

testInRoom(
  "a socket that recovers gets the changes after what it was shown, and none before",
  async (chat) => {
    const { ada } = chat;
    const messageId = await chat.send(ada);
    const socket = await chat.stage.connect(chat.bob.account);
    const stop = { done: false };
    const editing = (async () => {
      for (let i = 0; !stop.done; i++) {
        await chat.do(ada, "message:edit", { messageId, text: `Text ${i}` });
      }
    })();
    const shown: Data[] = [];
    for (let round = 0; round < 10; round++) {
      const cursor = shown.at(-1)?.lastSeq ?? 1;
      const asked = { roomId: chat.roomId, lastSeenSeq: cursor };
      shown.push((await socket.call("connection:recover", asked)).data);
    }
    stop.done = true;
    await editing;
    const { changedSeq } = await chat.message(messageId);
    const last = shown.at(-1);
    const entries = () =>
      socket.received.filter(({ event, data }) =>
        "entryId" in data && event !== "connection:missed"
      );
    if (last.lastSeq < changedSeq) {
      await socket.event("message:updated", ({ seq }) => seq === changedSeq);
    }
    let cursor = 0;
    for (const { event, data } of socket.received) {
      if (event === "connection:missed") cursor = data.lastSeq;
      if (event !== "message:updated") continue;
      assert.equal(data.seq, cursor + 1);
      cursor = data.seq;
    }
    assert.equal(cursor, changedSeq);
    for (const { data } of entries()) assert.ok(data.message.changedSeq >= data.seq);
  },
);

testInRoom("an invalid cursor or limit is refused", async (chat) => {
  for (
    const query of [
      "",
      "after=-1",
      "after=x",
      "after=1&limit=201",
      "after=1&limit=0",
      "after=1.5",
      "after=",
    ]
  ) {
    const path = `/rooms/${chat.roomId}/changes?${query}`;
    const { status, body } = await chat.ada.account.request("GET", path);
    assert.deepEqual([status, body.code], [400, "validation_failed"], query);
  }
  const { body } = await chat.ada.account.request("GET", "/rooms/nowhere/changes?after=0");
  assert.equal(body.code, "room_not_found");
});

testInRoom("a page ends before it has more than 256 KiB of messages", async (chat) => {
  const metadata = { x: "é".repeat(2_000) };
  for (let i = 0; i < 100; i++) await chat.send(chat.ada, "語".repeat(300), { metadata });
  const all = await pages(chat, 1, 200);
  assert.ok(all.length > 1);
  for (const { messages } of [...all, await chat.missed(1)]) {
    assert.ok(new TextEncoder().encode(JSON.stringify(messages)).length <= 256 * 1024);
  }
});
