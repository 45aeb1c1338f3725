/** What every store must do, as one suite that each adapter is run through. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Message, MessageDraft } from "../../src/domain/message.ts";
import type { NewRoom } from "../../src/domain/room.ts";
import type { Session } from "../../src/domain/session.ts";
import { publicUser, type User } from "../../src/domain/user.ts";
import type { Store } from "../../src/ports/store.ts";

/** A database of one test's own, empty at first. */
export interface TestDatabase {
  /** Opens a store on the database, as one more instance (or the same after a restart) would. */
  connect(): Promise<Store>;
  /** Removes the database; every store on it has been closed. */
  drop(): Promise<void>;
}

type Connect = () => Promise<Store>;
/** Registers a test that gets one store, and the means to open more on the same database. */
type Register = (sentence: string, run: (store: Store, connect: Connect) => Promise<void>) => void;

/** Registers the suite for the store that `createDatabase` makes; `name` begins each test's name. */
export function testStore(name: string, createDatabase: () => Promise<TestDatabase>): void {
  const test: Register = (sentence, run) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const database = await createDatabase();
      const stores: Store[] = [];
      const connect = async () => {
        const store = await database.connect();
        stores.push(store);
        return store;
      };
      try {
        await run(await connect(), connect);
      } finally {
        await Promise.all(stores.map((store) => store.close()));
        await database.drop();
      }
    });

  testUsers(test);
  testRooms(test);
  testAppend(test);
  testReads(test);
  testSessions(test);
  testLifetime(test);
}

function testUsers(test: Register): void {
  test("a user is found by id and by email as they were created", async (store) => {
    const user = newUser({ avatarUrl: "https://example.org/ada.png", onboardingCompleted: true });
    await store.createUser(user);
    assert.deepEqual(await store.findUser(user.id), user);
    assert.deepEqual(await store.findUserByEmail(user.email), user);
  });

  test("of twenty racing for one email exactly one gets it", async (store, connect) => {
    const stores = [store, await connect()];
    const rivals = Array.from({ length: 20 }, () => newUser({ email: "ada@example.org" }));
    const outcomes = await Promise.allSettled(
      rivals.map((user, i) => pick(stores, i).createUser(user)),
    );
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    assert.deepEqual(refused.map(({ reason }) => reason.code), Array(19).fill("email_taken"));
    const winner = rivals[outcomes.findIndex(({ status }) => status === "fulfilled")];
    assert.deepEqual(await store.findUserByEmail("ada@example.org"), winner);
  });

  test("a refused user is not stored", async (store) => {
    const first = await createUser(store);
    const second = newUser({ email: first.email });
    await assert.rejects(store.createUser(second), { name: "ChatError", code: "email_taken" });
    assert.equal(await store.findUser(second.id), null);
    assert.deepEqual(await store.findUserByEmail(first.email), first);
  });

  test("an update writes the given fields and keeps the others", async (store) => {
    const user = await createUser(store, { avatarUrl: "https://example.org/ada.png" });
    const later = new Date("2026-02-01T00:00:00.000Z");
    const renamed = await store.updateUser(user.id, { displayName: "Countess" }, later);
    assert.deepEqual(renamed, { ...user, displayName: "Countess", updatedAt: later });
    assert.deepEqual(await store.findUser(user.id), renamed);
  });

  test("an update can take the avatar away and finish the onboarding", async (store) => {
    const user = await createUser(store, { avatarUrl: "https://example.org/ada.png" });
    const changes = { avatarUrl: null, onboardingCompleted: true };
    const changed = await store.updateUser(user.id, changes, user.updatedAt);
    assert.deepEqual(changed, { ...user, ...changes });
    assert.deepEqual(await store.findUserByEmail(user.email), changed);
  });

  test("an unknown user is null, also to an update", async (store) => {
    await createUser(store);
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.findUser(unknown), null);
      assert.equal(await store.findUserByEmail(unknown), null);
      assert.equal(await store.updateUser(unknown, { displayName: "Eve" }, new Date()), null);
    }
  });
}

