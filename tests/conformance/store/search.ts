/** The index that messages are found by, on every store. */
import assert from "node:assert/strict";
import type { Message } from "../../../src/domain/message.ts";
import type { User } from "../../../src/domain/user.ts";
import type {
  IndexedMessage,
  IndexPart,
  IndexPlace,
  IndexQuery,
} from "../../../src/ports/store/search.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import {
  append,
  createRoom,
  createRoomWithAda,
  createUser,
  draft,
  headOf,
  newDirect,
  newId,
  notice,
  range,
  type Register,
  UNKNOWN_IDS,
  write,
} from "./fixtures.ts";

const MANY = 60;

export function testSearch(test: Register, testAlone: Register): void {
  test("messages are found by all of their terms, newest first, by whom they are of and what they have", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const [a, b, c] = newWords();
    const messages = await send(store, room.id, ada, 2);
    messages.push(...await send(store, room.id, bob, 1));
    await index(
      store,
      room.id,
      messages,
      ([[a, b], [b], [a, b, c]] as string[][])
        .map((terms, i) => ({ terms, has: i === 0 ? ["link"] : ["file", "link"] })),
    );
    const found = async (query: Partial<IndexQuery>) => {
      const { places, next } = await store.search.find({
        userId: bob.id,
        terms: [b],
        limit: 10,
        ...query,
      });
      assert.equal(next, null);
      return places.map(({ seq }) => messages.findIndex((each) => each.seq === seq));
    };
    assert.deepEqual(await found({}), [2, 1, 0]);
    assert.deepEqual(await found({ terms: [a, b] }), [2, 0]);
    assert.deepEqual(await found({ terms: [c, a, b] }), [2]);
    assert.deepEqual(await found({ terms: [newId()] }), []);
    assert.deepEqual(await found({ senderId: ada.id }), [1, 0]);
    assert.deepEqual(await found({ has: "file" }), [2, 1]);
    assert.deepEqual(await found({ has: "link", senderId: bob.id, roomId: room.id }), [2]);
    const { id: other } = await createRoom(store, ada);
    assert.deepEqual(await found({ roomId: other }), []);
    for (const unknown of UNKNOWN_IDS) {
      assert.deepEqual(await found({ roomId: unknown }), []);
      assert.deepEqual(await found({ senderId: unknown }), []);
    }
    assert.deepEqual(await found({ since: messages[1]!.createdAt }), [2, 1]);
    assert.deepEqual(await found({ before: messages[1]!.createdAt }), [0]);
    assert.deepEqual(
      await found({ since: messages[1]!.createdAt, before: messages[2]!.createdAt }),
      [1],
    );
  });

  test("terms of any script are told apart, and no term is read as an expression", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const terms = [
      "日本",
      "本",
      "한국",
      "แมว",
      "שלום",
      "سلام",
      "हिन्दी",
      "a…",
      "AND",
      "or",
      "not",
      "near",
    ];
    const messages = await send(store, room.id, ada, terms.length);
    await index(store, room.id, messages, terms.map((term) => ({ terms: [term, "x"] })));
    for (const [i, term] of terms.entries()) {
      const query = { userId: ada.id, roomId: room.id, terms: [term, "x"], limit: 10 };
      const { places } = await store.search.find(query);
      assert.deepEqual(places.map(({ seq }) => seq), [messages[i]!.seq], term);
    }
    for (const odd of ['"', "*", "a*", "-x", "(x", "x)", "^x", "{x}", "NEAR(x", "$x", "a'b"]) {
      await store.search.find({ userId: ada.id, terms: [odd, "x"], limit: 10 });
    }
  });

  test("messages of private rooms are found by their members, of public ones by who is not banned", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const open = await createRoom(store, ada);
    const closed = await createRoom(store, ada, { type: "private" });
    const two = newDirect(ada, bob);
    assert.ok(await store.rooms.create(two, [notice(ada, "room_created", [ada])]));
    const [word] = newWords();
    for (const { id } of [open, closed, two]) {
      await index(store, id, await send(store, id, ada, 1), [{ terms: [word] }]);
    }
    const rooms = async ({ id: userId }: User) => {
      const { places } = await store.search.find({ userId, terms: [word], limit: 10 });
      return new Set(places.map(({ roomId }) => roomId));
    };
    const stranger = await createUser(store);
    assert.deepEqual(await rooms(ada), new Set([open.id, closed.id, two.id]));
    assert.deepEqual(await rooms(bob), new Set([open.id, two.id]));
    assert.deepEqual(await rooms(stranger), new Set([open.id]));
    await write(store, closed.id, notice(ada, "member_added", [bob]));
    await write(store, open.id, notice(ada, "member_banned", [bob]));
    assert.deepEqual(await rooms(bob), new Set([closed.id, two.id]));
    await write(store, closed.id, notice(ada, "member_removed", [bob]));
    assert.deepEqual(await rooms(bob), new Set([two.id]));
    await write(store, open.id, notice(ada, "room_deleted", []));
    assert.deepEqual(await rooms(stranger), new Set());
  });

  test("a message that is indexed again is found by its new terms, at its moment, and one that is removed by none", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [old, fresh, third] = newWords();
    const messages = await send(store, room.id, ada, 2);
    const [first, second] = messages as [Message, Message];
    await index(store, room.id, messages, [{ terms: [old] }, { terms: [old] }]);
    const edited = { ...indexed(first), changedSeq: 9, terms: [fresh, third], at: new Date() };
    const removed = [{ messageId: second.id, seq: second.seq, changedSeq: 9 }];
    const head = await headOf(store, room.id);
    await send(store, room.id, ada, 1);
    await accept(store, part(room.id, head, { messages: [edited], removed }));
    const places = async (term: string) => {
      return (await store.search.find({ userId: ada.id, terms: [term], limit: 10 })).places;
    };
    assert.deepEqual(await places(old), []);
    const expected = { roomId: room.id, messageId: first.id, seq: first.seq, at: first.createdAt };
    assert.deepEqual(await places(fresh), [expected]);
    assert.deepEqual(await places(third), [expected]);
  });

  test(
    "a part is added where the index of its room ends, whoever adds it",
    async (store, connect) => {
      const other = await connect();
      const { room, ada } = await createRoomWithAda(store);
      const [word] = newWords();
      const [first, second] = await send(store, room.id, ada, 2) as [Message, Message];
      assert.deepEqual(await store.search.progress([room.id, "unknown"]), new Map());
      const at = new Date(Date.UTC(2026, 1, 1));
      const parts = (message: Message, from: number, terms: string[]) => [
        {
          ...part(room.id, from, { messages: [{ ...indexed(message), terms }] }),
          to: { seq: message.seq, at },
        },
      ];
      assert.deepEqual(await store.search.index(parts(first, 0, [word])), new Set([room.id]));
      assert.deepEqual(await other.search.index(parts(first, 0, [newId()])), new Set());
      assert.deepEqual(await other.search.index(parts(second, 1, [newId()])), new Set());
      const progress = new Map([[room.id, { seq: first.seq, at }]]);
      assert.deepEqual(await other.search.progress([room.id]), progress);
      assert.deepEqual(
        await other.search.index(parts(second, first.seq, [word])),
        new Set([room.id]),
      );
      const { places } = await store.search.find({ userId: ada.id, terms: [word], limit: 10 });
      assert.deepEqual(places.map(({ seq }) => seq), [second.seq, first.seq]);
    },
  );

  test("a room whose index is begun again takes its messages once more", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [word] = newWords();
    const messages = await send(store, room.id, ada, 2);
    await index(store, room.id, messages, messages.map(() => ({ terms: [word] })));
    const seq = (await store.search.progress([room.id])).get(room.id)!.seq;
    const start = { seq: 0, at: new Date(0) };
    await accept(store, { roomId: room.id, from: seq, to: start, messages: [], removed: [] });
    await accept(
      store,
      part(room.id, 0, {
        messages: messages.map((each) => ({ ...indexed(each), terms: [word] })),
      }),
    );
    const { places } = await store.search.find({ userId: ada.id, terms: [word], limit: 10 });
    assert.deepEqual(places.map(({ seq }) => seq), messages.map(({ seq }) => seq).toReversed());
  });

  test("a deleted room takes no part, and its index is where it should be", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [word] = newWords();
    const messages = await send(store, room.id, ada, 1);
    await write(store, room.id, notice(ada, "room_deleted", []));
    assert.ok(!(await store.search.roomsAfter("", 10_000)).includes(room.id));
    await index(store, room.id, messages, [{ terms: [word] }]);
    assert.deepEqual(
      (await store.search.find({ userId: ada.id, terms: [word], limit: 10 })).places,
      [],
    );
  });

  test("what one call does not look at the next ones do, each message once, also of one moment", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const closed = await createRoom(store, bob, { type: "private" });
    const [word] = newWords();
    const at = (i: number) => new Date(Date.UTC(2026, 2, 1) + Math.floor(i / 7));
    const drafts = (sender: User) =>
      range(0, MANY - 1).map((i) => draft(sender, { createdAt: at(i) }));
    const messages = await append(store, room.id, drafts(ada));
    const hidden = await append(store, closed.id, drafts(bob));
    await index(store, room.id, messages, messages.map(() => ({ terms: [word] })));
    await index(store, closed.id, hidden, hidden.map(() => ({ terms: [word] })));
    for (const limit of [1, 10, MANY, 1_000]) {
      const found: IndexPlace[] = [];
      let before: Date | undefined;
      let calls = 0;
      do {
        const query = { userId: ada.id, terms: [word], limit, before };
        const { places, next } = await store.search.find(query);
        const enough = Math.min(limit, MANY - found.length);
        assert.ok(places.length >= enough);
        assert.ok(next === null || places.every(({ at }) => at >= next));
        found.push(...places);
        calls++;
        before = next ?? undefined;
      } while (before && found.length < MANY);
      assert.equal(calls > 1, limit < MANY);
      const times = found.map(({ at }) => at.getTime());
      assert.deepEqual(times, times.toSorted((a, b) => b - a));
      const seqs = found.map(({ seq }) => seq).toSorted((a, b) => a - b);
      assert.deepEqual(seqs, messages.map(({ seq }) => seq));
    }
  });

  test(
    "one of several may index what others have left, until its time is over",
    async (store, connect) => {
      const other = await connect();
      const [now, later] = [new Date(), new Date(Date.now() + 60_000)];
      const [a, b] = [newId(), newId()];
      const after = new Date(later.getTime() + 1);
      assert.equal(await store.search.claim(a, now, later), true);
      assert.equal(await other.search.claim(b, now, later), false);
      assert.equal(await store.search.claim(a, now, later), true);
      assert.equal(await other.search.claim(b, after, new Date(after.getTime() + 1)), true);
    },
  );

  testAlone(
    "rooms are listed by id, and an index that is cleared is made from the beginning",
    async (store, connect) => {
      const { room, ada } = await createRoomWithAda(store);
      const rooms = [room.id, (await createRoom(store, ada)).id].toSorted();
      assert.deepEqual(await store.search.roomsAfter("", 10), rooms);
      assert.deepEqual(await store.search.roomsAfter("", 1), [rooms[0]]);
      assert.deepEqual(await store.search.roomsAfter(rooms[0]!, 10), [rooms[1]]);
      const messages = await send(store, room.id, ada, 3);
      await index(store, room.id, messages, messages.map(() => ({ terms: ["old", "word"] })));
      await (await connect()).search.clear();
      assert.deepEqual(await store.search.progress([room.id]), new Map());
      const find = async (term: string) => {
        const { places } = await store.search.find({ userId: ada.id, terms: [term], limit: 10 });
        return places.map(({ messageId }) => messageId);
      };
      assert.deepEqual(await find("word"), []);
      await index(store, room.id, messages, messages.map(() => ({ terms: ["word"] })));
      assert.deepEqual(await find("word"), messages.map(({ id }) => id).toReversed());
      assert.deepEqual(await find("old"), []);
    },
  );
}

