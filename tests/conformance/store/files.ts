/** What every store must do with files. */
import assert from "node:assert/strict";
import {
  type Attachment,
  attachmentOf,
  CLAIM_MS,
  type File,
  REPORTED_MS,
} from "../../../src/domain/file.ts";
import type { Message } from "../../../src/domain/message.ts";
import { type Report, REPORT_KEPT_MS } from "../../../src/domain/report.ts";
import type { NewRoom } from "../../../src/domain/room.ts";
import { publicUser, type User } from "../../../src/domain/user.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import { until } from "../../harness/stage.ts";
import { deletion, edit, pin } from "./change_drafts.ts";
import {
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  newId,
  newReport,
  notice,
  pick,
  range,
  type Register,
  UNKNOWN_IDS,
  write,
} from "./fixtures.ts";

const QUOTA = 1_000_000;
const MANY = 1_000;
const NOW = new Date();
const LATER = after(NOW, 60 * 60_000);

export function testFiles(test: Register): void {
  test("a file is found as it was uploaded, and is ready once it is complete", async (store) => {
    const ada = await createUser(store);
    const upload = newUpload(ada);
    assert.equal(await store.files.create(upload, QUOTA, LATER), true);
    assert.deepEqual(await store.files.find(upload.id), upload);
    const content = contentOf({ width: 3, height: 2, hasThumbnail: true });
    assert.equal(await store.files.complete(upload.id, content, LATER), true);
    const complete = { ...upload, ...content, state: "ready" };
    assert.deepEqual(await store.files.find(upload.id), complete);
    assert.equal(await store.files.complete(upload.id, contentOf(), LATER), false);
    assert.deepEqual(await store.files.find(upload.id), complete, "another's bytes change nothing");
  });

  test("an upload is aborted until it is complete, and only once", async (store) => {
    const ada = await createUser(store);
    const upload = newUpload(ada);
    await store.files.create(upload, QUOTA, LATER);
    assert.deepEqual(await store.files.abort(upload.id, LATER), { ...upload, state: "deleted" });
    assert.equal(await store.files.abort(upload.id, LATER), null);
    assert.equal(await store.files.complete(upload.id, contentOf(), LATER), false);
    const ready = await createFile(store, ada);
    assert.equal(await store.files.abort(ready.id, LATER), null);
    assert.deepEqual(await store.files.find(ready.id), ready);
  });

  test("an upload that takes more room counts for it, while there is some", async (store) => {
    const ada = await createUser(store);
    const upload = newUpload(ada, { quotaBytes: 300 });
    const fits = (quotaBytes: number) => store.files.reserve(upload.id, quotaBytes, 1_000);
    const more = () => store.files.create(newUpload(ada, { quotaBytes: 400 }), 1_000, LATER);
    await store.files.create(upload, 1_000, LATER);
    assert.equal(await more(), true);
    assert.equal(await fits(600), true);
    assert.equal(await more(), false);
    assert.equal(await fits(601), false);
    assert.equal(
      (await store.files.find(upload.id))?.quotaBytes,
      600,
      "what is refused is not kept",
    );
    assert.equal(await fits(590), true, "less is reserved then");
    assert.equal(await fits(600), true);
    await store.files.complete(upload.id, contentOf({ quotaBytes: 600 }), LATER);
    assert.equal(await fits(100), true);
    assert.equal((await store.files.find(upload.id))?.quotaBytes, 600, "it is no upload any more");
  });

  test("an unknown file is not found, completed, discarded or claimed", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    for (const id of UNKNOWN_IDS) {
      assert.equal(await store.files.find(id), null);
      assert.equal(await store.files.complete(id, contentOf(), LATER), false);
      assert.equal(await store.files.abort(id, LATER), null);
      assert.equal(await store.files.reserve(id, 1, QUOTA), true);
      assert.equal(await store.files.discard(id, NOW, LATER), null);
      const outcome = await store.files.claim([id], claimOf(room, ada));
      assert.deepEqual(outcome, { refusal: "file_not_found" });
    }
  });

  test(
    "a user's files count for no more than the quota, however many come at once",
    async (store, connect) => {
      const stores = [store, await connect()];
      const [ada, bob] = [await createUser(store), await createUser(store)];
      const quota = 1_000;
      const added = await Promise.all(
        range(1, 8).map(async (i) => {
          const upload = newUpload(ada, { quotaBytes: 300 });
          return await pick(stores, i).files.create(upload, quota, LATER) ? upload : null;
        }),
      );
      const uploads = added.filter((each) => each !== null);
      assert.ok(uploads.length <= 3);
      assert.equal(
        await store.files.create(newUpload(bob, { quotaBytes: 1_000 }), quota, LATER),
        true,
      );
      for (let i = uploads.length; i < 3; i++) {
        const upload = newUpload(ada, { quotaBytes: 300 });
        assert.equal(await store.files.create(upload, quota, LATER), true);
        uploads.push(upload);
      }
      assert.equal(
        await store.files.create(newUpload(ada, { quotaBytes: 101 }), quota, LATER),
        false,
      );
      const complete = contentOf({ quotaBytes: 200 });
      assert.equal(await store.files.complete(uploads[0]!.id, complete, LATER), true);
      assert.equal(
        await store.files.create(newUpload(ada, { quotaBytes: 201 }), quota, LATER),
        false,
      );
      assert.equal(
        await store.files.create(newUpload(ada, { quotaBytes: 200 }), quota, LATER),
        true,
      );
      assert.ok(await store.files.discard(uploads[1]!.id, NOW, LATER));
      assert.equal(
        await store.files.create(newUpload(ada, { quotaBytes: 300 }), quota, LATER),
        true,
      );
    },
  );

  test("a message has its files wherever it is read, until it is deleted", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const files = [await createFile(store, ada), await createFile(store, ada, { width: 4 })];
    const attachments = files.map(attachmentOf);
    const [entry] = await write(store, room.id, creation(draft(ada, { attachments })));
    const shows = async (expected: Attachment[]) => {
      const [found] = await store.messages.find(room.id, [entry!.id]);
      assert.deepEqual(found!.attachments, expected);
      const [logged] = await store.log.entriesAfter(room.id, entry!.seq - 1, 1);
      assert.deepEqual(logged!.message.attachments, expected);
    };
    await shows(attachments);
    const [edited] = await write(store, room.id, edit(entry!.message, { text: "New" }));
    const [pinned] = await write(store, room.id, pin(edited!.message, publicUser(ada)));
    await shows(attachments);
    await write(store, room.id, deletion(pinned!.message, publicUser(ada)));
    await shows([]);
  });

  test(
    "a file is in a message from its entry on, and gone with the last one's",
    async (store, connect) => {
      const other = await connect();
      const { room, ada } = await createRoomWithAda(store);
      const file = await createFile(store, ada);
      const isSeen = async (state: File["state"]) => {
        assert.equal((await store.files.find(file.id))?.state, state);
        assert.equal((await other.files.find(file.id))?.state, state);
      };
      await isSeen("ready");
      const first = await send(store, room, ada, [file]);
      await isSeen("attached");
      const second = await send(other, room, ada, [file]);
      await write(store, room.id, edit(first, { text: "New" }));
      const [edited] = await store.messages.find(room.id, [first.id]);
      await write(other, room.id, deletion(edited!, publicUser(ada)));
      await isSeen("attached");
      assert.deepEqual(await collected(store, [file], NOW), []);
      await isSeen("attached");
      await write(store, room.id, deletion(second, publicUser(ada)));
      await isSeen("deleted");
      assert.deepEqual(await collected(other, [file], new Date()), [file.id]);
      assert.deepEqual(await collected(store, [file], new Date()), []);
      await store.files.remove(file.id);
      assert.equal(await store.files.find(file.id), null);
    },
  );

  test("a message that is created and deleted by one append leaves its files to be deleted", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const file = await createFile(store, ada);
    const message = draft(ada, { attachments: [attachmentOf(file)] });
    await claim(store, room, ada, [file], message.id);
    const end = await store.log.end(room.id);
    const seq = end.seq + 1;
    const created = { ...message, roomId: room.id, seq, changedSeq: seq, textSeq: seq };
    const before = { ...created, updatedAt: message.createdAt };
    await write(store, room.id, creation(message), deletion(before, publicUser(ada)));
    assert.equal((await store.files.find(file.id))?.state, "deleted");
    assert.deepEqual(await collected(store, [file], new Date()), [file.id]);
  });

  test("a claim is refused for what is another's, uploading, deleted or in another room", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const elsewhere = await createRoom(store, ada);
    const upload = newUpload(ada);
    await store.files.create(upload, QUOTA, LATER);
    const [own, gone, used] = await Promise.all([1, 2, 3].map(() => createFile(store, ada)));
    await store.files.discard(gone!.id, NOW, LATER);
    await send(store, elsewhere, ada, [used!]);
    const refusalOf = async (...files: File[]) => {
      const ids = [own!, ...files].map(({ id }) => id);
      const outcome = await store.files.claim(ids, claimOf(room, ada));
      return "refusal" in outcome ? outcome.refusal : null;
    };
    assert.equal(await refusalOf(await createFile(store, bob)), "file_not_found");
    assert.equal(await refusalOf(gone!), "file_not_found");
    assert.equal(await refusalOf(upload), "file_not_ready");
    assert.equal(await refusalOf(used!), "file_in_use");
    assert.equal((await store.files.find(own!.id))?.roomId, null);
    const outcome = await store.files.claim([own!.id], claimOf(room, ada));
    assert.ok("files" in outcome);
    assert.deepEqual(outcome.files, [own]);
  });

  test("of claims for several rooms at once one room has the file", async (store, connect) => {
    const stores = [store, await connect()];
    const { room, ada } = await createRoomWithAda(store);
    const rooms = [room, await createRoom(store, ada), await createRoom(store, ada)];
    const file = await createFile(store, ada);
    const outcomes = await Promise.all(rooms.map((each, i) => {
      return pick(stores, i).files.claim([file.id], claimOf(each, ada));
    }));
    const won = rooms.filter((_, i) => "files" in outcomes[i]!);
    assert.deepEqual(won.map(({ id }) => id), [(await store.files.find(file.id))?.roomId]);
    for (const outcome of outcomes) {
      if (!("files" in outcome)) assert.deepEqual(outcome, { refusal: "file_in_use" });
    }
  });

  test("a claim that is released, or a minute old, keeps the file from no other room", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const elsewhere = await createRoom(store, ada);
    const file = await createFile(store, ada);
    const messageId = newId();
    await claim(store, room, ada, [file], messageId);
    await store.files.release([file.id], newId());
    assert.equal((await store.files.find(file.id))?.roomId, room.id);
    await store.files.release([file.id], messageId);
    assert.equal((await store.files.find(file.id))?.roomId, null);
    await claim(store, elsewhere, ada, [file]);
    const later = { ...claimOf(room, ada), at: after(NOW, CLAIM_MS + 1) };
    assert.ok("files" in await store.files.claim([file.id], later));
    assert.equal((await store.files.find(file.id))?.roomId, room.id);
  });

  test("a file that another message claims stays its when a later claim is released", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const elsewhere = await createRoom(store, ada);
    const file = await createFile(store, ada);
    const message = draft(ada, { attachments: [attachmentOf(file)] });
    const refused = newId();
    await claim(store, room, ada, [file], message.id);
    await claim(store, room, ada, [file], refused);
    await store.files.release([file.id], refused);
    assert.equal(await store.files.discard(file.id, NOW, LATER), null);
    const outcome = await store.files.claim([file.id], claimOf(elsewhere, ada));
    assert.deepEqual(outcome, { refusal: "file_in_use" });
    await write(store, room.id, creation(message));
    const found = await store.files.find(file.id);
    assert.deepEqual([found?.state, found?.roomId], ["attached", room.id]);
  });

  test("a file that is in a message stays in its room when a later claim is released", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const elsewhere = await createRoom(store, ada);
    const file = await createFile(store, ada);
    await send(store, room, ada, [file]);
    const messageId = newId();
    await claim(store, room, ada, [file], messageId);
    await store.files.release([file.id], messageId);
    const outcome = await store.files.claim([file.id], claimOf(elsewhere, ada));
    assert.deepEqual(outcome, { refusal: "file_in_use" });
  });

  test("what is in no message is collected when it is due, and not while it is claimed", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const due = new Date(NOW.getTime() - 1);
    const upload = newUpload(ada);
    await store.files.create(upload, QUOTA, due);
    const old = await createFile(store, ada, {}, due);
    const claimed = await createFile(store, ada, {}, due);
    const fresh = await createFile(store, ada);
    const attached = await createFile(store, ada, {}, due);
    await claim(store, room, ada, [claimed]);
    await send(store, room, ada, [attached]);
    const all = [upload, old, claimed, fresh, attached];
    assert.deepEqual(await collected(store, all, NOW), [upload.id, old.id].toSorted());
    const states = await Promise.all(
      all.map(async ({ id }) => (await store.files.find(id))?.state),
    );
    assert.deepEqual(states, ["deleted", "deleted", "ready", "ready", "attached"]);
    assert.equal(await store.files.complete(upload.id, contentOf(), LATER), false);
    const left = [claimed, fresh, attached];
    const afterwards = await collected(store, left, after(NOW, CLAIM_MS + 1));
    assert.deepEqual(afterwards, [claimed.id]);
  });

  test(
    "what is collected is so once at a time, and again after the lease until it is removed",
    async (store, connect) => {
      const stores = [store, await connect()];
      const ada = await createUser(store);
      const due = new Date(NOW.getTime() - 1);
      const files = await Promise.all(range(1, 4).map(() => createFile(store, ada, {}, due)));
      const found = await Promise.all(
        range(1, 4).map((i) => {
          return collected(pick(stores, i), files, NOW);
        }),
      );
      assert.deepEqual(found.flat().toSorted(), files.map(({ id }) => id).toSorted());
      const [removed, left] = files;
      await store.files.remove(removed!.id);
      const again = await collected(store, files.slice(0, 2), after(leaseEnd(NOW), 1));
      assert.deepEqual(again, [left!.id]);
    },
  );

  test("a file is discarded while it is in no message and not claimed, and only once", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const [claimed, attached, free] = await Promise.all(
      range(1, 3).map(() => {
        return createFile(store, ada);
      }),
    );
    await claim(store, room, ada, [claimed!]);
    await send(store, room, ada, [attached!]);
    assert.equal(await store.files.discard(claimed!.id, NOW, LATER), null);
    assert.equal(await store.files.discard(attached!.id, NOW, LATER), null);
    const discarded = await store.files.discard(free!.id, NOW, LATER);
    assert.deepEqual(discarded, { ...free!, state: "deleted" });
    assert.equal(await store.files.discard(free!.id, NOW, LATER), null);
    await store.files.remove(attached!.id);
    assert.ok(await store.files.find(attached!.id));
  });

  test(
    "a file of a report stays when its last message is deleted, and counts for nothing",
    async (store, connect) => {
      const other = await connect();
      const { room, ada } = await createRoomWithAda(store);
      const [kept, dropped] = [await createFile(store, ada), await createFile(store, ada)];
      const message = await send(store, room, ada, [kept]);
      const later = await send(store, room, ada, [kept, dropped]);
      await store.reports.create(newReport(message));
      assert.deepEqual(
        [await other.reports.haveFile(kept.id), await other.reports.haveFile(dropped.id)],
        [true, false],
      );
      await write(store, room.id, deletion(message, publicUser(ada)));
      assert.equal((await other.files.find(kept.id))?.state, "attached");
      await write(store, room.id, deletion(later, publicUser(ada)));
      const stateOf = async ({ id }: File) => (await other.files.find(id))?.state;
      assert.deepEqual([await stateOf(kept), await stateOf(dropped)], ["reported", "deleted"]);
      const { quotaBytes } = kept;
      const upload = () => newUpload(ada, { quotaBytes });
      for (let i = 0; i < 2; i++) {
        assert.deepEqual(await collected(store, [kept], new Date()), []);
        assert.equal(await stateOf(kept), "reported");
      }
      await collected(store, [dropped], new Date());
      assert.equal(await store.files.create(upload(), quotaBytes, LATER), true);
      assert.equal(await store.files.create(upload(), quotaBytes, LATER), false);
      assert.equal(await store.files.discard(kept.id, NOW, LATER), null);
      const outcome = await store.files.claim([kept.id], claimOf(room, ada));
      assert.deepEqual(outcome, { refusal: "file_not_found" });
      await store.files.remove(kept.id);
      // The id before it: ids are of a fixed length.
      const listed = await store.files.list(kept.id.slice(0, -1), MANY);
      assert.equal(listed.find(({ id }) => id === kept.id)?.state, "ready");
    },
  );

  test("a file is collected once the last report of it was closed 90 days ago", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const files = [await createFile(store, ada), await createFile(store, ada)];
    const messages = [
      await send(store, room, ada, files),
      await send(store, room, ada, files.slice(1)),
    ];
    const reports = messages.map((message) => newReport(message));
    for (const report of reports) await store.reports.create(report);
    for (const message of messages) await write(store, room.id, deletion(message, publicUser(ada)));
    const [first, second] = files;
    assert.deepEqual(await collected(store, files, new Date()), []);
    const close = (report: Report) => {
      const closedAt = new Date(Date.now() - REPORT_KEPT_MS);
      const how = { state: "resolved", note: null, closedById: ada.id, closedAt } as const;
      return store.reports.close(report.id, how);
    };
    const tomorrow = after(new Date(), REPORTED_MS);
    await close(reports[0]!);
    assert.equal(await store.reports.haveFile(first!.id), false);
    assert.equal((await store.files.find(first!.id))?.state, "deleted");
    assert.deepEqual(await collected(store, files, tomorrow), [first!.id]);
    await close(reports[1]!);
    await store.repair();
    const next = after(tomorrow, REPORTED_MS);
    assert.ok((await collected(store, files, next)).includes(second!.id));
  });

  test("the files of a deleted room are collected once its messages are gone", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const file = await createFile(store, ada);
    await send(store, room, ada, [file]);
    const createdAt = new Date(Date.now() - 10 * 60_000);
    await write(store, room.id, notice(ada, "room_deleted", [], {}, { createdAt }));
    const found: string[] = [];
    await until(async () => {
      await store.repair();
      found.push(...await collected(store, [file], new Date()));
      return found.length > 0;
    }, "its files are collected");
    assert.deepEqual(found, [file.id]);
  });

  test("all files are listed by their ids, page by page", async (store) => {
    const ada = await createUser(store);
    const files = await Promise.all(range(1, 3).map(() => createFile(store, ada)));
    const ids = new Set(files.map(({ id }) => id));
    const listed = [];
    for (let after = "";;) {
      const page = await store.files.list(after, 2);
      if (page.length === 0) break;
      listed.push(...page);
      after = page.at(-1)!.id;
    }
    assert.deepEqual(listed.map(({ id }) => id), listed.map(({ id }) => id).toSorted());
    const own = listed.filter(({ id }) => ids.has(id));
    const expected = files.map(({ id, blobKey, size, hasThumbnail, createdAt }) => {
      return { id, blobKey, size, hasThumbnail, createdAt, state: "ready" };
    });
    assert.deepEqual(own, expected.toSorted((a, b) => a.id < b.id ? -1 : 1));
  });
}