function testRooms(test: Register): void {
  test("a room is found by id and by slug, with its opening as entry 1", async (store) => {
    const ada = await createUser(store);
    const room = newRoom(ada, { description: "Engines, analytical and other" });
    const opening = draft(ada, { text: "Ada created the room", system: true });
    assert.equal(await store.createRoom(room, opening), true);
    const expected = { ...room, lastSeq: 1 };
    assert.deepEqual(await store.findRoom(room.id), expected);
    assert.deepEqual(await store.findRoom(room.slug), expected);
    assert.deepEqual(await store.readAfter(room.id, 0, 10), [stored(room.id, 1, opening)]);
  });

  test("no reader sees a room without its opening", async (store, connect) => {
    const reader = await connect();
    const ada = await createUser(store);
    const rooms = Array.from({ length: 10 }, () => newRoom(ada));
    const created = Promise.all(rooms.map((room) => store.createRoom(room, draft(ada))));
    let seen = 0;
    while (seen < rooms.length) {
      const found = await reader.listRooms(rooms.length);
      seen = found.length;
      assert.deepEqual(found.map((room) => room.lastSeq), Array(seen).fill(1));
    }
    await created;
  });

  test("of ten rooms racing for one slug exactly one gets it", async (store, connect) => {
    const stores = [store, await connect()];
    const ada = await createUser(store);
    const rivals = Array.from({ length: 10 }, () => newRoom(ada, { slug: "engines" }));
    const outcomes = await Promise.all(
      rivals.map((room, i) => pick(stores, i).createRoom(room, draft(ada))),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const winner = pick(rivals, outcomes.indexOf(true));
    assert.deepEqual(await store.listRooms(10), [{ ...winner, lastSeq: 1 }]);
  });

  test("a room that lost its slug can be created under another", async (store) => {
    const ada = await createUser(store);
    await createRoom(store, ada, { slug: "engines" });
    const room = newRoom(ada, { slug: "engines" });
    const opening = draft(ada);
    assert.equal(await store.createRoom(room, opening), false);
    assert.equal(await store.findRoom(room.id), null);
    assert.equal(await store.createRoom({ ...room, slug: "engines-2" }, opening), true);
    assert.deepEqual(await store.findRoom("engines-2"), {
      ...room,
      slug: "engines-2",
      lastSeq: 1,
    });
    assert.deepEqual(await store.readAfter(room.id, 0, 10), [stored(room.id, 1, opening)]);
  });

  test("an id is found before a slug that reads the same", async (store) => {
    const ada = await createUser(store);
    const first = await createRoom(store, ada);
    await createRoom(store, ada, { slug: first.id });
    assert.deepEqual(await store.findRoom(first.id), { ...first, lastSeq: 1 });
  });

  test("of the slugs asked for those are taken that a room has", async (store) => {
    const ada = await createUser(store);
    const taken = ["ada", "ada-2", "日本語", "שלום-3", 'room\'s "slug"\\'];
    for (const slug of [...taken, "ada-4"]) await createRoom(store, ada, { slug });
    const asked = [...taken, "ada-3", "ADA", "日本", "ad", ""];
    assert.deepEqual((await store.takenSlugs(asked)).sort(), taken.sort());
    assert.deepEqual(await store.takenSlugs([]), []);
  });

  test("rooms are listed by name in code-point order, then by id", async (store) => {
    const ada = await createUser(store);
    // UTF-16 would put the emoji before the full-width tilde, a collation "a" before "Z".
    const inOrder = ["10", "2", "Z", "a", "a", "a b", "é", "\uFF5E", "\u{1F600}"]
      .map((name, i) => newRoom(ada, { id: `room-${i}`, name }));
    for (const room of inOrder.toReversed()) await store.createRoom(room, draft(ada));
    const listed = inOrder.map((room) => ({ ...room, lastSeq: 1 }));
    assert.deepEqual(await store.listRooms(100), listed);
  });

  test("pages of any size cover the rooms once each, in order", async (store) => {
    const ada = await createUser(store);
    for (const name of ["a", "b", "b", "b", "c", "c", "d"]) await createRoom(store, ada, { name });
    const all = await store.listRooms(100);
    for (const size of [1, 2, 3, 7]) {
      const paged = [];
      let page = await store.listRooms(size);
      while (page.length > 0) {
        paged.push(...page);
        page = await store.listRooms(size, paged.at(-1));
      }
      assert.deepEqual(paged, all);
    }
  });

  test("a room's lastSeq is the end of its own log", async (store) => {
    const ada = await createUser(store);
    const [quiet, busy] = [await createRoom(store, ada), await createRoom(store, ada)];
    await store.append(busy.id, drafts(ada, 3));
    assert.equal((await store.findRoom(busy.slug))?.lastSeq, 4);
    const listed = await store.listRooms(10);
    assert.deepEqual(
      new Map(listed.map((room) => [room.id, room.lastSeq])),
      new Map([[quiet.id, 1], [busy.id, 4]]),
    );
  });

  test("a room shows its creator as they are now", async (store) => {
    const ada = await createUser(store);
    const room = await createRoom(store, ada);
    const renamed = await rename(store, ada);
    assert.deepEqual((await store.findRoom(room.id))?.createdBy, renamed);
    assert.deepEqual((await store.findRoom(room.slug))?.createdBy, renamed);
    assert.deepEqual((await store.listRooms(1))[0]?.createdBy, renamed);
  });

  test("an unknown room is null, and its log is empty", async (store) => {
    const ada = await createUser(store);
    await createRoom(store, ada);
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.findRoom(unknown), null);
      assert.equal(await store.head(unknown), 0);
      assert.deepEqual(await store.readAfter(unknown, 0, 10), []);
      assert.deepEqual(await store.readBefore(unknown, 10, 10), []);
      assert.equal(await store.findSeq(unknown, unknown), null);
    }
  });
}

