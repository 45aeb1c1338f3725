/**
 * Migration of an embedded database. `tests/data/echoroom_schema_1.db` was written by the last
 * release with tables of version 1, through its API; only its sessions' expiry was moved to 2100.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import type { Entry, EntryDraft } from "../src/domain/entry.ts";
import { newId } from "../src/domain/id.ts";
import { runMain } from "./harness/server.ts";

const OLD = fileURLToPath(new URL("data/echoroom_schema_1.db", import.meta.url));
const VERSION = 2;
const old = readTables();

Deno.test("a database of version 1 keeps every user, room, message and session", async () => {
  const path = await copyOld();
  await using store = await openStore(path);
  for (const user of old.users) {
    const expected = {
      id: user.id,
      email: user.email,
      passwordHash: user.password_hash,
      displayName: user.display_name,
      avatarUrl: user.avatar_url,
      onboardingCompleted: user.onboarding_completed === 1,
      createdAt: new Date(Number(user.created_at)),
      updatedAt: new Date(Number(user.updated_at)),
    };
    assert.deepEqual(await store.users.find(String(user.id)), expected);
    assert.deepEqual(await store.users.findByEmail(String(user.email)), expected);
  }
  for (const session of old.sessions) {
    const { rotations, ...found } = (await store.sessions.find(String(session.id)))!;
    assert.deepEqual(found, {
      id: session.id,
      userId: session.user_id,
      generation: session.generation,
      createdAt: new Date(Number(session.created_at)),
      expiresAt: new Date(Number(session.expires_at)),
      revokedAt: session.revoked_at === null ? null : new Date(Number(session.revoked_at)),
    });
    const pairs = rotations.map(({ generation, at }) => [generation, at.getTime()]);
    assert.deepEqual(pairs, JSON.parse(String(session.rotations)));
  }
  for (const room of old.rooms) {
    const entries = oldEntries(room.id);
    const expected = {
      id: room.id,
      name: room.name,
      slug: room.slug,
      description: room.description,
      createdBy: publicUser(room.created_by),
      lastSeq: entries.length,
      createdAt: new Date(Number(room.created_at)),
      updatedAt: new Date(Number(room.updated_at)),
    };
    assert.deepEqual(await store.rooms.find(String(room.id)), expected);
    assert.deepEqual(await store.rooms.find(String(room.slug)), expected);
    assert.deepEqual(await store.log.entriesAfter(String(room.id), 0, 1_000), entries);
  }
  assert.ok(old.messages.length > 250);
  const revoked = old.sessions.filter(({ revoked_at }) => revoked_at !== null);
  assert.ok(revoked.length > 0 && revoked.length < old.sessions.length);
});

Deno.test("a migrated log recognises earlier sends, and continues after its last entry", async () => {
  await using store = await openStore(await copyOld());
  for (const { id } of old.rooms) {
    const roomId = String(id);
    const before = oldEntries(roomId);
    const { seq, n } = await store.log.end(roomId);
    assert.deepEqual({ seq, n }, { seq: before.length, n: before.length });
    const keys = before.map(({ message }) => {
      return { senderId: message.sender.id, clientMessageId: message.clientMessageId };
    });
    assert.deepEqual(await store.log.findSent(roomId, keys), before);
    const repeat = { ...before.at(-1)!.message, id: newId() };
    assert.deepEqual(await store.log.append(roomId, { seq, n }, [draft(repeat)]), []);
    const fresh = { ...repeat, id: newId(), clientMessageId: newId() };
    const [entry] = await store.log.append(roomId, { seq, n }, [draft(fresh)]);
    assert.deepEqual([entry!.seq, entry!.n], [seq + 1, n + 1]);
    assert.deepEqual(await store.log.entriesAfter(roomId, seq, 10), [entry]);
  }
});

Deno.test("a migrated database has the tables of a new one, and opens again without a change", async () => {
  const path = await copyOld();
  await (await openStore(path)).close();
  checkWhole(path);
  const migrated = schemaOf(path);
  const fresh = join(await Deno.makeTempDir(), "new.db");
  await (await openStore(fresh)).close();
  assert.deepEqual(migrated, schemaOf(fresh));
  const before = await Deno.readFile(path);
  await (await openStore(path)).close();
  assert.deepEqual(await Deno.readFile(path), before);
});

Deno.test("a migration that is killed before its commit is repeated by the next start", async () => {
  const path = await copyOld();
  await killAtCommit(path);
  assert.equal(versionOf(path), 1);
  const roomId = String(old.rooms[0]!.id);
  await using store = await openStore(path);
  assert.deepEqual(
    await store.log.entriesAfter(roomId, 0, 1_000),
    oldEntries(roomId),
  );
  checkWhole(path);
});

Deno.test("of several starts at once one migrates, and all serve", async () => {
  const path = await copyOld();
  const stores = await Promise.all([1, 2, 3].map(() => openStore(path)));
  const roomId = String(old.rooms[0]!.id);
  for (const store of stores) {
    assert.equal((await store.log.end(roomId)).seq, oldEntries(roomId).length);
  }
  await Promise.all(stores.map((store) => store.close()));
  checkWhole(path);
});

Deno.test("a start waits while another process migrates, and does it if that one dies", async () => {
  const path = await copyOld();
  let opening: Promise<SqliteStore> | undefined;
  await killAtCommit(path, () => opening = openStore(path));
  await (await opening!).close();
  checkWhole(path);
});

Deno.test("tables of a later version stop the start with one line, and stay as they are", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const path = await copyOld(join(DATA_DIR, "echoroom.db"));
  await (await openStore(path)).close();
  {
    using db = new DatabaseSync(path);
    db.exec(`PRAGMA user_version = ${VERSION + 1}`);
  }
  const before = schemaOf(path);
  const { code, output } = await runMain({ DATA_DIR });
  assert.equal(code, 1);
  assert.match(
    output,
    /^EchoRoom cannot start: .* tables of version 3, newer .* supports \(2\);.*\n$/,
  );
  assert.deepEqual(schemaOf(path), before);
});

Deno.test("a database too large to be checked as a whole opens, migrated or not", async () => {
  const path = await copyOld();
  for (let i = 0; i < 2; i++) {
    // SQLite does not look beyond the last page.
    await Deno.truncate(path, 300 * 1024 * 1024);
    await (await openStore(path)).close();
  }
  checkWhole(path);
});

async function copyOld(path?: string): Promise<string> {
  const copy = path ?? join(await Deno.makeTempDir(), "test.db");
  await Deno.copyFile(OLD, copy);
  return copy;
}

async function openStore(path: string): Promise<SqliteStore & AsyncDisposable> {
  const store = await SqliteStore.open(path);
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}

/**
 * Runs the migration in a process of its own, which is killed when all but its commit is done.
 * @param beforeDeath is called while the migration's transaction is open
 */
