/** What appends must do on every store, concurrent ones included. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Message, MessageDraft } from "../../../src/domain/message.ts";
import {
  append,
  bySeq,
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  drafts,
  headOf,
  newId,
  newRoom,
  opening,
  pick,
  range,
  readAfter,
  type Register,
  rename,
  sendKey,
  seqs,
  stored,
} from "./fixtures.ts";

export function testAppend(test: Register): void {
  test("an append numbers its drafts onward from the head, in their order", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const first = drafts(ada, 3);
    const second = drafts(ada, 2);
    const messages = [
      ...await append(store, room.id, first),
      ...await append(store, room.id, second),
    ];
    const expected = [...first, ...second].map((sent, i) => stored(room.id, i + 2, sent));
    assert.deepEqual(messages, expected);
    assert.deepEqual(await readAfter(store, room.id, 1, 10), expected);
    assert.equal(await headOf(store, room.id), 6);
  });

  test("each room's log has numbers of its own", async (store) => {
    const ada = await createUser(store);
    const rooms = [await createRoom(store, ada), await createRoom(store, ada)];
    for (const room of rooms) {
      const [message] = await append(store, room.id, [draft(ada)]);
      assert.equal(message?.seq, 2);
    }
  });

  test("every text comes back as it was written", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 10 }), async (written) => {
        const before = await headOf(store, room.id);
        await append(store, room.id, written.map((text) => draft(ada, { text })));
        const read = await readAfter(store, room.id, before, written.length);
        assert.deepEqual(read.map((message) => message.text), written);
      }),
      { numRuns: 20 },
    );
  });

  test("a batch of two hundred keeps its order", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = drafts(ada, 200);
    const messages = await append(store, room.id, sent);
    assert.deepEqual(messages, sent.map((each, i) => stored(room.id, i + 2, each)));
    assert.deepEqual(await readAfter(store, room.id, 1, 500), messages);
  });

  test("two instances appending to one room leave no gap", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const stores = [store, await connect()];
    const returned = await Promise.all(stores.map(async (each) => {
      const messages: Message[] = [];
      for (let i = 0; i < 20; i++) {
        messages.push(...await append(each, room.id, drafts(ada, 1 + i % 3)));
      }
      return messages;
    }));
    const log = await readAfter(store, room.id, 1, 1000);
    assert.deepEqual(returned.flat().sort(bySeq), log);
    assert.deepEqual(seqs(log), range(2, log.length + 1));
  });

  test("many concurrent appends to several rooms leave no gap", async (store, connect) => {
    const ada = await createUser(store);
    const stores = [store, await connect()];
    const rooms = [await createRoom(store, ada), await createRoom(store, ada)];
    const returned = await Promise.all(
      range(0, 23).map((i) => append(pick(stores, i), pick(rooms, i >> 1).id, drafts(ada, 2))),
    );
    for (const room of rooms) {
      const log = await readAfter(store, room.id, 1, 1000);
      assert.deepEqual(seqs(log), range(2, 25));
      const own = returned.flat().filter((message) => message.roomId === room.id);
      assert.deepEqual(own.sort(bySeq), log);
    }
  });

  test("repeats in some rooms do not disturb concurrent appends to others", async (store) => {
    const ada = await createUser(store);
    const rooms = await Promise.all(range(0, 9).map(() => createRoom(store, ada)));
    await Promise.all(rooms.map(async ({ id: roomId }, i) => {
      const [old] = await append(store, roomId, [draft(ada)]);
      const repeat = draft(ada, { clientMessageId: old!.clientMessageId });
      const [first, second] = [draft(ada), draft(ada)];
      const returned = await append(
        store,
        roomId,
        i % 3 === 0 ? [first, repeat, second] : [first, second],
      );
      const added = [stored(roomId, 3, first), stored(roomId, 4, second)];
      assert.deepEqual(returned, i % 3 === 0 ? [added[0], old, added[1]] : added);
      assert.deepEqual(await readAfter(store, roomId, 1, 10), [old, ...added]);
    }));
  });

  test("a repeated send is stored once and comes back as stored", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const first = draft(ada, { clientMessageId: "key" });
    const [original] = await append(store, room.id, [first]);
    const again = draft(ada, { clientMessageId: "key", text: "something else" });
    for (const each of [store, await connect()]) {
      assert.deepEqual(await append(each, room.id, [again]), [original]);
    }
    assert.deepEqual(await readAfter(store, room.id, 1, 10), [stored(room.id, 2, first)]);
  });

  test("sends that race with one clientMessageId are stored once", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const stores = [store, await connect()];
    const returned = await Promise.all(
      range(0, 9).map((i) =>
        append(pick(stores, i), room.id, [draft(ada, { clientMessageId: "key" })])
      ),
    );
    const log = await readAfter(store, room.id, 1, 10);
    assert.equal(log.length, 1);
    for (const messages of returned) assert.deepEqual(messages, log);
  });

  test("a clientMessageId is scoped to its sender and room", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, elsewhere] = [await createUser(store), await createRoom(store, ada)];
    const key = { clientMessageId: "key" };
    await append(store, room.id, [draft(ada, key), draft(bob, key)]);
    await append(store, elsewhere.id, [draft(ada, key)]);
    assert.equal(await headOf(store, room.id), 3);
    assert.equal(await headOf(store, elsewhere.id), 2);
  });

  test("duplicates among new drafts leave no gap and keep their places", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const old = await append(store, room.id, drafts(ada, 3));
    const repeats = old.map(({ clientMessageId }) => draft(ada, { clientMessageId }));
    const fresh = drafts(ada, 4);
    const mix = [fresh[0], repeats[2], fresh[1], repeats[0], repeats[1], fresh[2], fresh[3]];
    const messages = await append(store, room.id, mix.filter((each) => each !== undefined));
    const added = fresh.map((sent, i) => stored(room.id, i + 5, sent));
    assert.deepEqual(messages, [added[0], old[2], added[1], old[0], old[1], added[2], added[3]]);
    assert.deepEqual(await readAfter(store, room.id, 1, 10), [...old, ...added]);
  });

  test("a repeated opening is the one the room was created with", async (store) => {
    const ada = await createUser(store);
    const room = newRoom(ada);
    const first = opening(ada);
    await store.rooms.create(room, [creation(first)]);
    const again = draft(ada, { clientMessageId: first.clientMessageId });
    assert.deepEqual(await append(store, room.id, [again]), [stored(room.id, 1, first)]);
  });

  test("a repeated send shows its sender as they are now", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = draft(ada);
    await append(store, room.id, [sent]);
    const renamed = await rename(store, ada);
    const [message] = await append(store, room.id, [{ ...sent, id: newId() }]);
    assert.deepEqual(message, stored(room.id, 2, { ...sent, sender: renamed }));
  });

  test("concurrent appends of several instances make one whole log", async (store, connect) => {
    const stores = [store, await connect()];
    const users = [await createUser(store), await createUser(store)];
    await fc.assert(
      fc.asyncProperty(fc.array(burst(), { minLength: 1, maxLength: 4 }), async (bursts) => {
        const room = await createRoom(store, pick(users, 0));
        const appends: { sent: MessageDraft[]; returned: Message[] }[] = [];
        for (const burst of bursts) {
          appends.push(
            ...await Promise.all(burst.map(async ({ instance, keys }) => {
              const sent = keys.map(({ user, key }) =>
                draft(pick(users, user), { clientMessageId: `key-${key}` })
              );
              return { sent, returned: await append(pick(stores, instance), room.id, sent) };
            })),
          );
        }
        checkLog(await readAfter(store, room.id, 1, 1000), appends);
      }),
      { numRuns: 30 },
    );
  });
}

/** Appends that run at once: each through one of two instances, with keys that others have too. */
function burst() {
  const key = fc.record({ user: fc.nat({ max: 1 }), key: fc.nat({ max: 7 }) });
  const keys = fc.uniqueArray(key, {
    selector: ({ user, key }) => `${user} ${key}`,
    minLength: 1,
    maxLength: 5,
  });
  return fc.array(fc.record({ instance: fc.nat({ max: 1 }), keys }), {
    minLength: 1,
    maxLength: 6,
  });
}

/** Compares a room's log, without its opening, with the appends that made it. */
function checkLog(log: Message[], appends: { sent: MessageDraft[]; returned: Message[] }[]): void {
  assert.deepEqual(seqs(log), range(2, log.length + 1));
  const byKey = new Map(log.map((message) => [sendKey(message), message]));
  assert.equal(byKey.size, log.length, "a key was stored twice");
  assert.deepEqual(
    new Set(byKey.keys()),
    new Set(appends.flatMap(({ sent }) => sent.map(sendKey))),
  );
  for (const { sent, returned } of appends) {
    assert.deepEqual(returned, sent.map((each) => byKey.get(sendKey(each))));
    const added = returned.filter((message, i) => message.id === sent[i]?.id);
    assert.deepEqual(added, added.toSorted(bySeq), "a batch lost its order");
  }
}
