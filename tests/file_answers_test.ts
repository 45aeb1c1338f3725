/** How the bytes of files are sent to who reads slowly. */
import assert from "node:assert/strict";
import { whileRead } from "../src/http/file_answers.ts";

Deno.test("a file is closed once nobody takes its bytes for a while", async () => {
  const closed = Promise.withResolvers<void>();
  const reader = whileRead(endless(closed.resolve), 1).getReader();
  assert.deepEqual((await reader.read()).value, BYTES);
  await closed.promise;
  await assert.rejects(reader.read(), /stopped/);
});

Deno.test("a file is closed also if nobody begins to take its bytes", async () => {
  const closed = Promise.withResolvers<void>();
  const reader = whileRead(endless(closed.resolve), 1).getReader();
  await closed.promise;
  await assert.rejects(reader.read(), /stopped/);
});

Deno.test("a file is closed at once by who wants no more of it", async () => {
  const closed = Promise.withResolvers<void>();
  const reader = whileRead(endless(closed.resolve)).getReader();
  await reader.read();
  await reader.cancel();
  await closed.promise;
});

Deno.test("a file is not closed while its bytes are read, however long that takes", async () => {
  const bytes = Promise.withResolvers<Uint8Array>();
  const slow = (async function* () {
    yield await bytes.promise;
  })();
  const reader = whileRead(slow, 1).getReader();
  const read = reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  bytes.resolve(BYTES);
  assert.deepEqual((await read).value, BYTES);
});

const BYTES = new Uint8Array([1, 2, 3]);

function endless(cancel: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(BYTES), cancel });
}
