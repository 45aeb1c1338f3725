/** What every store must do with invitations. */
import assert from "node:assert/strict";
import type { NewInvitation } from "../../../src/domain/invitation.ts";
import type { NewRoom } from "../../../src/domain/room.ts";
import { publicUser, type User } from "../../../src/domain/user.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import { createRoomWithAda, createUser, newId, pick, type Register, rename } from "./fixtures.ts";

const HOUR_MS = 60 * 60_000;

export function testInvitations(test: Register): void {
  test("an invitation is found by the hash of its code, as it was created", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const now = new Date();
    const expiresAt = new Date(now.getTime() + HOUR_MS);
    const { codeHash, ...invitation } = newInvitation(room, ada, { expiresAt, maxUses: 3 });
    await store.invitations.create({ codeHash, ...invitation });
    const expected = { ...invitation, uses: 0 };
    assert.deepEqual(await store.invitations.find(codeHash), expected);
    assert.deepEqual(await store.invitations.list(room.id, now, 10), [expected]);
    assert.equal(await store.invitations.find("unknown"), null);
    const createdBy = await rename(store, ada);
    assert.deepEqual((await store.invitations.find(codeHash))?.createdBy, createdBy);
  });

  test("invitations are listed by their ids, page by page, without expired ones", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const now = new Date();
    for (const minutes of [null, 5, -5, 6, -6]) {
      const expiresAt = minutes === null ? null : new Date(now.getTime() + minutes * 60_000);
      await store.invitations.create(newInvitation(room, ada, { expiresAt }));
    }
    const ids = (page: { id: string }[]) => page.map(({ id }) => id);
    const all = ids(await store.invitations.list(room.id, now, 10));
    assert.equal(all.length, 3);
    assert.deepEqual(all, all.toSorted());
    assert.deepEqual(ids(await store.invitations.list(room.id, now, 10, all[0])), all.slice(1));
    assert.deepEqual(ids(await store.invitations.list(room.id, now, 2)), all.slice(0, 2));
    assert.equal(await store.invitations.count(room.id, now), 3);
    assert.equal(await store.invitations.count("unknown", now), 0);
  });

  test("a revoked invitation is gone, and is of its room alone", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const invitation = await createInvitation(store, room, ada);
    assert.ok(await store.invitations.claim(invitation.id, ada.id, new Date()));
    assert.equal(await store.invitations.delete("unknown", invitation.id), false);
    assert.equal(await store.invitations.delete(room.id, invitation.id), true);
    assert.equal(await store.invitations.delete(room.id, invitation.id), false);
    assert.equal(await store.invitations.find(invitation.codeHash), null);
    assert.equal(await store.invitations.claim(invitation.id, ada.id, new Date()), null);
  });

  test(
    "of many claims at once on several instances as many succeed as there are uses",
    async (store, connect) => {
      const stores = [store, await connect()];
      const { room, ada } = await createRoomWithAda(store);
      const invitation = await createInvitation(store, room, ada, { maxUses: 3 });
      const users = [];
      for (let i = 0; i < 8; i++) users.push(await createUser(store));
      const outcomes = await Promise.all(users.map(({ id }, i) => {
        return pick(stores, i).invitations.claim(invitation.id, id, new Date());
      }));
      assert.equal(outcomes.filter(Boolean).length, 3);
      assert.equal((await store.invitations.find(invitation.codeHash))?.uses, 3);
    },
  );

  test(
    "a user's claim counts once until it is settled, however often they claim",
    async (store, connect) => {
      const stores = [store, await connect()];
      const { room, ada } = await createRoomWithAda(store);
      const bob = await createUser(store);
      const invitation = await createInvitation(store, room, ada, { maxUses: 2 });
      const uses = async () => (await store.invitations.find(invitation.codeHash))?.uses;
      const claims = await Promise.all([0, 1, 2, 3].map((i) => {
        return pick(stores, i).invitations.claim(invitation.id, bob.id, new Date());
      }));
      const [claim] = claims;
      assert.ok(claim);
      assert.deepEqual(claims, Array(4).fill(claim));
      assert.equal(await uses(), 1);
      await store.invitations.settle(invitation.id, bob.id, claim, true);
      assert.equal(await uses(), 1);
      const next = await store.invitations.claim(invitation.id, bob.id, new Date());
      assert.ok(next !== null && next !== claim);
      assert.equal(await uses(), 2);
      await store.invitations.settle(invitation.id, bob.id, claim, false);
      assert.equal(await uses(), 2, "a claim that has ended gives nothing back");
      await store.invitations.settle(invitation.id, bob.id, next, false);
      await store.invitations.settle(invitation.id, bob.id, next, false);
      assert.equal(await uses(), 1);
    },
  );

  test("an expired invitation takes no new claim, but lets one be taken up again", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, eve] = [await createUser(store), await createUser(store)];
    const now = new Date();
    const expiresAt = new Date(now.getTime() + HOUR_MS);
    const { id } = await createInvitation(store, room, ada, { expiresAt });
    const claim = await store.invitations.claim(id, bob.id, now);
    assert.ok(claim);
    assert.equal(await store.invitations.claim(id, eve.id, expiresAt), null);
    assert.equal(await store.invitations.claim(id, bob.id, expiresAt), claim);
  });
}

async function createInvitation(
  store: Store,
  room: NewRoom,
  by: User,
  fields: Partial<NewInvitation> = {},
): Promise<NewInvitation> {
  const invitation = newInvitation(room, by, fields);
  await store.invitations.create(invitation);
  return invitation;
}

function newInvitation(
  room: NewRoom,
  by: User,
  fields: Partial<NewInvitation> = {},
): NewInvitation {
  return {
    id: newId(),
    roomId: room.id,
    codeHash: newId(),
    createdBy: publicUser(by),
    createdAt: new Date(),
    expiresAt: null,
    maxUses: null,
    ...fields,
  };
}
