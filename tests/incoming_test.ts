/** How the bytes of uploads are read, and that many uploads leave the event loop to others. */
import assert from "node:assert/strict";
import { Turns } from "../src/async/turns.ts";
import { HEAD_BYTES } from "../src/services/files/file_types.ts";
import { receive } from "../src/services/files/incoming.ts";
import { HANG_MS } from "./harness/deadline.ts";

const LIMIT = 10 * 1_024 * 1_024;
const anySize = () => Promise.resolve();

/** Bytes in a stream whose reader may bring a buffer, as the body of a request is. */
function bodyOf(parts: Uint8Array[]): ReadableStream<Uint8Array> {
  const waiting = [...parts];
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const part = waiting.shift();
      if (part) return controller.enqueue(part.slice());
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

async function sizeOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of stream) size += chunk.length;
  return size;
}

/** Bytes that tell where they belong. */
function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i + (i >> 8) * 7) % 251);
}

function parts(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

for (const size of [1, 1_000, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 3_000_000]) {
  Deno.test(`${size} bytes are read as they came, and the first are seen`, async () => {
    const sent = pattern(size);
    for (const each of [700, 65_536, 900_000]) {
      const { head, all } = await receive(bodyOf(parts(sent, each)), LIMIT, anySize);
      assert.deepEqual(head, sent.subarray(0, HEAD_BYTES), `head of parts of ${each}`);
      let at = 0;
      for await (const chunk of all) {
        assert.deepEqual(chunk, sent.subarray(at, at + chunk.length), `parts of ${each}`);
        at += chunk.length;
      }
      assert.equal(at, size);
    }
  });
}

Deno.test("an upload that is cancelled leaves others their turns", async () => {
  const body = () => bodyOf(parts(pattern(1_000_000), 65_536));
  const cancelled = Array.from({ length: 10 }, async (_, chunks) => {
    const { all } = await receive(body(), LIMIT, anySize);
    const reader = all.getReader();
    for (let i = 0; i < chunks; i++) await reader.read();
    await reader.cancel();
  });
  await Promise.all(cancelled);
  const { all } = await receive(body(), LIMIT, anySize);
  assert.equal(await sizeOf(all), 1_000_000);
});

Deno.test("uploads that begin together take turns from their first chunk on", async () => {
  let [busy, most] = [0, 0];
  await Promise.all(Array.from({ length: 20 }, async () => {
    const { all } = await receive(bodyOf(parts(pattern(200_000), 65_536)), LIMIT, anySize);
    const reader = all.getReader();
    for (let isDone = false; !isDone;) {
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setTimeout(resolve));
      busy--;
      isDone = (await reader.read()).done;
    }
  }));
  assert.ok(most < 20, "all had their turn at once");
});

Deno.test("a step that waits for something else for long has had its turn", async () => {
  const turns = new Turns(1, 1);
  using _stuck = await turns.take();
  (await turns.take())[Symbol.dispose]();
});

Deno.test("turns are given in order, and a batch begins when the last one has ended", async () => {
  const turns = new Turns(2, HANG_MS);
  const begun: number[] = [];
  const taken = Array.from({ length: 5 }, async (_, i) => {
    const turn = await turns.take();
    begun.push(i);
    return turn;
  });
  const [first, second, third] = taken as [Promise<Disposable>, ...Promise<Disposable>[]];
  (await first)[Symbol.dispose]();
  assert.deepEqual(begun, [0], "the first had nobody to share a batch with");
  (await second!)[Symbol.dispose]();
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1, 2]);
  (await third!)[Symbol.dispose]();
  (await taken[3]!)[Symbol.dispose]();
  (await taken[4]!)[Symbol.dispose]();
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
});