function testAppend(test: Register): void {
  test("an append numbers its drafts onward from the head, in their order", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const first = drafts(ada, 3);
    const second = drafts(ada, 2);
    const messages = [
      ...await store.append(room.id, first),
      ...await store.append(room.id, second),
    ];
    const expected = [...first, ...second].map((sent, i) => stored(room.id, i + 2, sent));
    assert.deepEqual(messages, expected);
    assert.deepEqual(await store.readAfter(room.id, 1, 10), expected);
    assert.equal(await store.head(room.id), 6);
  });

  test("an append of nothing changes nothing", async (store) => {
    const { room } = await createRoomWithAda(store);
    assert.deepEqual(await store.append(room.id, []), []);
    assert.equal(await store.head(room.id), 1);
  });

  test("each room's log has numbers of its own", async (store) => {
    const ada = await createUser(store);
    const rooms = [await createRoom(store, ada), await createRoom(store, ada)];
    for (const room of rooms) {
      const [message] = await store.append(room.id, [draft(ada)]);
      assert.equal(message?.seq, 2);
    }
  });

  test("every text comes back as it was written", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 10 }), async (written) => {
        const before = await store.head(room.id);
        await store.append(room.id, written.map((text) => draft(ada, { text })));
        const read = await store.readAfter(room.id, before, written.length);
        assert.deepEqual(read.map((message) => message.text), written);
      }),
      { numRuns: 20 },
    );
  });

  test("a batch of two hundred keeps its order", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = drafts(ada, 200);
    const messages = await store.append(room.id, sent);
    assert.deepEqual(messages, sent.map((each, i) => stored(room.id, i + 2, each)));
    assert.deepEqual(await store.readAfter(room.id, 1, 500), messages);
  });

  test("two instances appending to one room leave no hole", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const stores = [store, await connect()];
    const returned = await Promise.all(stores.map(async (each) => {
      const messages: Message[] = [];
      for (let i = 0; i < 20; i++) {
        messages.push(...await each.append(room.id, drafts(ada, 1 + i % 3)));
      }
      return messages;
    }));
    const log = await store.readAfter(room.id, 1, 1000);
    assert.deepEqual(returned.flat().sort(bySeq), log);
    assert.deepEqual(seqs(log), range(2, log.length + 1));
  });

  test("many appends at once to several rooms leave no hole in any", async (store, connect) => {
    const ada = await createUser(store);
    const stores = [store, await connect()];
    const rooms = [await createRoom(store, ada), await createRoom(store, ada)];
    const returned = await Promise.all(
      range(0, 23).map((i) => pick(stores, i).append(pick(rooms, i >> 1).id, drafts(ada, 2))),
    );
    for (const room of rooms) {
      const log = await store.readAfter(room.id, 1, 1000);
      assert.deepEqual(seqs(log), range(2, 25));
      const own = returned.flat().filter((message) => message.roomId === room.id);
      assert.deepEqual(own.sort(bySeq), log);
    }
  });

  test("repeats in some rooms do not disturb what goes to others at once", async (store) => {
    const ada = await createUser(store);
    const rooms = await Promise.all(range(0, 9).map(() => createRoom(store, ada)));
    await Promise.all(rooms.map(async ({ id: roomId }, i) => {
      const [old] = await store.append(roomId, [draft(ada)]);
      const repeat = draft(ada, { clientMessageId: old!.clientMessageId });
      const [first, second] = [draft(ada), draft(ada)];
      const returned = await store.append(
        roomId,
        i % 3 === 0 ? [first, repeat, second] : [first, second],
      );
      const added = [stored(roomId, 3, first), stored(roomId, 4, second)];
      assert.deepEqual(returned, i % 3 === 0 ? [added[0], old, added[1]] : added);
      assert.deepEqual(await store.readAfter(roomId, 1, 10), [old, ...added]);
    }));
  });

  test("a repeated send is stored once and comes back as stored", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const first = draft(ada, { clientMessageId: "key" });
    const [original] = await store.append(room.id, [first]);
    const again = draft(ada, { clientMessageId: "key", text: "something else" });
    for (const each of [store, await connect()]) {
      assert.deepEqual(await each.append(room.id, [again]), [original]);
    }
    assert.deepEqual(await store.readAfter(room.id, 1, 10), [stored(room.id, 2, first)]);
  });

  test("sends that race with one clientMessageId are stored once", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const stores = [store, await connect()];
    const returned = await Promise.all(
      range(0, 9).map((i) =>
        pick(stores, i).append(room.id, [draft(ada, { clientMessageId: "key" })])
      ),
    );
    const log = await store.readAfter(room.id, 1, 10);
    assert.equal(log.length, 1);
    for (const messages of returned) assert.deepEqual(messages, log);
  });

  test("a clientMessageId is its sender's own, and its room's", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, elsewhere] = [await createUser(store), await createRoom(store, ada)];
    const key = { clientMessageId: "key" };
    await store.append(room.id, [draft(ada, key), draft(bob, key)]);
    await store.append(elsewhere.id, [draft(ada, key)]);
    assert.equal(await store.head(room.id), 3);
    assert.equal(await store.head(elsewhere.id), 2);
  });

  test("duplicates amid new drafts leave no hole and keep their places", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const old = await store.append(room.id, drafts(ada, 3));
    const repeats = old.map(({ clientMessageId }) => draft(ada, { clientMessageId }));
    const fresh = drafts(ada, 4);
    const mix = [fresh[0], repeats[2], fresh[1], repeats[0], repeats[1], fresh[2], fresh[3]];
    const messages = await store.append(room.id, mix.filter((each) => each !== undefined));
    const added = fresh.map((sent, i) => stored(room.id, i + 5, sent));
    assert.deepEqual(messages, [added[0], old[2], added[1], old[0], old[1], added[2], added[3]]);
    assert.deepEqual(await store.readAfter(room.id, 1, 10), [...old, ...added]);
  });

  test("a repeated opening is the one the room was created with", async (store) => {
    const ada = await createUser(store);
    const room = newRoom(ada);
    const opening = draft(ada, { system: true });
    await store.createRoom(room, opening);
    const again = draft(ada, { clientMessageId: opening.clientMessageId });
    assert.deepEqual(await store.append(room.id, [again]), [stored(room.id, 1, opening)]);
  });

  test("a repeated send shows its sender as they are now", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = draft(ada);
    await store.append(room.id, [sent]);
    const renamed = await rename(store, ada);
    const [message] = await store.append(room.id, [{ ...sent, id: newId() }]);
    assert.deepEqual(message, stored(room.id, 2, { ...sent, sender: renamed }));
  });

  test("whatever is appended at once, by whomever, makes one whole log", async (store, connect) => {
    const stores = [store, await connect()];
    const users = [await createUser(store), await createUser(store)];
    await fc.assert(
      fc.asyncProperty(fc.array(burst(), { minLength: 1, maxLength: 4 }), async (bursts) => {
        const room = await createRoom(store, pick(users, 0));
        const appends: { sent: MessageDraft[]; returned: Message[] }[] = [];
        for (const burst of bursts) {
          appends.push(
            ...await Promise.all(burst.map(async ({ instance, keys }) => {
              const sent = keys.map(({ user, key }) =>
                draft(pick(users, user), { clientMessageId: `key-${key}` })
              );
              return { sent, returned: await pick(stores, instance).append(room.id, sent) };
            })),
          );
        }
        checkLog(await store.readAfter(room.id, 1, 1000), appends);
      }),
      { numRuns: 30 },
    );
  });
}