function newWords(): [string, string, string] {
  const word = () => newId().replaceAll("-", "");
  return [word(), word(), word()];
}

/** Messages of moments that rise. */
async function send(store: Store, roomId: string, sender: User, count: number): Promise<Message[]> {
  const start = Date.UTC(2026, 0, 1) + 1_000 * await headOf(store, roomId);
  const at = (i: number) => new Date(start + 1_000 * i);
  return await append(
    store,
    roomId,
    range(1, count).map((i) => draft(sender, { createdAt: at(i) })),
  );
}

function indexed({ id, seq, changedSeq, createdAt, sender }: Message): IndexedMessage {
  return { messageId: id, seq, changedSeq, at: createdAt, senderId: sender.id, has: [], terms: [] };
}

/** The entry after `from` as a part, with these contents. */
function part(roomId: string, from: number, contents: Partial<IndexPart>): IndexPart {
  const to = { seq: from + 1, at: new Date(Date.UTC(2026, 0, 1)) };
  return { roomId, from, to, messages: [], removed: [], ...contents };
}

/** Indexes messages as what follows in the room's log. */
async function index(
  store: Store,
  roomId: string,
  messages: readonly Message[],
  fields: readonly Partial<IndexedMessage>[],
): Promise<void> {
  const from = (await store.search.progress([roomId])).get(roomId)?.seq ?? 0;
  const last = messages.at(-1)!;
  await accept(store, {
    ...part(roomId, from, {
      messages: messages.map((each, i) => ({ ...indexed(each), ...fields[i] })),
    }),
    to: { seq: last.seq, at: last.createdAt },
  });
}

async function accept(store: Store, part: IndexPart): Promise<void> {
  assert.deepEqual(await store.search.index([part]), new Set([part.roomId]));
}
