/** Files' bytes in a folder. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FolderBlobs } from "../src/adapters/blobs/folder.ts";
import { newBlobKey } from "../src/domain/blob_key.ts";
import { ChatError } from "../src/domain/errors.ts";
import {
  type BlobSetting,
  streamOf,
  testBlobs,
  testReplacement,
  textOf,
} from "./conformance/blobs.ts";
import { HANG_MS } from "./harness/deadline.ts";

let folder = "";

const SETTING: BlobSetting = {
  name: "folder",
  async open() {
    folder = await Deno.makeTempDir();
    return await FolderBlobs.open(folder, HANG_MS);
  },
  countDrafts: async () => (await draftsIn(folder)).length,
};
testBlobs(SETTING);
testReplacement(SETTING);

Deno.test("a blob is a file at the path of its key, for the server's user only", async () => {
  const root = await Deno.makeTempDir();
  const blobs = await FolderBlobs.open(root, HANG_MS);
  const key = newBlobKey("files");
  await blobs.put(key, streamOf(["x"]));
  assert.equal(await Deno.readTextFile(join(root, key)), "x");
  for (const path of [key, key.slice(0, 10), key.slice(0, 8), "files"]) {
    assert.equal((await Deno.stat(join(root, path))).mode! & 0o077, 0, path);
  }
});

Deno.test("what a killed process was writing is removed a day later, at a start", async () => {
  const root = await Deno.makeTempDir();
  const blobs = await FolderBlobs.open(root, HANG_MS);
  await blobs.put("a/b", streamOf(["kept"]));
  const hours = (count: number) => new Date(Date.now() - count * 60 * 60 * 1_000);
  for (const [name, age] of [["old", 25], ["young", 23]] as const) {
    const path = join(root, "~drafts", name);
    await Deno.writeTextFile(path, name);
    await Deno.utime(path, hours(age), hours(age));
  }
  await Deno.utime(join(root, "a/b"), hours(50), hours(50));
  const later = await FolderBlobs.open(root, HANG_MS);
  assert.deepEqual(await draftsIn(root), ["young"]);
  assert.equal(await textOf(later, "a/b"), "kept");
});

Deno.test("keys are listed in their order, whatever comes beside a slash", async () => {
  const blobs = await FolderBlobs.open(await Deno.makeTempDir(), HANG_MS);
  const keys = ["a-b", "a.b", "a/b-c", "a/b.c", "a/b/1", "a/b0", "a0", "a_", "aa/b"];
  for (const key of keys.toReversed()) await blobs.put(key, streamOf(["x"]));
  for (const after of ["", ...keys]) {
    const listed = (await blobs.list("", after, 100)).map(({ key }) => key);
    assert.deepEqual(listed, keys.filter((key) => key > after), after);
  }
});

Deno.test("drafts, and files that are no blobs, are not listed", async () => {
  const root = await Deno.makeTempDir();
  const blobs = await FolderBlobs.open(root, HANG_MS);
  await Deno.writeTextFile(join(root, "~drafts/x"), "");
  await Deno.writeTextFile(join(root, "a note"), "");
  await blobs.put("a/b", streamOf(["x"]));
  assert.deepEqual((await blobs.list("", "", 10)).map(({ key }) => key), ["a/b"]);
});

Deno.test("a folder that was removed or unmounted is unavailable", async () => {
  const root = await Deno.makeTempDir();
  const blobs = await FolderBlobs.open(root, HANG_MS);
  await Deno.remove(root, { recursive: true });
  const isUnavailable = (error: unknown) =>
    error instanceof ChatError && error.code === "unavailable";
  await assert.rejects(blobs.ping(), isUnavailable);
  await assert.rejects(blobs.put("a/b", streamOf(["x"])), isUnavailable);
  await assert.rejects(Deno.stat(root), Deno.errors.NotFound);
});

Deno.test("a write that fails does not wait for a disk that does not remove its draft", async () => {
  const blobs = await FolderBlobs.open(await Deno.makeTempDir(), 500);
  const { remove } = Deno;
  Deno.remove = () => new Promise(() => {});
  try {
    const error = new Error("The client has gone.");
    const broken = new ReadableStream({ pull: (controller) => controller.error(error) });
    await assert.rejects(blobs.put("a/b", broken), error);
  } finally {
    Deno.remove = remove;
  }
});

Deno.test("on a full disk a write is refused, says so, and leaves nothing", async () => {
  const root = await Deno.makeTempDir();
  const script = new URL("harness/limited_folder_put.ts", import.meta.url).pathname;
  // A write beyond the limit is an error then, as on a full disk, and no signal that ends the process.
  const limits = 'trap \'\' XFSZ; ulimit -f 200; exec "$0" "$@"';
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      limits,
      Deno.execPath(),
      "run",
      "--no-check",
      "--allow-read",
      "--allow-write",
      script,
      root,
    ],
  }).output();
  assert.deepEqual(
    JSON.parse(new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr)),
    {
      code: "unavailable",
      message: "The disk of files is full.",
      cancelled: true,
      listed: [],
    },
  );
  assert.deepEqual(await draftsIn(root), []);
});

async function draftsIn(root: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(join(root, "~drafts")), ({ name }) => name);
}