async function killAtCommit(path: string, beforeDeath: () => void = () => {}): Promise<void> {
  const module = new URL("../src/adapters/store/sqlite/database.ts", import.meta.url).href;
  const script = `
    import { DatabaseSync } from "node:sqlite";
    import { SqliteDatabase } from ${JSON.stringify(module)};
    const { prepare } = DatabaseSync.prototype;
    DatabaseSync.prototype.prepare = function (sql) {
      if (sql !== "COMMIT") return prepare.call(this, sql);
      console.log("migrated");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    };
    new SqliteDatabase(${JSON.stringify(path)});`;
  const config = fileURLToPath(new URL("../deno.json", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", config, script],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "migrated\n");
  beforeDeath();
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
}

function readTables() {
  // A copy, because even a reader makes files beside a database.
  const path = join(Deno.makeTempDirSync(), "old.db");
  Deno.copyFileSync(OLD, path);
  using db = new DatabaseSync(path);
  const read = (table: string) => db.prepare(`SELECT * FROM ${table}`).all();
  return {
    users: read("users"),
    rooms: read("rooms"),
    messages: read("messages"),
    sessions: read("sessions"),
  };
}

function publicUser(id: unknown) {
  const user = old.users.find((each) => each.id === id)!;
  return { id: user.id, displayName: user.display_name, avatarUrl: user.avatar_url };
}

/** The room's entries, read from the old tables. */
function oldEntries(roomId: unknown): Entry[] {
  const rows = old.messages.filter((row) => row.room_id === roomId)
    .sort((a, b) => Number(a.seq) - Number(b.seq));
  return rows.map((row) => {
    const seq = Number(row.seq);
    const message = {
      id: row.id,
      roomId,
      seq,
      sender: publicUser(row.sender_id),
      text: row.text,
      system: row.system === 1,
      clientMessageId: row.client_message_id,
      createdAt: new Date(Number(row.created_at)),
      updatedAt: new Date(Number(row.updated_at)),
    };
    return { kind: "created", id: row.id, roomId, seq, n: seq, message } as Entry;
  });
}

function draft(message: Entry["message"]): EntryDraft {
  return { kind: "created", message };
}

function versionOf(path: string): number {
  using db = new DatabaseSync(path);
  return Number(db.prepare("PRAGMA user_version").get()?.user_version);
}

function schemaOf(path: string) {
  using db = new DatabaseSync(path);
  return db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
    .all();
}

function checkWhole(path: string): void {
  using db = new DatabaseSync(path);
  assert.equal(versionOf(path), VERSION);
  assert.equal(db.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
  assert.deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);
}
