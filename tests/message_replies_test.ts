/** Answers and their threads, and the messages that are shown beside others. */
import assert from "node:assert/strict";
import { type Chat, testInRoom, testOverBoth } from "./harness/chat.ts";

/** All answers to readers that hold the room's last messages. */
function answers(chat: Chat) {
  return Promise.all([
    chat.get(chat.bob, "/messages"),
    chat.get(chat.bob, "/changes?after=0"),
    chat.joined(),
    chat.missed(0),
  ]);
}

function ids(messages: { id: string }[]): string[] {
  return messages.map(({ id }) => id);
}

testOverBoth(
  "an answer names its message, and the root of the chain as its thread",
  async (chat) => {
    const root = await chat.send(chat.ada);
    const answer = await chat.send(chat.bob, "Hi", { replyTo: root });
    const deeper = await chat.send(chat.ada, "Ho", { replyTo: answer });
    const [one, two, three] = await Promise.all(
      [root, answer, deeper].map((id) => chat.message(id)),
    );
    assert.deepEqual([one.replyTo, one.threadId], [null, null]);
    assert.deepEqual([two.replyTo, two.threadId], [root, root]);
    assert.deepEqual([three.replyTo, three.threadId], [answer, root]);
  },
);

testOverBoth(
  "an answer to what is not there, or was deleted meanwhile, is refused",
  async (chat) => {
    const { ada, bob } = chat;
    const elsewhere = await ada.account.createRoom("Elsewhere");
    const { body } = await ada.account.request("GET", `/rooms/${elsewhere.id}/messages`);
    for (const replyTo of ["nothing", body.messages[0].id]) {
      await chat.refuses(bob, "message:send", { text: "Hi", replyTo }, "message_not_found");
    }
    const replyTo = await chat.send(ada);
    const [deletion, answer] = await Promise.all([
      chat.try(ada, "message:delete", { messageId: replyTo }),
      chat.try(bob, "message:send", { text: "Hi", replyTo }),
    ]);
    assert.equal(deletion.code, undefined);
    assert.ok([undefined, "message_deleted"].includes(answer.code));
    await chat.refuses(bob, "message:send", { text: "Ho", replyTo }, "message_deleted");
  },
);

testOverBoth("a send may say that it answers none, as messages do", async (chat) => {
  const id = await chat.send(chat.ada, "Hi", { replyTo: null });
  assert.equal((await chat.message(id)).replyTo, null);
});

testInRoom("pages of changes end early where what they answer is long", async (chat) => {
  const text = "x".repeat(4_000);
  const sendAll = (texts: string[], replyTo?: string[]) =>
    Promise.all(texts.map((each, i) => {
      return chat.send(chat.ada, each, replyTo && { replyTo: replyTo[i]! });
    }));
  const long = await sendAll(Array.from({ length: 40 }, () => text));
  const { room: { lastSeq: start } } = await chat.joined();
  const answers = await sendAll(long.map((_, i) => `Answer ${i}`), long);
  const read: string[] = [];
  for (let [after, hasMore] = [start, true]; hasMore;) {
    const page = await chat.get(chat.bob, `/changes?after=${after}&limit=200`);
    assert.ok(JSON.stringify(page).length < 200_000);
    read.push(...ids(page.messages));
    ({ lastSeq: after, hasMore } = page);
  }
  assert.deepEqual(new Set(read), new Set(answers));
  assert.equal(read.length, answers.length);
});

testOverBoth("a send with another message to answer is not a repeat", async (chat) => {
  const [first, second] = [await chat.send(chat.ada), await chat.send(chat.ada)];
  const sent = { text: "Hi", clientMessageId: "s1" };
  await chat.do(chat.bob, "message:send", { ...sent, replyTo: first });
  for (const replyTo of [undefined, second, "nothing"]) {
    await chat.refuses(chat.bob, "message:send", { ...sent, replyTo }, "idempotency_conflict");
  }
  await chat.do(chat.ada, "message:delete", { messageId: first });
  await chat.do(chat.bob, "message:send", { ...sent, replyTo: first });
  assert.equal((await chat.get(chat.ada, "/messages")).messages.length, 4);
});

testInRoom("answers to roots are counted, also live, and deleted ones too", async (chat) => {
  const root = await chat.send(chat.ada);
  assert.deepEqual((await chat.get(chat.ada, "/messages")).threads, {});
  await chat.joined();
  const first = await chat.send(chat.bob, "Hi", { replyTo: root });
  await chat.send(chat.ada, "Ho", { replyTo: first });
  await chat.do(chat.bob, "message:delete", { messageId: first });
  for (const { threads } of await answers(chat)) {
    assert.deepEqual(threads, { [root]: { count: 2, lastSeq: 4 } });
  }
  const { threads } = await chat.get(chat.ada, `/messages/${root}`);
  assert.deepEqual(threads, { [root]: { count: 2, lastSeq: 4 } });
});