/** Appends that run at once: each through one of two instances, with keys that others have too. */
function burst() {
  const key = fc.record({ user: fc.nat({ max: 1 }), key: fc.nat({ max: 7 }) });
  const keys = fc.uniqueArray(key, {
    selector: ({ user, key }) => `${user} ${key}`,
    minLength: 1,
    maxLength: 5,
  });
  return fc.array(fc.record({ instance: fc.nat({ max: 1 }), keys }), {
    minLength: 1,
    maxLength: 6,
  });
}

/** Holds a room's log, without its opening, against the appends that made it. */
function checkLog(log: Message[], appends: { sent: MessageDraft[]; returned: Message[] }[]): void {
  assert.deepEqual(seqs(log), range(2, log.length + 1));
  const byKey = new Map(log.map((message) => [sendKey(message), message]));
  assert.equal(byKey.size, log.length, "a key was stored twice");
  assert.deepEqual(
    new Set(byKey.keys()),
    new Set(appends.flatMap(({ sent }) => sent.map(sendKey))),
  );
  for (const { sent, returned } of appends) {
    assert.deepEqual(returned, sent.map((each) => byKey.get(sendKey(each))));
    const added = returned.filter((message, i) => message.id === sent[i]?.id);
    assert.deepEqual(added, added.toSorted(bySeq), "a batch lost its order");
  }
}

