/** What a page of missed messages covers. */
import assert from "node:assert/strict";
import { creationOf, type Entry } from "../src/domain/entry.ts";
import { type Message, PLAIN } from "../src/domain/message.ts";
import { MissedMessages } from "../src/rooms/missed_messages.ts";

Deno.test("a page covers all entries of a message that was changed thousands of times", () => {
  const count = 10_000;
  const message: Message = {
    ...PLAIN,
    id: "message",
    roomId: "room",
    seq: 1,
    changedSeq: count,
    textSeq: count,
    sender: { id: "ada", displayName: "Ada", avatarUrl: null },
    text: "Hello",
    system: false,
    clientMessageId: "1",
    createdAt: new Date(1),
    updatedAt: new Date(count),
  };
  const created = creationOf(message, 1, null);
  const { sender: by } = message;
  const entries = Array.from({ length: count }, (_, i): Entry => {
    const seq = i + 1;
    return seq === 1 ? created : { ...created, kind: "edited", id: `edit ${seq}`, seq, by };
  });
  const missed = new MissedMessages(0);
  missed.add(entries);
  assert.deepEqual(missed.messages, [message]);
  assert.equal(missed.lastSeq, count);
  assert.equal(missed.isFull, false);
});
