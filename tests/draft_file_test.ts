/** Uploads that wait on the disk until they are complete. */
import assert from "node:assert/strict";
import { DraftFile } from "../src/services/files/draft_file.ts";
import { streamOf } from "./conformance/blobs.ts";

Deno.test("a draft is read as it was written", async () => {
  await using draft = await DraftFile.of(streamOf(["ab", "", "c"]));
  assert.equal(new TextDecoder().decode(await draft.read()), "abc");
});

Deno.test("a folder for temporary files that cannot be written makes uploads unavailable", async () => {
  const folder = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", "/nowhere");
  try {
    const refusal = { name: "ChatError", code: "unavailable" };
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