function after(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms);
}

function leaseEnd(now: Date): Date {
  return after(now, 30_000);
}

function newUpload(owner: User, fields: Partial<File> = {}): File {
  const id = newId();
  return {
    id,
    ownerId: owner.id,
    state: "uploading",
    name: "engine.png",
    type: "application/octet-stream",
    size: 0,
    width: null,
    height: null,
    hasThumbnail: false,
    quotaBytes: 100,
    blobKey: `files/${id}`,
    roomId: null,
    createdAt: NOW,
    ...fields,
  };
}

function contentOf(fields: Partial<File> = {}) {
  const { width = null, height = null, hasThumbnail = false, quotaBytes = 50 } = fields;
  const blobKey = `files/${newId()}`;
  return { type: "image/png", size: 40, width, height, hasThumbnail, quotaBytes, blobKey };
}

/** A file that is ready. */
async function createFile(
  store: Store,
  owner: User,
  fields: Partial<File> = {},
  dueAt = LATER,
): Promise<File> {
  const upload = newUpload(owner);
  assert.equal(await store.files.create(upload, QUOTA, LATER), true);
  assert.equal(await store.files.complete(upload.id, contentOf(fields), dueAt), true);
  return (await store.files.find(upload.id))!;
}

function claimOf(room: NewRoom, owner: User, messageId = newId()) {
  return { ownerId: owner.id, roomId: room.id, messageId, at: NOW };
}

async function claim(
  store: Store,
  room: NewRoom,
  owner: User,
  files: readonly File[],
  messageId?: string,
): Promise<void> {
  const ids = files.map(({ id }) => id);
  assert.ok("files" in await store.files.claim(ids, claimOf(room, owner, messageId)));
}

/** Claims the files and appends a message with them. */
async function send(
  store: Store,
  room: NewRoom,
  sender: User,
  files: readonly File[],
): Promise<Message> {
  const message = draft(sender, { attachments: files.map(attachmentOf) });
  await claim(store, room, sender, files, message.id);
  const [entry] = await write(store, room.id, creation(message));
  return entry!.message;
}

/** The ids of those of the files that are collected; other tests have some as well. */
async function collected(store: Store, files: readonly File[], now: Date): Promise<string[]> {
  const ids = new Set(files.map(({ id }) => id));
  const found = await store.files.collect(now, leaseEnd(now), MANY);
  return found.map(({ id }) => id).filter((id) => ids.has(id)).toSorted();
}