function testReads(test: Register): void {
  test("reads after and before a seq are slices of the log", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    await store.append(room.id, drafts(ada, 11));
    const log = await store.readAfter(room.id, 0, 100);
    assert.deepEqual(seqs(log), range(1, 12));
    const seq = fc.integer({ min: 0, max: 14 });
    const limit = fc.integer({ min: 1, max: 14 });
    await fc.assert(
      fc.asyncProperty(seq, limit, async (seq, limit) => {
        const later = log.filter((message) => message.seq > seq);
        assert.deepEqual(await store.readAfter(room.id, seq, limit), later.slice(0, limit));
        const earlier = log.filter((message) => message.seq < seq);
        assert.deepEqual(await store.readBefore(room.id, seq, limit), earlier.slice(-limit));
      }),
      { numRuns: 50, examples: [[0, 14], [1, 1], [12, 14], [13, 1]] },
    );
  });

  test("a read before the largest safe integer gives the log's end", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    await store.append(room.id, drafts(ada, 5));
    assert.deepEqual(seqs(await store.readBefore(room.id, Number.MAX_SAFE_INTEGER, 3)), [4, 5, 6]);
    assert.deepEqual(await store.readAfter(room.id, Number.MAX_SAFE_INTEGER, 3), []);
  });

  test("what one instance appended another reads", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const other = await connect();
    for (let i = 0; i < 5; i++) {
      const messages = await store.append(room.id, drafts(ada, 2));
      const last = messages.at(-1);
      assert.equal(await other.head(room.id), last?.seq);
      assert.deepEqual(await other.readAfter(room.id, 1 + 2 * i, 10), messages);
    }
  });

  test("messages show their sender as they are now", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store, { displayName: "Bob" });
    await store.append(room.id, [draft(ada), draft(bob)]);
    const renamed = await rename(store, ada);
    for (
      const messages of [
        await store.readAfter(room.id, 1, 10),
        await store.readBefore(room.id, 4, 2),
      ]
    ) {
      assert.deepEqual(messages.map((message) => message.sender), [renamed, publicUser(bob)]);
    }
  });

  test("heads are the ends of several rooms' logs, whoever wrote them", async (store, connect) => {
    const ada = await createUser(store);
    const [quiet, busy, other] = [
      await createRoom(store, ada),
      await createRoom(store, ada),
      await createRoom(store, ada),
    ];
    await (await connect()).append(busy.id, drafts(ada, 3));
    await store.append(other.id, drafts(ada, 1));
    assert.deepEqual(
      await store.heads([quiet.id, busy.id]),
      new Map([[quiet.id, 1], [busy.id, 4]]),
    );
  });

  test("heads leave out rooms that do not exist, and slugs", async (store) => {
    const { room } = await createRoomWithAda(store);
    const heads = await store.heads([...UNKNOWN_IDS, room.slug, room.id]);
    assert.deepEqual(heads, new Map([[room.id, 1]]));
  });

  test("heads of no rooms are none", async (store) => {
    await createRoomWithAda(store);
    assert.deepEqual(await store.heads([]), new Map());
  });

  test("heads of five hundred rooms come at once", async (store) => {
    const ada = await createUser(store);
    const rooms = await Promise.all(range(1, 500).map(() => createRoom(store, ada)));
    const ids = rooms.map(({ id }) => id);
    assert.deepEqual(new Set((await store.heads(ids)).keys()), new Set(ids));
  });

  test("a message's seq is found in its own room only", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const elsewhere = await createRoom(store, ada);
    const [message] = await store.append(room.id, [draft(ada)]);
    assert.ok(message);
    assert.equal(await store.findSeq(room.id, message.id), 2);
    assert.equal(await store.findSeq(elsewhere.id, message.id), null);
    assert.equal(await store.findSeq(room.id, message.clientMessageId), null);
  });
}

