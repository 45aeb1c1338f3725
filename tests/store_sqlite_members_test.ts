/** Rooms of very many members in the embedded database. */
// @slow: ten thousand members
import assert from "node:assert/strict";
import type { MemberCursor } from "../src/ports/store/members.ts";
import { createRoom, createUser, newUser, notice, write } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const MEMBERS = 10_000;
/** Whom one entry adds at most. */
const ADDED_AT_ONCE = 100;

Deno.test("10,000 members are counted and listed once each, page by page, while some leave", async () => {
  const folder = await Deno.makeTempDir();
  const store = await openSqlite(`${folder}/echoroom.db`);
  const ada = await createUser(store);
  const { id: roomId } = await createRoom(store, ada);
  const users = Array.from({ length: MEMBERS - 1 }, (_, i) => {
    return newUser({ displayName: i % 1_000 === 0 ? `Bob ${i}` : `Member ${i}` });
  });
  await Promise.all(users.map((user) => store.users.create(user)));
  for (let i = 0; i < users.length; i += ADDED_AT_ONCE) {
    await write(store, roomId, notice(ada, "member_added", users.slice(i, i + ADDED_AT_ONCE)));
  }
  assert.equal((await store.rooms.find(roomId))?.memberCount, MEMBERS);
  const named = await store.members.list(roomId, { limit: 20, name: "bob" });
  assert.equal(named.length, 10);

  const listed: string[] = [];
  let after: MemberCursor | undefined;
  for (let page = 0;; page++) {
    const members = await store.members.list(roomId, { limit: 100, after });
    if (members.length === 0) break;
    const { joinedAt, user } = members.at(-1)!;
    listed.push(...members.map(({ user }) => user.id));
    // The last one of a page: the next must begin behind them all the same.
    if (page % 10 === 0 && user.id !== ada.id) await store.members.leave(roomId, user.id);
    after = { joinedAt, userId: user.id };
  }
  assert.equal(listed.length, MEMBERS);
  assert.deepEqual(new Set(listed), new Set([ada, ...users].map(({ id }) => id)));
  assert.equal((await store.rooms.find(roomId))?.memberCount, MEMBERS - 10);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});
