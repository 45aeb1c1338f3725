/** Entries that change their room on MongoDB, where an appender may die before the change is made. */
import assert from "node:assert/strict";
import type { Collections } from "../src/adapters/store/mongodb/collections.ts";
import { type MemberDocument, memberOf } from "../src/adapters/store/mongodb/member_documents.ts";
import { fromRoom } from "../src/adapters/store/mongodb/room_documents.ts";
import { fromOpening } from "../src/adapters/store/mongodb/entry_documents.ts";
import { ROOM_CHANGE_KEY } from "../src/adapters/store/mongodb/entry_keys.ts";
import { EntryReader } from "../src/adapters/store/mongodb/entry_reader.ts";
import { MemberCounts } from "../src/adapters/store/mongodb/member_counts.ts";
import { MongoMembers } from "../src/adapters/store/mongodb/members.ts";
import { MongoLog } from "../src/adapters/store/mongodb/log.ts";
import { LogEnds } from "../src/adapters/store/mongodb/log_ends.ts";
import { Operations } from "../src/adapters/store/mongodb/operations.ts";
import { PendingChanges } from "../src/adapters/store/mongodb/pending_changes.ts";
import { RoomInsert } from "../src/adapters/store/mongodb/room_insert.ts";
import { RoomChanges } from "../src/adapters/store/mongodb/room_changes.ts";
import type { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import { type EntryDraft, LOG_START, numberEntries } from "../src/domain/entry.ts";
import { STRANGER } from "../src/domain/membership.ts";
import type { NewRoom } from "../src/domain/room.ts";
import { publicUser, type User } from "../src/domain/user.ts";
import { deletion } from "./conformance/store/change_drafts.ts";
import {
  append,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  newDirect,
  notice,
  opening,
  write,
} from "./conformance/store/fixtures.ts";
import { HANG_LIMITS } from "./harness/deadline.ts";
import { onOwnStore } from "./harness/mongodb_database.ts";

/** Stands for a process that dies once the log has its entries. */
class NeverMade extends RoomChanges {
  override settle(): Promise<void> {
    return Promise.reject(new Error("killed"));
  }
}

interface Scene {
  store: MongoStore;
  collections: Collections;
  room: NewRoom;
  ada: User;
  bob: User;
  /** Appends an entry, and dies before the room is changed. */
  dieAfter(draft: EntryDraft): Promise<void>;
}

testScene("a ban whose appender died is made by whoever asks for standings next", async (scene) => {
  const { store, room, ada, bob, dieAfter } = scene;
  await store.members.join(room.id, bob.id);
  await dieAfter(notice(ada, "member_banned", [bob]));
  assert.equal(await openChanges(scene), 1);
  const { standings } = (await store.members.standings(room.id, [bob.id]))!;
  const ban = { until: null, reason: null };
  assert.deepEqual(standings.get(bob.id), { ...STRANGER, ban });
  assert.equal(await openChanges(scene), 0);
  assert.equal((await store.rooms.find(room.id))?.memberCount, 1);
});

testScene("who was banned by an appender that died does not join", async (scene) => {
  const { store, room, ada, bob, dieAfter } = scene;
  await dieAfter(notice(ada, "member_banned", [bob]));
  await store.members.join(room.id, bob.id);
  assert.deepEqual(await store.members.find(bob.id, [room.id]), new Map());
});

testScene(
  "a private room is no longer listed after a removal whose appender died",
  async (scene) => {
    const { store, collections, room, ada, bob, dieAfter } = scene;
    await collections.rooms.updateOne({ _id: room.id }, { $set: { type: "private" } });
    await write(store, room.id, notice(ada, "member_added", [bob]));
    assert.equal((await store.rooms.list(bob.id, { limit: 10 })).length, 1);
    await dieAfter(notice(ada, "member_removed", [bob]));
    assert.deepEqual(await store.rooms.list(bob.id, { limit: 10 }), []);
  },
);

testScene("what nobody reads is changed by a repair", async (scene) => {
  const { store, room, ada, bob, dieAfter } = scene;
  await dieAfter(notice(ada, "member_added", [bob], { role: "moderator" }));
  await store.repair();
  assert.equal(await openChanges(scene), 0);
  const { role } = (await store.members.find(bob.id, [room.id])).get(room.id)!;
  assert.equal(role, "moderator");
});

testScene("who was made a moderator by an appender that died moderates the room", async (scene) => {
  const { store, room, ada, bob, dieAfter } = scene;
  await dieAfter(notice(ada, "member_added", [bob], { role: "moderator" }));
  assert.deepEqual(await store.members.moderated(bob.id, 10), [room.id]);
  await dieAfter(notice(ada, "member_role", [bob], { role: "member" }));
  assert.deepEqual(await store.members.moderated(bob.id, 10), []);
  await dieAfter(notice(ada, "member_role", [ada], { role: "owner" }));
  await store.members.moderated(bob.id, 10);
  assert.equal(await openChanges(scene), 1, "what concerns others is left to them");
});

testScene("who was removed by an appender that died recovers that", async (scene) => {
  const { store, room, ada, bob, dieAfter } = scene;
  await write(store, room.id, notice(ada, "member_added", [bob]));
  const before = await store.accounts.lastSeq(bob.id);
  await dieAfter(notice(ada, "member_removed", [bob]));
  assert.ok(await store.accounts.lastSeq(bob.id) > before);
  const { items } = await store.accounts.itemsAfter(bob.id, before, 10);
  assert.deepEqual(items.map(({ type }) => type), ["room_removed"]);
});

testScene(
  "the next append first makes the changes that are left, in their order",
  async (scene) => {
    const { store, room, ada, bob, dieAfter } = scene;
    await dieAfter(notice(ada, "member_added", [bob]));
    await dieAfter(notice(ada, "member_role", [bob], { role: "owner" }));
    await write(store, room.id, notice(bob, "member_muted", [bob]));
    const { standings } = (await store.members.standings(room.id, [bob.id]))!;
    const mute = { until: null, reason: null };
    assert.deepEqual(standings.get(bob.id), { ...STRANGER, role: "owner", mute });
  },
);

testScene("a change that comes late undoes nothing of a later one", async (scene) => {
  const { store, collections, room, ada, bob } = scene;
  const changes = { name: "First" };
  const entries = await write(
    store,
    room.id,
    notice(ada, "member_added", [bob]),
    notice(ada, "room_updated", [], { changes }),
    notice(ada, "member_removed", [bob]),
    notice(ada, "room_updated", [], { changes: { name: "Second" } }),
  );
  for (const { id } of entries.slice(0, 2)) {
    await collections.messages.updateOne({ _id: id }, { $set: { keys: [ROOM_CHANGE_KEY] } });
  }
  await store.repair();
  assert.equal(await openChanges(scene), 0);
  assert.deepEqual(await store.members.find(bob.id, [room.id]), new Map());
  const { name, memberCount } = (await store.rooms.find(room.id))!;
  assert.deepEqual([name, memberCount], ["Second", 1]);
});

testScene(
  "what an appender that died has done is recorded for whoever reads that",
  async (scene) => {
    const { store, room, ada, bob, dieAfter } = scene;
    const [message] = await append(store, room.id, [draft(bob)]);
    await dieAfter(notice(ada, "member_banned", [bob]));
    await dieAfter(deletion(message!, publicUser(ada)));
    const filter = { roomId: room.id, withPrivate: true };
    const entries = await store.audit.list(filter, 10);
    assert.deepEqual(
      new Set(entries.map(({ action }) => action)),
      new Set(["member_banned", "message_deleted"]),
    );
    assert.equal(await openChanges(scene), 0);
    assert.deepEqual(await store.audit.list(filter, 10), entries);
  },
);

testScene("what nobody reads is recorded by a repair, once", async (scene) => {
  const { store, collections, room, ada, bob, dieAfter } = scene;
  const [message] = await append(store, room.id, [draft(bob)]);
  await dieAfter(deletion(message!, publicUser(ada)));
  assert.equal(await collections.audit.countDocuments({ roomId: room.id }), 0);
  const recordedBefore = new RoomChanges(collections);
  await Promise.all([store.repair(), recordedBefore.settle(room.id)]);
  assert.equal(await collections.audit.countDocuments({ roomId: room.id }), 1);
  assert.equal(await openChanges(scene), 0);
});

testScene("a lost race for a direct room leaves neither members nor entries", async (scene) => {
  const { store, collections, ada, bob } = scene;
  const rivals = Array.from({ length: 5 }, () => newDirect(ada, bob));
  const outcomes = await Promise.all(rivals.map((room) => {
    return store.rooms.create(room, [creation(opening(ada))]);
  }));
  assert.equal(outcomes.filter(Boolean).length, 1);
  const among = { roomId: { $in: rivals.map(({ id }) => id) } };
  assert.equal(await collections.members.countDocuments(among), 2);
  assert.equal(await collections.messages.countDocuments(among), 1);
});

testScene("a direct room whose creator died halfway is created by the next", async (scene) => {
  const { store, collections, ada, bob } = scene;
  const dead = newDirect(ada, bob);
  const insert = new RoomInsert({ ...collections, rooms: neverWritten(collections.rooms) });
  const member = { role: "member", readSeq: 1, joinedAt: dead.createdAt } as const;
  const members = [ada, bob].map(({ id }) => memberOf(dead.id, id, member));
  const [entry] = numberEntries(LOG_START, dead.id, [creation(opening(ada))]);
  const documents = { room: fromRoom(dead), opening: [fromOpening(entry!)], members };
  await assert.rejects(insert.insert(documents));
  assert.equal(await store.rooms.findDirect([ada.id, bob.id]), null);
  assert.deepEqual(await store.rooms.list(bob.id, { limit: 9, own: true }), []);
  const room = newDirect(bob, ada);
  assert.equal(await store.rooms.create(room, [creation(opening(bob))]), true);
  assert.equal((await store.rooms.findDirect([ada.id, bob.id]))?.id, room.id);
  for (const order of ["name", "activity"] as const) {
    const own = await store.rooms.list(bob.id, { limit: 9, own: true, order });
    assert.deepEqual(own.map(({ id }) => id), [room.id]);
  }
});

testScene(
  "who joins or leaves is counted, also if the process dies before it does so",
  async (scene) => {
    const { store, room, bob } = scene;
    const dying = membersOn(scene, { rooms: withoutUpdates(scene.collections.rooms, "$inc") });
    await assert.rejects(dying.join(room.id, bob.id));
    assert.equal(await memberCount(scene), 1);
    await store.repair();
    assert.equal(await memberCount(scene), 1, "another may be counting");
    await age(scene);
    await store.repair();
    assert.equal(await memberCount(scene), 2);
    await assert.rejects(dying.leave(room.id, bob.id));
    assert.equal(await memberCount(scene), 2);
    await age(scene);
    await store.repair();
    assert.equal(await memberCount(scene), 1);
  },
);

testScene(
  "whom an entry makes members is counted, also if the process dies before",
  async (scene) => {
    const { store, collections, room, ada, bob, dieAfter } = scene;
    await dieAfter(notice(ada, "member_added", [bob]));
    const rooms = withoutUpdates(collections.rooms, "$inc");
    await assert.rejects(new RoomChanges({ ...collections, rooms }).settle(room.id));
    await store.members.standings(room.id, [bob.id]);
    assert.equal(await openChanges(scene), 0);
    assert.equal(await memberCount(scene), 1);
    await age(scene);
    await store.repair();
    assert.equal(await memberCount(scene), 2);
  },
);

testScene("a change that was announced long ago is not counted twice", async (scene) => {
  const { store, collections, room, bob } = scene;
  const stalled = new MemberCounts(collections);
  await stalled.change(room.id, async () => {
    await store.members.join(room.id, bob.id);
    await age(scene);
    await store.repair();
    assert.equal(await memberCount(scene), 2);
    return 1;
  });
  await store.repair();
  assert.equal(await memberCount(scene), 2);
  const { counting } = (await collections.rooms.findOne({ _id: room.id }))!;
  assert.deepEqual(counting, []);
});

testScene("a repair counts nothing while members change", async (scene) => {
  const { store, room, ada, bob } = scene;
  const counts = new MemberCounts(scene.collections);
  const dying = membersOn(scene, { rooms: withoutUpdates(scene.collections.rooms, "$inc") });
  await assert.rejects(dying.join(room.id, bob.id));
  await age(scene);
  await counts.change(room.id, async () => {
    await store.repair();
    assert.equal(await memberCount(scene), 1);
    await write(store, room.id, notice(ada, "member_muted", [bob]));
    return 0;
  });
  await store.repair();
  assert.equal(await memberCount(scene), 2);
});

testScene("many who join and leave at once are counted once each", async (scene) => {
  const { store, room } = scene;
  const users = await Promise.all(Array.from({ length: 10 }, () => createUser(store)));
  await Promise.all(users.flatMap(({ id }) => [
    store.members.join(room.id, id),
    store.members.join(room.id, id),
  ]));
  assert.equal(await memberCount(scene), 11);
  await Promise.all(
    users.slice(3).flatMap(({ id }) => [
      store.members.leave(room.id, id),
      store.members.leave(room.id, id),
    ]),
  );
  assert.equal(await memberCount(scene), 4);
});

testScene("who joins a room while it is deleted is told that it was", async (scene) => {
  const { store, collections, room, ada, bob } = scene;
  const members = new Proxy(collections.members, {
    get(target, name) {
      if (name !== "insertOne") return Reflect.get(target, name);
      return async (member: MemberDocument) => {
        await write(store, room.id, notice(ada, "room_deleted", []));
        return await target.insertOne(member);
      };
    },
  });
  await membersOn(scene, { members }).join(room.id, bob.id);
  const among = { roomId: room.id, role: "member" } as const;
  assert.equal(await collections.members.countDocuments(among), 0);
  assert.equal((await collections.members.findOne({ userId: bob.id }))?.removal, "deleted");
});

/** The port on collections that stand for those of a process which dies. */
function membersOn({ collections }: Scene, dying: Partial<Collections>): MongoMembers {
  const all = { ...collections, ...dying };
  const changes = { messages: new PendingChanges(all), rooms: new RoomChanges(all) };
  return new MongoMembers(all, changes, new LogEnds(all), new Operations(HANG_LIMITS));
}

/** Stands for a process that dies before it makes an update with this operator. */
function withoutUpdates(rooms: Collections["rooms"], operator: string): Collections["rooms"] {
  return new Proxy(rooms, {
    get(target, name) {
      if (name !== "updateOne") return Reflect.get(target, name);
      return (...args: Parameters<typeof target.updateOne>) => {
        if (operator in args[1]) return Promise.reject(new Error("killed"));
        return target.updateOne(...args);
      };
    },
  });
}

/** Makes what is announced in the room older than any process needs. */
async function age({ collections, room }: Scene): Promise<void> {
  const { counting = [] } = (await collections.rooms.findOne({ _id: room.id }))!;
  await collections.rooms.updateOne({ _id: room.id }, {
    $set: { counting: counting.map((token) => token.replace(/^\d+/, "1")) },
  });
}

async function memberCount({ store, room }: Scene): Promise<number> {
  return (await store.rooms.find(room.id))!.memberCount;
}

/** Stands for a process that dies before it writes the room. */
function neverWritten(rooms: Collections["rooms"]): Collections["rooms"] {
  return new Proxy(rooms, {
    get(target, name) {
      if (name === "insertMany") return () => Promise.reject(new Error("killed"));
      return Reflect.get(target, name);
    },
  });
}

/** Registers a test of a room of Ada's, and Bob beside it. */
function testScene(sentence: string, run: (scene: Scene) => Promise<void>): void {
  Deno.test(`MongoDB: ${sentence}`, () =>
    onOwnStore(async ({ store, collections }) => {
      const { room, ada } = await createRoomWithAda(store);
      const bob = await createUser(store);
      const dieAfter = async (draft: EntryDraft) => {
        const log = dyingLog(collections);
        await assert.rejects(log.append(room.id, await store.log.end(room.id), [draft]));
      };
      await run({ store, collections, room, ada, bob, dieAfter });
    }));
}

function dyingLog(collections: Collections): MongoLog {
  const messages = new PendingChanges(collections);
  const changes = { messages, rooms: new NeverMade(collections) };
  const reader = new EntryReader(collections, messages);
  const ends = new LogEnds(collections);
  return new MongoLog(collections, reader, changes, ends, new Operations(HANG_LIMITS));
}

function openChanges({ collections, room }: Scene): Promise<number> {
  return collections.messages.countDocuments({ roomId: room.id, keys: ROOM_CHANGE_KEY });
}
