/** What every store must do with invitations. */
import assert from "node:assert/strict";
import {
  type InvitationLimits,
  MAX_USED_UP,
  type NewInvitation,
} from "../../../src/domain/invitation.ts";
import type { SystemType } from "../../../src/domain/message.ts";
import type { NewRoom } from "../../../src/domain/room.ts";
import { publicUser, type User } from "../../../src/domain/user.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import {
  createRoom,
  createRoomWithAda,
  createUser,
  newId,
  notice,
  pick,
  range,
  type Register,
  rename,
  write,
} from "./fixtures.ts";

const HOUR_MS = 60 * 60_000;
const ANY_NUMBER: InvitationLimits = { room: 1_000, creator: 1_000 };

export function testInvitations(test: Register): void {
  test("an invitation is found by the hash of its code, as it was created", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const now = new Date();
    const expiresAt = new Date(now.getTime() + HOUR_MS);
    const { codeHash, ...invitation } = newInvitation(room, ada, { expiresAt, maxUses: 3 });
    await store.invitations.create({ codeHash, ...invitation }, ANY_NUMBER);
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
      await store.invitations.create(newInvitation(room, ada, { expiresAt }), ANY_NUMBER);
    }
    const ids = (page: { id: string }[]) => page.map(({ id }) => id);
    const all = ids(await store.invitations.list(room.id, now, 10));
    assert.equal(all.length, 3);
    assert.deepEqual(all, all.toSorted());
    assert.deepEqual(ids(await store.invitations.list(room.id, now, 10, all[0])), all.slice(1));
    assert.deepEqual(ids(await store.invitations.list(room.id, now, 2)), all.slice(0, 2));
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
      await store.invitations.settle(invitation.id, bob.id, claim, false);
      assert.equal(await uses(), 0);
      const next = await store.invitations.claim(invitation.id, bob.id, new Date());
      assert.ok(next !== null && next !== claim);
      assert.equal(await uses(), 1);
      await store.invitations.settle(invitation.id, bob.id, claim, false);
      assert.equal(await uses(), 1, "a claim that has ended gives nothing back");
      await store.invitations.settle(invitation.id, bob.id, next, true);
      await store.invitations.settle(invitation.id, bob.id, next, false);
      assert.equal(await uses(), 1);
    },
  );

  test("of a room and of a creator there are as many open invitations as the limits allow", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, eve] = [await createUser(store), await createUser(store)];
    const create = (by: User, limits: InvitationLimits, fields: Partial<NewInvitation> = {}) => {
      return store.invitations.create(newInvitation(room, by, fields), limits);
    };
    assert.equal(await create(ada, { room: 1, creator: 1 }), true);
    assert.equal(await create(bob, { room: 1, creator: 1 }), false);
    const expiresAt = new Date(Date.now() - HOUR_MS);
    assert.equal(await create(bob, { room: 2, creator: 1 }, { expiresAt }), true);
    const usedUp = await createInvitation(store, room, bob, { maxUses: 1 });
    await store.invitations.claim(usedUp.id, eve.id, new Date());
    assert.equal(await create(bob, { room: 2, creator: 1 }), true);
    assert.equal(await create(bob, { room: 9, creator: 1 }), false);
    assert.equal(await create(eve, { room: 3, creator: 1 }), true);
    const elsewhere = await createRoomWithAda(store);
    assert.equal(
      await store.invitations.create(newInvitation(elsewhere.room, bob), { room: 1, creator: 1 }),
      true,
    );
  });

  test(
    "of many invitations at once on several instances there are no more than the limits allow",
    async (store, connect) => {
      const stores = [store, await connect()];
      const { room, ada } = await createRoomWithAda(store);
      const made = await Promise.all(
        range(1, 10).map((i) => {
          const limits = { room: 3, creator: 3 };
          return pick(stores, i).invitations.create(newInvitation(room, ada), limits);
        }),
      );
      const listed = await store.invitations.list(room.id, new Date(), 10);
      assert.equal(listed.length, made.filter(Boolean).length);
      assert.ok(listed.length <= 3);
    },
  );

  test("of the invitations that are used up the last are kept", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const open = await createInvitation(store, room, ada, { maxUses: 2 });
    const usedUp = [];
    for (let i = 0; i < MAX_USED_UP + 2; i++) {
      usedUp.push(await createInvitation(store, room, ada, { maxUses: 1 }));
      await store.invitations.claim(usedUp[i]!.id, ada.id, new Date());
    }
    await createInvitation(store, room, ada);
    const found = async (each: NewInvitation) => {
      return await store.invitations.find(each.codeHash) !== null;
    };
    usedUp.sort((a, b) => a.id < b.id ? -1 : 1);
    assert.deepEqual(await Promise.all(usedUp.slice(0, 4).map(found)), [false, false, true, true]);
    assert.equal(await found(open), true);
    assert.equal(
      (await store.invitations.list(room.id, new Date(), 1_000)).length,
      MAX_USED_UP + 2,
    );
  });

  for (const type of ["public", "private"] as const) {
    test(
      `who has left a ${type} room by themselves returns without another use, but not who was removed`,
      async (store, connect) => {
        const ada = await createUser(store);
        const room = await createRoom(store, ada, { type });
        const people = {
          leaver: "member_left",
          removed: "member_removed",
          banned: "member_banned",
        };
        const users = new Map<string, User>();
        const expiresAt = new Date(Date.now() + HOUR_MS);
        const { id, codeHash } = await createInvitation(store, room, ada, {
          maxUses: 3,
          expiresAt,
        });
        const enter = async (user: User) => {
          const claim = await store.invitations.claim(id, user.id, new Date());
          assert.ok(claim);
          await write(store, room.id, notice(user, "member_added", [user], { role: "member" }));
          await store.invitations.settle(id, user.id, claim, true);
        };
        for (const name of Object.keys(people)) {
          users.set(name, await createUser(store));
          await enter(users.get(name)!);
        }
        const mayReturn = async (now: Date) => {
          const other = await connect();
          return await Promise.all([...users.values()].map((user) => {
            return other.invitations.mayReturn(id, user.id, now);
          }));
        };
        assert.deepEqual(await mayReturn(new Date()), [true, true, true]);
        for (const [name, systemType] of Object.entries(people)) {
          await write(store, room.id, notice(ada, systemType as SystemType, [users.get(name)!]));
        }
        await write(store, room.id, notice(ada, "member_unbanned", [users.get("banned")!]));
        assert.deepEqual(await mayReturn(new Date()), [true, false, false]);
        assert.deepEqual(await mayReturn(expiresAt), [false, false, false]);
        const claims = [];
        for (const user of users.values()) {
          claims.push(await store.invitations.claim(id, user.id, new Date()) !== null);
        }
        assert.deepEqual(claims, [true, false, false]);
        await enter(users.get("leaver")!);
        assert.equal((await store.invitations.find(codeHash))?.uses, 3);
        assert.equal(await store.invitations.claim(id, users.get("leaver")!.id, expiresAt), null);
      },
    );
  }

  test("who was banned after they had left does not return by an invitation that is used up", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const { id } = await createInvitation(store, room, ada, { maxUses: 1 });
    const claim = await store.invitations.claim(id, bob.id, new Date());
    await store.members.join(room.id, bob.id);
    await store.invitations.settle(id, bob.id, claim!, true);
    await store.members.leave(room.id, bob.id);
    assert.equal(await store.invitations.mayReturn(id, bob.id, new Date()), true);
    await write(store, room.id, notice(ada, "member_banned", [bob]));
    await write(store, room.id, notice(ada, "member_unbanned", [bob]));
    assert.equal(await store.invitations.mayReturn(id, bob.id, new Date()), false);
    assert.equal(await store.invitations.claim(id, bob.id, new Date()), null);
  });

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
  assert.equal(await store.invitations.create(invitation, ANY_NUMBER), true);
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
