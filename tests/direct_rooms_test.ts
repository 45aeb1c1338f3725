/** Private and direct rooms, blocks and preferences on the embedded store, and the limit of blocks. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { blockUser } from "../src/application/accounts/block_user.ts";
import { MAX_BLOCKS } from "../src/domain/block.ts";
import { publicUser } from "../src/domain/user.ts";
import { AccountLog } from "../src/services/account_log.ts";
import { testDirectRooms } from "./conformance/direct_rooms.ts";
import { createUser, range } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { SQLITE } from "./harness/stores.ts";

testDirectRooms(SQLITE);

Deno.test("who has blocked as many users as they may repeats a block, and blocks nobody else", async () => {
  const folder = await Deno.makeTempDir();
  const store = await openSqlite(`${folder}/echoroom.db`);
  const accountLog = new AccountLog(store, new InProcessBus());
  try {
    const ada = await createUser(store);
    const others = await Promise.all(range(0, MAX_BLOCKS).map(() => createUser(store)));
    const actor = { userId: ada.id, sessionId: "session", user: publicUser(ada) };
    const block = ({ id }: { id: string }) => blockUser(actor, { accountLog, store }, id);
    const [last, ...blocked] = others;
    await Promise.all(blocked.map(block));
    await block(blocked[0]!);
    await assert.rejects(block(last!), { code: "limit_reached" });
    assert.equal(await store.blocks.count(ada.id), MAX_BLOCKS);
  } finally {
    accountLog.close();
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
});
