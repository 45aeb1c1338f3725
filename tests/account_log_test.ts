/** What items of accounts tell, as it is when they are read. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { AccountLog } from "../src/services/account_log.ts";
import { createRoom, createUser, notice, write } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

Deno.test("an item shows nothing of a room as it is after the user's removal", async () => {
  const folder = await Deno.makeTempDir();
  const store = await openSqlite(`${folder}/echoroom.db`);
  const [ada, bob] = [await createUser(store), await createUser(store)];
  const room = await createRoom(store, ada, { type: "private" });
  await write(store, room.id, notice(ada, "member_added", [bob]));
  const rooms: SqliteStore["rooms"] = {
    ...store.rooms,
    async findAll(ids) {
      const changes = { name: "About Bob" };
      await write(
        store,
        room.id,
        notice(ada, "member_removed", [bob]),
        notice(ada, "room_updated", [], { changes }),
      );
      return await store.rooms.findAll(ids);
    },
  };
  const { accounts, members, users } = store;
  const log = new AccountLog({ accounts, members, users, rooms }, new InProcessBus());
  const page = await log.changesSince(bob.id, 0, 10);
  assert.deepEqual(page.items, []);
  const next = await log.changesSince(bob.id, page.lastSeq, 10);
  assert.deepEqual(next.items.map(({ type }) => type), ["room_removed"]);
  log.close();
  await store.close();
  await Deno.remove(folder, { recursive: true });
});
