/** What every store must do with blocks. */
import assert from "node:assert/strict";
import { createUser, creation, newDirect, opening, type Register, rename } from "./fixtures.ts";

export function testBlocks(test: Register): void {
  test("a block is set once and lifted once, on whatever instance", async (store, connect) => {
    const other = await connect();
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const outcomes = await Promise.all([store, other, store, other].map(({ blocks }) => {
      return blocks.set(ada.id, bob.id, true);
    }));
    assert.equal(outcomes.filter(Boolean).length, 1);
    assert.equal(await store.blocks.count(ada.id), 1);
    assert.equal(await other.blocks.set(ada.id, bob.id, false), true);
    assert.equal(await store.blocks.set(ada.id, bob.id, false), false);
    assert.equal(await store.blocks.count(ada.id), 0);
  });

  test("blocks are listed by whom they block, as they are now, page by page", async (store) => {
    const ada = await createUser(store);
    const others = [];
    for (let i = 0; i < 5; i++) others.push(await createUser(store));
    for (const { id } of others) await store.blocks.set(ada.id, id, true);
    await store.blocks.set(others[0]!.id, ada.id, true);
    const renamed = await rename(store, others[0]!);
    const ids = others.map(({ id }) => id).toSorted();
    const first = await store.blocks.list(ada.id, 3);
    const rest = await store.blocks.list(ada.id, 3, first.at(-1)?.user.id);
    assert.deepEqual([...first, ...rest].map(({ user }) => user.id), ids);
    assert.deepEqual([...first, ...rest].find(({ user }) => user.id === renamed.id)?.user, renamed);
    assert.ok(first.every(({ createdAt }) => createdAt instanceof Date));
  });

  test("who has blocked a user is found among others, and whether one of two has", async (store) => {
    const [ada, bob, eve] = [
      await createUser(store),
      await createUser(store),
      await createUser(store),
    ];
    await store.blocks.set(bob.id, ada.id, true);
    await store.blocks.set(ada.id, eve.id, true);
    const blockers = await store.blocks.blockersOf(ada.id, [bob.id, eve.id, "unknown"]);
    assert.deepEqual(blockers, [bob.id]);
    assert.deepEqual(await store.blocks.blockersOf(ada.id, []), []);
    assert.equal(await store.blocks.isBetween([ada.id, bob.id]), true);
    assert.equal(await store.blocks.isBetween([bob.id, ada.id]), true);
    assert.equal(await store.blocks.isBetween([bob.id, eve.id]), false);
  });

  test("the standings of a direct room say whether one has blocked the other", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const room = newDirect(ada, bob);
    await store.rooms.create(room, [creation(opening(ada))]);
    const areBlocked = async () => {
      const { standings } = (await store.members.standings(room.id, [ada.id, bob.id]))!;
      return [ada, bob].map(({ id }) => standings.get(id)?.isBlocked);
    };
    assert.deepEqual(await areBlocked(), [false, false]);
    await store.blocks.set(bob.id, ada.id, true);
    assert.deepEqual(await areBlocked(), [true, true]);
    await store.blocks.set(bob.id, ada.id, false);
    assert.deepEqual(await areBlocked(), [false, false]);
  });

  test("users that do not exist block nobody", async (store) => {
    const ada = await createUser(store);
    assert.deepEqual(await store.blocks.list("unknown", 10), []);
    assert.equal(await store.blocks.isBetween([ada.id, "unknown"]), false);
    assert.equal(await store.blocks.set(ada.id, "unknown", false), false);
  });
}