function testSessions(test: Register): void {
  test("a session is found as it was created", async (store) => {
    const session = await createSession(store);
    assert.deepEqual(await store.findSession(session.id), session);
  });

  test("a rotation is written whole", async (store) => {
    const session = await createSession(store);
    const rotation = rotationFrom(session.generation);
    assert.equal(await store.rotateSession(session.id, 0, rotation), true);
    assert.deepEqual(await store.findSession(session.id), { ...session, ...rotation });
  });

  test("of ten racing rotations exactly one wins", async (store, connect) => {
    const stores = [store, await connect()];
    const session = await createSession(store);
    const rotations = range(0, 9).map((i) => rotationFrom(0, i));
    const outcomes = await Promise.all(
      rotations.map((rotation, i) => pick(stores, i).rotateSession(session.id, 0, rotation)),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const winner = pick(rotations, outcomes.indexOf(true));
    assert.deepEqual(await store.findSession(session.id), { ...session, ...winner });
  });

  test("a rotation from an old generation writes nothing", async (store) => {
    const session = await createSession(store);
    const rotation = rotationFrom(0);
    await store.rotateSession(session.id, 0, rotation);
    assert.equal(await store.rotateSession(session.id, 0, rotationFrom(0, 1)), false);
    assert.deepEqual(await store.findSession(session.id), { ...session, ...rotation });
    assert.equal(await store.rotateSession(session.id, 1, rotationFrom(1)), true);
  });

  test("a session is revoked once", async (store, connect) => {
    const stores = [store, await connect()];
    const session = await createSession(store);
    const times = range(0, 9).map((i) => new Date(1_700_000_000_000 + i));
    const outcomes = await Promise.all(
      times.map((time, i) => pick(stores, i).revokeSession(session.id, time)),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const revokedAt = pick(times, outcomes.indexOf(true));
    assert.deepEqual(await store.findSession(session.id), { ...session, revokedAt });
    assert.equal(await store.revokeSession(session.id, new Date()), false);
  });

  test("a revoked session cannot be rotated", async (store) => {
    const session = await createSession(store);
    const revokedAt = new Date();
    await store.revokeSession(session.id, revokedAt);
    assert.equal(await store.rotateSession(session.id, 0, rotationFrom(0)), false);
    assert.deepEqual(await store.findSession(session.id), { ...session, revokedAt });
  });

  test("a revocation that races with rotations takes effect", async (store, connect) => {
    const other = await connect();
    const session = await createSession(store);
    const [revoked] = await Promise.all([
      store.revokeSession(session.id, new Date()),
      ...range(0, 4).map((i) => other.rotateSession(session.id, i, rotationFrom(i))),
    ]);
    assert.equal(revoked, true);
    const found = await store.findSession(session.id);
    assert.notEqual(found?.revokedAt, null);
    assert.equal(
      await store.rotateSession(session.id, found?.generation ?? 0, rotationFrom(9)),
      false,
    );
  });

  test("of several sessions the revoked ones are told", async (store, connect) => {
    const [kept, revoked, elsewhere, notAsked] = [
      await createSession(store),
      await createSession(store),
      await createSession(store),
      await createSession(store),
    ];
    await store.revokeSession(revoked.id, new Date());
    await (await connect()).revokeSession(elsewhere.id, new Date());
    await store.revokeSession(notAsked.id, new Date());
    const told = await store.revokedSessions([kept.id, revoked.id, elsewhere.id]);
    assert.deepEqual(new Set(told), new Set([revoked.id, elsewhere.id]));
    assert.equal(told.length, 2);
  });

  test("a session that was rotated and then revoked is told", async (store) => {
    const { id } = await createSession(store);
    await store.rotateSession(id, 0, rotationFrom(0));
    assert.deepEqual(await store.revokedSessions([id]), []);
    await store.revokeSession(id, new Date());
    assert.deepEqual(await store.revokedSessions([id]), [id]);
  });

  test("an expired and an unknown session were not revoked", async (store) => {
    const expired = await createSession(store, { expiresAt: new Date(Date.now() - 1) });
    assert.deepEqual(await store.revokedSessions([...UNKNOWN_IDS, expired.id]), []);
  });

  test("of no sessions none was revoked", async (store) => {
    const { id } = await createSession(store);
    await store.revokeSession(id, new Date());
    assert.deepEqual(await store.revokedSessions([]), []);
  });

  test("an expired session is not found", async (store) => {
    const session = await createSession(store, { expiresAt: new Date(Date.now() - 1) });
    assert.equal(await store.findSession(session.id), null);
  });

  test("an unknown session is null, and neither rotated nor revoked", async (store) => {
    await createSession(store);
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.findSession(unknown), null);
      assert.equal(await store.rotateSession(unknown, 0, rotationFrom(0)), false);
      assert.equal(await store.revokeSession(unknown, new Date()), false);
    }
  });
}

