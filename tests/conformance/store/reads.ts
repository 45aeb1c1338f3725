/** What every store's logs show. */
import assert from "node:assert/strict";
import { LOG_LIMIT } from "../../../src/domain/entry.ts";
import fc from "fast-check";
import pLimit from "p-limit";
import { publicUser } from "../../../src/domain/user.ts";
import {
  append,
  createRoom,
  createRoomWithAda,
  createUser,
  draft,
  drafts,
  headOf,
  range,
  readAfter,
  type Register,
  rename,
  seqs,
  UNKNOWN_IDS,
} from "./fixtures.ts";

export function testReads(test: Register, testAlone: Register): void {
  test("reads after and before a seq are slices of the log", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    await append(store, room.id, drafts(ada, 11));
    const log = await readAfter(store, room.id, 0, 100);
    assert.deepEqual(seqs(log), range(1, 12));
    const seq = fc.integer({ min: 0, max: 14 });
    const limit = fc.integer({ min: 1, max: 14 });
    await fc.assert(
      fc.asyncProperty(seq, limit, async (seq, limit) => {
        const later = log.filter((message) => message.seq > seq);
        assert.deepEqual(await readAfter(store, room.id, seq, limit), later.slice(0, limit));
        const earlier = log.filter((message) => message.seq < seq);
        assert.deepEqual(
          await store.messages.before(room.id, { seq, n: seq }, limit),
          earlier.slice(-limit),
        );
      }),
      { numRuns: 50, examples: [[0, 14], [1, 1], [12, 14], [13, 1]] },
    );
  });

  test("a read before the largest safe integer gives the log's end", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    await append(store, room.id, drafts(ada, 5));
    assert.deepEqual(seqs(await store.messages.before(room.id, LOG_LIMIT, 3)), [
      4,
      5,
      6,
    ]);
    assert.deepEqual(await readAfter(store, room.id, Number.MAX_SAFE_INTEGER, 3), []);
  });

  test("what one instance appended another reads", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const other = await connect();
    for (let i = 0; i < 5; i++) {
      const messages = await append(store, room.id, drafts(ada, 2));
      const last = messages.at(-1);
      assert.equal(await headOf(other, room.id), last?.seq);
      assert.deepEqual(await readAfter(other, room.id, 1 + 2 * i, 10), messages);
    }
  });

  test("messages show their sender as they are now", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store, { displayName: "Bob" });
    await append(store, room.id, [draft(ada), draft(bob)]);
    const renamed = await rename(store, ada);
    for (
      const messages of [
        await readAfter(store, room.id, 1, 10),
        await store.messages.before(room.id, { seq: 4, n: 4 }, 2),
      ]
    ) {
      assert.deepEqual(messages.map((message) => message.sender), [renamed, publicUser(bob)]);
    }
  });

  test(
    "heads are the ends of several rooms' logs, written by any instance",
    async (store, connect) => {
      const ada = await createUser(store);
      const [quiet, busy, other] = [
        await createRoom(store, ada),
        await createRoom(store, ada),
        await createRoom(store, ada),
      ];
      await append(await connect(), busy.id, drafts(ada, 3));
      await append(store, other.id, drafts(ada, 1));
      assert.deepEqual(
        await store.log.heads([quiet.id, busy.id]),
        new Map([[quiet.id, 1], [busy.id, 4]]),
      );
    },
  );

  test("heads leave out rooms that do not exist, and slugs", async (store) => {
    const { room } = await createRoomWithAda(store);
    const heads = await store.log.heads([...UNKNOWN_IDS, room.slug, room.id]);
    assert.deepEqual(heads, new Map([[room.id, 1]]));
  });

  test("heads of no rooms are none", async (store) => {
    await createRoomWithAda(store);
    assert.deepEqual(await store.log.heads([]), new Map());
  });

  testAlone("heads of five hundred rooms come at once", async (store) => {
    const ada = await createUser(store);
    const rooms = await pLimit(20).map(range(1, 500), () => createRoom(store, ada));
    const ids = rooms.map(({ id }) => id);
    assert.deepEqual(new Set((await store.log.heads(ids)).keys()), new Set(ids));
  });

  test("a message's position is found in its own room only", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const elsewhere = await createRoom(store, ada);
    const [message] = await append(store, room.id, [draft(ada)]);
    assert.ok(message);
    assert.deepEqual(await store.messages.position(room.id, message.id), { seq: 2, n: 2 });
    assert.equal(await store.messages.position(elsewhere.id, message.id), null);
    assert.equal(await store.messages.position(room.id, message.clientMessageId), null);
  });
}
