/**
 * Migration of an embedded database. `tests/data/echoroom_schema_N.db` was written by the last
 * release with tables of version N: 1 and 2 through its API, and their sessions' expiry was moved to
 * 2100; 3, which is for changes of messages, and 14, whose index of search is complete, through its
 * store.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import {
  type ChangeDraft,
  creationOf,
  type Entry,
  LOG_LIMIT,
  LOG_START,
  positionOf,
} from "../src/domain/entry.ts";
import { nameWords } from "../src/domain/name.ts";
import { newId } from "../src/domain/id.ts";
import { keyOf } from "../src/domain/account.ts";
import { type Message, PLAIN } from "../src/domain/message.ts";
import { OPEN_RULES, OPEN_SETTINGS } from "../src/domain/room.ts";
import { SearchIndexer } from "../src/services/search_indexer.ts";
import { deletion, edit } from "./conformance/store/change_drafts.ts";
import {
  createRoomWithAda,
  creation,
  draft,
  newAttachment,
  newReport,
  write,
} from "./conformance/store/fixtures.ts";
import { runMain } from "./harness/server.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const VERSION = 16;

/** What a database of an earlier version holds, in the columns that the ports know. */
const OLD_TABLES: Readonly<Record<number, Record<string, string>>> = {
  1: {
    users: "SELECT * FROM users",
    rooms: "SELECT * FROM rooms",
    messages: "SELECT * FROM messages",
    sessions: "SELECT * FROM sessions",
  },
  2: {
    users: "SELECT * FROM users",
    rooms: "SELECT r.*, u.id AS created_by FROM rooms r JOIN users u ON u.key = r.creator",
    messages: `SELECT m.*, r.id AS room_id, u.id AS sender_id
      FROM messages m JOIN rooms r ON r.key = m.room JOIN users u ON u.key = m.sender`,
    sessions: "SELECT s.*, u.id AS user_id FROM sessions s JOIN users u ON u.key = s.user",
  },
};

