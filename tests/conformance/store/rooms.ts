/** What every store must do with rooms. */
import { LOG_LIMIT } from "../../../src/domain/entry.ts";
import assert from "node:assert/strict";
import { STRANGER } from "../../../src/domain/membership.ts";
import type { NewRoom } from "../../../src/domain/room.ts";
import type { User } from "../../../src/domain/user.ts";
import {
  append,
  CREATED,
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  drafts,
  headOf,
  newDirect,
  newRoom,
  notice,
  opening,
  pick,
  readAfter,
  type Register,
  rename,
  stored,
  UNKNOWN_IDS,
  write,
} from "./fixtures.ts";

export function testRooms(test: Register): void {
  test("rooms are found together by their ids, and unknown ids find nothing", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const other = await createRoom(store, ada, { name: "Looms" });
    const found = await store.rooms.findAll([other.id, ...UNKNOWN_IDS, room.id]);
    const byId = new Map(found.map((each) => [each.id, each]));
    assert.equal(found.length, 2);
    for (const { id } of [room, other]) {
      assert.deepEqual(byId.get(id), await store.rooms.find(id));
    }
    const described = await store.rooms.describeAll([other.id, ...UNKNOWN_IDS, room.id]);
    assert.equal(described.length, 2);
    for (const each of described) {
      assert.partialDeepStrictEqual(each, await store.rooms.describe(each.id));
    }
    for (const find of ["findAll", "describeAll"] as const) {
      assert.deepEqual(await store.rooms[find]([]), []);
    }
    await write(store, room.id, notice(ada, "room_deleted", []));
    assert.deepEqual((await store.rooms.describeAll([room.id, other.id])).map(({ id }) => id), [
      other.id,
    ]);
    assert.deepEqual((await store.rooms.findAll([room.id, other.id])).map(({ id }) => id), [
      other.id,
    ]);
  });

  test("a room is found by id and by slug, with its opening as entry 1", async (store) => {
    const ada = await createUser(store);
    const room = newRoom(ada, { description: "Engines, analytical and other" });
    const first = opening(ada);
    assert.equal(await store.rooms.create(room, [creation(first)]), true);
    const expected = { ...room, lastSeq: 1, lastMessageAt: CREATED };
    assert.deepEqual(await store.rooms.find(room.id), expected);
    assert.deepEqual(await store.rooms.find(room.slug), expected);
    assert.deepEqual(await readAfter(store, room.id, 0, 10), [stored(room.id, 1, first)]);
  });

  test("whom the opening of a room names is a member from its beginning", async (store) => {
    const [ada, bob, eve] = [
      await createUser(store),
      await createUser(store),
      await createUser(store),
    ];
    const room = newRoom(ada, { type: "private", memberCount: 3 });
    const drafts = [creation(opening(ada)), notice(ada, "member_added", [bob, eve])];
    assert.equal(await store.rooms.create(room, drafts), true);
    const expected = { ...room, lastSeq: 2, lastMessageAt: CREATED };
    assert.deepEqual(await store.rooms.find(room.id), expected);
    const { standings } = (await store.members.standings(room.id, [ada.id, bob.id, eve.id]))!;
    const roles = [ada, bob, eve].map(({ id }) => standings.get(id)?.role);
    assert.deepEqual(roles, ["owner", "member", "member"]);
    const { role, readSeq } = (await store.members.find(bob.id, [room.id])).get(room.id)!;
    assert.deepEqual([role, readSeq], ["member", 2]);
    assert.deepEqual((await store.rooms.list(bob.id, { limit: 10 })).map(({ id }) => id), [
      room.id,
    ]);
    await write(store, room.id, notice(ada, "member_removed", [bob]));
    assert.equal((await store.rooms.find(room.id))?.memberCount, 2);
  });

  test("no reader sees a room without its opening and its members", async (store, connect) => {
    const reader = await connect();
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const rooms = Array.from({ length: 10 }, () => newRoom(ada));
    const created = Promise.all(
      rooms.map((room) => {
        return store.rooms.create(room, [
          creation(draft(ada)),
          notice(ada, "member_added", [bob]),
        ]);
      }),
    );
    let seen = 0;
    while (seen < rooms.length) {
      const found = await reader.rooms.list(bob.id, { limit: rooms.length });
      seen = found.length;
      assert.deepEqual(found.map((room) => room.lastSeq), Array(seen).fill(2));
      const own = await reader.members.find(bob.id, found.map(({ id }) => id));
      assert.equal(own.size, seen);
    }
    await created;
  });

  test("of ten concurrent rooms with one slug exactly one is created", async (store, connect) => {
    const stores = [store, await connect()];
    const ada = await createUser(store);
    const rivals = Array.from({ length: 10 }, () => newRoom(ada, { slug: "engines" }));
    const outcomes = await Promise.all(
      rivals.map((room, i) => pick(stores, i).rooms.create(room, [creation(draft(ada))])),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const winner = pick(rivals, outcomes.indexOf(true));
    assert.deepEqual(await store.rooms.list(ada.id, { limit: 10 }), [{
      ...winner,
      lastSeq: 1,
      lastMessageAt: CREATED,
    }]);
  });

  test("a room that lost its slug can be created under another", async (store) => {
    const ada = await createUser(store);
    await createRoom(store, ada, { slug: "engines" });
    const room = newRoom(ada, { slug: "engines" });
    const first = draft(ada);
    assert.equal(await store.rooms.create(room, [creation(first)]), false);
    assert.equal(await store.rooms.find(room.id), null);
    assert.equal(await store.rooms.create({ ...room, slug: "engines-2" }, [creation(first)]), true);
    assert.deepEqual(await store.rooms.find("engines-2"), {
      ...room,
      slug: "engines-2",
      lastSeq: 1,
      lastMessageAt: CREATED,
    });
    assert.deepEqual(await readAfter(store, room.id, 0, 10), [stored(room.id, 1, first)]);
  });

  test("an id is found before a slug that reads the same", async (store) => {
    const ada = await createUser(store);
    const first = await createRoom(store, ada);
    await createRoom(store, ada, { slug: first.id });
    assert.deepEqual(await store.rooms.find(first.id), {
      ...first,
      lastSeq: 1,
      lastMessageAt: CREATED,
    });
  });

  test("of the given slugs those that a room has are taken", async (store) => {
    const ada = await createUser(store);
    const taken = ["ada", "ada-2", "日本語", "שלום-3", 'room\'s "slug"\\'];
    for (const slug of [...taken, "ada-4"]) await createRoom(store, ada, { slug });
    const asked = [...taken, "ada-3", "ADA", "日本", "ad", ""];
    assert.deepEqual((await store.rooms.takenSlugs(asked)).sort(), taken.sort());
    assert.deepEqual(await store.rooms.takenSlugs([]), []);
  });

  test("rooms are listed by name in code-point order, then by id", async (store) => {
    const ada = await createUser(store);
    // UTF-16 would put the emoji before the full-width tilde, a collation "a" before "Z".
    const inOrder = ["10", "2", "Z", "a", "a", "a b", "é", "\uFF5E", "\u{1F600}"]
      .map((name, i) => newRoom(ada, { id: `room-${i}`, name }));
    for (const room of inOrder.toReversed()) await store.rooms.create(room, [creation(draft(ada))]);
    const listed = inOrder.map((room) => ({ ...room, lastSeq: 1, lastMessageAt: CREATED }));
    assert.deepEqual(await store.rooms.list(ada.id, { limit: 100 }), listed);
  });

  test("pages of any size cover the rooms once each, in order", async (store) => {
    const ada = await createUser(store);
    for (const name of ["a", "b", "b", "b", "c", "c", "d"]) await createRoom(store, ada, { name });
    const all = await store.rooms.list(ada.id, { limit: 100 });
    for (const size of [1, 2, 3, 7]) {
      const paged = [];
      let page = await store.rooms.list(ada.id, { limit: size });
      while (page.length > 0) {
        paged.push(...page);
        page = await store.rooms.list(ada.id, { limit: size, after: paged.at(-1) });
      }
      assert.deepEqual(paged, all);
    }
  });

  test("private rooms are listed for their members, direct ones for nobody", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    await createRoom(store, ada, { name: "a" });
    const hidden = await createRoom(store, ada, { name: "b", type: "private" });
    await store.rooms.create({ ...newDirect(ada, bob), name: "c" }, [creation(draft(ada))]);
    await createRoom(store, ada, { name: "d" });
    const namesFor = async ({ id }: User) =>
      (await store.rooms.list(id, { limit: 10 })).map(({ name }) => name);
    assert.deepEqual(await namesFor(ada), ["a", "b", "d"]);
    assert.deepEqual(await namesFor(bob), ["a", "d"]);
    await write(store, hidden.id, notice(ada, "member_added", [bob]));
    assert.deepEqual(await namesFor(bob), ["a", "b", "d"]);
    assert.deepEqual(
      (await store.rooms.list(bob.id, { limit: 1, after: { name: "a", id: "~" } }))[0]?.id,
      hidden.id,
    );
    await write(store, hidden.id, notice(ada, "member_removed", [bob]));
    assert.deepEqual(await namesFor(bob), ["a", "d"]);
  });

  test("a direct room is of two members, and found by them", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store, { displayName: "Bob" })];
    const room = newDirect(ada, bob);
    assert.equal(await store.rooms.create(room, [creation(opening(ada))]), true);
    const expected = { ...room, lastSeq: 1, lastMessageAt: CREATED };
    assert.deepEqual(await store.rooms.find(room.id), expected);
    assert.deepEqual(await store.rooms.findDirect([ada.id, bob.id]), expected);
    assert.deepEqual(await store.rooms.findDirect([bob.id, ada.id]), expected);
    assert.equal(await store.rooms.findDirect([ada.id, ada.id]), null);
    assert.deepEqual(await store.rooms.list(bob.id, { limit: 1, own: true }), [expected]);
    assert.deepEqual(await store.rooms.list(bob.id, { limit: 1 }), []);
    const { rules, standings } = (await store.members.standings(room.id, [ada.id, bob.id]))!;
    assert.equal(rules.type, "direct");
    const member = { ...STRANGER, role: "member", isBlocked: false };
    assert.deepEqual(standings, new Map([[ada.id, member], [bob.id, member]]));
    const renamed = await rename(store, bob);
    const { members } = (await store.rooms.describe(room.id))!;
    assert.deepEqual(members?.find(({ id }) => id === bob.id), renamed);
  });

  test("of many who create the direct room of two at once one does", async (store, connect) => {
    const stores = [store, await connect()];
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const rivals = Array.from({ length: 10 }, (_, i) => {
      return i % 3 === 0 ? newDirect(ada, bob) : newDirect(bob, ada);
    });
    const outcomes = await Promise.all(rivals.map((room, i) => {
      return pick(stores, i).rooms.create(room, [creation(draft(ada))]);
    }));
    assert.equal(outcomes.filter(Boolean).length, 1);
    const winner = pick(rivals, outcomes.indexOf(true));
    assert.equal((await store.rooms.findDirect([ada.id, bob.id]))?.id, winner.id);
    for (const { id } of [ada, bob]) {
      const own = await store.rooms.list(id, { limit: 10, own: true });
      assert.deepEqual(own.map((room) => room.id), [winner.id]);
    }
  });

  test("own rooms are listed by name or the last active first, page by page", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const rooms: NewRoom[] = [];
    for (const name of ["b", "a", "d", "c"]) {
      rooms.push(await createRoom(store, ada, { name, type: name === "d" ? "private" : "public" }));
    }
    await createRoom(store, bob, { name: "e" });
    const minutes = [3, 1, 4, 2];
    for (const [i, { id }] of rooms.entries()) {
      const createdAt = new Date(CREATED.getTime() + minutes[i]! * 60_000);
      await write(store, id, creation(draft(ada, { createdAt })));
    }
    for (const [order, expected] of [["name", "abcd"], ["activity", "dbca"]] as const) {
      const names = [];
      const query = { limit: 3, own: true, order };
      for (let page = await store.rooms.list(ada.id, query); page.length > 0;) {
        names.push(...page.map(({ name }) => name));
        page = await store.rooms.list(ada.id, { ...query, after: page.at(-1) });
      }
      assert.equal(names.join(""), expected);
    }
  });

  test("archived rooms are listed apart from the others", async (store) => {
    const ada = await createUser(store);
    const room = await createRoom(store, ada, { name: "a" });
    await createRoom(store, ada, { name: "b" });
    await write(store, room.id, notice(ada, "room_updated", [], { changes: { archived: true } }));
    for (const own of [false, true]) {
      for (const order of own ? ["name", "activity"] as const : ["name"] as const) {
        const names = async (archived: boolean) => {
          const listed = await store.rooms.list(ada.id, { limit: 9, own, archived, order });
          return listed.map(({ name }) => name);
        };
        assert.deepEqual([await names(true), await names(false)], [["a"], ["b"]]);
      }
    }
  });

  test("a room keeps the settings that it was created with", async (store) => {
    const ada = await createUser(store);
    const settings: Partial<NewRoom> = {
      type: "private",
      postPolicy: "moderators",
      slowModeSeconds: 30,
      archivedAt: CREATED,
      metadata: { "$a.b": [1, null, { c: "d" }] },
    };
    const room = await createRoom(store, ada, settings);
    const expected = { ...room, lastSeq: 1, lastMessageAt: CREATED };
    assert.deepEqual(await store.rooms.find(room.id), expected);
  });

  test("a room's lastSeq is the end of its own log", async (store) => {
    const ada = await createUser(store);
    const [quiet, busy] = [await createRoom(store, ada), await createRoom(store, ada)];
    await append(store, busy.id, drafts(ada, 3));
    assert.equal((await store.rooms.find(busy.slug))?.lastSeq, 4);
    const listed = await store.rooms.list(ada.id, { limit: 10 });
    assert.deepEqual(
      new Map(listed.map((room) => [room.id, room.lastSeq])),
      new Map([[quiet.id, 1], [busy.id, 4]]),
    );
  });

  test("a room shows its creator as they are now", async (store) => {
    const ada = await createUser(store);
    const room = await createRoom(store, ada);
    const renamed = await rename(store, ada);
    assert.deepEqual((await store.rooms.find(room.id))?.createdBy, renamed);
    assert.deepEqual((await store.rooms.find(room.slug))?.createdBy, renamed);
    assert.deepEqual((await store.rooms.list(ada.id, { limit: 1 }))[0]?.createdBy, renamed);
  });

  test("an unknown room is null, and its log is empty", async (store) => {
    const ada = await createUser(store);
    await createRoom(store, ada);
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.rooms.find(unknown), null);
      assert.equal(await headOf(store, unknown), 0);
      assert.deepEqual(await readAfter(store, unknown, 0, 10), []);
      assert.deepEqual(await store.messages.before(unknown, LOG_LIMIT, 10), []);
      assert.equal(await store.messages.position(unknown, unknown), null);
    }
  });
}