function testLifetime(test: Register): void {
  test("a restart keeps everything", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = draft(ada);
    const [message] = await store.append(room.id, [sent]);
    const session = await createSession(store);
    const log = await store.readAfter(room.id, 0, 10);
    await store.close();

    const restarted = await connect();
    assert.deepEqual(await restarted.findUser(ada.id), ada);
    assert.deepEqual(await restarted.findRoom(room.id), { ...room, lastSeq: 2 });
    assert.deepEqual(await restarted.readAfter(room.id, 0, 10), log);
    assert.deepEqual(await restarted.findSession(session.id), session);
    assert.deepEqual(await restarted.append(room.id, [{ ...sent, id: newId() }]), [message]);
    assert.deepEqual(seqs(await restarted.append(room.id, [draft(ada)])), [3]);
  });

  test("several stores may open an empty database at once", async (_, connect) => {
    const stores = await Promise.all([connect(), connect(), connect()]);
    const users = await Promise.all(stores.map((store) => createUser(store)));
    for (const user of users) assert.deepEqual(await pick(stores, 0).findUser(user.id), user);
  });

  test("an open store answers a ping and says what it is", async (store) => {
    await store.ping();
    assert.match(store.description, /^\w+ \(.+\)$/);
  });

  test("closing finishes the appends that have begun", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = drafts(ada, 5);
    const appended = store.append(room.id, sent);
    await store.close();
    const messages = await appended;
    assert.deepEqual(await (await connect()).readAfter(room.id, 1, 10), messages);
  });

  test("a closed store is unavailable, and closes again in peace", async (store) => {
    await store.close();
    await store.close();
    await assert.rejects(store.ping(), { name: "ChatError", code: "unavailable" });
    await assert.rejects(store.findUser(newId()), { name: "ChatError", code: "unavailable" });
  });
}

