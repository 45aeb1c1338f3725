/** The deletion of files that nobody gets any more, with their bytes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FolderBlobs } from "../src/adapters/blobs/folder.ts";
import type { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { collectFiles, eraseFile } from "../src/application/files/collect_files.ts";
import { uploadFile } from "../src/application/files/upload_file.ts";
import type { Actor } from "../src/domain/actor.ts";
import { newBlobKey } from "../src/domain/blob_key.ts";
import { unavailable } from "../src/domain/errors.ts";
import { type File, thumbnailKey } from "../src/domain/file.ts";
import { newId } from "../src/domain/id.ts";
import type { User } from "../src/domain/user.ts";
import type { BlobStore } from "../src/ports/blobs.ts";
import { Images } from "../src/services/files/images.ts";
import { UploadSlots } from "../src/services/files/upload_slots.ts";
import { streamOf } from "./conformance/blobs.ts";
import { createUser } from "./conformance/store/fixtures.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const PAST = new Date(Date.now() - 1_000);
const LATER = new Date(Date.now() + 2 * 60 * 60_000);

Deno.test("what a process that was killed has left of an upload is deleted when it is due", () =>
  inWorld(async (world) => {
    const [killed, running] = [await world.addUpload(PAST), await world.addUpload(LATER)];
    await collectFiles(world);
    assert.deepEqual(await world.left(), [running.id]);
    assert.equal(await world.blobs.stat(killed.blobKey), null);
    assert.ok(await world.blobs.stat(running.blobKey));
  }));

Deno.test("a file that was in no message for too long is deleted, with its thumbnail", () =>
  inWorld(async (world) => {
    const [old, fresh] = [await world.addFile(PAST), await world.addFile(LATER)];
    await collectFiles(world);
    assert.deepEqual(await world.left(), [fresh.id]);
    for (const key of [old.blobKey, thumbnailKey(old.blobKey)]) {
      assert.equal(await world.blobs.stat(key), null);
    }
  }));

Deno.test("more files than one page are all deleted by one run", () =>
  inWorld(async (world) => {
    for (let i = 0; i < 120; i++) await world.addUpload(PAST);
    await collectFiles(world);
    assert.deepEqual(await world.left(), []);
  }));

Deno.test("a file whose bytes cannot be deleted keeps no other, and is deleted later", () =>
  inWorld(async (world) => {
    const [stuck] = [await world.addFile(PAST), await world.addFile(PAST)];
    const blobs: BlobStore = Object.create(world.blobs);
    blobs.delete = (key) => {
      return key === stuck.blobKey ? Promise.reject(unavailable("Down.")) : world.blobs.delete(key);
    };
    await assert.rejects(collectFiles({ store: world.store, blobs }), { message: "Down." });
    assert.deepEqual(await world.left(), [stuck.id]);
    assert.equal((await world.store.files.find(stuck.id))?.state, "deleted");
    // Its lease is of this run: nobody else tries at the same time.
    await collectFiles(world);
    assert.deepEqual(await world.left(), [stuck.id]);
    const [again] = await world.store.files.collect(LATER, LATER, 10);
    assert.equal(again?.id, stuck.id);
  }));

Deno.test("an upload that is given up while its bytes come leaves none of them", () =>
  inWorld(async (world) => {
    const images = new Images(1);
    const fileLimits = { maxFileSize: 1_000, maxFilesPerUser: 10_000 };
    const dependencies = { ...world, images, fileLimits, uploadSlots: new UploadSlots(25) };
    const bytes = ReadableStream.from((async function* () {
      yield new TextEncoder().encode("Hello");
      const [late] = await world.store.files.collect(LATER, LATER, 10);
      await eraseFile(world, late!);
    })());
    const upload = { name: "a.txt", declaredType: null, declaredSize: 0, bytes };
    await assert.rejects(
      uploadFile({ userId: world.ada.id } as Actor, dependencies, upload),
      { code: "unavailable" },
    );
    assert.deepEqual(await world.blobs.list("", "", 10), []);
  }));

class World {
  readonly store: SqliteStore;
  readonly blobs: FolderBlobs;
  readonly ada: User;

  constructor(store: SqliteStore, blobs: FolderBlobs, ada: User) {
    this.store = store;
    this.blobs = blobs;
    this.ada = ada;
  }

  async addUpload(dueAt: Date): Promise<File> {
    const file: File = {
      id: newId(),
      ownerId: this.ada.id,
      state: "uploading",
      name: "a.png",
      type: "application/octet-stream",
      size: 0,
      width: null,
      height: null,
      hasThumbnail: false,
      quotaBytes: 10,
      blobKey: newBlobKey("files"),
      roomId: null,
      createdAt: new Date(),
    };
    assert.ok(await this.store.files.create(file, 1_000_000, dueAt));
    await this.blobs.put(file.blobKey, streamOf(["abc"]));
    return file;
  }

  async addFile(dueAt: Date): Promise<File> {
    const file = await this.addUpload(LATER);
    const content = { type: "image/png", size: 3, width: 1, height: 1, quotaBytes: 6 };
    const complete = { ...content, hasThumbnail: true, blobKey: file.blobKey };
    assert.ok(await this.store.files.complete(file.id, complete, dueAt));
    await this.blobs.put(thumbnailKey(file.blobKey), streamOf(["abc"]));
    return file;
  }

  /** The ids of the files that the store has. */
  async left(): Promise<string[]> {
    return (await this.store.files.list("", 1_000)).map(({ id }) => id);
  }
}

async function inWorld(act: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "echoroom_" });
  const store = await openSqlite(join(folder, "echoroom.db"));
  try {
    const blobs = await FolderBlobs.open(join(folder, "files"), HANG_MS);
    await act(new World(store, blobs, await createUser(store)));
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}
