/** What every store of files' bytes must do, as one suite that each adapter is run through. */
import assert from "node:assert/strict";
import { timingSafeEqual } from "node:crypto";
import { newBlobKey } from "../../src/domain/blob_key.ts";
import type { BlobStore, ByteRange } from "../../src/ports/blobs.ts";
import { until } from "../harness/stage.ts";

export interface BlobSetting {
  name: string;
  /** Opens an empty store. */
  open(): Promise<BlobStore>;
  /** What is left of blobs that were never completed, beside all that the port shows. */
  countDrafts(): Promise<number>;
}

const MEGABYTE = 1_024 * 1_024;
/** More than every adapter writes at once. */
const LARGE = 20 * MEGABYTE;

/** That readers see a blob or the one in its place, whole; an S3 service answers for that itself. */
export function testReplacement({ name, open }: BlobSetting): void {
  Deno.test(`${name}: a blob takes the place of one with its key all at once`, async () => {
    const blobs = await open();
    const key = newBlobKey("files");
    const [long, short] = ["a".repeat(3 * MEGABYTE), "b".repeat(MEGABYTE)];
    await blobs.put(key, streamOf([long]), "text/plain");
    let isWriting = true;
    const reading = (async () => {
      while (isWriting) {
        const text = await textOf(blobs, key);
        assert.ok(text === long || text === short, "one of both, whole");
      }
    })();
    const writing = (async () => {
      for (const text of [short, long, short]) await blobs.put(key, streamOf([text]), "text/plain");
    })().finally(() => isWriting = false);
    await Promise.all([writing, reading]);
    assert.equal(await textOf(blobs, key), short);
    await blobs.close();
  });
}

