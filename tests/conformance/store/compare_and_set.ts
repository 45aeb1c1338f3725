/** What an append that names its basis must do on every store. */
import assert from "node:assert/strict";
import { creationOf, type Entry, type LogPosition, positionOf } from "../../../src/domain/entry.ts";
import {
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  drafts,
  newId,
  pick,
  range,
  type Register,
  stored,
} from "./fixtures.ts";

export function testCompareAndSet(test: Register): void {
  test("an append after the log's end gets the next numbers and ordinals", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const basis = await store.log.end(room.id);
    assert.deepEqual(basis, { seq: 1, n: 1 });
    const sent = drafts(ada, 3);
    const entries = await store.log.append(room.id, basis, sent.map((each) => creation(each)));
    const expected = sent.map((each, i): Entry => {
      return creationOf(stored(room.id, i + 2, each), i + 2, null);
    });
    assert.deepEqual(entries, expected);
    assert.deepEqual(await store.log.entriesAfter(room.id, 1, 10), expected);
    assert.deepEqual(await store.log.end(room.id), { seq: 4, n: 4 });
  });

  test("an append on an outdated basis appends nothing", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const basis = await store.log.end(room.id);
    await store.log.append(room.id, basis, [creation(draft(ada))]);
    for (const each of [store, await connect()]) {
      assert.deepEqual(
        await each.log.append(room.id, basis, drafts(ada, 2).map((each) => creation(each))),
        [],
      );
    }
    assert.deepEqual(await store.log.end(room.id), { seq: 2, n: 2 });
  });

  test("of ten appends on one basis exactly one is made", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const stores = [store, await connect()];
    const basis = await store.log.end(room.id);
    const outcomes = await Promise.all(
      range(0, 9).map((i) => pick(stores, i).log.append(room.id, basis, [creation(draft(ada))])),
    );
    const made = outcomes.filter((entries) => entries.length > 0);
    assert.equal(made.length, 1);
    assert.deepEqual(await store.log.entriesAfter(room.id, 1, 10), made[0]);
  });

  test("an append stops before the first send that is already in the log", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const first = draft(ada);
    const [old] = await store.log.append(
      room.id,
      await store.log.end(room.id),
      [creation(first)],
    );
    const repeat = draft(ada, { clientMessageId: first.clientMessageId });
    const sent = [draft(ada), draft(ada), repeat, draft(ada)];
    const entries = await store.log.append(
      room.id,
      positionOf(old!),
      sent.map((each) => creation(each)),
    );
    assert.deepEqual(entries.map(({ id }) => id), sent.slice(0, 2).map(({ id }) => id));
    assert.deepEqual(await store.log.end(room.id), positionOf(entries.at(-1)!));
  });

  test("an append of nothing changes nothing", async (store) => {
    const { room } = await createRoomWithAda(store);
    assert.deepEqual(await store.log.append(room.id, { seq: 1, n: 1 }, []), []);
    assert.deepEqual(await store.log.end(room.id), { seq: 1, n: 1 });
  });

  test("sends are found by sender and clientMessageId, in their own room only", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, elsewhere] = [await createUser(store), await createRoom(store, ada)];
    const [of, other] = [draft(ada), draft(bob)];
    const basis = { seq: 1, n: 1 };
    const entries = await store.log.append(
      room.id,
      basis,
      [of, other].map((each) => creation(each)),
    );
    const keyOf = ({ sender, clientMessageId }: typeof of) => {
      return { senderId: sender.id, clientMessageId };
    };
    const keys = [of, other, draft(ada)].map(keyOf);
    const found = await store.log.findSent(room.id, keys);
    assert.deepEqual(found.toSorted((a, b) => a.seq - b.seq), entries);
    const swapped = { senderId: bob.id, clientMessageId: of.clientMessageId };
    assert.deepEqual(await store.log.findSent(room.id, [swapped]), []);
    assert.deepEqual(await store.log.findSent(elsewhere.id, keys), []);
    assert.deepEqual(await store.log.findSent(room.id, []), []);
  });

  test("an entry's id is found by its number", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = draft(ada);
    await store.log.append(room.id, { seq: 1, n: 1 }, [creation(sent)]);
    assert.equal(await store.log.entryId(room.id, 2), sent.id);
    for (const seq of [0, 3, Number.MAX_SAFE_INTEGER]) {
      assert.equal(await store.log.entryId(room.id, seq), null);
    }
    assert.equal(await store.log.entryId(newId(), 1), null);
  });

  test("messages are read from a position on, forwards and backwards", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = drafts(ada, 5).map((each) => creation(each));
    const entries = await store.log.append(room.id, { seq: 1, n: 1 }, sent);
    const messages = entries.map(({ message }) => message);
    assert.deepEqual(await store.messages.after(room.id, at(1), 3), messages.slice(0, 3));
    assert.deepEqual(await store.messages.after(room.id, at(4), 9), messages.slice(3));
    assert.deepEqual(await store.messages.after(room.id, at(6), 9), []);
    assert.deepEqual(await store.messages.before(room.id, at(5), 2), messages.slice(1, 3));
    assert.deepEqual(await store.messages.before(room.id, at(1), 9), []);
  });
}

/** The position of entry `seq` in a log whose entries are all messages. */
function at(seq: number): LogPosition {
  return { seq, n: seq };
}
