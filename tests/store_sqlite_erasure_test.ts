/** What the embedded database's files hold of messages that were deleted. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SqliteDatabase } from "../src/adapters/store/sqlite/database.ts";
import type { EntryDraft } from "../src/domain/entry.ts";
import type { Message } from "../src/domain/message.ts";
import { SearchIndexer } from "../src/services/search_indexer.ts";
import { deletion, edit } from "./conformance/store/change_drafts.ts";
import { createRoomWithAda, creation, draft, range, write } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { until } from "./harness/stage.ts";

/** Longer than any test. */
const NEVER_MS = 600_000;

Deno.test("a deleted text, its edits and metadata are soon in no file of the database", async () => {
  await using world = await openWorld(0);
  const doomed = await world.send("secret", 30);
  await world.send("kept", 30);
  await world.change(
    doomed.map((message) => edit(message, { text: `secret, still ${message.id}` })),
  );
  assert.ok(holds(world.path, "secret"));
  for (const message of await world.present(doomed)) {
    await world.change([deletion(message, message.sender)]);
  }
  // The log is emptied last.
  const isErased = () => !holds(world.path, "secret") && sizeOf(`${world.path}-wal`) === 0;
  await until(isErased, "the texts are erased");
  assert.ok(holds(world.path, "kept"));
});

Deno.test("long texts, which fill pages of their own, are erased as well", async () => {
  await using world = await openWorld(NEVER_MS);
  const sent = [];
  for (const i of range(1, 40)) {
    sent.push(...await world.send("secret ".repeat([40, 400, 3_000][i % 3]!), 1));
  }
  for (const message of sent.toReversed()) {
    await world.change([deletion(message, message.sender)]);
  }
  assert.ok(holds(world.path, "secret"));
  // The last connection empties the write-ahead log.
  await world.store.close();
  assert.ok(!holds(world.path, "secret"));
});

Deno.test("a reader that keeps the old texts visible delays the erasure to its end", async () => {
  await using world = await openWorld(0);
  const [message] = await world.send("secret", 1);
  using reader = new DatabaseSync(world.path);
  reader.exec("BEGIN");
  reader.prepare("SELECT * FROM messages").all();
  await world.change([deletion(message!, message!.sender)]);
  const other = new SqliteDatabase(world.path);
  assert.equal(other.erase(), "blocked");
  other.close();
  assert.ok(holds(world.path, "secret"));
  reader.exec("COMMIT");
  await until(() => !holds(world.path, "secret"), "the text is erased");
});

Deno.test("what a killed server did not erase the next one does", async () => {
  const killed = await openWorld(NEVER_MS);
  const [message] = await killed.send("secret", 1);
  await killed.change([deletion(message!, message!.sender)]);
  const path = await copyOf(killed.path);
  await killed.store.close();
  assert.ok(holds(path, "secret"));
  const store = await openSqlite(path, { eraseMs: 0 });
  try {
    await until(() => !holds(path, "secret"), "the text is erased");
  } finally {
    await store.close();
  }
});

Deno.test("words of deleted messages are soon in no file, and those of others are still found", async () => {
  await using world = await openWorld(0);
  const indexer = new SearchIndexer(world.store);
  // Where a tenth of a segment is deleted, indexing takes it out already.
  const doomed = await world.send("kqsecret", 20);
  await world.send("kept", 300);
  await indexer.indexRest();
  assert.equal(await world.count("kept"), 300);
  await world.change(doomed.map((message) => edit(message, { text: "kqlater" })));
  await indexer.indexRest();
  assert.ok(holdsTerm(world.path, "qsecret"));
  assert.ok(holdsTerm(world.path, "qlater"));
  const edited = await world.present(doomed);
  await world.change(edited.map((message) => deletion(message, message.sender)));
  await indexer.indexRest();
  for (const part of ["qsecret", "qlater"]) {
    await until(() => !holds(world.path, part), "the words are erased");
    assert.ok(!holdsTerm(world.path, part));
  }
  assert.equal(await world.count("kept"), 300);
  assert.equal(await world.count("kqsecret"), 0);
});

