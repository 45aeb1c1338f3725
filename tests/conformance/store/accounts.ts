/** What every store must do with the accounts' streams. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type AccountItem, keyOf } from "../../../src/domain/account.ts";
import type { User } from "../../../src/domain/user.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import { until } from "../../harness/stage.ts";
import {
  createRoom,
  createRoomWithAda,
  createUser,
  notice,
  range,
  type Register,
  rename,
  UNKNOWN_IDS,
  write,
} from "./fixtures.ts";

const UNTOUCHED = { notifications: "all", hidden: false } as const;

export function testAccounts(test: Register): void {
  test("a new account has no number", async (store) => {
    const ada = await createUser(store);
    assert.equal(await store.accounts.lastSeq(ada.id), 0);
    assert.deepEqual(await store.accounts.itemsAfter(ada.id, 0, 10), {
      items: [],
      lastSeq: 0,
      hasMore: false,
    });
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.accounts.settle(unknown), false);
      assert.equal(await store.accounts.lastSeq(unknown), 0);
    }
  });

  test("who creates a room, joins one or is added to it has an item of it", async (store) => {
    const [ada, bob, cleo] = await createUsers(store, 3);
    const room = await createRoom(store, ada!);
    await store.members.join(room.id, bob!.id);
    await write(store, room.id, notice(ada!, "member_added", [cleo!], { role: "moderator" }));
    const expected = [["owner", 1], ["member", 1], ["moderator", 2]];
    for (const [i, { id }] of [ada!, bob!, cleo!].entries()) {
      const [role, readSeq] = expected[i]!;
      const [item, ...others] = await itemsOf(store, id);
      assert.deepEqual(item, {
        seq: 1,
        type: "room",
        roomId: room.id,
        membership: { ...UNTOUCHED, role, readSeq },
      });
      assert.deepEqual(others, []);
    }
  });

  test("what a member wants of a room is an item, numbered when it changes", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const first = await onlyItem(store, ada);
    await store.members.setPreferences(room.id, ada.id, { notifications: "none" });
    const second = await onlyItem(store, ada);
    await store.members.setPreferences(room.id, ada.id, { hidden: true });
    const third = await onlyItem(store, ada);
    assert.ok(first.seq < second.seq && second.seq < third.seq);
    assert.deepEqual(third, {
      seq: third.seq,
      type: "room",
      roomId: room.id,
      membership: { role: "owner", readSeq: 1, notifications: "none", hidden: true },
    });
  });

  test("whom a user blocks is an item, which says so once it is lifted", async (store) => {
    const [ada, bob] = await createUsers(store, 2);
    await store.blocks.set(ada!.id, bob!.id, true);
    const { seq, ...item } = await onlyItem(store, ada!);
    assert.deepEqual(item, { type: "block", userId: bob!.id, blocked: true });
    await store.blocks.set(ada!.id, bob!.id, true);
    assert.equal((await onlyItem(store, ada!)).seq, seq);
    await store.blocks.set(ada!.id, bob!.id, false);
    const { seq: later, ...lifted } = await onlyItem(store, ada!);
    assert.deepEqual(lifted, { type: "block", userId: bob!.id, blocked: false });
    assert.ok(later > seq);
    assert.deepEqual(await itemsOf(store, bob!.id), []);
    await store.blocks.set(ada!.id, bob!.id, true);
    assert.equal(await store.blocks.isBetween([bob!.id, ada!.id]), true);
  });

  test("a membership that changes gets a higher number, and keeps one item", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await store.members.join(room.id, bob.id);
    const first = await onlyItem(store, bob);
    await write(store, room.id, notice(ada, "member_role", [bob], { role: "owner" }));
    const second = await onlyItem(store, bob);
    assert.ok(second.seq > first.seq);
    assert.equal(second.type === "room" && second.membership.role, "owner");
    assert.deepEqual(await store.accounts.itemsAfter(bob.id, second.seq, 10), {
      items: [],
      lastSeq: second.seq,
      hasMore: false,
    });
  });

  test("a membership that ends leaves an item that says why", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, cleo, dan, eve] = await createUsers(store, 4);
    const reasons: [User, string][] = [
      [bob!, "left"],
      [cleo!, "kicked"],
      [dan!, "banned"],
      [eve!, "left"],
    ];
    for (const [user] of reasons) {
      await store.members.join(room.id, user.id);
      assert.equal((await onlyItem(store, user)).type, "room");
    }
    await store.members.leave(room.id, bob!.id);
    await write(
      store,
      room.id,
      notice(ada, "member_removed", [cleo!]),
      notice(ada, "member_banned", [dan!]),
      notice(eve!, "member_left", [eve!]),
    );
    for (const [user, reason] of reasons) {
      const { seq, ...item } = await onlyItem(store, user);
      assert.deepEqual(item, { type: "room_removed", roomId: room.id, reason });
      await write(store, room.id, notice(ada, "member_added", [user]));
      const back = await onlyItem(store, user);
      assert.ok(back.type === "room" && back.seq > seq);
    }
  });

  test("a deleted room is an item of all who were in it, and gets no other", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, cleo] = await createUsers(store, 2);
    await store.members.join(room.id, bob!.id);
    await store.accounts.settle(bob!.id);
    await store.accounts.settle(ada.id);
    await write(store, room.id, notice(ada, "room_deleted", []));
    for (const user of [ada, bob!]) {
      const { seq: _, ...item } = await onlyItem(store, user);
      assert.deepEqual(item, { type: "room_removed", roomId: room.id, reason: "deleted" });
    }
    await store.members.join(room.id, bob!.id);
    await store.members.join(room.id, cleo!.id);
    assert.equal((await onlyItem(store, bob!)).type, "room_removed");
    assert.equal(await store.accounts.lastSeq(cleo!.id), 0);
  });

  test("what does not touch a membership is no item of the account", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const before = await store.accounts.lastSeq(ada.id);
    await store.members.join(room.id, ada.id);
    await store.members.leave(room.id, bob.id);
    await write(
      store,
      room.id,
      notice(ada, "member_muted", [ada]),
      notice(ada, "room_updated", [], { changes: { name: "Looms" } }),
      notice(ada, "member_banned", [bob]),
      notice(ada, "member_unbanned", [bob]),
    );
    assert.equal(await store.accounts.lastSeq(ada.id), before);
    assert.equal(await store.accounts.lastSeq(bob.id), 0);
  });

  test("a changed profile gets a number each time, and keeps one item", async (store) => {
    const ada = await createUser(store);
    for (const times of [1, 2]) {
      await rename(store, ada);
      const { seq, ...item } = await onlyItem(store, ada);
      assert.deepEqual(item, { type: "profile" });
      assert.equal(seq, times);
    }
  });

  test("a changed role on the server is a changed profile", async (store) => {
    const ada = await createUser(store);
    await store.users.setRole(ada.id, "admin");
    const { seq, ...item } = await onlyItem(store, ada);
    assert.deepEqual([seq, item], [1, { type: "profile" }]);
    await store.users.setBan(ada.id, null);
    await settled(store, ada);
    assert.equal(await store.accounts.lastSeq(ada.id), 1);
  });

  test("a read position gets its number when it is settled, and no number if it stays", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const before = await store.accounts.lastSeq(ada.id);
    await store.members.setRead(room.id, ada.id, 7, false);
    await settled(store, ada);
    const page = await store.accounts.itemsAfter(ada.id, before, 10);
    const seq = page.lastSeq;
    assert.deepEqual(page.items, [{ seq, type: "read", roomId: room.id, readSeq: 7 }]);
    await store.members.setRead(room.id, ada.id, 7, false);
    await store.members.setRead(room.id, ada.id, 3, false);
    await settled(store, ada);
    assert.equal(await store.accounts.lastSeq(ada.id), seq);
    await store.members.setRead(room.id, ada.id, 3, true);
    await settled(store, ada);
    const [back] = (await store.accounts.itemsAfter(ada.id, seq, 10)).items;
    assert.equal(back?.type === "read" && back.readSeq, 3);
  });

  test("of read positions that follow each other at once the last gets a number", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    for (const seq of range(2, 9)) {
      await store.members.setRead(room.id, ada.id, seq, false);
      await store.accounts.settle(ada.id);
    }
    await settled(store, ada);
    const items = await itemsOf(store, ada.id);
    assert.deepEqual(items.map(({ type }) => type), ["room", "read"]);
    assert.equal(items[1]?.type === "read" && items[1].readSeq, 9);
  });

  test("who joins again, or is added again, has a new item of their read position", async (store) => {
    const [ada, bob, cleo] = await createUsers(store, 3);
    const room = await createRoom(store, ada!);
    for (const member of [bob!, cleo!]) {
      await store.members.join(room.id, member.id);
      await store.members.setRead(room.id, member.id, 9, false);
      await settled(store, member);
      await store.members.leave(room.id, member.id);
    }
    const before = await store.accounts.lastSeq(bob!.id);
    assert.equal(await store.accounts.lastSeq(cleo!.id), before);
    await store.members.join(room.id, bob!.id);
    await write(store, room.id, notice(ada!, "member_added", [cleo!], { role: "member" }));
    for (const [member, readSeq] of [[bob!, 1], [cleo!, 2]] as const) {
      await settled(store, member);
      const { items } = await store.accounts.itemsAfter(member.id, before, 10);
      const read = items.find(({ type }) => type === "read");
      assert.deepEqual(read, { seq: read?.seq, type: "read", roomId: room.id, readSeq });
    }
  });

  test("a page looks at as many numbers as it may, and says whether there are more", async (store) => {
    const ada = await createUser(store);
    const ids: string[] = [];
    for (const _ of range(1, 5)) ids.push((await createRoom(store, ada)).id);
    await store.accounts.lastSeq(ada.id);
    const found: string[] = [];
    let [after, hasMore, pages] = [0, true, 0];
    while (hasMore) {
      const page = await store.accounts.itemsAfter(ada.id, after, 2);
      for (const item of page.items) found.push(keyOf(item));
      ({ lastSeq: after, hasMore } = page);
      pages++;
    }
    assert.deepEqual(found.toSorted(), ids.map((id) => `room:${id}`).toSorted());
    assert.equal(pages, 3);
  });

  test("accounts that have gone on are told from those that have not", async (store) => {
    const [ada, bob, cleo] = await createUsers(store, 3);
    const room = await createRoom(store, ada!);
    const position = await store.accounts.lastSeq(ada!.id);
    const positions = () => new Map([[ada!.id, position], [bob!.id, 0], [cleo!.id, 0]]);
    assert.deepEqual(await store.accounts.changedAfter(positions()), []);
    await store.members.join(room.id, bob!.id);
    await store.accounts.settle(bob!.id);
    assert.deepEqual(await store.accounts.changedAfter(positions()), [bob!.id]);
    assert.deepEqual(await store.accounts.changedAfter(new Map([[ada!.id, 0]])), [ada!.id]);
    assert.deepEqual(await store.accounts.changedAfter(new Map()), []);
  });

  test("changes whose instance died before they had numbers are numbered by a repair", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    await rename(store, ada);
    await store.members.setRead(room.id, ada.id, 4, false);
    await until(async () => {
      await store.repair();
      return (await store.accounts.itemsAfter(ada.id, 0, 10)).items.length === 3;
    }, "a repair numbers the changes");
  });

  test(
    "changes of one account on several instances at once all get numbers of their own",
    async (store, connect) => {
      const stores = [store, await connect()];
      const [ada, bob] = await createUsers(store, 2);
      const rooms = [];
      for (const _ of range(1, 6)) rooms.push(await createRoom(store, ada!));
      await Promise.all(rooms.map(async ({ id }, i) => {
        const own = stores[i % 2]!;
        await own.members.join(id, bob!.id);
        await own.accounts.settle(bob!.id);
        await own.members.leave(id, bob!.id);
        await own.accounts.settle(bob!.id);
      }));
      const items = await itemsOf(store, bob!.id);
      const expected = rooms.map(({ id }) => `room:${id}`).toSorted();
      assert.deepEqual(items.map(keyOf).toSorted(), expected);
      assert.ok(items.every(({ type }) => type === "room_removed"));
      const seqs = items.map(({ seq }) => seq);
      assert.deepEqual(seqs, [...new Set(seqs)].toSorted((a, b) => a - b));
    },
  );

  test(
    "whoever recovers from any number in pages of any size ends with the account's state",
    async (store, connect) => {
      const stores = [store, await connect()];
      const [ada, bob] = await createUsers(store, 2);
      const rooms = [await createRoom(store, ada!), await createRoom(store, ada!)];
      const readers = [new Reader(), new Reader()];
      const where = { room: fc.nat(1), instance: fc.nat(1) };
      const action = fc.oneof(
        fc.record({ kind: fc.constantFrom("join", "leave", "kick", "promote"), ...where }),
        fc.record({ kind: fc.constant("read"), seq: fc.integer({ min: 1, max: 9 }), ...where }),
        fc.record({ kind: fc.constant("rename"), ...where }),
        fc.record({ kind: fc.constant("settle"), ...where }),
        fc.record({
          kind: fc.constant("recover"),
          reader: fc.nat(1),
          limit: fc.integer({ min: 1, max: 3 }),
          ...where,
        }),
      );
      const act = async (each: ValueOf<typeof action>) => {
        const [own, { id }] = [stores[each.instance]!, rooms[each.room]!];
        if ("reader" in each) return await readers[each.reader]!.recover(own, bob!.id, each.limit);
        if ("seq" in each) {
          return void await own.members.setRead(
            id,
            bob!.id,
            each.seq,
            each.seq < 5,
          );
        }
        if (each.kind === "join") return await own.members.join(id, bob!.id);
        if (each.kind === "leave") return await own.members.leave(id, bob!.id);
        if (each.kind === "kick") {
          return void await write(
            own,
            id,
            notice(ada!, "member_removed", [bob!]),
          );
        }
        if (each.kind === "promote") {
          return void await write(
            own,
            id,
            notice(ada!, "member_added", [bob!], { role: "moderator" }),
          );
        }
        if (each.kind === "rename") return void await rename(own, bob!);
        await own.accounts.settle(bob!.id);
      };
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(action, { maxLength: 3 }), { maxLength: 6 }),
          async (steps) => {
            for (const together of steps) {
              // Entries of one room by two instances at once would be refused.
              const [first, ...others] = together;
              await Promise.all([
                ...(first ? [act(first)] : []),
                ...others.filter(({ kind }) => kind !== "kick" && kind !== "promote").map(act),
              ]);
            }
            await settled(store, bob!);
            const expected = await new Reader().recover(store, bob!.id, 100);
            for (const [i, reader] of readers.entries()) {
              assert.deepEqual(await reader.recover(stores[i]!, bob!.id, 1 + i), expected);
            }
            const roomIds = rooms.map(({ id }) => id);
            const memberships = await store.members.find(bob!.id, roomIds);
            for (const roomId of roomIds) {
              const item = expected.get(`room:${roomId}`);
              const shown = item?.type === "room" ? item.membership : undefined;
              assert.deepEqual(shown, memberships.get(roomId));
            }
          },
        ),
        { numRuns: 12 },
      );
    },
  );
}

type ValueOf<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** What a client knows of an account, and how far it has read the stream. */
class Reader {
  readonly #items = new Map<string, AccountItem>();
  #cursor = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Reads what is missing, page by page; returns what is known then, by key. */
  recover(...request: [store: Store, userId: string, limit: number]) {
    const recovered = this.#last.then(() => this.#recover(...request));
    this.#last = recovered;
    return recovered;
  }

