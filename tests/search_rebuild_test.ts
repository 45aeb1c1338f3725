/** `deno task search rebuild`: the index of search is made again, whatever has become of it. */
// @slow: starts processes
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SearchIndexer } from "../src/services/search_indexer.ts";
import { createRoomWithAda, creation, draft, range, write } from "./conformance/store/fixtures.ts";
import { request } from "./harness/account.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { onStage, until } from "./harness/stage.ts";

const ROOT = new URL("..", import.meta.url).pathname;

Deno.test("a damaged index stops no start, and is made again", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const path = `${DATA_DIR}/echoroom.db`;
  const store = await openSqlite(path);
  const { ada, room } = await createRoomWithAda(store);
  const texts = range(1, 300).map((i) => creation(draft(ada, { text: `word ${i}` })));
  await write(store, room.id, ...texts);
  await new SearchIndexer(store).indexRest();
  await store.close();
  damage(path);
  const find = async () => {
    const reopened = await openSqlite(path);
    try {
      return (await reopened.search.find({ userId: ada.id, terms: ["word"], limit: 1_000 })).places
        .length;
    } finally {
      await reopened.close();
    }
  };
  await assert.rejects(find(), { code: "unavailable" });
  const { code, output } = await run(["rebuild"], { DATA_DIR });
  assert.deepEqual([code, output], [
    0,
    "The index of search is complete: 301 messages of 1 rooms\n",
  ]);
  assert.equal(await find(), 300);
});

Deno.test("the index is made again beside a running server, which goes on", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id: roomId } = await ada.createRoom("Words");
    const say = (text: string) => ada.request("POST", `/rooms/${roomId}/messages`, { text });
    const count = async () => (await ada.request("GET", "/search?q=again")).body.results.length;
    await say("again 1");
    await until(async () => await count() === 1, "it is found");
    const { DATA_DIR } = stage.server.settings;
    const running = run(["rebuild"], { DATA_DIR: DATA_DIR! });
    await say("again 2");
    const { code, output } = await running;
    assert.equal(code, 0, output);
    assert.match(output, /^The index of search is complete: \d messages of 1 rooms\n$/);
    await say("again 3");
    await until(async () => await count() === 3, "all are found");
    assert.equal((await request(stage.server.url, "GET", "/ready")).status, 200);
  }));

Deno.test("the command says in one line what is wrong, and makes no database", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const missing = await run(["rebuild"], { DATA_DIR });
  assert.equal(missing.code, 1);
  assert.match(
    missing.output,
    /^The index of search is not complete: DATA_DIR is .* no database.*\n$/,
  );
  assert.deepEqual(await Array.fromAsync(Deno.readDir(DATA_DIR)), []);
  for (const args of [[], ["build"], ["rebuild", "now"]]) {
    const { code, output } = await run(args, { DATA_DIR });
    assert.equal(code, 2);
    assert.match(output, /^Say what to do: deno task search rebuild; .*\n$/);
  }
  const help = await run(["--help"], { DATA_DIR });
  assert.equal(help.code, 0);
  assert.match(help.output, /^Usage: deno task search rebuild\n/);
});

/** Takes blocks out of the index, as a defect would. */
function damage(path: string): void {
  // The types lack the option, without which SQLite protects these tables.
  using db = new DatabaseSync(path, { defensive: false } as never);
  const { changes } = db.prepare("DELETE FROM search_terms_data WHERE id > 1000").run();
  assert.ok(changes > 0);
}

/** Runs the command as its task does, in a folder without a `.env`. */
async function run(args: string[], env: Record<string, string>) {
  const permissions = ["net", "read", "write", "env", "sys", "ffi"].map((each) =>
    `--allow-${each}`
  );
  const command = join(ROOT, "commands", "search.ts");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, `--config=${join(ROOT, "deno.json")}`, command, ...args],
    cwd: await Deno.makeTempDir(),
    env: { ...env, NO_COLOR: "1" },
  }).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
