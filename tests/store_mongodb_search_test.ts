/** The index of search on MongoDB: what several instances do to it at once. */
import assert from "node:assert/strict";
import type { Collections } from "../src/adapters/store/mongodb/collections.ts";
import { Operations } from "../src/adapters/store/mongodb/operations.ts";
import { MongoSearch } from "../src/adapters/store/mongodb/search.ts";
import type { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import type { Message } from "../src/domain/message.ts";
import type { User } from "../src/domain/user.ts";
import type { IndexPart } from "../src/ports/store/search.ts";
import { roomWithMessages } from "./conformance/store/changes.ts";
import { HANG_LIMITS, onOwnStore } from "./harness/mongodb_database.ts";

interface Scene {
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
    onOwnStore(async ({ store, collections }) => {
      const { roomId, messages: [message] } = await roomWithMessages(store, 1);
      await run({ store, collections, roomId, message: message! });
    }));
}