  async #recover(store: Store, userId: string, limit: number): Promise<Map<string, AccountItem>> {
    await store.accounts.lastSeq(userId);
    for (let hasMore = true; hasMore;) {
      const page = await store.accounts.itemsAfter(userId, this.#cursor, limit);
      for (const item of page.items) {
        assert.ok(item.seq > this.#cursor && item.seq <= page.lastSeq);
        this.#items.set(keyOf(item), item);
      }
      this.#cursor = page.lastSeq;
      hasMore = page.hasMore;
    }
    return new Map([...this.#items].flatMap(([key, item]) => {
      if (item.type === "room_removed") return [];
      // How far one has read a room matters as long as one is a member.
      if (item.type === "read" && this.#items.get(`room:${item.roomId}`)?.type !== "room") {
        return [];
      }
      return item.type === "room" ? [[key, withReadSeq(item, this.#items)]] : [[key, item]];
    }));
  }
}

/** A room with the read position of the newer of its two items. */
function withReadSeq(
  room: AccountItem & { type: "room" },
  items: ReadonlyMap<string, AccountItem>,
): AccountItem {
  const read = items.get(`read:${room.roomId}`);
  if (read?.type !== "read" || read.seq < room.seq) return room;
  return { ...room, membership: { ...room.membership, readSeq: read.readSeq } };
}

/** The account's items, once it is settled. */
async function itemsOf(store: Store, userId: string): Promise<AccountItem[]> {
  await store.accounts.lastSeq(userId);
  return (await store.accounts.itemsAfter(userId, 0, 100)).items;
}

async function onlyItem(store: Store, { id }: User): Promise<AccountItem> {
  const items = await itemsOf(store, id);
  assert.equal(items.length, 1);
  return items[0]!;
}

/** Resolves once nothing of the account waits for its number. */
function settled(store: Store, { id }: User): Promise<void> {
  return until(async () => !await store.accounts.settle(id), "nothing waits for its number");
}

function createUsers(store: Store, count: number): Promise<User[]> {
  return Promise.all(range(1, count).map(() => createUser(store)));
}
