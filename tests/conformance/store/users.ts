/** What every store must do with accounts. */
import assert from "node:assert/strict";
import { nameWords } from "../../../src/domain/name.ts";
import {
  type KnownUser,
  type PublicUser,
  publicUser,
  type User,
} from "../../../src/domain/user.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import { createUser, newId, newUser, pick, range, type Register, UNKNOWN_IDS } from "./fixtures.ts";

const FOREVER = { until: null, reason: null };
const HOUR_MS = 60 * 60_000;

/** @param testAlone for tests that need an empty store */
export function testUsers(test: Register, testAlone: Register): void {
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
    const expected = { ...user, displayName: "Countess", updatedAt: later };
    assert.deepEqual(renamed, { user: expected, previousAvatarUrl: user.avatarUrl });
    assert.deepEqual(await store.users.find(user.id), expected);
  });

  test("an update can remove the avatar and finish the onboarding", async (store) => {
    const user = await createUser(store, { avatarUrl: "https://example.org/ada.png" });
    const changes = { avatarUrl: null, onboardingCompleted: true };
    const changed = await store.users.update(user.id, changes, user.updatedAt);
    const expected = { ...user, ...changes };
    assert.deepEqual(changed, { user: expected, previousAvatarUrl: user.avatarUrl });
    assert.deepEqual(await store.users.findByEmail(user.email), expected);
  });

  test("of avatars that are written at once each replaces one", async (store, connect) => {
    const stores = [store, await connect()];
    const { id } = await createUser(store, { avatarUrl: "https://example.org/0.png" });
    const urls = range(0, 10).map((i) => `https://example.org/${i}.png`);
    const updates = await Promise.all(
      urls.slice(1).map((avatarUrl, i) =>
        pick(stores, i).users.update(id, { avatarUrl }, new Date())
      ),
    );
    const last = await store.users.find(id);
    const replaced = updates.map((update) => update?.previousAvatarUrl);
    assert.deepEqual([...replaced, last?.avatarUrl].toSorted(), urls.toSorted());
  });

  test("all users are listed by id, page by page", async (store) => {
    const users = [await createUser(store, { avatarUrl: "https://example.org/a.png" })];
    for (let i = 0; i < 4; i++) users.push(await createUser(store));
    const listed: PublicUser[] = [];
    for (let page = await store.users.list("", 2); page.length > 0;) {
      assert.ok(page.length <= 2);
      listed.push(...page);
      page = await store.users.list(page.at(-1)!.id, 2);
    }
    const ids = listed.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)].toSorted());
    const own = listed.filter(({ id }) => users.some((user) => user.id === id));
    const byId = (a: PublicUser, b: PublicUser) => a.id < b.id ? -1 : 1;
    assert.deepEqual(own, users.map(publicUser).sort(byId));
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

  test("a role on the server and a ban are kept as they were created", async (store) => {
    const ban = { until: new Date(Date.now() + HOUR_MS), reason: "Spam" };
    for (const fields of [{ role: "admin" }, { ban }, { ban: FOREVER }] as const) {
      const user = await createUser(store, fields);
      assert.deepEqual(await store.users.find(user.id), user);
      assert.deepEqual(await store.users.findByEmail(user.email), user);
    }
  });

  testAlone("of many first users exactly one is created", async (store, connect) => {
    const stores = [store, await connect()];
    const rivals = range(1, 10).map(() => newUser());
    const outcomes = await Promise.all(
      rivals.map((user, i) => pick(stores, i).users.createFirst(user)),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const found = await Promise.all(rivals.map(({ id }) => store.users.find(id)));
    assert.deepEqual(found, rivals.map((user, i) => outcomes[i] ? user : null));
    assert.equal(await store.users.createFirst(newUser()), false);
  });

  test("who is no first user is not created", async (store) => {
    await createUser(store);
    const second = newUser();
    assert.equal(await store.users.createFirst(second), false);
    assert.equal(await store.users.find(second.id), null);
  });

  test(
    "admins are listed from when they get the role to when they lose it",
    async (store, connect) => {
      const other = await connect();
      const ada = await createUser(store);
      await createUser(store);
      const isListed = async () => (await other.users.admins()).includes(ada.id);
      assert.equal(await isListed(), false);
      assert.equal(await store.users.setRole(ada.id, "admin"), true);
      assert.equal(await isListed(), true);
      assert.deepEqual(await other.users.find(ada.id), { ...ada, role: "admin" });
      assert.equal(await store.users.setRole(ada.id, "member"), true);
      assert.equal(await isListed(), false);
      assert.deepEqual(await other.users.find(ada.id), ada);
    },
  );

  test("a ban is set, replaced and lifted", async (store) => {
    const ada = await createUser(store);
    const bans = [FOREVER, { until: new Date(Date.now() + HOUR_MS), reason: "Spam" }, null, null];
    for (const ban of bans) {
      assert.equal(await store.users.setBan(ada.id, ban), true);
      assert.deepEqual(await store.users.find(ada.id), { ...ada, ban });
    }
  });

  test("an admin is not banned, and who is banned becomes no admin", async (store) => {
    const admin = await createUser(store, { role: "admin" });
    assert.equal(await store.users.setBan(admin.id, FOREVER), false);
    assert.equal(await store.users.setBan(admin.id, null), true);
    assert.deepEqual(await store.users.find(admin.id), admin);
    const banned = await createUser(store, { ban: FOREVER });
    assert.equal(await store.users.setRole(banned.id, "admin"), false);
    assert.equal(await store.users.setRole(banned.id, "member"), true);
    assert.deepEqual(await store.users.find(banned.id), banned);
    const ban = { until: new Date(Date.now() - 1), reason: null };
    const free = await createUser(store, { ban });
    assert.equal(await store.users.setRole(free.id, "admin"), true);
  });

  test("of a ban and the role of an admin, set at once, one holds", async (store, connect) => {
    const other = await connect();
    for (let round = 0; round < 10; round++) {
      const { id } = await createUser(store);
      const outcomes = await Promise.all([
        store.users.setBan(id, FOREVER),
        other.users.setRole(id, "admin"),
      ]);
      assert.equal(outcomes.filter(Boolean).length, 1);
    }
  });

  test("an unknown user gets no role and no ban", async (store) => {
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.users.setRole(unknown, "admin"), false);
      assert.equal(await store.users.setBan(unknown, FOREVER), false);
    }
  });

  test("people are found by the beginning of any word of their names", async (store) => {
    const people = await createPeople(
      store,
      "Zoë Quirrel",
      "Quentin",
      "O’Quist",
      "Xquist",
      "Quørst",
    );
    const find = async (text: string) => {
      const found = await search(store, text, people.name);
      return found.map(({ displayName }) => displayName.replace(` ${people.name}`, "")).sort();
    };
    assert.deepEqual(await find("qui"), ["O’Quist", "Zoë Quirrel"]);
    assert.deepEqual(await find("QU"), ["O’Quist", "Quentin", "Quørst", "Zoë Quirrel"]);
    assert.deepEqual(await find("zoe"), ["Zoë Quirrel"]);
    assert.deepEqual(await find("quorst"), ["Quørst"]);
    assert.deepEqual(await find("quir zo"), ["Zoë Quirrel"]);
    assert.deepEqual(await find("quir quen"), []);
    assert.deepEqual(await find("uist"), []);
    assert.deepEqual(await find("%"), []);
    assert.deepEqual(await find(""), ["O’Quist", "Quentin", "Quørst", "Xquist", "Zoë Quirrel"]);
  });

  test("a name without a word is found as a whole, and one without a query is found", async (store) => {
    const { id } = await createUser(store, { displayName: "🦜🦜" });
    const found = await store.users.search(nameWords("🦜"), 10, true);
    assert.ok(found.some((user) => user.id === id));
    assert.deepEqual(await store.users.search([], 10, true), []);
  });

  test("who is renamed is found by the new name alone", async (store) => {
    const { name, users: [user] } = await createPeople(store, "Before");
    await store.users.update(user!.id, { displayName: `After ${name}` }, new Date());
    assert.deepEqual(await search(store, "before", name), []);
    const [found] = await search(store, "after", name);
    assert.equal(found?.id, user!.id);
    await store.users.update(user!.id, { avatarUrl: null }, new Date());
    assert.equal((await search(store, "after", name)).length, 1);
  });

  test("a search returns no more users than asked for, each once", async (store) => {
    const { name } = await createPeople(store, "Ann Anna Annabel", "Anne", "Annika", "Ann");
    assert.equal((await search(store, "ann", name)).length, 4);
    const words = nameWords(`ann ${name}`);
    assert.equal((await store.users.search(words, 3, true)).length, 3);
  });

  test("a search tells roles and bans, and can leave out who is banned now", async (store) => {
    const { name, users } = await createPeople(store, "Ada", "Bob", "Cy");
    const [ada, bob, cy] = users as [User, User, User];
    const past = { until: new Date(Date.now() - 1), reason: null };
    await store.users.setRole(ada.id, "admin");
    await store.users.setBan(bob.id, FOREVER);
    await store.users.setBan(cy.id, past);
    const all: KnownUser[] = [
      { ...publicUser(ada), role: "admin", ban: null },
      { ...publicUser(bob), role: "member", ban: FOREVER },
      { ...publicUser(cy), role: "member", ban: past },
    ];
    const sorted = (users: KnownUser[]) =>
      users.toSorted((a, b) => a.displayName < b.displayName ? -1 : 1);
    assert.deepEqual(sorted(await store.users.search([name], 10, true)), all);
    assert.deepEqual(sorted(await store.users.search([name], 10, false)), [all[0], all[2]]);
  });
}

/** Users whose names have a word of their own beside the given names. */
async function createPeople(store: Store, ...names: string[]) {
  const name = `x${newId().replaceAll("-", "")}`;
  const users: User[] = [];
  for (const each of names) {
    users.push(await createUser(store, { displayName: `${each} ${name}` }));
  }
  return { name, users };
}

/** Those found by a text among the people with this word in their name. */
function search(store: Store, text: string, name: string): Promise<KnownUser[]> {
  const words = nameWords(text);
  return store.users.search([...(words.length > 0 ? words : [""]), name], 10, true);
}
