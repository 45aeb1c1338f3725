/** What the embedded database's files hold of messages that were deleted. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SqliteDatabase } from "../src/adapters/store/sqlite/database.ts";
import { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import type { EntryDraft } from "../src/domain/entry.ts";
import type { Message } from "../src/domain/message.ts";
import { deletion, edit } from "./conformance/store/change_drafts.ts";
import { createRoomWithAda, creation, draft, range, write } from "./conformance/store/fixtures.ts";
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
  await until(() => !holds(world.path, "secret"), "the texts are erased");
  assert.equal(sizeOf(`${world.path}-wal`), 0);
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
  const path = `${await Deno.makeTempDir()}/test.db`;
  for (const suffix of ["", "-wal"]) await Deno.copyFile(killed.path + suffix, path + suffix);
  await killed.store.close();
  assert.ok(holds(path, "secret"));
  const store = await SqliteStore.open(path, { eraseMs: 0 });
  try {
    await until(() => !holds(path, "secret"), "the text is erased");
  } finally {
    await store.close();
  }
});

/** A store with Ada and a room, which nobody else writes to. */
async function openWorld(eraseMs: number) {
  const path = `${await Deno.makeTempDir()}/test.db`;
  const store = await SqliteStore.open(path, { eraseMs });
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

/** 0 for a file that does not exist. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}
