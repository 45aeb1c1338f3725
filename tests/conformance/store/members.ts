/** What members and their read positions must do on every store. */
import assert from "node:assert/strict";
import type { Preferences } from "../../../src/domain/membership.ts";
import type { MessageDraft } from "../../../src/domain/message.ts";
import { deletion, edit } from "./change_drafts.ts";
import {
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  drafts,
  notice,
  range,
  type Register,
  UNKNOWN_IDS,
  write,
} from "./fixtures.ts";

const UNTOUCHED = { notifications: "all", hidden: false } as const;

export function testMembers(test: Register): void {
  test("rooms in which a user is a moderator or an owner are listed, so many at most", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const other = await createRoom(store, ada);
    const bob = await createUser(store);
    await store.members.join(room.id, bob.id);
    assert.deepEqual(await store.members.moderated(bob.id, 10), []);
    await write(store, room.id, notice(ada, "member_role", [bob], { role: "moderator" }));
    assert.deepEqual(await store.members.moderated(bob.id, 10), [room.id]);
    const owned = await store.members.moderated(ada.id, 10);
    assert.deepEqual(new Set(owned), new Set([room.id, other.id]));
    assert.equal((await store.members.moderated(ada.id, 1)).length, 1);
    await write(store, room.id, notice(ada, "member_removed", [bob]));
    for (const id of [bob.id, ...UNKNOWN_IDS]) {
      assert.deepEqual(await store.members.moderated(id, 10), []);
    }
  });

  test("the creator of a room is its owner and has read its opening", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    assert.deepEqual(
      await store.members.find(ada.id, [room.id, "unknown"]),
      new Map([[room.id, { ...UNTOUCHED, role: "owner", readSeq: 1 }]]),
    );
  });

  test("who joins has read all there is, and joins once", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    assert.deepEqual(await store.members.find(bob.id, [room.id]), new Map());
    await write(store, room.id, creation(draft(ada)));
    await store.members.join(room.id, bob.id);
    await write(store, room.id, creation(draft(ada)));
    await store.members.join(room.id, bob.id);
    const expected = new Map([[room.id, { ...UNTOUCHED, role: "member", readSeq: 2 }]]);
    assert.deepEqual(await store.members.find(bob.id, [room.id]), expected);
    assert.equal((await store.rooms.find(room.id))?.memberCount, 2);
  });

  test("an owner who joins stays an owner", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    await store.members.join(room.id, ada.id);
    assert.equal((await store.members.find(ada.id, [room.id])).get(room.id)?.role, "owner");
    assert.equal((await store.rooms.find(room.id))?.memberCount, 1);
  });

  test(
    "of users who join at once on several instances each does it once",
    async (store, connect) => {
      const { room } = await createRoomWithAda(store);
      const bob = await createUser(store);
      const stores = [store, await connect()];
      await Promise.all([0, 1, 2, 3].map((i) => stores[i % 2]!.members.join(room.id, bob.id)));
      assert.equal((await store.members.find(bob.id, [room.id])).size, 1);
      assert.equal((await store.rooms.find(room.id))?.memberCount, 2);
    },
  );

  test("a read position moves forward, back only if that is asked for, tells which, and is of members alone", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const setRead = (seq: number, back: boolean) =>
      store.members.setRead(room.id, ada.id, seq, back);
    assert.equal(await store.members.setRead(room.id, bob.id, 1, false), null);
    assert.equal(await store.members.setRead("unknown", ada.id, 1, false), null);
    assert.deepEqual(await setRead(5, false), { readSeq: 5, moved: true });
    assert.deepEqual(await setRead(5, false), { readSeq: 5, moved: false });
    assert.deepEqual(await setRead(3, false), { readSeq: 5, moved: false });
    assert.deepEqual(await setRead(3, true), { readSeq: 3, moved: true });
    assert.deepEqual(await setRead(4, true), { readSeq: 3, moved: false });
  });

  test("a member's preferences are kept, and those that are left out stay", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const preferences = async () => {
      const { notifications, hidden } = (await store.members.find(ada.id, [room.id])).get(room.id)!;
      return { notifications, hidden };
    };
    const set = (changes: Partial<Preferences>) =>
      store.members.setPreferences(room.id, ada.id, changes);
    assert.deepEqual(await preferences(), UNTOUCHED);
    assert.equal(await set({ notifications: "mentions" }), true);
    assert.deepEqual(await preferences(), { notifications: "mentions", hidden: false });
    assert.equal(await set({ hidden: true }), true);
    assert.deepEqual(await preferences(), { notifications: "mentions", hidden: true });
    assert.equal(await set({ notifications: "none", hidden: false }), true);
    assert.deepEqual(await preferences(), { notifications: "none", hidden: false });
    assert.equal(await store.members.setPreferences(room.id, bob.id, { hidden: true }), false);
    assert.equal(await store.members.setPreferences("unknown", ada.id, { hidden: true }), false);
  });

  test("a hidden room is hidden until there is a new message in it", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const isHidden = async () => {
      return (await store.members.find(ada.id, [room.id])).get(room.id)!.hidden;
    };
    const listed = async () => (await store.rooms.list(ada.id, { limit: 10, own: true })).length;
    const [sent] = await write(store, room.id, creation(draft(ada)));
    await store.members.setPreferences(room.id, ada.id, { hidden: true });
    assert.deepEqual([await isHidden(), await listed()], [true, 0]);
    await write(store, room.id, edit(sent!.message, { text: "New" }));
    assert.deepEqual([await isHidden(), await listed()], [true, 0]);
    assert.equal(
      (await store.rooms.list(ada.id, { limit: 10, own: true, order: "activity" })).length,
      0,
    );
    await write(store, room.id, creation(draft(ada)));
    assert.deepEqual([await isHidden(), await listed()], [false, 1]);
    assert.equal(
      (await store.rooms.list(ada.id, { limit: 10, own: true, order: "activity" })).length,
      1,
    );
  });

  test("who joins again has not hidden the room", async (store) => {
    const { room } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await store.members.join(room.id, bob.id);
    await store.members.setPreferences(room.id, bob.id, { hidden: true });
    await store.members.leave(room.id, bob.id);
    assert.equal(await store.members.setPreferences(room.id, bob.id, { hidden: true }), false);
    await store.members.join(room.id, bob.id);
    assert.equal((await store.members.find(bob.id, [room.id])).get(room.id)?.hidden, false);
  });

  test("unread are messages of others that are there; mentions those for the member", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const toBob = { answered: bob.id };
    const [first, second] = await write(
      store,
      room.id,
      creation(draft(ada)),
      creation(draft(ada), toBob),
      creation(draft(ada, { mentionsRoom: true, mentions: [bob.id] })),
      creation(draft(bob, { mentionsRoom: true })),
      creation(draft(ada, { mentions: [bob.id] }), toBob),
    );
    const last = (await store.messages.before(room.id, { seq: 7, n: 7 }, 1))[0]!;
    await write(store, room.id, deletion(last, ada), edit(first!.message, { text: "New" }));
    const count = (seq: number) => store.members.countUnread(bob.id, new Map([[room.id, seq]]));
    assert.deepEqual(await count(1), new Map([[room.id, { unread: 3, mentions: 2 }]]));
    assert.deepEqual(await count(second!.seq), new Map([[room.id, { unread: 1, mentions: 1 }]]));
    assert.deepEqual(await count(1_000), new Map([[room.id, { unread: 0, mentions: 0 }]]));
  });

  test("an edit changes whom a message mentions", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const count = async () => {
      const counts = await store.members.countUnread(bob.id, new Map([[room.id, 1]]));
      return counts.get(room.id)!.mentions;
    };
    const [entry] = await write(store, room.id, creation(draft(ada)));
    const [named] = await write(store, room.id, edit(entry!.message, { mentions: [bob.id] }));
    assert.equal(await count(), 1);
    await write(store, room.id, edit(named!.message, { mentions: [] }));
    assert.equal(await count(), 0);
  });

  test("among more than a hundred unread an edit changes whom a message mentions", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const count = async (after: number) => {
      const counts = await store.members.countUnread(bob.id, new Map([[room.id, after]]));
      return counts.get(room.id)!.mentions;
    };
    const [first] = await write(store, room.id, creation(draft(ada)));
    await write(store, room.id, ...drafts(ada, 110).map((each) => creation(each)));
    const [named] = await write(store, room.id, edit(first!.message, { mentions: [bob.id] }));
    assert.equal(await count(1), 1);
    assert.equal(await count(first!.seq), 0);
    const [everybody] = await write(
      store,
      room.id,
      edit(named!.message, { mentions: [], mentionsRoom: true }),
    );
    assert.equal(await count(1), 1);
    await write(store, room.id, edit(everybody!.message, { mentionsRoom: false }));
    assert.equal(await count(1), 0);
  });

  test("an answer that no longer names the one it answers counts for them", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const [question] = await write(store, room.id, creation(draft(bob)));
    const { id } = question!.message;
    const answer = draft(ada, { replyTo: id, threadId: id, mentions: [bob.id] });
    const [entry] = await write(store, room.id, creation(answer, { answered: bob.id }));
    await write(store, room.id, edit(entry!.message, { mentions: [] }));
    const counts = await store.members.countUnread(bob.id, new Map([[room.id, 1]]));
    assert.equal(counts.get(room.id)?.mentions, 1);
  });

  test("several rooms are counted at once, each from its own position", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const rooms = [await createRoom(store, ada), await createRoom(store, ada)];
    for (const { id } of rooms) await write(store, id, ...[0, 1].map(() => creation(draft(ada))));
    const readSeqs = new Map([[rooms[0]!.id, 1], [rooms[1]!.id, 2]]);
    const expected = [[rooms[0]!.id, { unread: 2, mentions: 0 }], [rooms[1]!.id, {
      unread: 1,
      mentions: 0,
    }]];
    assert.deepEqual(await store.members.countUnread(bob.id, readSeqs), new Map(expected as never));
  });

  test("what somebody has written themselves hides nothing that follows it", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await write(store, room.id, ...range(1, 150).map(() => creation(draft(bob))));
    await write(store, room.id, creation(draft(ada)), creation(draft(ada, { mentions: [bob.id] })));
    const counts = await store.members.countUnread(bob.id, new Map([[room.id, 1]]));
    assert.deepEqual(counts.get(room.id), { unread: 2, mentions: 1 });
  });

  test("many unread and mentions of one room leave those of others as they are", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const rooms = await Promise.all(range(1, 3).map(() => createRoom(store, ada)));
    const named = [0, 3, 310];
    for (const [i, { id }] of rooms.entries()) {
      const plain = range(1, 130).map(() => creation(draft(ada)));
      const naming = range(1, named[i]!).map(() => creation(draft(ada, { mentions: [bob.id] })));
      await write(store, id, ...plain, ...naming);
    }
    const counts = await store.members.countUnread(bob.id, new Map(rooms.map(({ id }) => [id, 1])));
    const expected = rooms.map(({ id }, i) => [id, { unread: 100, mentions: [0, 3, 100][i] }]);
    assert.deepEqual(counts, new Map(expected as never));
  });

  test("no more than a hundred are counted", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const many = (fields: Partial<MessageDraft>) => {
      return range(1, 120).map(() => creation(draft(ada, fields)));
    };
    const count = async () => {
      const counts = await store.members.countUnread(bob.id, new Map([[room.id, 0]]));
      return counts.get(room.id);
    };
    await write(store, room.id, ...many({}));
    await write(store, room.id, creation(draft(ada, { mentions: [bob.id] })));
    await write(store, room.id, creation(draft(ada, { mentionsRoom: true, mentions: [bob.id] })));
    await write(store, room.id, creation(draft(ada), { answered: bob.id }));
    assert.deepEqual(await count(), { unread: 100, mentions: 3 });
    await write(store, room.id, ...many({ mentions: [bob.id] }));
    assert.deepEqual(await count(), { unread: 100, mentions: 100 });
  });
}
