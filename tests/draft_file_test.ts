/** Uploads that wait on the disk until they are complete. */
import assert from "node:assert/strict";
import { DraftFile } from "../src/disk/draft_file.ts";
import { streamOf } from "./conformance/blobs.ts";

Deno.test("a draft is read as it was written", async () => {
  await using draft = await DraftFile.of(streamOf(["ab", "", "c"]));
  assert.equal(draft.size, 3);
  const parts = [await draft.read(), await draft.read(1), await draft.read(1, 1)];
  assert.deepEqual(parts.map((part) => new TextDecoder().decode(part)), ["abc", "bc", "b"]);
});

Deno.test("a folder for temporary files that cannot be written makes uploads unavailable", async () => {
  const folder = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", "/nowhere");
  try {
    const message = "The disk for temporary files is full, or cannot be used.";
    const refusal = { name: "ChatError", code: "unavailable", message };
    await assert.rejects(DraftFile.of(streamOf(["x"])), refusal);
  } finally {
    if (folder === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", folder);
  }
});

Deno.test("a stream that breaks off breaks the draft off with its own error", async () => {
  const error = new Error("The client has gone.");
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(error) });
  await assert.rejects(DraftFile.of(broken), error);
});

Deno.test("a draft that is opened after it was given up is closed", async () => {
  const { makeTempFile, open } = Deno;
  const { setTimeout } = globalThis;
  const [disk, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  Deno.makeTempFile = async (options) => {
    await disk.promise;
    return await makeTempFile(options);
  };
  Deno.open = async (...args) => {
    const file = await open(...args);
    const close = file.close.bind(file);
    file.close = () => closed.resolve(close());
    return file;
  };
  // The limit is over at once.
  globalThis.setTimeout = ((act: () => void) => setTimeout(act)) as typeof globalThis.setTimeout;
  try {
    await assert.rejects(DraftFile.of(streamOf(["x"])), { code: "unavailable" });
    disk.resolve();
    await closed.promise;
  } finally {
    Object.assign(Deno, { makeTempFile, open });
    globalThis.setTimeout = setTimeout;
  }
});