Deno.test("words that a killed server did not erase the next one does, also while messages are indexed", async () => {
  const killed = await openWorld(NEVER_MS);
  const indexer = new SearchIndexer(killed.store);
  const [message] = await killed.send("kqsecret", 1);
  await killed.send("kept", 300);
  await indexer.indexRest();
  await killed.change([deletion(message!, message!.sender)]);
  await indexer.indexRest();
  const path = await copyOf(killed.path);
  await killed.store.close();
  assert.ok(holdsTerm(path, "qsecret"));
  await using world = await openWorld(0, path);
  await world.send("more", 300);
  await new SearchIndexer(world.store).indexRest();
  await until(() => !holds(world.path, "qsecret"), "the words are erased");
  assert.equal(await world.count("kept"), 300);
  assert.equal(await world.count("more"), 300);
});

Deno.test("passes over the index of search rest in proportion to their work, and the log is emptied meanwhile", async () => {
  await using world = await openWorld(NEVER_MS);
  const indexer = new SearchIndexer(world.store);
  const remove = async (message: Message) => {
    await world.change([deletion(message, message.sender)]);
    await indexer.indexRest();
  };
  const [first, second] = await world.send("kqsecret", 2);
  await world.send("kept", 300);
  await indexer.indexRest();
  const database = new SqliteDatabase(world.path);
  const { now } = performance;
  let ms = 0;
  const erase = () => {
    // A machine on which each step takes a second.
    performance.now = () => ms += 1_000;
    const erased = database.erase();
    performance.now = now;
    return erased;
  };
  await remove(first!);
  while (erase() !== "erased");
  await remove(second!);
  assert.equal(erase(), "resting");
  assert.equal(sizeOf(`${world.path}-wal`), 0);
  assert.ok(holdsTerm(world.path, "qsecret"));
  ms += 600_000;
  while (erase() !== "erased");
  assert.ok(!holdsTerm(world.path, "qsecret"));
  database.close();
});

/** A store with Ada and a room, which nobody else writes to. */
async function openWorld(eraseMs: number, file?: string) {
  const path = file ?? `${await Deno.makeTempDir()}/test.db`;
  const store = await openSqlite(path, { eraseMs });
  const { ada, room } = await createRoomWithAda(store);
  const change = async (drafts: EntryDraft[]): Promise<Message[]> => {
    const entries = await write(store, room.id, ...drafts);
    return entries.map(({ message }) => message);
  };
  return {
    path,
    store,
    change,
    send(text: string, count: number): Promise<Message[]> {
      const metadata = { note: text.slice(0, 100) };
      const drafts = range(1, count).map((i) => draft(ada, { text: `${text} ${i}`, metadata }));
      return change(drafts.map((each) => creation(each)));
    },
    /** The messages as they are now. */
    present(messages: Message[]): Promise<Message[]> {
      return store.messages.find(room.id, messages.map(({ id }) => id));
    },
    /** How many messages the index finds by a word. */
    async count(word: string): Promise<number> {
      const { places } = await store.search.find({ userId: ada.id, terms: [word], limit: 1_000 });
      return places.length;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** Whether the database's files hold the text. */
function holds(path: string, text: string): boolean {
  return [path, `${path}-wal`].some((file) => {
    if (sizeOf(file) === 0) return false;
    return new TextDecoder("latin1").decode(Deno.readFileSync(file)).includes(text);
  });
}

/** What a server that dies now would leave. */
async function copyOf(path: string): Promise<string> {
  const copy = `${await Deno.makeTempDir()}/test.db`;
  for (const suffix of ["", "-wal"]) await Deno.copyFile(path + suffix, copy + suffix);
  return copy;
}

/** Whether the index of the database at `path` holds a part of a term, found by anybody or not. */
function holdsTerm(path: string, part: string): boolean {
  using db = new DatabaseSync(path, { readOnly: true });
  const rows = db.prepare("SELECT block FROM search_terms_data").all();
  return rows.some(({ block }) => {
    return new TextDecoder("latin1").decode(block as Uint8Array).includes(part);
  });
}

/** 0 for a file that does not exist. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
