/** The store conformance suite on the embedded store. */
// @slow: the whole conformance suite
import { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { testStore } from "./conformance/store/store.ts";

testStore("SQLite", async () => {
  const folder = await Deno.makeTempDir();
  return {
    connect: () => SqliteStore.open(`${folder}/test.db`),
    drop: () => Deno.remove(folder, { recursive: true }),
  };
}, 10_000);
