/** What an edit writes to the embedded database's files, beside a send. */
import assert from "node:assert/strict";
import type { EntryDraft } from "../src/domain/entry.ts";
import { newId } from "../src/domain/id.ts";
import { edit } from "./conformance/store/change_drafts.ts";
import { createRoomWithAda, creation, drafts, range, write } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const MESSAGES = 64;

Deno.test("edits write less than one and a half times what sends write, however often messages were edited", async () => {
  const path = `${await Deno.makeTempDir()}/test.db`;
  const store = await openSqlite(path);
  try {
    const { ada, room } = await createRoomWithAda(store);
    /** Bytes that one append adds to the write-ahead log, which is not emptied meanwhile. */
    const written = async (entries: EntryDraft[]) => {
      const before = Deno.statSync(`${path}-wal`).size;
      await write(store, room.id, ...entries);
      return Deno.statSync(`${path}-wal`).size - before;
    };
    // As clients and the server make ids: beginning with the time, and so side by side in an index.
    const ids = () => ({ id: newId(), clientMessageId: newId() });
    const sends = () => {
      return drafts(ada, MESSAGES).map((each) => creation({ ...each, ...ids() }));
    };
    const first = await write(store, room.id, ...sends());
    const sent = first.map(({ message }) => message.id);
    const edits = async (text: string) => {
      const messages = await store.messages.find(room.id, sent);
      return messages.map((each) => edit(each, { text }, ids()));
    };
    for (const i of range(1, 20)) await write(store, room.id, ...await edits(`Version ${i}`));
    let [ofSends, ofEdits] = [0, 0];
    for (const i of range(21, 30)) {
      ofSends += await written(sends());
      ofEdits += await written(await edits(`Version ${i}`));
    }
    assert.ok(ofEdits < 1.5 * ofSends, `${ofEdits} bytes, ${ofSends} of the sends`);
  } finally {
    await store.close();
  }
});