const UNKNOWN_IDS = ["", "unknown", "$ne", "a'b", "0".repeat(24)];
const CREATED = new Date("2026-01-01T12:34:56.789Z");

function newId(): string {
  return crypto.randomUUID();
}

function newUser(fields: Partial<User> = {}): User {
  return {
    id: newId(),
    email: `${newId()}@example.org`,
    passwordHash: "$2b$04$abcdefghijklmnopqrstuu",
    displayName: "Ada",
    avatarUrl: null,
    onboardingCompleted: false,
    createdAt: CREATED,
    updatedAt: CREATED,
    ...fields,
  };
}

async function createUser(store: Store, fields: Partial<User> = {}): Promise<User> {
  const user = newUser(fields);
  await store.createUser(user);
  return user;
}

/** Gives the user another name and avatar; returns what others now see of them. */
async function rename(store: Store, { id }: User) {
  const changes = { displayName: "Countess", avatarUrl: "https://example.org/countess.png" };
  const renamed = await store.updateUser(id, changes, new Date());
  assert.ok(renamed);
  return publicUser(renamed);
}

function newRoom(creator: User, fields: Partial<NewRoom> = {}): NewRoom {
  const id = fields.id ?? newId();
  return {
    id,
    name: "Engines",
    slug: `room-${id}`,
    description: null,
    createdBy: publicUser(creator),
    createdAt: CREATED,
    updatedAt: CREATED,
    ...fields,
  };
}

async function createRoom(
  store: Store,
  creator: User,
  fields: Partial<NewRoom> = {},
): Promise<NewRoom> {
  const room = newRoom(creator, fields);
  assert.equal(await store.createRoom(room, draft(creator)), true);
  return room;
}

async function createRoomWithAda(store: Store): Promise<{ room: NewRoom; ada: User }> {
  const ada = await createUser(store);
  return { room: await createRoom(store, ada), ada };
}

function draft(sender: User, fields: Partial<MessageDraft> = {}): MessageDraft {
  return {
    id: newId(),
    sender: publicUser(sender),
    text: "Hello",
    system: false,
    clientMessageId: newId(),
    createdAt: CREATED,
    ...fields,
  };
}

function drafts(sender: User, count: number): MessageDraft[] {
  return range(1, count).map((i) => draft(sender, { text: `Message ${i}` }));
}

/** The message that a draft becomes as entry `seq` of the room's log. */
function stored(roomId: string, seq: number, sent: MessageDraft): Message {
  return { ...sent, roomId, seq, updatedAt: sent.createdAt };
}

async function createSession(store: Store, fields: Partial<Session> = {}): Promise<Session> {
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
  await store.createSession(session);
  return session;
}

/** The rotation from a generation to the next; `variant` tells rivals apart. */
function rotationFrom(generation: number, variant = 0) {
  return {
    generation: generation + 1,
    rotations: [{ generation, at: new Date(CREATED.getTime() + variant) }],
    expiresAt: new Date(Date.now() + 7_200_000 + variant),
  };
}

function sendKey({ sender, clientMessageId }: Pick<Message, "sender" | "clientMessageId">): string {
  return `${sender.id} ${clientMessageId}`;
}

function bySeq(a: Message, b: Message): number {
  return a.seq - b.seq;
}

function seqs(messages: Message[]): number[] {
  return messages.map((message) => message.seq);
}

/** The integers from `first` to `last`, both included. */
function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** The item at `index`, which wraps around. */
function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  assert.ok(item !== undefined);
  return item;
}
