/** What entries change of their room beside the log, on every store: members, bans, mutes, settings. */
import assert from "node:assert/strict";
import { type Role, STRANGER } from "../../../src/domain/membership.ts";
import { type NewRoom, OPEN_RULES } from "../../../src/domain/room.ts";
import type { User } from "../../../src/domain/user.ts";
import { publicUser } from "../../../src/domain/user.ts";
import type { MemberQuery } from "../../../src/ports/store/members.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import { until } from "../../harness/stage.ts";
import { edit } from "./change_drafts.ts";
import {
  CREATED,
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  newId,
  notice,
  type Register,
  UNKNOWN_IDS,
  write,
} from "./fixtures.ts";

export function testRoomChanges(test: Register): void {
  test("entries make members, change their roles and end their membership", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const rolesAfter = async (...change: Parameters<typeof notice>) => {
      await write(store, room.id, notice(...change));
      return await rolesOf(store, room, ada, bob);
    };
    assert.deepEqual(await rolesAfter(ada, "member_added", [bob]), ["owner", "member"]);
    assert.deepEqual(await rolesAfter(ada, "member_role", [bob], { role: "moderator" }), [
      "owner",
      "moderator",
    ]);
    assert.deepEqual(await rolesAfter(ada, "member_removed", [bob]), ["owner", undefined]);
    assert.deepEqual(await rolesAfter(ada, "member_added", [bob], { role: "moderator" }), [
      "owner",
      "moderator",
    ]);
    assert.deepEqual(await rolesAfter(bob, "member_left", [bob]), ["owner", undefined]);
  });

  test("who is added has read up to the entry that adds them, and keeps that in a new role", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await write(store, room.id, creation(draft(ada)), notice(ada, "member_added", [bob]));
    await write(store, room.id, notice(ada, "member_role", [bob], { role: "owner" }));
    const { role, readSeq } = (await store.members.find(bob.id, [room.id])).get(room.id)!;
    assert.deepEqual([role, readSeq], ["owner", 3]);
  });

  test("a ban ends the membership, lasts as long as it says, and lifting it restores nothing", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await store.members.join(room.id, bob.id);
    const until = new Date(Date.now() + 60 * 60_000);
    const banned = { until: until.toISOString(), reason: "Spam" };
    await write(store, room.id, notice(ada, "member_banned", [bob], banned));
    const standing = { ...STRANGER, ban: { until, reason: "Spam" } };
    assert.deepEqual(await standingOf(store, room, bob), standing);
    assert.deepEqual(await store.members.find(bob.id, [room.id]), new Map());
    assert.equal(await store.members.setRead(room.id, bob.id, 1, false), null);
    await write(store, room.id, notice(ada, "member_unbanned", [bob]));
    assert.ok(isNobody(await standingOf(store, room, bob)));
  });

  test("public rooms are not listed for who is banned from them", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const after = { name: room.name, id: "", lastMessageAt: null };
    const isListed = async () => {
      const rooms = await store.rooms.list(bob.id, { limit: 1_000, after });
      return rooms.some(({ id }) => id === room.id);
    };
    assert.equal(await isListed(), true);
    await write(store, room.id, notice(ada, "member_banned", [bob]));
    assert.equal(await isListed(), false);
    const over = { until: new Date(Date.now() - 1).toISOString() };
    await write(store, room.id, notice(ada, "member_banned", [bob], over));
    assert.equal(await isListed(), true);
  });

  test("the banned do not join, and do once the ban is over", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const ban = async (until?: Date) => {
      const data = until ? { until: until.toISOString() } : {};
      await write(store, room.id, notice(ada, "member_banned", [bob], data));
      await store.members.join(room.id, bob.id);
      return (await store.members.find(bob.id, [room.id])).has(room.id);
    };
    assert.equal(await ban(), false);
    assert.equal(await ban(new Date(Date.now() + 60 * 60_000)), false);
    assert.equal(await ban(new Date(Date.now() - 1)), true);
    assert.equal((await store.rooms.find(room.id))?.memberCount, 2);
  });

  test("nobody joins a private or direct room, nor one that does not exist", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    for (const type of ["private", "direct"] as const) {
      const room = await createRoom(store, ada, { type });
      await store.members.join(room.id, bob.id);
      assert.equal(await standingOf(store, room, bob), undefined);
    }
    for (const unknown of UNKNOWN_IDS) await store.members.join(unknown, bob.id);
  });

  test("a mute stays through leaving and coming back, until it is lifted", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await store.members.join(room.id, bob.id);
    await write(store, room.id, notice(ada, "member_muted", [bob], { reason: "Caps" }));
    const mute = { until: null, reason: "Caps" };
    await store.members.leave(room.id, bob.id);
    assert.deepEqual(await standingOf(store, room, bob), { ...STRANGER, mute });
    await store.members.join(room.id, bob.id);
    assert.deepEqual(await standingOf(store, room, bob), { ...STRANGER, role: "member", mute });
    await write(store, room.id, notice(ada, "member_unmuted", [bob]));
    assert.deepEqual(await standingOf(store, room, bob), { ...STRANGER, role: "member" });
  });

  test("members leave without an entry, moderators and owners do not", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, cleo] = [await createUser(store), await createUser(store)];
    await store.members.join(room.id, bob.id);
    await write(store, room.id, notice(ada, "member_added", [cleo], { role: "moderator" }));
    for (const { id } of [ada, bob, cleo, bob]) await store.members.leave(room.id, id);
    assert.deepEqual(await rolesOf(store, room, ada, bob, cleo), ["owner", undefined, "moderator"]);
    assert.equal((await store.rooms.find(room.id))?.memberCount, 2);
  });

  test("members are counted, whatever becomes of them, each once", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [bob, cleo] = [await createUser(store), await createUser(store)];
    const countAfter = async (...change: Parameters<typeof notice>) => {
      await write(store, room.id, notice(...change));
      return (await store.rooms.find(room.id))?.memberCount;
    };
    assert.equal(await countAfter(ada, "member_added", [bob, cleo]), 3);
    assert.equal(await countAfter(ada, "member_role", [bob], { role: "moderator" }), 3);
    assert.equal(await countAfter(ada, "member_banned", [bob]), 2);
    assert.equal(await countAfter(ada, "member_banned", [bob]), 2);
    assert.equal(await countAfter(ada, "member_unbanned", [bob]), 2);
    assert.equal(await countAfter(ada, "member_removed", [cleo]), 1);
    assert.equal(await countAfter(ada, "member_removed", [cleo]), 1);
  });

  test("the entries of one append change a room in their order", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await write(
      store,
      room.id,
      notice(ada, "member_added", [bob]),
      notice(ada, "member_role", [bob], { role: "owner" }),
      creation(draft(bob)),
      notice(bob, "member_removed", [ada]),
      notice(bob, "member_muted", [ada]),
    );
    assert.deepEqual(await rolesOf(store, room, ada, bob), [undefined, "owner"]);
    assert.deepEqual((await standingOf(store, room, ada))?.mute, { until: null, reason: null });
  });

  test("an append that is refused changes nothing of the room", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const end = await store.log.end(room.id);
    await write(store, room.id, creation(draft(ada)));
    const refused = await store.log.append(room.id, end, [notice(ada, "member_added", [bob])]);
    assert.deepEqual(refused, []);
    assert.equal(await standingOf(store, room, bob), undefined);
  });

  test("other instances see what an append has made of the room", async (store, connect) => {
    const other = await connect();
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    for (const [i, type] of (["member_added", "member_removed"] as const).entries()) {
      await write([store, other][i]!, room.id, notice(ada, type, [bob]));
      for (const each of [store, other]) {
        assert.equal((await rolesOf(each, room, bob))[0], i === 0 ? "member" : undefined);
      }
    }
  });

  test("an entry sets what it names of the settings, and the rest stays", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const at = new Date(CREATED.getTime() + 1_000);
    const set = (changes: object, createdAt = at) =>
      write(store, room.id, notice(ada, "room_updated", [], { changes }, { createdAt }));
    await set({ name: "Looms", slowModeSeconds: 10, archived: true, metadata: { "a.b": 1 } });
    const found = await store.rooms.find(room.id);
    const expected = {
      ...room,
      name: "Looms",
      slowModeSeconds: 10,
      archivedAt: at,
      metadata: { "a.b": 1 },
      updatedAt: at,
      lastSeq: 2,
      lastMessageAt: at,
    };
    assert.deepEqual(found, expected);
    const last = new Date(at.getTime() + 1_000);
    const rest = { postPolicy: "moderators", archived: false, metadata: null, description: "New" };
    await set(rest, last);
    assert.deepEqual(await store.rooms.find(room.slug), {
      ...expected,
      postPolicy: "moderators",
      archivedAt: null,
      metadata: null,
      description: "New",
      updatedAt: last,
      lastSeq: 3,
      lastMessageAt: last,
    });
    const { rules } = (await store.members.standings(room.id, []))!;
    assert.deepEqual(rules, {
      ...OPEN_RULES,
      postPolicy: "moderators",
      slowMode: { seconds: 10, since: 2 },
    });
  });

  test("what slow mode counts is in the standing of its sender, and stays through leaving", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await write(
      store,
      room.id,
      notice(ada, "room_updated", [], { changes: { slowModeSeconds: 5 } }),
    );
    await store.members.join(room.id, bob.id);
    const message = draft(bob);
    const [sent] = await write(store, room.id, creation(message, { isSlow: true }));
    await write(store, room.id, creation(draft(bob)));
    const lastSend = { seq: sent!.seq, at: message.createdAt };
    assert.deepEqual(await standingOf(store, room, bob), { ...STRANGER, role: "member", lastSend });
    assert.equal(await store.members.leave(room.id, bob.id), true);
    assert.deepEqual(await standingOf(store, room, bob), { ...STRANGER, lastSend });
  });

  test("a message makes its sender a member who has read up to it, unless they are one", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const [joined] = await write(store, room.id, creation(draft(bob), { joins: true }));
    await write(store, room.id, creation(draft(ada)));
    const { role, readSeq } = (await store.members.find(bob.id, [room.id])).get(room.id)!;
    assert.deepEqual([role, readSeq], ["member", joined!.seq]);
    assert.equal((await store.rooms.find(room.id))?.memberCount, 2);
    await write(store, room.id, notice(ada, "member_role", [bob], { role: "moderator" }));
    await write(store, room.id, creation(draft(bob), { joins: true }));
    assert.equal((await store.members.find(bob.id, [room.id])).get(room.id)?.role, "moderator");
    assert.equal((await store.rooms.find(room.id))?.memberCount, 2);
  });

  test("slow mode counts what a stranger sends, before they are a member", async (store) => {
    const { room } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const [sent] = await write(store, room.id, creation(draft(bob), { isSlow: true }));
    assert.equal((await standingOf(store, room, bob))?.lastSend?.seq, sent!.seq);
    await store.members.join(room.id, bob.id);
    assert.equal((await standingOf(store, room, bob))?.lastSend?.seq, sent!.seq);
    assert.equal((await store.rooms.find(room.id))?.memberCount, 2);
  });

  test("slow mode that is set to 0 is off", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    for (const slowModeSeconds of [5, 0]) {
      await write(
        store,
        room.id,
        notice(ada, "room_updated", [], { changes: { slowModeSeconds } }),
      );
    }
    assert.equal((await store.members.standings(room.id, []))!.rules.slowMode, null);
  });

  test("a deleted room is found no more, its log is, and its slug stays taken", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await store.members.join(room.id, bob.id);
    const [last] = await write(store, room.id, notice(ada, "room_deleted", []));
    for (const key of [room.id, room.slug]) {
      assert.equal(await store.rooms.find(key), null);
      assert.equal(await store.rooms.describe(key), null);
    }
    assert.equal(await store.members.standings(room.id, [ada.id]), null);
    assert.deepEqual(await store.members.find(bob.id, [room.id]), new Map());
    const before = { name: room.name, id: "" };
    const after = { ...before, lastMessageAt: null };
    const listed = await store.rooms.list(ada.id, { limit: 1_000, after });
    assert.ok(!listed.some(({ id }) => id === room.id));
    assert.equal((await store.log.end(room.id)).seq, last!.seq);
    assert.deepEqual(await store.rooms.takenSlugs([room.slug]), [room.slug]);
    await store.members.join(room.id, bob.id);
    assert.deepEqual(await store.members.find(bob.id, [room.id]), new Map());
  });

  test("what a deleted room held is deleted a minute later, all but its last entry", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await store.members.join(room.id, bob.id);
    const createdAt = new Date(Date.now() - 10 * 60_000);
    const [message] = await write(store, room.id, creation(draft(ada, { mentions: [bob.id] })));
    await write(store, room.id, edit(message!.message, { text: "New" }));
    const kept = await createRoom(store, ada);
    const [last] = await write(store, room.id, notice(ada, "room_deleted", [], {}, { createdAt }));
    await until(async () => {
      await store.repair();
      const left = await store.log.entriesAfter(room.id, 0, 10);
      return left.length === 1 && left[0]!.id === last!.id;
    }, "its entries are gone");
    assert.deepEqual(await store.messages.find(room.id, [message!.id]), []);
    assert.deepEqual(await store.messages.earlierTexts(room.id, message!.id), []);
    assert.equal((await store.log.entriesAfter(kept.id, 0, 10)).length, 1);
    assert.deepEqual(await store.rooms.takenSlugs([room.slug]), [room.slug]);
  });

  test("one member is found, and nobody who is none", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    assert.equal((await store.members.get(room.id, ada.id))?.role, "owner");
    for (const id of [bob.id, ...UNKNOWN_IDS]) {
      assert.equal(await store.members.get(room.id, id), null);
    }
  });

  test("who is banned or muted now is listed by their ids, page by page", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const users = await Promise.all([1, 2, 3].map(() => createUser(store)));
    const over = { until: new Date(Date.now() - 1).toISOString() };
    await write(
      store,
      room.id,
      notice(ada, "member_banned", users.slice(0, 2), { reason: "Spam" }),
      notice(ada, "member_banned", users.slice(2), over),
      notice(ada, "member_muted", users.slice(2)),
    );
    const ids = users.slice(0, 2).map(({ id }) => id).sort();
    const [first] = await store.members.restricted(room.id, "ban", { limit: 1 });
    assert.deepEqual([first?.user.id, first?.until, first?.reason], [ids[0], null, "Spam"]);
    const rest = await store.members.restricted(room.id, "ban", { limit: 5, after: ids[0] });
    assert.deepEqual(rest.map(({ user }) => user.id), ids.slice(1));
    const muted = await store.members.restricted(room.id, "mute", { limit: 5 });
    assert.deepEqual(muted.map(({ user }) => user.id), [users[2]!.id]);
  });

  test("standings are of those who are asked for, and null without the room", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await store.members.join(room.id, bob.id);
    const { standings } = (await store.members.standings(room.id, [ada.id, ...UNKNOWN_IDS]))!;
    const owner = { ...STRANGER, role: "owner" };
    assert.deepEqual(standings, new Map([[ada.id, owner]]));
    for (const id of UNKNOWN_IDS) assert.equal(await store.members.standings(id, [ada.id]), null);
  });

  test("pages of members of any size cover them once each, in the order in which they joined", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const added = await Promise.all([1, 2, 3, 4, 5].map(() => createUser(store)));
    const at = (seconds: number) => new Date(CREATED.getTime() + seconds * 1_000);
    await write(
      store,
      room.id,
      notice(ada, "member_added", added.slice(0, 3), {}, { createdAt: at(2) }),
      notice(ada, "member_added", added.slice(3), { role: "moderator" }, { createdAt: at(1) }),
      notice(ada, "member_muted", added.slice(0, 1), { reason: "Caps" }),
    );
    const idsOf = (users: User[]) => users.map(({ id }) => id).sort();
    const expected = [ada.id, ...idsOf(added.slice(3)), ...idsOf(added.slice(0, 3))];
    for (const size of [1, 2, 3, 7]) assert.deepEqual(await pagesOf(store, room, size), expected);
    const moderators = await pagesOf(store, room, 1, { role: "moderator" });
    assert.deepEqual(moderators, idsOf(added.slice(3)));
    const all = await store.members.list(room.id, { limit: 10 });
    assert.deepEqual(all.find(({ user }) => user.id === added[0]!.id), {
      user: publicUser(added[0]!),
      role: "member",
      joinedAt: at(2),
      mute: { until: null, reason: "Caps" },
    });
    assert.deepEqual(await store.members.list(newId(), { limit: 10 }), []);
  });

  test("members are found by the beginnings of their names' words", async (store) => {
    const ada = await createUser(store, { displayName: "Ada Lovelace" });
    const room = await createRoom(store, ada);
    const eloise = await createUser(store, { displayName: "Éloïse d'Ada" });
    await store.members.join(room.id, eloise.id);
    const found = async (name: string) => await pagesOf(store, room, 1, { name });
    assert.deepEqual(await found("ad"), [ada.id, eloise.id]);
    assert.deepEqual(await found("LOVE a"), [ada.id]);
    assert.deepEqual(await found("eloi"), [eloise.id]);
    assert.deepEqual(await found("da"), []);
  });
}

async function standingOf(store: Store, room: NewRoom, user: User) {
  return (await store.members.standings(room.id, [user.id]))!.standings.get(user.id);
}

async function rolesOf(store: Store, room: NewRoom, ...users: User[]) {
  return await Promise.all(users.map(async ({ id }): Promise<Role | undefined> => {
    return (await store.members.find(id, [room.id])).get(room.id)?.role;
  }));
}

/** Whether the room has nothing to say of somebody; some stores keep that in writing. */
function isNobody(standing: Awaited<ReturnType<typeof standingOf>>): boolean {
  return Object.values(standing ?? {}).every((each) => each === null);
}

/** The ids of all members, read in pages. */
async function pagesOf(
  store: Store,
  room: NewRoom,
  size: number,
  query: Partial<MemberQuery> = {},
): Promise<string[]> {
  const ids: string[] = [];
  let page = await store.members.list(room.id, { ...query, limit: size });
  while (page.length > 0) {
    ids.push(...page.map(({ user }) => user.id));
    const { user, joinedAt } = page.at(-1)!;
    const after = { userId: user.id, joinedAt };
    page = await store.members.list(room.id, { ...query, limit: size, after });
  }
  return ids;
}
