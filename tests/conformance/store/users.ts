/** What every store must do with accounts. */
import assert from "node:assert/strict";
import { type PublicUser, publicUser } from "../../../src/domain/user.ts";
import { createUser, newUser, pick, type Register, UNKNOWN_IDS } from "./fixtures.ts";

export function testUsers(test: Register): void {
  test("a user is found by id and by email as they were created", async (store) => {
    const user = newUser({ avatarUrl: "https://example.org/ada.png", onboardingCompleted: true });
    await store.users.create(user);
    assert.deepEqual(await store.users.find(user.id), user);
    assert.deepEqual(await store.users.findByEmail(user.email), user);
  });

  test(
    "of twenty concurrent registrations of one email exactly one succeeds",
    async (store, connect) => {
      const stores = [store, await connect()];
      const rivals = Array.from({ length: 20 }, () => newUser({ email: "ada@example.org" }));
      const outcomes = await Promise.allSettled(
        rivals.map((user, i) => pick(stores, i).users.create(user)),
      );
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      assert.deepEqual(refused.map(({ reason }) => reason.code), Array(19).fill("email_taken"));
      const winner = rivals[outcomes.findIndex(({ status }) => status === "fulfilled")];
      assert.deepEqual(await store.users.findByEmail("ada@example.org"), winner);
    },
  );

  test("a refused user is not stored", async (store) => {
    const first = await createUser(store);
    const second = newUser({ email: first.email });
    await assert.rejects(store.users.create(second), { name: "ChatError", code: "email_taken" });
    assert.equal(await store.users.find(second.id), null);
    assert.deepEqual(await store.users.findByEmail(first.email), first);
  });

  test("an update writes the given fields and keeps the others", async (store) => {
    const user = await createUser(store, { avatarUrl: "https://example.org/ada.png" });
    const later = new Date("2026-02-01T00:00:00.000Z");
    const renamed = await store.users.update(user.id, { displayName: "Countess" }, later);
    assert.deepEqual(renamed, { ...user, displayName: "Countess", updatedAt: later });
    assert.deepEqual(await store.users.find(user.id), renamed);
  });

  test("an update can remove the avatar and finish the onboarding", async (store) => {
    const user = await createUser(store, { avatarUrl: "https://example.org/ada.png" });
    const changes = { avatarUrl: null, onboardingCompleted: true };
    const changed = await store.users.update(user.id, changes, user.updatedAt);
    assert.deepEqual(changed, { ...user, ...changes });
    assert.deepEqual(await store.users.findByEmail(user.email), changed);
  });

  test("what others see of several users is found at once, without those unknown", async (store) => {
    const users = [
      await createUser(store, { avatarUrl: "https://example.org/ada.png" }),
      await createUser(store, { displayName: "Bob" }),
    ];
    await createUser(store);
    const ids = users.map(({ id }) => id);
    const byId = (a: PublicUser, b: PublicUser) => a.id < b.id ? -1 : 1;
    const found = await store.users.findPublic([...UNKNOWN_IDS, ...ids, pick(ids, 0)]);
    assert.deepEqual(found.sort(byId), users.map(publicUser).sort(byId));
    assert.deepEqual(await store.users.findPublic([]), []);
  });

  test("an unknown user is null, also to an update", async (store) => {
    await createUser(store);
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.users.find(unknown), null);
      assert.equal(await store.users.findByEmail(unknown), null);
      assert.equal(await store.users.update(unknown, { displayName: "Eve" }, new Date()), null);
    }
  });
}
