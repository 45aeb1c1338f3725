/** The accounts' streams on MongoDB, where a process may die between any two writes. */
import assert from "node:assert/strict";
import { collectionsOf } from "../src/adapters/store/mongodb/collections.ts";
import { connect } from "../src/adapters/store/mongodb/connection.ts";
import { markOf } from "../src/adapters/store/mongodb/account_documents.ts";
import { memberId, memberOf } from "../src/adapters/store/mongodb/member_documents.ts";
import type { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import type { NewRoom } from "../src/domain/room.ts";
import type { User } from "../src/domain/user.ts";
import {
  createRoomWithAda,
  createUser,
  creation,
  draft,
  newRoom,
  notice,
  write,
} from "./conformance/store/fixtures.ts";
import { HANG_LIMITS } from "./harness/deadline.ts";
import { newDatabase, openStore } from "./harness/mongodb_database.ts";

interface Scene {
  store: MongoStore;
  collections: ReturnType<typeof collectionsOf>;
  room: NewRoom;
  ada: User;
  /** Opens another instance on the same database. */
  connect(): Promise<MongoStore>;
}

testScene(
  "a change that was numbered twice, because its mark was left, is one item",
  async (scene) => {
    const { store, collections, room, ada } = scene;
    const first = await store.accounts.lastSeq(ada.id);
    await collections.members.updateOne(
      { _id: memberId(room.id, ada.id) },
      { $addToSet: { pending: markOf(ada.id, "room", "again") } },
    );
    const second = await store.accounts.lastSeq(ada.id);
    assert.ok(second > first);
    const { items } = await store.accounts.itemsAfter(ada.id, 0, 10);
    assert.deepEqual(items.map(({ seq, type }) => [seq, type]), [[second, "room"]]);
  },
);

testScene(
  "an item whose writer died before it replaced the earlier one is replaced with it",
  async (scene) => {
    const { store, collections, room, ada } = scene;
    const seq = await store.accounts.lastSeq(ada.id) + 1;
    const _id = `${ada.id} ${seq}`;
    const item = { _id, userId: ada.id, seq, key: `room:${room.id}`, numberedAt: new Date() };
    await collections.accountItems.insertOne(item);
    const page = await store.accounts.itemsAfter(ada.id, 0, 10);
    assert.deepEqual(page.items.map(({ seq }) => seq), [seq - 1, seq]);
    await write(store, room.id, notice(ada, "member_role", [ada], { role: "moderator" }));
    const last = await store.accounts.lastSeq(ada.id);
    const { items } = await store.accounts.itemsAfter(ada.id, 0, 10);
    assert.deepEqual(items.map(({ seq }) => seq), [last]);
    assert.equal(last, seq + 1);
  },
);

testScene("numbers go on after the last when replaced items have gone", async (scene) => {
  const { store, collections, room, ada } = scene;
  for (const role of ["moderator", "owner"] as const) {
    await write(store, room.id, notice(ada, "member_role", [ada], { role }));
    await store.accounts.settle(ada.id);
  }
  const last = await store.accounts.lastSeq(ada.id);
  const { deletedCount } = await collections.accountItems.deleteMany({
    replacedAt: { $gt: new Date(0) },
  });
  assert.equal(deletedCount, 1);
  for (const instance of [store, await scene.connect()]) {
    assert.equal(await instance.accounts.lastSeq(ada.id), last);
    const { items } = await instance.accounts.itemsAfter(ada.id, 0, 10);
    assert.deepEqual(items.map(({ seq }) => seq), [last]);
  }
});

testScene(
  "an owner's item waits for the room that is still to be created",
  async ({ store, collections }) => {
    const bob = await createUser(store);
    const room = newRoom(bob, { createdAt: new Date() });
    const owner = memberOf(room.id, bob.id, {
      role: "owner",
      readSeq: 1,
      joinedAt: room.createdAt,
    });
    await collections.members.insertOne(owner);
    assert.equal(await store.accounts.lastSeq(bob.id), 0);
    await store.repair();
    assert.equal(await store.rooms.create(room, [creation(draft(bob))]), true);
    assert.equal(await store.accounts.lastSeq(bob.id), 1);
  },
);

testScene(
  "what is known of a database is forgotten when another takes its place",
  async (scene) => {
    const { store, collections, ada } = scene;
    await store.accounts.lastSeq(ada.id);
    await collections.accountItems.deleteMany({});
    assert.equal(await store.accounts.lastSeq(ada.id), 0);
  },
);

/** Registers a test of a room of Ada's. */
function testScene(sentence: string, run: (scene: Scene) => Promise<void>): void {
  Deno.test(`MongoDB: ${sentence}`, async () => {
    const { uri, drop } = newDatabase();
    const stores: MongoStore[] = [];
    const open = async () => {
      const store = await openStore(uri, HANG_LIMITS);
      stores.push(store);
      return store;
    };
    const store = await open();
    const { client, db } = await connect(uri, HANG_LIMITS);
    try {
      const collections = collectionsOf(db, HANG_LIMITS);
      await run({ store, collections, connect: open, ...await createRoomWithAda(store) });
    } finally {
      await client.close();
      await Promise.all(stores.map((each) => each.close()));
      await drop();
    }
  });
}
