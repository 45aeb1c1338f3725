/** What every store must do with bulk deletions that have not been completed. */
import assert from "node:assert/strict";
import type { BulkDeletion } from "../../../src/domain/bulk_deletion.ts";
import { CREATED, newId, type Register } from "./fixtures.ts";

const LATER = new Date(CREATED.getTime() + 1_000);
const LAST = new Date(CREATED.getTime() + 2_000);

export function testBulkDeletions(test: Register): void {
  test("a bulk deletion is due from its time on, until it is removed", async (store, connect) => {
    const { bulkDeletions } = store;
    const deletion = newDeletion();
    await bulkDeletions.add(deletion, LATER);
    const found = async (now: Date) => {
      const due = await (await connect()).bulkDeletions.due(now, 100);
      return due.filter(({ id }) => id === deletion.id);
    };
    assert.deepEqual(await found(CREATED), []);
    assert.deepEqual(await found(LATER), [deletion]);
    await bulkDeletions.postpone(deletion.id, LAST);
    assert.deepEqual(await found(LATER), []);
    assert.deepEqual(await found(LAST), [deletion]);
    await bulkDeletions.remove(deletion.id);
    assert.deepEqual(await found(LAST), []);
    await bulkDeletions.postpone(deletion.id, CREATED);
    assert.deepEqual(await found(LAST), []);
  });

  test("of several who claim a bulk deletion one has it", async (store, connect) => {
    const other = await connect();
    const { id } = await added(store);
    const claims = await Promise.all([store, other, store, other].map(({ bulkDeletions }) => {
      return bulkDeletions.claim(id, CREATED, LATER);
    }));
    assert.equal(claims.filter(Boolean).length, 1);
    assert.equal(await other.bulkDeletions.claim(id, LATER, LAST), true);
    await store.bulkDeletions.remove(id);
    assert.equal(await other.bulkDeletions.claim(id, LAST, LAST), false);
  });

  test("at most as many bulk deletions are found as asked for", async (store) => {
    const all = [await added(store), await added(store)];
    assert.equal((await store.bulkDeletions.due(LAST, 1)).length, 1);
    for (const { id } of all) await store.bulkDeletions.remove(id);
  });
}

async function added(store: Parameters<Parameters<Register>[1]>[0]): Promise<BulkDeletion> {
  const deletion = newDeletion();
  await store.bulkDeletions.add(deletion, CREATED);
  return deletion;
}

function newDeletion(): BulkDeletion {
  const [id, roomId, userId, actorId] = [newId(), newId(), newId(), newId()];
  return { id, roomId, userId, actorId, since: CREATED, createdAt: LATER };
}
