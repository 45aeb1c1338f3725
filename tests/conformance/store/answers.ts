/** What messages that answer others must do on every store. */
import assert from "node:assert/strict";
import { LOG_LIMIT, LOG_START, positionOf } from "../../../src/domain/entry.ts";
import type { Message } from "../../../src/domain/message.ts";
import type { User } from "../../../src/domain/user.ts";
import { deletion, edit } from "./change_drafts.ts";
import { roomWithMessages } from "./changes.ts";
import { createRoom, creation, draft, range, type Register, write } from "./fixtures.ts";

export function testAnswers(test: Register): void {
  test("the answers to a message are paged as history", async (store) => {
    const { roomId, ada, messages: [root, other] } = await roomWithMessages(store, 2);
    const answers: Message[] = [];
    let now = root!;
    for (const i of range(1, 9)) {
      const entries = await write(
        store,
        roomId,
        creation(answer(ada, answers.at(-1) ?? root!, root!)),
        creation(answer(ada, other!, other!)),
        edit(now, { text: `Version ${i}` }),
        creation(draft(ada)),
      );
      answers.push(entries[0]!.message);
      now = entries[2]!.message;
    }
    const { id } = root!;
    assert.deepEqual(await store.messages.answersAfter(roomId, id, LOG_START, 100), answers);
    assert.deepEqual(await store.messages.answersBefore(roomId, id, LOG_LIMIT, 100), answers);
    assert.deepEqual(
      await store.messages.answersBefore(roomId, id, LOG_LIMIT, 2),
      answers.slice(-2),
    );
    for (const [i, { id: answerId }] of answers.entries()) {
      const position = (await store.messages.position(roomId, answerId))!;
      assert.deepEqual(
        await store.messages.answersBefore(roomId, id, position, 3),
        answers.slice(Math.max(0, i - 3), i),
      );
      assert.deepEqual(
        await store.messages.answersAfter(roomId, id, position, 3),
        answers.slice(i + 1, i + 4),
      );
    }
  });

  test("a thread's answers are counted, deleted ones included, and the last is known", async (store) => {
    const { roomId, ada, messages: [root, second, quiet] } = await roomWithMessages(store, 3);
    const entries = await write(
      store,
      roomId,
      creation(answer(ada, root!, root!)),
      creation(answer(ada, second!, second!)),
      creation(answer(ada, root!, root!)),
    );
    const [first, , last] = entries;
    await write(store, roomId, deletion(last!.message, ada), edit(first!.message, { text: "New" }));
    const ids = [root!.id, second!.id, quiet!.id, "unknown"];
    assert.deepEqual(
      await store.messages.threads(roomId, ids),
      new Map([
        [root!.id, { count: 2, lastSeq: last!.seq }],
        [second!.id, { count: 1, lastSeq: entries[1]!.seq }],
      ]),
    );
    assert.deepEqual(await store.messages.threads(roomId, []), new Map());
    const elsewhere = await createRoom(store, ada);
    assert.deepEqual(await store.messages.threads(elsewhere.id, ids), new Map());
    assert.deepEqual(
      await store.messages.answersAfter(elsewhere.id, root!.id, LOG_START, 9),
      [],
    );
    const answers = await store.messages.answersAfter(roomId, root!.id, LOG_START, 9);
    assert.deepEqual(answers.map(({ text }) => text), ["New", ""]);
  });

  test("a thread whose root is deleted keeps its answers", async (store) => {
    const { roomId, ada, messages: [root] } = await roomWithMessages(store, 1);
    const [sent] = await write(store, roomId, creation(answer(ada, root!, root!)));
    await write(store, roomId, deletion(root!, ada));
    const { id } = root!;
    assert.deepEqual(await store.messages.answersAfter(roomId, id, LOG_START, 9), [sent!.message]);
    assert.deepEqual(
      await store.messages.threads(roomId, [id]),
      new Map([[id, { count: 1, lastSeq: 3 }]]),
    );
  });

  test("a message may be answered by the append that creates it", async (store) => {
    const { roomId, ada } = await roomWithMessages(store, 0);
    const root = draft(ada);
    const sent = draft(ada, { replyTo: root.id, threadId: root.id });
    const entries = await write(store, roomId, creation(root), creation(sent));
    assert.deepEqual(
      await store.messages.answersBefore(roomId, root.id, LOG_LIMIT, 9),
      [entries[1]!.message],
    );
    assert.deepEqual(
      await store.messages.answersAfter(roomId, root.id, positionOf(entries[1]!), 9),
      [],
    );
  });
}

function answer(sender: User, replyTo: Message, root: Message) {
  return draft(sender, { text: "An answer", replyTo: replyTo.id, threadId: root.id });
}
