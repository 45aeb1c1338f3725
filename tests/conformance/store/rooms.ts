/** What every store must do with rooms. */
import { LOG_LIMIT } from "../../../src/domain/entry.ts";
import assert from "node:assert/strict";
import type { NewRoom } from "../../../src/domain/room.ts";
import type { User } from "../../../src/domain/user.ts";
import {
  append,
  CREATED,
  createRoom,
  createUser,
  creation,
  draft,
  drafts,
  headOf,
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
  test("a room is found by id and by slug, with its opening as entry 1", async (store) => {
    const ada = await createUser(store);
    const room = newRoom(ada, { description: "Engines, analytical and other" });
    const first = opening(ada);
    assert.equal(await store.rooms.create(room, creation(first)), true);
    const expected = { ...room, lastSeq: 1, lastMessageAt: CREATED };
    assert.deepEqual(await store.rooms.find(room.id), expected);
    assert.deepEqual(await store.rooms.find(room.slug), expected);
    assert.deepEqual(await readAfter(store, room.id, 0, 10), [stored(room.id, 1, first)]);
  });

  test("no reader sees a room without its opening", async (store, connect) => {
    const reader = await connect();
    const ada = await createUser(store);
    const rooms = Array.from({ length: 10 }, () => newRoom(ada));
    const created = Promise.all(
      rooms.map((room) => store.rooms.create(room, creation(draft(ada)))),
    );
    let seen = 0;
    while (seen < rooms.length) {
      const found = await reader.rooms.list(ada.id, rooms.length);
      seen = found.length;
      assert.deepEqual(found.map((room) => room.lastSeq), Array(seen).fill(1));
    }
    await created;
  });

  test("of ten concurrent rooms with one slug exactly one is created", async (store, connect) => {
    const stores = [store, await connect()];
    const ada = await createUser(store);
    const rivals = Array.from({ length: 10 }, () => newRoom(ada, { slug: "engines" }));
    const outcomes = await Promise.all(
      rivals.map((room, i) => pick(stores, i).rooms.create(room, creation(draft(ada)))),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const winner = pick(rivals, outcomes.indexOf(true));
    assert.deepEqual(await store.rooms.list(ada.id, 10), [{
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
    assert.equal(await store.rooms.create(room, creation(first)), false);
    assert.equal(await store.rooms.find(room.id), null);
    assert.equal(await store.rooms.create({ ...room, slug: "engines-2" }, creation(first)), true);
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
    for (const room of inOrder.toReversed()) await store.rooms.create(room, creation(draft(ada)));
    const listed = inOrder.map((room) => ({ ...room, lastSeq: 1, lastMessageAt: CREATED }));
    assert.deepEqual(await store.rooms.list(ada.id, 100), listed);
  });

  test("pages of any size cover the rooms once each, in order", async (store) => {
    const ada = await createUser(store);
    for (const name of ["a", "b", "b", "b", "c", "c", "d"]) await createRoom(store, ada, { name });
    const all = await store.rooms.list(ada.id, 100);
    for (const size of [1, 2, 3, 7]) {
      const paged = [];
      let page = await store.rooms.list(ada.id, size);
      while (page.length > 0) {
        paged.push(...page);
        page = await store.rooms.list(ada.id, size, paged.at(-1));
      }
      assert.deepEqual(paged, all);
    }
  });

  test("private rooms are listed for their members, direct ones for nobody", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    await createRoom(store, ada, { name: "a" });
    const hidden = await createRoom(store, ada, { name: "b", type: "private" });
    await createRoom(store, ada, { name: "c", type: "direct" });
    await createRoom(store, ada, { name: "d" });
    const namesFor = async ({ id }: User) =>
      (await store.rooms.list(id, 10)).map(({ name }) => name);
    assert.deepEqual(await namesFor(ada), ["a", "b", "d"]);
    assert.deepEqual(await namesFor(bob), ["a", "d"]);
    await write(store, hidden.id, notice(ada, "member_added", [bob]));
    assert.deepEqual(await namesFor(bob), ["a", "b", "d"]);
    assert.deepEqual((await store.rooms.list(bob.id, 1, { name: "a", id: "~" }))[0]?.id, hidden.id);
    await write(store, hidden.id, notice(ada, "member_removed", [bob]));
    assert.deepEqual(await namesFor(bob), ["a", "d"]);
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
    const listed = await store.rooms.list(ada.id, 10);
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
    assert.deepEqual((await store.rooms.list(ada.id, 1))[0]?.createdBy, renamed);
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
