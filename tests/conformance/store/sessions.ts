/** What every store must do with sessions. */
import assert from "node:assert/strict";
import type { Session } from "../../../src/domain/session.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import {
  CREATED,
  createUser,
  newId,
  pick,
  range,
  type Register,
  rename,
  UNKNOWN_IDS,
} from "./fixtures.ts";

export function testSessions(test: Register): void {
  test("a session is found as it was created", async (store) => {
    const session = await createSession(store);
    assert.deepEqual(await store.sessions.find(session.id), session);
  });

  test("a rotation is written whole", async (store) => {
    const session = await createSession(store);
    const rotation = rotationFrom(session.generation);
    assert.equal(await store.sessions.rotate(session.id, 0, rotation), true);
    assert.deepEqual(await store.sessions.find(session.id), { ...session, ...rotation });
  });

  test("of ten racing rotations exactly one wins", async (store, connect) => {
    const stores = [store, await connect()];
    const session = await createSession(store);
    const rotations = range(0, 9).map((i) => rotationFrom(0, i));
    const outcomes = await Promise.all(
      rotations.map((rotation, i) => pick(stores, i).sessions.rotate(session.id, 0, rotation)),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const winner = pick(rotations, outcomes.indexOf(true));
    assert.deepEqual(await store.sessions.find(session.id), { ...session, ...winner });
  });

  test("a rotation from an old generation writes nothing", async (store) => {
    const session = await createSession(store);
    const rotation = rotationFrom(0);
    await store.sessions.rotate(session.id, 0, rotation);
    assert.equal(await store.sessions.rotate(session.id, 0, rotationFrom(0, 1)), false);
    assert.deepEqual(await store.sessions.find(session.id), { ...session, ...rotation });
    assert.equal(await store.sessions.rotate(session.id, 1, rotationFrom(1)), true);
  });

  test("a session is revoked once", async (store, connect) => {
    const stores = [store, await connect()];
    const session = await createSession(store);
    const times = range(0, 9).map((i) => new Date(1_700_000_000_000 + i));
    const outcomes = await Promise.all(
      times.map((time, i) => pick(stores, i).sessions.revoke(session.id, time)),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const revokedAt = pick(times, outcomes.indexOf(true));
    assert.deepEqual(await store.sessions.find(session.id), { ...session, revokedAt });
    assert.equal(await store.sessions.revoke(session.id, new Date()), false);
  });

  test(
    "all sessions of a user are revoked at once, and those of others stay",
    async (store, connect) => {
      const first = await createSession(store);
      const second = { ...first, id: newId() };
      const before = { ...first, id: newId(), revokedAt: new Date() };
      for (const session of [second, before]) await store.sessions.create(session);
      const other = await createSession(store);
      const revokedAt = new Date();
      const revoked = await (await connect()).sessions.revokeAll(first.userId, revokedAt);
      assert.deepEqual(new Set(revoked), new Set([first.id, second.id]));
      for (const id of revoked) {
        assert.deepEqual((await store.sessions.find(id))?.revokedAt, revokedAt);
      }
      assert.deepEqual(await store.sessions.find(before.id), before);
      assert.deepEqual(await store.sessions.find(other.id), other);
      assert.deepEqual(await store.sessions.revokeAll(first.userId, new Date()), []);
      for (const unknown of UNKNOWN_IDS) {
        assert.deepEqual(await store.sessions.revokeAll(unknown, new Date()), []);
      }
    },
  );

  test("a revoked session cannot be rotated", async (store) => {
    const session = await createSession(store);
    const revokedAt = new Date();
    await store.sessions.revoke(session.id, revokedAt);
    assert.equal(await store.sessions.rotate(session.id, 0, rotationFrom(0)), false);
    assert.deepEqual(await store.sessions.find(session.id), { ...session, revokedAt });
  });

  test("a revocation that races with rotations takes effect", async (store, connect) => {
    const other = await connect();
    const session = await createSession(store);
    const [revoked] = await Promise.all([
      store.sessions.revoke(session.id, new Date()),
      ...range(0, 4).map((i) => other.sessions.rotate(session.id, i, rotationFrom(i))),
    ]);
    assert.equal(revoked, true);
    const found = await store.sessions.find(session.id);
    assert.notEqual(found?.revokedAt, null);
    assert.equal(
      await store.sessions.rotate(session.id, found?.generation ?? 0, rotationFrom(9)),
      false,
    );
  });

  test("of several sessions the revoked ones are listed", async (store, connect) => {
    const [kept, revoked, elsewhere, notAsked] = [
      await createSession(store),
      await createSession(store),
      await createSession(store),
      await createSession(store),
    ];
    await store.sessions.revoke(revoked.id, new Date());
    await (await connect()).sessions.revoke(elsewhere.id, new Date());
    await store.sessions.revoke(notAsked.id, new Date());
    const listed = await store.sessions.revoked([kept.id, revoked.id, elsewhere.id]);
    assert.deepEqual(new Set(listed), new Set([revoked.id, elsewhere.id]));
    assert.equal(listed.length, 2);
  });

  test("a session that was rotated and then revoked is listed", async (store) => {
    const { id } = await createSession(store);
    await store.sessions.rotate(id, 0, rotationFrom(0));
    assert.deepEqual(await store.sessions.revoked([id]), []);
    await store.sessions.revoke(id, new Date());
    assert.deepEqual(await store.sessions.revoked([id]), [id]);
  });

  test("an expired and an unknown session were not revoked", async (store) => {
    const expired = await createSession(store, { expiresAt: new Date(Date.now() - 1) });
    assert.deepEqual(await store.sessions.revoked([...UNKNOWN_IDS, expired.id]), []);
  });

  test("of no sessions none was revoked", async (store) => {
    const { id } = await createSession(store);
    await store.sessions.revoke(id, new Date());
    assert.deepEqual(await store.sessions.revoked([]), []);
  });

  test("sessions are identified with their users as they are", async (store, connect) => {
    const sessions = [await createSession(store), await createSession(store)];
    const revoked = await createSession(store);
    const expired = await createSession(store, { expiresAt: new Date(Date.now() - 1) });
    const revokedAt = new Date();
    await store.sessions.revoke(revoked.id, revokedAt);
    const user = await store.users.find(sessions[0]!.userId);
    await rename(store, user!);
    const asked = [...sessions, revoked, expired].map(({ id }) => id);
    const found = await (await connect()).sessions.identify([...asked, ...UNKNOWN_IDS]);
    assert.equal(found.size, 3);
    for (const { id, userId } of [...sessions, revoked]) {
      const identified = found.get(id);
      assert.deepEqual(identified?.user, await store.users.find(userId));
      assert.deepEqual(identified?.revokedAt, id === revoked.id ? revokedAt : null);
    }
    assert.deepEqual(await store.sessions.identify([]), new Map());
  });

  test("two sessions of a user are identified at once", async (store) => {
    const first = await createSession(store);
    const second = { ...first, id: newId() };
    await store.sessions.create(second);
    const found = await store.sessions.identify([first.id, second.id]);
    const user = await store.users.find(first.userId);
    assert.deepEqual([...found.values()].map((each) => each.user), [user, user]);
  });

  test("a session is identified with the last number of a settled account", async (store) => {
    const { id, userId } = await createSession(store);
    const identify = async () => (await store.sessions.identify([id])).get(id)?.accountSeq;
    assert.equal(await identify(), 0);
    for (const _ of [1, 2]) {
      await rename(store, (await store.users.find(userId))!);
      await store.accounts.settle(userId);
      assert.equal(await identify(), await store.accounts.lastSeq(userId));
    }
  });

  test("an expired session is not found", async (store) => {
    const session = await createSession(store, { expiresAt: new Date(Date.now() - 1) });
    assert.equal(await store.sessions.find(session.id), null);
  });

  test("an unknown session is null, and neither rotated nor revoked", async (store) => {
    await createSession(store);
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.sessions.find(unknown), null);
      assert.equal(await store.sessions.rotate(unknown, 0, rotationFrom(0)), false);
      assert.equal(await store.sessions.revoke(unknown, new Date()), false);
    }
  });
}

export async function createSession(store: Store, fields: Partial<Session> = {}): Promise<Session> {
  const { id: userId } = await createUser(store);
  const session: Session = {
    id: newId(),
    userId,
    generation: 0,
    rotations: [],
    createdAt: CREATED,
    expiresAt: new Date(Date.now() + 3_600_000),
    revokedAt: null,
    ...fields,
  };
  await store.sessions.create(session);
  return session;
}

/** The rotation from a generation to the next; `variant` distinguishes concurrent ones. */
function rotationFrom(generation: number, variant = 0) {
  return {
    generation: generation + 1,
    rotations: [{ generation, at: new Date(CREATED.getTime() + variant) }],
    expiresAt: new Date(Date.now() + 7_200_000 + variant),
  };
}
