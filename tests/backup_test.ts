/** `deno task backup` and `deno task restore`, as processes beside real servers. */
// @slow: starts many processes
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { Account } from "./harness/account.ts";
import { kill } from "./harness/kill.ts";
import { runMain, type ServerProcess, spawnServer } from "./harness/server.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

Deno.test("a backup of a busy server holds everything acked before it, and is whole", async () => {
  const server = await spawnServer();
  const ada = await Account.register(server.url, "Ada");
  const rooms = ["one"];
  await ada.createRoom("one");
  let stop = false;
  const writing = (async () => {
    while (!stop) await ada.createRoom(`room ${rooms.push("")}`);
  })();
  const before = rooms.length;
  const file = await freshPath();
  const { code, output } = await run("backup", [file], settingsOf(server));
  stop = true;
  await writing;
  assert.equal(code, 0, output);
  assert.match(
    output,
    /^Backed up .*echoroom\.db to .*: .*1 users, \d+ rooms, \d+ messages; .*\n$/,
  );
  using copy = new DatabaseSync(file, { readOnly: true });
  assert.deepEqual({ ...copy.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  const held = Number(copy.prepare("SELECT count(*) AS n FROM rooms").get()?.n);
  assert.ok(held >= before, `${held} of ${before}`);
  const { mode } = await Deno.stat(file);
  assert.equal(mode! & 0o777, 0o600, "password hashes are for the owner only");
  assert.deepEqual(await namesIn(dirname(file)), ["copy.db"], "nothing is left beside it");
  await server.stop();
});

Deno.test("a backup overwrites a file only with --force, and never the database", async () => {
  const server = await spawnServer();
  const file = await freshPath();
  await Deno.writeTextFile(file, "precious");
  const refused = await run("backup", [file], settingsOf(server));
  assert.equal(refused.code, 1);
  assert.match(refused.output, /^The backup failed: .* exists; .* --force .*\n$/);
  assert.equal(await Deno.readTextFile(file), "precious");
  assert.equal((await run("backup", [file, "--force"], settingsOf(server))).code, 0);
  new DatabaseSync(file).close();
  const missing = await run("backup", [`${file}.missing/copy.db`], settingsOf(server));
  assert.equal(missing.code, 1);
  assert.match(
    missing.output,
    /^The backup failed: there is no folder \/.*\.missing; create it.*\n$/,
  );
  const self = await run("backup", [databaseOf(server), "--force"], settingsOf(server));
  assert.equal(self.code, 1);
  assert.match(self.output, /is the database itself/);
  await server.stop();
});

Deno.test("a backup never takes a name of the database's own files", async () => {
  const server = await spawnServer();
  const ada = await Account.register(server.url, "Ada");
  for (const suffix of ["-wal", "-shm", "-journal", ".lock", ".restoring"]) {
    const own = [databaseOf(server) + suffix, "--force"];
    const { code, output } = await run("backup", own, settingsOf(server));
    assert.equal(code, 1);
    assert.match(output, /^The backup failed: .* is a name of the database's own files; .*\n$/);
  }
  await ada.createRoom("still stored");
  await server.stop();
});

Deno.test("a restore brings back a backup after the server was killed", async () => {
  const first = await spawnServer();
  const ada = await Account.register(first.url, "Ada");
  await ada.createRoom("kept");
  const file = await freshPath();
  await run("backup", [file], settingsOf(first));
  for (let i = 0; i < 20; i++) await ada.createRoom(`lost ${i}`);
  first.kill("SIGKILL");
  await first.ended;
  const { size } = await Deno.stat(`${databaseOf(first)}-wal`);
  assert.ok(size > 0, "there is a log that could be replayed into the copy");

  const { code, output } = await run("restore", [file], settingsOf(first));
  assert.equal(code, 0, output);
  const former = output.match(/the former database is (.*)\n$/)![1]!;
  const second = await spawnServer(first.settings);
  const { body } = await new AccountView(second.url, ada.token).rooms();
  assert.deepEqual(body.rooms.map(({ name }: { name: string }) => name), ["kept"]);
  await second.stop();
  using old = new DatabaseSync(former);
  assert.equal(old.prepare("SELECT count(*) AS n FROM rooms").get()?.n, 21, "kept, log included");
  using db = new DatabaseSync(databaseOf(first));
  assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
});

Deno.test("a restore is refused while a server runs, which keeps running", async () => {
  const server = await spawnServer();
  const file = await freshPath();
  await run("backup", [file], settingsOf(server));
  const { code, output } = await run("restore", [file], settingsOf(server));
  assert.equal(code, 1);
  assert.match(output, /^The restore failed: .* is in use; stop the server.*\n$/);
  await Account.register(server.url, "Ada");
  await server.stop();
});

Deno.test("a restore is refused while anything else has the database open", async () => {
  const { file, settings, path } = await stoppedServer();
  const shell = new DatabaseSync(path);
  shell.prepare("SELECT count(*) FROM rooms").get();
  const { code, output } = await run("restore", [file], settings);
  assert.equal(code, 1);
  assert.match(output, /is in use/);
  shell.close();
  assert.equal((await run("restore", [file], settings)).code, 0);
});

for (
  const [fault, spoil, reason] of [
    ["is damaged", (file) => overwrite(file, 5_000, 20_000), /cannot be restored: .*/],
    ["is cut off", (file) => Deno.truncateSync(file, 30_000), /cannot be restored: .*/],
    [
      "is no database",
      (file) => Deno.writeTextFileSync(file, "This is no database. ".repeat(1_000)),
      /cannot be restored: file is not a database/,
    ],
    [
      "is another program's database",
      (file) => {
        Deno.removeSync(file);
        using db = new DatabaseSync(file);
        db.exec("CREATE TABLE songs (title)");
      },
      /cannot be restored: it is not an EchoRoom database/,
    ],
    [
      "is of a newer release",
      (file) => {
        using db = new DatabaseSync(file);
        db.exec("PRAGMA user_version = 99");
      },
      /its tables are of version 99, newer .*; restore it with the newer EchoRoom/,
    ],
    ["is a folder", (file) => {
      Deno.removeSync(file);
      Deno.mkdirSync(file);
    }, /^The restore failed: .* is not a file; choose a backup/],
    ["is missing", (file) => Deno.removeSync(file), /there is no file/],
  ] satisfies [string, (file: string) => void, RegExp][]
) {
  Deno.test(`a copy that ${fault} is not restored, and the database stays as it was`, async () => {
    const { file, settings, path } = await stoppedServer();
    const before = await Deno.readFile(path);
    spoil(file);
    const { code, output } = await run("restore", [file], settings);
    assert.equal(code, 1);
    assert.match(output, reason);
    assert.equal(output.trim().split("\n").length, 1, output);
    assert.deepEqual(await Deno.readFile(path), before);
    const names = (await namesIn(dirname(path))).filter((name) => /restoring|replaced/.test(name));
    assert.deepEqual(names, [], "nothing is left behind");
  });
}

Deno.test("a restore over a damaged database keeps the damaged file", async () => {
  const { file, settings, path } = await stoppedServer();
  overwrite(path, 0, 20_000);
  const damaged = await Deno.readFile(path);
  const { code, output } = await run("restore", [file], settings);
  assert.equal(code, 0, output);
  const former = output.match(/the former database is (.*)\n$/)![1]!;
  assert.deepEqual(await Deno.readFile(former), damaged);
  const server = await spawnServer(settings);
  await server.stop();
});

Deno.test("a killed restore leaves either the old or the new database, and can be repeated", async () => {
  const { file, settings, path } = await stoppedServer();
  const states: number[] = [];
  for (let delay = 0; delay < 600; delay += 100) {
    {
      using db = new DatabaseSync(path);
      db.exec("PRAGMA journal_mode = WAL; DELETE FROM user_words");
      db.exec("DELETE FROM users WHERE id <> 'user-0'");
    }
    const child = spawn("restore", [file], settings);
    const timer = setTimeout(() => kill(child), delay);
    await child.output();
    clearTimeout(timer);
    using db = new DatabaseSync(path);
    assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
    states.push(Number(db.prepare("SELECT count(*) AS n FROM users").get()?.n));
  }
  assert.ok(states.every((users) => users === 1 || users === 200), String(states));
  const { code, output } = await run("restore", [file], settings);
  assert.equal(code, 0, output);
  assert.match(output, /200 users/);
});

Deno.test("a write-ahead log without a database is not replayed into a restored one", async () => {
  const { file, settings, path } = await stoppedServer();
  await Deno.remove(path);
  await Deno.writeTextFile(`${path}-wal`, "of a database that is gone");
  assert.equal((await run("restore", [file], settings)).code, 0);
  await assert.rejects(Deno.stat(`${path}-wal`), Deno.errors.NotFound);
});

Deno.test("a copied folder with its write-ahead log can be restored where there is no database", async () => {
  const first = await spawnServer();
  const ada = await Account.register(first.url, "Ada");
  await ada.createRoom("kept");
  first.kill("SIGKILL");
  await first.ended;
  const DATA_DIR = join(await Deno.makeTempDir(), "new");
  const { code, output } = await run("restore", [databaseOf(first)], { DATA_DIR });
  assert.equal(code, 0, output);
  assert.match(output, /1 users, 1 rooms, 1 messages\n$/);
});

Deno.test("a server does not start while a restore is under way", async () => {
  const { settings, path } = await stoppedServer();
  using lock = Deno.openSync(`${path}.lock`, { write: true });
  await lock.lock(true);
  const { code, output } = await runMain(settings);
  assert.equal(code, 1);
  assert.match(output, /^EchoRoom cannot start: DATA_DIR .*being restored; start again.*\n$/);
});

for (
  const [fault, spoil, reason] of [
    [
      "damaged in the middle",
      (path) => overwrite(path, 8_192, 20_000),
      /damaged .*deno task restore/,
    ],
    ["cut off", (path) => Deno.truncateSync(path, 30_000), /damaged .*deno task restore/],
    ["another program's", (path) => {
      Deno.removeSync(path);
      using db = new DatabaseSync(path);
      db.exec("CREATE TABLE users (name)");
    }, /whose echoroom\.db holds another program's tables; move that file elsewhere/],
    ["of a newer release", (path) => {
      using db = new DatabaseSync(path);
      db.exec("PRAGMA user_version = 99");
    }, /tables of version 99, newer than this EchoRoom supports \(\d+\); start the newer EchoRoom/],
  ] satisfies [string, (path: string) => void, RegExp][]
) {
  Deno.test(`a database that is ${fault} stops the start with one line`, async () => {
    const { settings, path } = await stoppedServer();
    spoil(path);
    const { code, output } = await runMain(settings);
    assert.equal(code, 1);
    assert.match(
      output,
      /^EchoRoom cannot start: DATA_DIR is ".*", whose (database|echoroom\.db) .*\n$/,
    );
    assert.match(output, reason);
  });
}

Deno.test("both commands print what to do on MongoDB, and their usage", async () => {
  const MONGODB_URI = "mongodb://ada:secret@127.0.0.1:1/echoroom";
  for (const [name, tool] of [["backup", /mongodump/], ["restore", /mongorestore/]] as const) {
    const mongodb = await run(name, ["copy.db"], { MONGODB_URI });
    assert.equal(mongodb.code, 1);
    assert.match(mongodb.output, tool);
    assert.ok(!mongodb.output.includes("secret"));
    const help = await run(name, ["--help"], {});
    assert.equal(help.code, 0);
    assert.match(help.output, new RegExp(`^Usage: deno task ${name} FILE`));
    for (const args of [[], ["--frobnicate", "x"], ["a", "b"]]) {
      const { code, output } = await run(name, args, {});
      assert.equal(code, 2);
      assert.equal(output.trim().split("\n").length, 1, output);
    }
  }
});

Deno.test("a backup without a database fails, and creates none", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const { code, output } = await run("backup", [await freshPath()], { DATA_DIR });
  assert.equal(code, 1);
  assert.match(output, /^The backup failed: there is no database at .*; set DATA_DIR.*\n$/);
  assert.deepEqual(await namesIn(DATA_DIR), []);
});

/** Reads with a token that another process gave out; the secrets are in the same folder. */
class AccountView {
  constructor(readonly url: string, readonly token: string) {}
  async rooms() {
    const response = await fetch(`${this.url}/rooms`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    return { body: await response.json() };
  }
}

/** A data folder that a server has used, and a backup of it. */
async function stoppedServer() {
  const DATA_DIR = await Deno.makeTempDir();
  const path = join(DATA_DIR, "echoroom.db");
  const store = await openSqlite(path);
  const now = new Date();
  for (let i = 0; i < 200; i++) {
    await store.users.create({
      id: `user-${i}`,
      email: `user-${i}@example.org`,
      passwordHash: "hash",
      displayName: "Ada Lovelace ".repeat(10),
      avatarUrl: null,
      onboardingCompleted: false,
      role: "member",
      ban: null,
      createdAt: now,
      updatedAt: now,
    });
  }
  await store.close();
  const file = await freshPath();
  const settings = { DATA_DIR };
  const { code, output } = await run("backup", [file], settings);
  assert.equal(code, 0, output);
  return { settings, path, file };
}

function settingsOf(server: ServerProcess) {
  return { DATA_DIR: server.settings.DATA_DIR! };
}

function databaseOf(server: ServerProcess): string {
  return join(server.settings.DATA_DIR!, "echoroom.db");
}

async function freshPath(): Promise<string> {
  return join(await Deno.makeTempDir(), "copy.db");
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

function overwrite(path: string, from: number, to: number): void {
  Deno.writeFileSync(path, Deno.readFileSync(path).fill(0xa5, from, to));
}

/** Runs a command as its task does, in a folder without a `.env`. */
async function run(...command: Parameters<typeof spawn>) {
  const { code, stdout, stderr } = await spawn(...command).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, output: `${out}${err}` };
}

function spawn(name: "backup" | "restore", args: string[], env: Record<string, string>) {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...["read", "write", "env", "sys"].map((permission) => `--allow-${permission}`),
      "--no-prompt",
      `--config=${join(ROOT, "deno.json")}`,
      join(ROOT, "commands", `${name}.ts`),
      ...args,
    ],
    cwd: Deno.makeTempDirSync(),
    env: { ...env, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
