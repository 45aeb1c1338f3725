/** What every store must do when it is opened and closed. */
import assert from "node:assert/strict";
import { createSession } from "./sessions.ts";
import {
  append,
  CREATED,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  drafts,
  newId,
  pick,
  readAfter,
  type Register,
  seqs,
} from "./fixtures.ts";

export function testLifetime(test: Register): void {
  test("a restart keeps everything", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = draft(ada);
    const [message] = await append(store, room.id, [sent]);
    const session = await createSession(store);
    const log = await readAfter(store, room.id, 0, 10);
    await store.close();

    const restarted = await connect();
    assert.deepEqual(await restarted.users.find(ada.id), ada);
    assert.deepEqual(await restarted.rooms.find(room.id), {
      ...room,
      lastSeq: 2,
      lastMessageAt: CREATED,
    });
    assert.deepEqual(await readAfter(restarted, room.id, 0, 10), log);
    assert.deepEqual(await restarted.sessions.find(session.id), session);
    assert.deepEqual(await append(restarted, room.id, [{ ...sent, id: newId() }]), [message]);
    assert.deepEqual(seqs(await append(restarted, room.id, [draft(ada)])), [3]);
  });

  test("several stores may open an empty database at once", async (_, connect) => {
    const stores = await Promise.all([connect(), connect(), connect()]);
    const users = await Promise.all(stores.map((store) => createUser(store)));
    for (const user of users) assert.deepEqual(await pick(stores, 0).users.find(user.id), user);
  });

  test("an open store answers a ping and describes itself", async (store) => {
    await store.ping();
    assert.match(store.description, /^\w+ \(.+\)$/);
  });

  test("closing finishes the appends that have begun", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const sent = drafts(ada, 5);
    const appended = store.log.append(
      room.id,
      { seq: 1, n: 1 },
      sent.map((each) => creation(each)),
    );
    await store.close();
    const entries = await appended;
    assert.equal(entries.length, 5);
    assert.deepEqual(await (await connect()).log.entriesAfter(room.id, 1, 10), entries);
  });

  test("a closed store is unavailable, and may be closed again", async (store) => {
    await store.close();
    await store.close();
    await assert.rejects(store.ping(), { name: "ChatError", code: "unavailable" });
    await assert.rejects(store.users.find(newId()), { name: "ChatError", code: "unavailable" });
  });
}
