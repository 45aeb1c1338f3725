/** The store conformance suite on the embedded store. */
// @slow: the whole conformance suite
import { testStore } from "./conformance/store/store.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

testStore("SQLite", async () => {
  const folder = await Deno.makeTempDir();
  return {
    connect: () => openSqlite(`${folder}/test.db`),
    drop: () => Deno.remove(folder, { recursive: true }),
  };
}, 10_000);