export function testBlobs({ name, open, countDrafts }: BlobSetting): void {
  const test = (sentence: string, act: (blobs: BlobStore) => Promise<void>) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const blobs = await open();
      try {
        await act(blobs);
      } finally {
        await blobs.close();
      }
    });

  test("a blob is read as it was written", async (blobs) => {
    const key = newBlobKey("files");
    assert.equal(await blobs.put(key, streamOf(["ab", "", "c"]), "text/plain"), 3);
    assert.equal(await textOf(blobs, key), "abc");
    const info = await blobs.stat(key);
    assert.deepEqual([info?.key, info?.size], [key, 3]);
    assert.ok(Math.abs(Date.now() - info!.modifiedAt.getTime()) < 60 * 60 * 1_000);
  });

  test("a blob is what was read, also where chunks come in one buffer", async (blobs) => {
    const key = newBlobKey("files");
    const buffer = new Uint8Array(100 * 1_024);
    let chunks = 0;
    const bytes = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (chunks === 200) return controller.close();
        controller.enqueue(buffer.fill(chunks++));
      },
    }, { highWaterMark: 0 });
    await blobs.put(key, bytes, "application/zip");
    let at = 0;
    for await (const chunk of (await blobs.get(key))!) {
      assert.ok(chunk.every((byte, i) => byte === Math.floor((at + i) / buffer.length)));
      at += chunk.length;
    }
    assert.equal(at, 200 * buffer.length);
  });

  test("a blob may be empty", async (blobs) => {
    const key = newBlobKey("files");
    assert.equal(await blobs.put(key, streamOf([]), "text/plain"), 0);
    assert.equal(await textOf(blobs, key), "");
    assert.equal((await blobs.stat(key))?.size, 0);
  });

  test("a large blob is read as it was written", async (blobs) => {
    const key = newBlobKey("files");
    assert.equal(await blobs.put(key, pattern(LARGE + 7), "application/zip"), LARGE + 7);
    let at = 0;
    for await (const chunk of (await blobs.get(key))!) {
      const expected = patternAt(at, chunk.length);
      assert.ok(timingSafeEqual(chunk, expected), `from ${at} on`);
      at += chunk.length;
    }
    assert.equal(at, LARGE + 7);
  });

  test("ranges of a large blob are read, over every border that it may be stored by", async (blobs) => {
    const key = newBlobKey("files");
    const size = LARGE + 7;
    await blobs.put(key, pattern(size), "application/zip");
    const ranges: ByteRange[] = [
      { start: 0, end: 0 },
      { start: size - 1, end: size - 1 },
      { start: size - 10, end: size - 1 },
      { start: MEGABYTE - 1, end: MEGABYTE },
      { start: MEGABYTE, end: 2 * MEGABYTE - 1 },
      { start: 8 * MEGABYTE - 5, end: 8 * MEGABYTE + 5 },
      { start: 3 * MEGABYTE + 1, end: 6 * MEGABYTE + 2 },
    ];
    for (const range of ranges) {
      const bytes = await new Response(ReadableStream.from((await blobs.get(key, range))!)).bytes();
      const expected = patternAt(range.start, range.end - range.start + 1);
      assert.equal(bytes.length, expected.length);
      assert.ok(timingSafeEqual(bytes, expected), JSON.stringify(range));
    }
  });

  test("what was never written is not there", async (blobs) => {
    const key = newBlobKey("files");
    assert.equal(await blobs.get(key), null);
    assert.equal(await blobs.get(key, { start: 0, end: 1 }), null);
    assert.equal(await blobs.stat(key), null);
    assert.equal(await blobs.copy(key, newBlobKey("files")), false);
    await blobs.delete(key);
    assert.deepEqual(await blobs.list("", "", 10), []);
  });

  test("the beginning of a key is no blob", async (blobs) => {
    const key = newBlobKey("files");
    await blobs.put(key, streamOf(["x"]), "text/plain");
    for (const part of [key.slice(0, -1), "files", key.slice(0, 8), key.slice(0, 10)]) {
      assert.equal(await blobs.get(part).catch(() => null), null, part);
      assert.equal(await blobs.stat(part), null, part);
    }
  });

  test("a deleted blob is gone, and others are not", async (blobs) => {
    const [key, other] = [newBlobKey("files"), newBlobKey("files")];
    await blobs.put(key, streamOf(["x"]), "text/plain");
    await blobs.put(`${key}.thumb`, streamOf(["y"]), "text/plain");
    await blobs.put(other, streamOf(["z"]), "text/plain");
    await blobs.delete(key);
    assert.equal(await blobs.get(key), null);
    assert.equal(await blobs.stat(key), null);
    assert.equal(await textOf(blobs, `${key}.thumb`), "y");
    assert.equal(await textOf(blobs, other), "z");
  });

  test("a blob takes the place of one with its key", async (blobs) => {
    const key = newBlobKey("files");
    for (const text of ["a".repeat(3 * MEGABYTE), "b".repeat(MEGABYTE), "c"]) {
      await blobs.put(key, streamOf([text]), "text/plain");
      assert.equal(await textOf(blobs, key), text);
      assert.deepEqual((await blobs.list("", "", 10)).map(({ size }) => size), [text.length]);
    }
  });

  for (const size of [5, LARGE]) {
    test(`a write that is cut off after ${size} bytes leaves nothing, and what was there stays`, async (blobs) => {
      const key = newBlobKey("files");
      const error = new Error("The client has gone.");
      const cut = () => pattern(size, error);
      await assert.rejects(blobs.put(key, cut(), "text/plain"), error);
      assert.equal(await blobs.get(key), null);
      assert.equal(await blobs.stat(key), null);
      assert.deepEqual(await blobs.list("", "", 10), []);
      await blobs.put(key, streamOf(["before"]), "text/plain");
      await assert.rejects(blobs.put(key, cut(), "text/plain"), error);
      assert.equal(await textOf(blobs, key), "before");
      await until(async () => await countDrafts() === 0, "nothing is left of it");
    });
  }

  test("a copy outlives what it was made of", async (blobs) => {
    const [from, to] = [newBlobKey("files"), newBlobKey("files")];
    await blobs.put(from, streamOf(["x"]), "text/plain");
    await blobs.put(to, streamOf(["before"]), "text/plain");
    assert.equal(await blobs.copy(from, to), true);
    await blobs.delete(from);
    assert.equal(await textOf(blobs, to), "x");
    assert.equal((await blobs.stat(to))?.size, 1);
  });

  test("blobs are listed by key, page by page, with a prefix or without", async (blobs) => {
    const keys = ["a/b/1", "a/b/1.thumb", "a/b/10", "a/c/2", "aa/b/1", "b", "B/x"];
    for (const key of keys) await blobs.put(key, streamOf([key]), "text/plain");
    const sorted = keys.toSorted();
    const listed = async (prefix: string) => {
      const found: string[] = [];
      for (;;) {
        const page = await blobs.list(prefix, found.at(-1) ?? "", 3);
        assert.ok(page.every(({ key, size }) => size === key.length));
        found.push(...page.map(({ key }) => key));
        if (page.length < 3) return found;
      }
    };
    assert.deepEqual(await listed(""), sorted);
    for (const prefix of ["a", "a/", "a/b", "a/b/1", "b", "B/", "c"]) {
      assert.deepEqual(
        await listed(prefix),
        sorted.filter((key) => key.startsWith(prefix)),
        prefix,
      );
    }
    assert.deepEqual((await blobs.list("", "a/b0", 1)).map(({ key }) => key), ["a/c/2"]);
  });

  test("bytes that are given up hold nothing up", async (blobs) => {
    const key = newBlobKey("files");
    await blobs.put(key, pattern(LARGE), "application/zip");
    const begun = (await blobs.get(key))![Symbol.asyncIterator]();
    assert.ok((await begun.next()).value!.length > 0);
    await begun.return!();
    assert.equal((await begun.next()).done, true);
    await (await blobs.get(key, { start: 1, end: LARGE - 1 }))![Symbol.asyncIterator]().return!();
    await blobs.delete(key);
    assert.equal(await blobs.get(key), null);
  });

  test("a write asks for no more than it can store", async (blobs) => {
    let asked = 0;
    const chunk = new Uint8Array(64 * 1_024);
    const stalling = Promise.withResolvers<void>();
    const bytes = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (asked === LARGE) await stalling.promise;
        if (asked === LARGE) return controller.close();
        asked += chunk.length;
        controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 });
    const key = newBlobKey("files");
    const writing = blobs.put(key, bytes, "application/zip");
    await until(() => asked === LARGE, "all but the end has been taken");
    assert.equal(await blobs.stat(key), null, "nothing is shown before the end");
    stalling.resolve();
    assert.equal(await writing, LARGE);
  });

  test("a store that is there can be pinged", async (blobs) => {
    await blobs.ping();
    assert.match(blobs.description, /^\S.*\S$/);
  });
}

export function streamOf(texts: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(texts.map((text) => new TextEncoder().encode(text)));
}

export async function textOf(blobs: BlobStore, key: string): Promise<string> {
  const bytes = await blobs.get(key);
  assert.ok(bytes, key);
  return await new Response(bytes).text();
}

/** So many bytes that differ by their place; ends with `error` if there is one. */
function pattern(size: number, error?: Error): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === size) return error ? controller.error(error) : controller.close();
      const chunk = patternAt(at, Math.min(100_000, size - at));
      at += chunk.length;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}

/** A prime, so that the pattern never repeats at the border of a chunk. */
const PERIOD = 65_521;
const repeated = Uint8Array.from({ length: PERIOD }, (_, i) => (i * i) >> 7);

function patternAt(start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const part = repeated.subarray((start + at) % PERIOD);
    bytes.set(part.subarray(0, length - at), at);
    at += part.length;
  }
  return bytes;
}
