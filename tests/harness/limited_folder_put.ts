/** Puts a blob of 1 MB into the folder that is its argument, and prints what became of it. */
import { FolderBlobs } from "../../src/adapters/blobs/folder.ts";
import { ChatError } from "../../src/domain/errors.ts";

const blobs = await FolderBlobs.open(Deno.args[0]!);
let cancelled = false;
const bytes = new ReadableStream<Uint8Array>({
  pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
  cancel: () => {
    cancelled = true;
  },
});
const error = await blobs.put("a/b", bytes).catch((error) => error);
const { code, message } = error instanceof ChatError ? error : { code: null, message: `${error}` };
console.log(JSON.stringify({ code, message, cancelled, listed: await blobs.list("", "", 10) }));
