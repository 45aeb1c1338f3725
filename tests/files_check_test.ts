/** `deno task files check`: what the store knows of files against the bytes that are kept. */
// @slow: starts processes
import assert from "node:assert/strict";
import { join } from "node:path";
import { FolderBlobs } from "../src/adapters/blobs/folder.ts";
import type { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { collectFiles } from "../src/application/files/collect_files.ts";
import { checkFiles } from "../src/application/files/check_files.ts";
import { avatarPath } from "../src/domain/avatar.ts";
import { newBlobKey } from "../src/domain/blob_key.ts";
import { attachmentOf, type File, thumbnailKey } from "../src/domain/file.ts";
import { newId } from "../src/domain/id.ts";
import { publicUser } from "../src/domain/user.ts";
import type { BlobStore } from "../src/ports/blobs.ts";
import { streamOf } from "./conformance/blobs.ts";
import { deletion } from "./conformance/store/change_drafts.ts";
import {
  createRoom,
  createUser,
  creation,
  draft,
  newReport,
  write,
} from "./conformance/store/fixtures.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const LATER = new Date(Date.now() + 60 * 60_000);
const LONG_AGO = new Date(Date.now() - 2 * 60 * 60_000);

Deno.test("a store whose bytes are all there is in order", () =>
  inWorld(async (world) => {
    await world.addFile({ text: "abc" });
    await world.addFile({ text: "a picture", thumbnail: "small" });
    await world.addAvatar("face");
    const report = await checkFiles(world);
    assert.deepEqual(report, {
      files: { count: 2, blobs: 3, bytes: 17 },
      avatars: { blobs: 1, bytes: 4 },
      faults: [],
      leftOver: [],
    });
  }));

Deno.test("bytes that only a report has are in order", () =>
  inWorld(async (world) => {
    const { store } = world;
    const file = await world.addFile({ text: "abc" });
    const ada = (await store.users.find(file.ownerId))!;
    const room = await createRoom(store, ada);
    const attachments = [attachmentOf(file)];
    const [entry] = await write(store, room.id, creation(draft(ada, { attachments })));
    await store.reports.create(newReport(entry!.message));
    await write(store, room.id, deletion(entry!.message, publicUser(ada)));
    await collectFiles(world);
    const { files, faults, leftOver } = await checkFiles(world);
    assert.deepEqual([files.count, files.blobs, faults, leftOver], [1, 1, [], []]);
  }));

Deno.test("bytes that are missing or of another size are named with their file", () =>
  inWorld(async (world) => {
    const [whole, thumb, short] = [
      await world.addFile({ text: "abc" }),
      await world.addFile({ text: "abc", thumbnail: "small" }),
      await world.addFile({ text: "abc" }),
    ];
    await world.blobs.delete(whole.blobKey);
    await world.blobs.delete(thumbnailKey(thumb.blobKey));
    await world.addBlob(short.blobKey, "a");
    const { faults } = await checkFiles(world);
    const expected = [
      { kind: "missing", owner: "file", id: whole.id, key: whole.blobKey },
      { kind: "missing", owner: "file", id: thumb.id, key: thumbnailKey(thumb.blobKey) },
      { kind: "damaged", owner: "file", id: short.id, key: short.blobKey },
    ];
    const byKey = (a: { key: string }, b: { key: string }) => a.key < b.key ? -1 : 1;
    assert.deepEqual(faults.toSorted(byKey), expected.toSorted(byKey));
  }));

Deno.test("bytes of no file are left over, once no upload can have begun them", () =>
  inWorld(async (world) => {
    const [old, young] = [newBlobKey("files"), newBlobKey("uploads")];
    await world.addBlob(old, "abc");
    await world.addBlob(young, "abc", new Date());
    const { leftOver } = await checkFiles(world);
    assert.deepEqual(leftOver.map(({ key, size }) => [key, size]), [[old, 3]]);
  }));

Deno.test("an avatar that is missing is named with its user", () =>
  inWorld(async (world) => {
    const { id, key } = await world.addAvatar("face");
    await world.addAvatar("another");
    await world.blobs.delete(key);
    const { avatars, faults } = await checkFiles(world);
    assert.deepEqual(avatars, { blobs: 1, bytes: 7 });
    assert.deepEqual(faults, [{ kind: "missing", owner: "user", id, key }]);
  }));

Deno.test("avatars that no user has are left over, once none can be about to get them", () =>
  inWorld(async (world) => {
    const { id, key } = await world.addAvatar("face");
    await world.addBlob(newBlobKey("avatars"), "new", new Date());
    const avatarUrl = "https://example.org/a.png";
    await world.store.users.update(id, { avatarUrl }, new Date());
    const { avatars, faults, leftOver } = await checkFiles(world);
    assert.deepEqual([avatars, faults], [{ blobs: 0, bytes: 0 }, []]);
    assert.deepEqual(leftOver.map((blob) => blob.key), [key]);
  }));

Deno.test("an avatar that is replaced during the check is not reported", () =>
  inWorld(async (world) => {
    const { id, key } = await world.addAvatar("face");
    const blobs: BlobStore = Object.create(world.blobs);
    blobs.list = async (...page) => {
      await world.store.users.update(id, { avatarUrl: null }, new Date());
      await world.blobs.delete(key);
      return await world.blobs.list(...page);
    };
    blobs.ping = () => world.blobs.ping();
    blobs.stat = (key) => world.blobs.stat(key);
    const { faults, leftOver } = await checkFiles({ store: world.store, blobs });
    assert.deepEqual([faults, leftOver], [[], []]);
  }));

Deno.test("files that are being uploaded or deleted are not compared", () =>
  inWorld(async (world) => {
    const uploading = await world.addFile({ text: "abc", complete: false });
    const deleted = await world.addFile({ text: "abc" });
    await world.blobs.delete(uploading.blobKey);
    await world.store.files.discard(deleted.id, new Date(), LATER);
    const { files, faults, leftOver } = await checkFiles(world);
    assert.deepEqual([files.count, faults, leftOver], [0, [], []]);
  }));

Deno.test("the command says what it finds, and removes what is left over if it is told to", () =>
  inWorld(async (world) => {
    const missing = await world.addFile({ text: "abc" });
    await world.addFile({ text: "abc" });
    await world.blobs.delete(missing.blobKey);
    const key = newBlobKey("files");
    await world.addBlob(key, "abcde");
    const first = await run(["check"], world.folder);
    assert.equal(first.code, 1);
    assert.deepEqual(first.output.split("\n").slice(1, -1), [
      "2 files: 1 blobs of 3 bytes; 0 avatars of 0 bytes",
      "missing: 1",
      `  ${missing.blobKey} of file ${missing.id}`,
      "of another size: 0",
      "of no file and no user (5 bytes): 1",
      `  ${key}, 5 bytes`,
    ]);
    const second = await run(["check", "--remove"], world.folder);
    assert.match(second.output, /^Removed 1 that belonged to no file and no user$/m);
    assert.equal(await world.blobs.stat(key), null);
    await world.store.files.discard(missing.id, new Date(), LATER);
    const third = await run(["check"], world.folder);
    assert.equal(third.code, 0);
    assert.match(third.output, /^of no file and no user \(0 bytes\): 0$/m);
  }));

Deno.test("the command says in one line what is wrong, and makes no database", async () => {
  const folder = await Deno.makeTempDir();
  const missing = await run(["check"], folder);
  assert.equal(missing.code, 1);
  assert.match(missing.output, /^The files were not checked: DATA_DIR is .* no database; .*\n$/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  for (const args of [[], ["repair"], ["check", "--force"]]) {
    assert.equal((await run(args, folder)).code, 2);
  }
});

interface NewFile {
  text: string;
  thumbnail?: string;
  complete?: boolean;
}

class World {
  readonly folder: string;
  readonly store: SqliteStore;
  readonly blobs: FolderBlobs;

  constructor(folder: string, store: SqliteStore, blobs: FolderBlobs) {
    this.folder = folder;
    this.store = store;
    this.blobs = blobs;
  }

  async addFile({ text, thumbnail, complete = true }: NewFile): Promise<File> {
    const file: File = {
      id: newId(),
      name: "a.txt",
      type: "text/plain",
      size: text.length,
      width: null,
      height: null,
      hasThumbnail: thumbnail !== undefined,
      createdAt: new Date(),
      ownerId: (await createUser(this.store)).id,
      state: "uploading",
      quotaBytes: text.length,
      blobKey: newBlobKey("files"),
      roomId: null,
    };
    await this.store.files.create(file, 1_000_000, LATER);
    await this.addBlob(file.blobKey, text);
    if (thumbnail !== undefined) await this.addBlob(thumbnailKey(file.blobKey), thumbnail);
    if (complete) await this.store.files.complete(file.id, file, LATER);
    return file;
  }

  /** A user with an avatar. */
  async addAvatar(text: string): Promise<{ id: string; key: string }> {
    const key = newBlobKey("avatars");
    await this.addBlob(key, text);
    const { id } = await createUser(this.store, { avatarUrl: avatarPath(key) });
    return { id, key };
  }

  async addBlob(key: string, text: string, at = LONG_AGO): Promise<void> {
    await this.blobs.put(key, streamOf([text]));
    await Deno.utime(join(this.folder, "files", key), at, at);
  }
}

async function inWorld(act: (world: World) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = await openSqlite(join(folder, "echoroom.db"));
  try {
    await act(new World(folder, store, await FolderBlobs.open(join(folder, "files"), HANG_MS)));
  } finally {
    await store.close();
  }
}

/** Runs the command as its task does, in a folder without a `.env`. */
async function run(args: string[], dataDir: string) {
  const permissions = ["net", "read", "write", "env", "sys", "ffi"].map((name) =>
    `--allow-${name}`
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...permissions,
      "--config",
      join(ROOT, "deno.json"),
      join(ROOT, "commands/files.ts"),
      ...args,
    ],
    cwd: await Deno.makeTempDir(),
    env: { DATA_DIR: dataDir, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
