/** Users in an embedded database that is damaged. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Statements } from "../src/adapters/store/sqlite/statements.ts";
import { SqliteUsers } from "../src/adapters/store/sqlite/users.ts";
import { newUser, range } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const COUNT = 1_000;

Deno.test("a search that meets a damaged page fails, and does not find those before it alone", async () => {
  const path = `${await Deno.makeTempDir()}/test.db`;
  const store = await openSqlite(path);
  const names = range(1, COUNT).map((i) => `ada${String(i).padStart(4, "0")}`);
  await Promise.all(names.map((displayName) => store.users.create(newUser({ displayName }))));
  const found = await store.users.search(["ada"], COUNT, true);
  assert.deepEqual(found.map(({ displayName }) => displayName), names);
  await store.close();
  using db = new DatabaseSync(path);
  const users = new SqliteUsers(new Statements(db));
  damageLastPageOf("user_words", db, path);
  assert.equal(users.search(["ada"], 10, true).length, 10);
  assert.throws(() => users.search(["ada"], COUNT, true), { errcode: 11 });
});

/** Overwrites the last leaf of a table's tree, of which its root, the only other page, is in memory. */
function damageLastPageOf(table: string, db: DatabaseSync, path: string): void {
  const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(table)!;
  const { page_size } = db.prepare("PRAGMA page_size").get()!;
  const [root, size] = [Number(rootpage), Number(page_size)];
  using file = Deno.openSync(path, { read: true, write: true });
  const page = new Uint8Array(size);
  file.seekSync((root - 1) * size, Deno.SeekMode.Start);
  file.readSync(page);
  assert.equal(page[0], 2, "an interior page of an index");
  const last = new DataView(page.buffer).getUint32(8);
  file.seekSync((last - 1) * size, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(size).fill(0xff));
}
