/** The index of search on MongoDB: what several instances do to it at once. */
import assert from "node:assert/strict";
import type { Collections } from "../src/adapters/store/mongodb/collections.ts";
import { Operations } from "../src/adapters/store/mongodb/operations.ts";
import { MongoSearch } from "../src/adapters/store/mongodb/search.ts";
import type { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import type { Message } from "../src/domain/message.ts";
import type { User } from "../src/domain/user.ts";
import type { IndexPart, IndexQuery } from "../src/ports/store/search.ts";
import { roomWithMessages } from "./conformance/store/changes.ts";
import { HANG_LIMITS } from "./harness/deadline.ts";
import { onOwnStore, openStore } from "./harness/mongodb_database.ts";

/** More messages than one call looks at. */
const FREQUENT = 600;

interface Scene {
  uri: string;
  store: MongoStore;
  collections: Collections;
  roomId: string;
  message: Message;
}

testScene(
  "who was indexing as the index was cleared overwrites nothing of the next",
  async (scene) => {
    const { store, collections, roomId } = scene;
    const meta = slowly(collections.meta, async () => {
      await store.search.clear();
      await store.search.index([partOf(scene, "fresh", 5)]);
    });
    const belated = new MongoSearch({ ...collections, meta }, new Operations(HANG_LIMITS));
    assert.deepEqual(await belated.index([partOf(scene, "old", 9)]), new Set());
    assert.equal(await count(scene, "fresh"), 1);
    assert.equal(await count(scene, "old"), 0);
    assert.equal((await store.search.progress([roomId])).get(roomId)?.seq, 5);
  },
);

testScene(
  "of frequent words a call looks at a part of the messages, and says where it ends",
  async (scene) => {
    const { store, roomId, message } = scene;
    const terms = (i: number) => i === 0 ? ["often", "rarely", "much"] : [i % 2 ? "often" : "much"];
    await store.search.index([many(scene, 2 * FREQUENT, terms)]);
    const found = (words: string[], before?: Date) => {
      const { id: userId } = message.sender as User;
      return store.search.find({ userId, roomId, terms: words, limit: 10, before });
    };
    const [first] = (await found(["rarely"])).places;
    assert.equal(first?.messageId, idOf(0));
    for (const words of [["often", "rarely"], ["rarely", "much", "often"]]) {
      assert.deepEqual(await found(words), { places: [first], next: null });
    }
    const { places, next } = await found(["often", "much"]);
    assert.deepEqual(places, []);
    assert.ok(next! > first.at && next! < momentOf(FREQUENT));
    assert.deepEqual(await found(["often", "much"], next!), { places: [first], next: null });
  },
);

testScene(
  "senders and contents lead to their messages among many of a frequent word",
  async (scene) => {
    const { store, message } = scene;
    const part = many(scene, FREQUENT, () => ["often"]);
    const messages = part.messages.map((each, i) => {
      if (i === 0) return { ...each, senderId: "bob" };
      return i === 1 ? { ...each, has: ["file" as const] } : each;
    });
    await store.search.index([{ ...part, messages }]);
    const { id: userId } = message.sender as User;
    const found = async (filter: Pick<IndexQuery, "senderId" | "has">) => {
      const query = { userId, terms: ["often"], limit: 10, ...filter };
      const { places, next } = await store.search.find(query);
      assert.equal(next, null);
      return places.map(({ messageId }) => messageId);
    };
    assert.deepEqual(await found({ senderId: "bob" }), [idOf(0)]);
    assert.deepEqual(await found({ has: "file" }), [idOf(1)]);
    assert.deepEqual(await found({ senderId: "bob", has: "file" }), []);
  },
);

testScene("an index of version 8 is made again, and found by words meanwhile", async (scene) => {
  const { collections, roomId, message } = scene;
  const { id: userId } = message.sender as User;
  const [at, senderId] = [message.createdAt, userId];
  const fields = { roomId, seq: message.seq, changedSeq: 2, at, senderId, has: [] };
  const old = { _id: message.id, generation: 0, ...fields, terms: ["word"] };
  await collections.search.insertOne(old);
  await collections.searchProgress.insertOne({ _id: roomId, seq: 2, at, generation: 0 });
  await collections.meta.updateOne({ _id: "schema" }, { $set: { version: 8 } });
  await collections.meta.deleteOne({ _id: "search" });
  const upgraded = await openStore(scene.uri, HANG_LIMITS);
  const ofSender = { userId, senderId, terms: ["word"], limit: 10 };
  assert.equal(await count(scene, "word"), 1);
  assert.deepEqual((await upgraded.search.find(ofSender)).places, []);
  assert.deepEqual(await upgraded.search.progress([roomId]), new Map());
  assert.deepEqual(await upgraded.search.index([partOf(scene, "word", 2)]), new Set([roomId]));
  assert.equal((await upgraded.search.find(ofSender)).places.length, 1);
  await upgraded.close();
});

async function count({ store, message }: Scene, term: string): Promise<number> {
  const { id: userId } = message.sender as User;
  return (await store.search.find({ userId, terms: [term], limit: 10 })).places.length;
}

/** The room's log up to an entry, which changed the message last. */
function partOf({ roomId, message }: Scene, term: string, seq: number): IndexPart {
  const { id: messageId, createdAt: at, sender } = message;
  const of = { messageId, seq: message.seq, changedSeq: seq, at, senderId: sender.id };
  const messages = [{ ...of, has: [], terms: [term] }];
  return { roomId, from: 0, to: { seq, at }, messages, removed: [] };
}

/** So many messages of the room, one each second. */
function many(
  { roomId, message }: Scene,
  count: number,
  termsOf: (i: number) => string[],
): IndexPart {
  const senderId = (message.sender as User).id;
  const messages = Array.from({ length: count }, (_, i) => {
    const fields = { messageId: idOf(i), seq: i, changedSeq: i, at: momentOf(i) };
    return { ...fields, senderId, has: [], terms: termsOf(i) };
  });
  return { roomId, from: 0, to: { seq: count, at: momentOf(count) }, messages, removed: [] };
}

function idOf(i: number): string {
  return `message ${i}`;
}

function momentOf(i: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + 1_000 * i);
}

/** Stands for a process that something happens to once it has read. */
function slowly(meta: Collections["meta"], happen: () => Promise<void>): Collections["meta"] {
  return new Proxy(meta, {
    get(target, name) {
      if (name !== "findOne") return Reflect.get(target, name);
      return async (...args: Parameters<typeof target.findOne>) => {
        const found = await target.findOne(...args);
        await happen();
        return found;
      };
    },
  });
}

/** Registers a test of a room with a message. */
function testScene(sentence: string, run: (scene: Scene) => Promise<void>): void {
  Deno.test(`MongoDB: ${sentence}`, () =>
    onOwnStore(async ({ uri, store, collections }) => {
      const { roomId, messages: [message] } = await roomWithMessages(store, 1);
      await run({ uri, store, collections, roomId, message: message! });
    }));
}
