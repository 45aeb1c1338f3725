/** Pins: who may pin, how many, and in which order they are listed. */
import assert from "node:assert/strict";
import { publicOf, testInRoom, testOverBoth } from "./harness/chat.ts";

testOverBoth("the room's owner pins messages, and nobody else does", async (chat) => {
  const { ada, bob } = chat;
  const messageId = await chat.send(bob);
  for (const event of ["message:pin", "message:unpin"]) {
    await chat.refuses(bob, event, { messageId }, "forbidden");
  }
  for (let i = 0; i < 2; i++) await chat.do(ada, "message:pin", { messageId });
  const pinned = await chat.message(messageId);
  assert.deepEqual([pinned.pinned, pinned.changedSeq, pinned.editedAt], [true, 3, null]);
  for (let i = 0; i < 2; i++) await chat.do(ada, "message:unpin", { messageId });
  const unpinned = await chat.message(messageId);
  assert.deepEqual([unpinned.pinned, unpinned.changedSeq], [false, 4]);
});

testOverBoth(
  "pins are listed with the last pinned first, and deleted ones are none",
  async (chat) => {
    const { ada, bob } = chat;
    const first = await chat.send(ada);
    const second = await chat.send(bob, "Hi", { replyTo: first });
    const third = await chat.send(ada);
    const pin = (messageId: string) => chat.do(ada, "message:pin", { messageId });
    for (const id of [second, third, first]) await pin(id);
    await chat.do(bob, "reaction:add", { messageId: third, emoji: "+1" });
    await chat.do(bob, "message:edit", { messageId: second, text: "Hi!" });
    const { messages, users, mine, threads } = await chat.get(bob, "/pins");
    assert.deepEqual(messages.map(({ id }: { id: string }) => id), [first, third, second]);
    assert.deepEqual(users, [publicOf(bob, "Bob")]);
    assert.deepEqual(mine, { [third]: ["+1"] });
    assert.deepEqual(threads, { [first]: { count: 1, lastSeq: 3 } });
    await chat.do(ada, "message:unpin", { messageId: third });
    await pin(third);
    await chat.do(ada, "message:delete", { messageId: first });
    const after = await chat.get(bob, "/pins");
    assert.deepEqual(after.messages.map(({ id }: { id: string }) => id), [third, second]);
    assert.equal((await chat.message(first)).pinned, false);
    assert.equal(after.referenced[0].text, "");
  },
);

testOverBoth("a room takes 100 pins, and another one once one is gone", async (chat) => {
  const { ada } = chat;
  const ids = await Promise.all(Array.from({ length: 103 }, (_, i) => chat.send(ada, `${i}`)));
  const outcomes = await Promise.all(
    ids.slice(0, 101).map((messageId) => chat.try(ada, "message:pin", { messageId })),
  );
  assert.deepEqual(outcomes.flatMap(({ code }) => code ?? []), ["limit_reached"]);
  const pinned = ids.filter((_, i) => outcomes[i]?.code === undefined && i < 101);
  await chat.do(ada, "message:pin", { messageId: pinned[0] });
  await chat.do(ada, "message:unpin", { messageId: pinned[0] });
  await chat.do(ada, "message:pin", { messageId: ids[101] });
  await chat.refuses(ada, "message:pin", { messageId: ids[102] }, "limit_reached");
  await chat.do(ada, "message:delete", { messageId: ids[101] });
  await chat.do(ada, "message:pin", { messageId: ids[102] });
  assert.equal((await chat.get(ada, "/pins")).messages.length, 100);
});

testInRoom("a pin is acked as a reaction is, and everybody in the room gets it", async (chat) => {
  const { ada, bob, roomId } = chat;
  const messageId = await chat.send(bob);
  const { createdAt, ...ack } = await chat.do(ada, "message:pin", { messageId });
  assert.deepEqual(ack, { roomId, id: messageId, seq: 3, changed: true });
  const again = await chat.do(ada, "message:pin", { messageId });
  assert.deepEqual(again, { ...ack, createdAt, changed: false });
  const message = await chat.message(messageId);
  const { data: { entryId: _, ...entry } } = await bob.socket.event("message:updated");
  const change = { type: "pinned", by: publicOf(ada, "Ada") };
  assert.deepEqual(entry, { roomId, seq: 3, change, message });
  await chat.do(ada, "message:unpin", { messageId });
  const { data } = await bob.socket.event("message:updated", ({ seq }) => seq === 4);
  assert.deepEqual(data.change, { ...change, type: "unpinned" });
});