testInRoom(
  "what is answered is shown as it is now beside messages that it is not among",
  async (chat) => {
    const { ada, bob } = chat;
    const root = await chat.send(ada, "Before");
    for (let i = 0; i < 50; i++) await chat.send(bob, `Message ${i}`);
    await chat.send(bob, "An answer", { replyTo: root });
    await chat.do(ada, "message:edit", { messageId: root, text: "After" });
    const present = await chat.message(root);
    for (const answer of [await chat.joined(), await chat.get(bob, "/messages?limit=10")]) {
      assert.deepEqual(answer.referenced, [present]);
    }
    const whole = await chat.get(bob, "/messages?limit=100");
    assert.equal("referenced" in whole, false);
    await chat.do(ada, "message:delete", { messageId: root });
    const { referenced: [tombstone] } = await chat.joined();
    assert.deepEqual([tombstone.id, tombstone.text], [root, ""]);
  },
);

testInRoom("a live answer comes with what it answers, however old that is", async (chat) => {
  const { ada, bob } = chat;
  const root = await chat.send(ada, "The root");
  await Promise.all(Array.from({ length: 200 }, (_, i) => chat.send(bob, `Message ${i}`)));
  const answer = await chat.send(bob, "An answer", { replyTo: root });
  const { data } = await ada.socket.event("message:new", ({ message }) => message.id === answer);
  assert.deepEqual(data.referenced, [await chat.message(root)]);
  await chat.do(bob, "message:edit", { messageId: answer, text: "Hi" });
  const edited = await ada.socket.event("message:updated");
  assert.deepEqual(edited.data.referenced, data.referenced);
  await chat.do(bob, "message:delete", { messageId: answer });
  const deleted = await ada.socket.event("message:deleted");
  assert.deepEqual(deleted.data.referenced, data.referenced);
});

testInRoom("a thread is paged as history is", async (chat) => {
  const root = await chat.send(chat.ada);
  const all: string[] = [];
  for (let i = 0; i < 5; i++) {
    all.push(await chat.send(chat.bob, `Answer ${i}`, { replyTo: all.at(-1) ?? root }));
    await chat.send(chat.bob, "Something else");
  }
  const read = (query: string) => chat.get(chat.ada, `/messages?threadId=${root}&${query}`);
  const last = await read("limit=2");
  assert.deepEqual([ids(last.messages), last.hasMore], [all.slice(3), true]);
  const before = await read(`limit=3&before=${all[3]}`);
  assert.deepEqual([ids(before.messages), before.hasMore], [all.slice(0, 3), false]);
  const after = await read(`limit=3&after=${all[0]}`);
  assert.deepEqual([ids(after.messages), after.hasMore], [all.slice(1, 4), true]);
  const { messages } = await chat.get(chat.ada, `/messages?threadId=${all[0]}`);
  assert.deepEqual(messages, []);
});

testInRoom(
  "the messages around one are half on each side, more where the other ends",
  async (chat) => {
    const sent = await Promise.all(
      Array.from({ length: 9 }, (_, i) => chat.send(chat.ada, `${i}`)),
    );
    const { messages: [opening] } = await chat.get(chat.ada, "/messages");
    const all = [opening.id, ...sent];
    const around = async (place: number, limit: number) => {
      const page = await chat.get(chat.bob, `/messages?around=${all[place]}&limit=${limit}`);
      return [ids(page.messages), page.hasMoreBefore, page.hasMoreAfter];
    };
    assert.deepEqual(await around(5, 5), [all.slice(3, 8), true, true]);
    assert.deepEqual(await around(5, 4), [all.slice(4, 8), true, true]);
    assert.deepEqual(await around(5, 1), [all.slice(5, 6), true, true]);
    assert.deepEqual(await around(0, 4), [all.slice(0, 4), false, true]);
    assert.deepEqual(await around(9, 4), [all.slice(6), true, false]);
    assert.deepEqual(await around(8, 5), [all.slice(5), true, false]);
    assert.deepEqual(await around(4, 50), [all, false, false]);
  },
);

testInRoom("ranges that contradict each other, or lead nowhere, are refused", async (chat) => {
  const id = await chat.send(chat.ada);
  const queries = [
    ...[`around=${id}&before=${id}`, `around=${id}&after=${id}`, `around=${id}&threadId=${id}`],
    ...[`threadId=${id}&before=${id}&after=${id}`, `around=${id}&limit=101`, "after=nothing"],
  ];
  for (const query of queries) {
    const path = `/rooms/${chat.roomId}/messages?${query}`;
    const { status, body } = await chat.ada.account.request("GET", path);
    assert.deepEqual([status, body.code], [400, "validation_failed"], query);
  }
  for (const query of ["around=nothing", "threadId=nothing"]) {
    const path = `/rooms/${chat.roomId}/messages?${query}`;
    const { status, body } = await chat.ada.account.request("GET", path);
    assert.deepEqual([status, body.code], [404, "message_not_found"], query);
  }
});