for (const version of [1, 2]) {
  const old = readTables(version);
  const test = (sentence: string, run: () => Promise<void>) =>
    Deno.test(`a database of version ${version} ${sentence}`, run);

  test("has its people found by their names, none of them an admin", async () => {
    await using store = await openStore(await copyOld(version));
    for (const { id, display_name } of old.users) {
      const found = await store.users.search(nameWords(String(display_name)), 100, true);
      assert.ok(found.some((user) => user.id === id), String(display_name));
    }
    assert.deepEqual(await store.users.admins(), []);
  });

  test("keeps every user, room, message and session", async () => {
    const path = await copyOld(version);
    await using store = await openStore(path);
    for (const user of old.users) {
      const expected = {
        id: user.id,
        email: user.email,
        passwordHash: user.password_hash,
        displayName: user.display_name,
        avatarUrl: user.avatar_url,
        onboardingCompleted: user.onboarding_completed === 1,
        role: "member",
        ban: null,
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
      const entries = entriesOf(old, room.id);
      const expected = {
        ...OPEN_SETTINGS,
        memberCount: membersOf(old, room).size,
        id: room.id,
        name: room.name,
        slug: room.slug,
        description: room.description,
        createdBy: publicUser(old, room.created_by),
        lastSeq: entries.length,
        lastMessageAt: entries.at(-1)!.createdAt,
        createdAt: new Date(Number(room.created_at)),
        updatedAt: new Date(Number(room.updated_at)),
      };
      assert.deepEqual(await store.rooms.find(String(room.id)), expected);
      assert.deepEqual(await store.rooms.find(String(room.slug)), expected);
      assert.deepEqual(await store.log.entriesAfter(String(room.id), 0, 1_000), entries);
    }
    assert.ok(old.messages.length > (version === 1 ? 250 : 50));
    const revoked = old.sessions.filter(({ revoked_at }) => revoked_at !== null);
    assert.ok(revoked.length > 0 && revoked.length < old.sessions.length);
  });

  test("has public rooms, their creators as owners, and members who joined with their first message", async () => {
    await using store = await openStore(await copyOld(version));
    for (const room of old.rooms) {
      const roomId = String(room.id);
      const { rules } = (await store.members.standings(roomId, []))!;
      assert.deepEqual(rules, OPEN_RULES);
      const members = await store.members.list(roomId, { limit: 100 });
      const found = members.map(({ user, role, joinedAt, mute }) => {
        assert.equal(mute, null);
        return [user.id, { role, joinedAt }] as const;
      });
      assert.deepEqual(new Map(found), membersOf(old, room));
    }
  });

  test("has accounts with an item of each room, in the order in which its user joined", async () => {
    await using store = await openStore(await copyOld(version));
    for (const { id } of old.users) {
      const { items } = await store.accounts.itemsAfter(String(id), 0, 1_000);
      const joined = old.rooms.flatMap((room) => {
        const member = membersOf(old, room).get(String(id));
        return member ? [[`room:${room.id}`, member.joinedAt] as const] : [];
      });
      const expected = new Map<string, Date>(joined);
      assert.deepEqual(new Set(items.map(keyOf)), new Set(expected.keys()));
      const times = items.map((item) => expected.get(keyOf(item))!.getTime());
      assert.deepEqual(times, times.toSorted((a, b) => a - b));
      assert.equal(await store.accounts.lastSeq(String(id)), items.length);
    }
  });

  test("recognises sends from before, and goes on after the last entry of each log", async () => {
    await using store = await openStore(await copyOld(version));
    for (const { id } of old.rooms) {
      const roomId = String(id);
      const before = entriesOf(old, roomId);
      const { seq, n } = await store.log.end(roomId);
      assert.deepEqual({ seq, n }, { seq: before.length, n: before.length });
      const keys = before.map(({ message }) => {
        return { senderId: message.sender.id, clientMessageId: message.clientMessageId };
      });
      assert.deepEqual(await store.log.findSent(roomId, keys), before);
      const repeat = { ...before.at(-1)!.message, id: newId() };
      assert.deepEqual(await store.log.append(roomId, { seq, n }, [creation(repeat)]), []);
      const fresh = { ...repeat, id: newId(), clientMessageId: newId() };
      const [entry] = await store.log.append(roomId, { seq, n }, [creation(fresh)]);
      assert.deepEqual([entry!.seq, entry!.n], [seq + 1, n + 1]);
      assert.deepEqual(await store.log.entriesAfter(roomId, seq, 10), [entry]);
    }
  });

  test("has messages that can be read in pages, answered and changed", async () => {
    await using store = await openStore(await copyOld(version));
    const roomId = String(old.rooms[0]!.id);
    const messages = entriesOf(old, roomId).map(({ message }) => message);
    assert.deepEqual(await store.messages.after(roomId, LOG_START, 1_000), messages);
    assert.deepEqual(await store.messages.before(roomId, LOG_LIMIT, 5), messages.slice(-5));
    const last = messages.at(-1)!;
    const answer = { ...last, id: newId(), clientMessageId: newId(), threadId: last.id };
    const end = await store.log.end(roomId);
    const entries = await store.log.append(roomId, end, [
      edit(last, { text: "New" }),
      creation(answer),
    ]);
    assert.deepEqual(entries.map(positionOf), [
      { seq: end.seq + 1, n: end.n },
      { seq: end.seq + 2, n: end.n + 1 },
    ]);
    assert.deepEqual(await store.messages.find(roomId, [last.id]), [entries[0]!.message]);
    const answers = await store.messages.answersAfter(roomId, last.id, LOG_START, 9);
    assert.deepEqual(answers, [entries[1]!.message]);
    const texts = await store.messages.earlierTexts(roomId, last.id);
    assert.deepEqual(texts, [{ seq: last.seq, text: last.text, editedAt: null }]);
  });

  test("is migrated by the next start if the first is killed before its commit", async () => {
    const path = await copyOld(version);
    await killAtCommit(path);
    assert.equal(versionOf(path), version);
    const roomId = String(old.rooms[0]!.id);
    await using store = await openStore(path);
    assert.deepEqual(
      await store.log.entriesAfter(roomId, 0, 1_000),
      entriesOf(old, roomId),
    );
    checkWhole(path);
  });

  test("is migrated by one of several starts at once, and all serve", async () => {
    const path = await copyOld(version);
    const stores = await Promise.all([1, 2, 3].map(() => openStore(path)));
    const roomId = String(old.rooms[0]!.id);
    for (const store of stores) {
      assert.equal((await store.log.end(roomId)).seq, entriesOf(old, roomId).length);
    }
    await Promise.all(stores.map((store) => store.close()));
    checkWhole(path);
  });

  test("makes a start wait while another process migrates, and do it if that one dies", async () => {
    const path = await copyOld(version);
    let opening: Promise<SqliteStore> | undefined;
    await killAtCommit(path, () => opening = openStore(path));
    await (await opening!).close();
    checkWhole(path);
  });

  test("opens when it is too large to be checked as a whole, migrated or not", async () => {
    const path = await copyOld(version);
    for (let i = 0; i < 2; i++) {
      // SQLite does not look beyond the last page.
      await Deno.truncate(path, 300 * 1024 * 1024);
      await (await openStore(path)).close();
    }
    checkWhole(path);
  });
}

for (const version of [1, 2, 3, 14]) {
  Deno.test(`a database of version ${version} gets the tables of a new one, and opens again without a change`, async () => {
    const path = await copyOld(version);
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
}

Deno.test("a database of version 3 keeps its members, their roles and how far they have read", async () => {
  const path = await copyOld(3);
  const old = new DatabaseSync(path);
  const rows = old.prepare(
    `SELECT r.id AS room, u.id AS user, m.role, m.read_seq AS readSeq
     FROM members m JOIN rooms r ON r.key = m.room JOIN users u ON u.key = m.user`,
  ).all();
  old.close();
  await using store = await openStore(path);
  assert.ok(rows.length > 1);
  for (const { room, user, role, readSeq } of rows) {
    const roomId = String(room);
    const found = await store.members.find(String(user), [roomId]);
    const expected = { role, readSeq, notifications: "all", hidden: false };
    assert.deepEqual(found, new Map([[roomId, expected]]));
    const count = rows.filter((row) => row.room === room).length;
    assert.equal((await store.rooms.find(roomId))?.memberCount, count);
  }
});

Deno.test("a database of version 3 keeps every change, and every earlier text", async () => {
  const path = await copyOld(3);
  const old = readChanged(path);
  await using store = await openStore(path);
  for (const roomId of old.roomIds) {
    const entries = await store.log.entriesAfter(roomId, 0, 1_000);
    assert.deepEqual(entries.map(({ seq }) => seq), entries.map((_, i) => i + 1));
    const changes = entries.filter(({ kind }) => kind !== "created").map((entry) => ({
      ...positionOf(entry),
      id: entry.id,
      kind: entry.kind,
      message_id: entry.message.id,
      actor_id: entry.by.id,
      client_message_id: entry.clientMessageId,
      created_at: entry.createdAt.getTime(),
    }));
    const inRoom = (rows: Row[]) => {
      return rows.filter(({ room_id }) => room_id === roomId).map(({ room_id: _, ...row }) => row);
    };
    assert.deepEqual(changes, inRoom(old.changes));
    const messages = await store.messages.after(roomId, LOG_START, 1_000);
    const texts = messages.map(({ id, text, updatedAt }) => {
      return { id, text, updated_at: updatedAt.getTime() };
    });
    assert.deepEqual(texts, inRoom(old.messages));
    for (const { id, deletedAt } of messages) {
      const earlier = (await store.messages.earlierTexts(roomId, id)).map((version) => {
        const { seq, text, editedAt } = version;
        return { seq, text, edited_at: editedAt?.getTime() ?? null, message_id: id };
      });
      assert.deepEqual(earlier, inRoom(old.edits).filter(({ message_id }) => message_id === id));
      if (deletedAt) assert.deepEqual(earlier, []);
    }
    const counts = Map.groupBy(inRoom(old.edits), ({ message_id }) => message_id).values();
    assert.equal(Math.max(...counts.map(({ length }) => length)), 6);
  }
});

Deno.test("a message edited in version 3 is edited on, and its deletion takes all its texts", async () => {
  const path = await copyOld(3);
  const { edits } = readChanged(path);
  await using store = await openStore(path);
  const [roomId, id] = [String(edits[0]!.room_id), String(edits[0]!.message_id)];
  const change = async (draft: (message: Message) => ChangeDraft) => {
    const [message] = await store.messages.find(roomId, [id]);
    const end = await store.log.end(roomId);
    const [entry] = await store.log.append(roomId, end, [draft(message!)]);
    return { before: message!, entry: entry! };
  };
  const earlier = await store.messages.earlierTexts(roomId, id);
  const { before } = await change((message) => edit(message, { text: "Edited on" }));
  assert.deepEqual(await store.messages.earlierTexts(roomId, id), [
    ...earlier,
    { seq: before.textSeq, text: before.text, editedAt: before.editedAt },
  ]);
  await change((message) => deletion(message, message.sender));
  assert.deepEqual(await store.messages.earlierTexts(roomId, id), []);
  using db = new DatabaseSync(path);
  const { count } = db.prepare(
    `SELECT count(*) AS count FROM changes c JOIN messages m
       ON m.room = c.room AND m.seq = c.message_seq
     WHERE m.id = ? AND c.earlier_text IS NOT NULL`,
  ).get(id)!;
  assert.equal(count, 0);
});

for (const isDamaged of [false, true]) {
  const one = isDamaged ? "a damaged index" : "an index";
  Deno.test(`a database of version 14 with ${one} of search gets a new one, in the background`, async () => {
    const path = await copyOld(14);
    if (isDamaged) {
      // The types lack the option, without which SQLite protects these tables.
      using db = new DatabaseSync(path, { defensive: false } as never);
      db.exec("DELETE FROM search_terms_data");
    }
    await using store = await openStore(path);
    const [roomId] = await store.search.roomsAfter("", 1);
    const { createdBy } = (await store.rooms.find(roomId!))!;
    const count = async (word: string) => {
      const query = { userId: createdBy.id, terms: [word], limit: 100 };
      return (await store.search.find(query)).places.length;
    };
    assert.equal(await count("word"), 0);
    await new SearchIndexer(store).indexRest();
    assert.deepEqual([await count("changed"), await count("word")], [2, 56]);
  });
}

Deno.test("a database of version 15 keeps the files of its reports", async () => {
  const path = join(await Deno.makeTempDir(), "echoroom.db");
  const reported = newAttachment();
  {
    await using store = await openStore(path);
    const { room, ada } = await createRoomWithAda(store);
    const [entry] = await write(store, room.id, creation(draft(ada)));
    for (const attachments of [[reported], []]) {
      const message = { ...entry!.message, id: newId(), attachments };
      await store.reports.create(newReport(message));
    }
  }
  {
    using db = new DatabaseSync(path);
    db.exec("DROP TABLE report_files; PRAGMA user_version = 15");
  }
  await using store = await openStore(path);
  assert.equal(await store.reports.haveFile(reported.id), true);
  assert.equal(await store.reports.haveFile(newAttachment().id), false);
});

Deno.test("tables of a later version stop the start with one line, and stay as they are", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const path = join(DATA_DIR, "echoroom.db");
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
    new RegExp(
      `^EchoRoom cannot start: .* tables of version ${
        VERSION + 1
      }, newer .* supports \\(${VERSION}\\);.*\n$`,
    ),
  );
  assert.deepEqual(schemaOf(path), before);
});

async function copyOld(version: number): Promise<string> {
  const copy = join(await Deno.makeTempDir(), "test.db");
  await Deno.copyFile(new URL(`data/echoroom_schema_${version}.db`, import.meta.url), copy);
  return copy;
}

async function openStore(path: string): Promise<SqliteStore & AsyncDisposable> {
  const store = await openSqlite(path);
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

type Tables = ReturnType<typeof readTables>;

function readTables(version: number) {
  // A copy, because even a reader makes files beside a database.
  const path = join(Deno.makeTempDirSync(), "old.db");
  Deno.copyFileSync(new URL(`data/echoroom_schema_${version}.db`, import.meta.url), path);
  using db = new DatabaseSync(path);
  const read = (table: string) => db.prepare(OLD_TABLES[version]![table]!).all();
  return {
    users: read("users"),
    rooms: read("rooms"),
    messages: read("messages"),
    sessions: read("sessions"),
  };
}

type Row = Record<string, unknown>;

/** What a database of version 3 holds of changes. */
function readChanged(path: string) {
  using db = new DatabaseSync(path);
  const read = (sql: string): Row[] => db.prepare(sql).all().map((row) => ({ ...row }));
  return {
    roomIds: read("SELECT id FROM rooms").map(({ id }) => String(id)),
    changes: read(
      `SELECT r.id AS room_id, c.seq, c.n, c.id, c.kind, m.id AS message_id, u.id AS actor_id,
         c.client_message_id, c.created_at
       FROM changes c JOIN rooms r ON r.key = c.room JOIN users u ON u.key = c.actor
         JOIN messages m ON m.room = c.room AND m.seq = c.message_seq ORDER BY c.room, c.seq`,
    ),
    messages: read(
      `SELECT r.id AS room_id, m.id, m.text, m.updated_at
       FROM messages m JOIN rooms r ON r.key = m.room ORDER BY m.room, m.seq`,
    ),
    edits: read(
      `SELECT r.id AS room_id, m.id AS message_id, e.seq, e.text, e.edited_at
       FROM edits e JOIN rooms r ON r.key = e.room
         JOIN messages m ON m.room = e.room AND m.seq = e.message_seq
       ORDER BY e.room, e.message_seq, e.seq`,
    ),
  };
}

function publicUser({ users }: Tables, id: unknown) {
  const user = users.find((each) => each.id === id)!;
  return { id: user.id, displayName: user.display_name, avatarUrl: user.avatar_url };
}

/** By their ids; everybody joined with their first message. */
function membersOf(old: Tables, room: Tables["rooms"][number]) {
  const first = entriesOf(old, room.id).toReversed().map(({ message: { sender, createdAt } }) => {
    const role = sender.id === room.created_by ? "owner" : "member";
    return [sender.id, { role, joinedAt: createdAt }] as const;
  });
  return new Map(first);
}

/** The room's entries, read from the old tables. */
function entriesOf(old: Tables, roomId: unknown): Entry[] {
  const rows = old.messages.filter((row) => row.room_id === roomId)
    .sort((a, b) => Number(a.seq) - Number(b.seq));
  return rows.map((row) => {
    const seq = Number(row.seq);
    const opening = { systemType: "room_created", systemData: { users: [row.sender_id] } };
    const message = {
      ...PLAIN,
      ...(row.system === 1 ? opening : {}),
      id: row.id,
      roomId,
      seq,
      changedSeq: seq,
      textSeq: seq,
      sender: publicUser(old, row.sender_id),
      text: row.text,
      system: row.system === 1,
      clientMessageId: row.client_message_id,
      createdAt: new Date(Number(row.created_at)),
      updatedAt: new Date(Number(row.updated_at)),
    } as Entry["message"];
    return creationOf(message, seq, null);
  });
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
