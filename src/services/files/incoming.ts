/** The bytes of an upload as they come: counted, looked at, and given up if they stop coming. */
import { within } from "../../async/deadline.ts";
import { Turns } from "../../async/turns.ts";
import { ChatError } from "../../domain/errors.ts";
import { UPLOAD_MS } from "../../domain/file.ts";
import { type ChunkReader, readerOf } from "./chunk_reader.ts";
import { HEAD_BYTES } from "./file_types.ts";

/** A sender who sends nothing for so long is gone, or wants to hold the server up. */
const SILENCE_MS = 30_000;

/** Chunks of all uploads, from when one has come until the next is asked for. */
const turns = new Turns(2);

export interface Incoming {
  /** The first `HEAD_BYTES`, or all if there are fewer. */
  head: Uint8Array;
  /**
   * All of them; who gets it reads it to its end or cancels it. A chunk is overwritten when the next
   * one is asked for.
   */
  all: ReadableStream<Uint8Array>;
}

/**
 * Begins to read an upload, and goes on as `all` is read.
 * @param limit bytes that it may have
 * @param count told of how many have come before they are passed on; what it rejects with, so does `all`
 * @throws ChatError `file_too_large` as soon as there are more, `validation_failed` if it breaks off,
 *   sends nothing for 30 s or takes an hour, as does `all`
 */
export async function receive(
  bytes: ReadableStream<Uint8Array>,
  limit: number,
  count: (size: number) => Promise<void>,
): Promise<Incoming> {
  const chunks = counted(bytes, limit, count);
  const first: Uint8Array[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    size += value.length;
    first.push(size < HEAD_BYTES ? value.slice() : value);
  }
  return { head: headOf(first, Math.min(size, HEAD_BYTES)), all: streamOf(first, chunks) };
}

/** What is refused of a file by its size. */
export function tooLarge(limit: number): ChatError {
  return new ChatError("file_too_large", `A file may have at most ${limit} bytes.`);
}

async function* counted(
  bytes: ReadableStream<Uint8Array>,
  limit: number,
  count: (size: number) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  const reader = readerOf(bytes);
  const end = Date.now() + UPLOAD_MS;
  let size = 0;
  try {
    for (;;) {
      const value = await next(reader);
      if (!value) return;
      size += value.length;
      if (size > limit) throw tooLarge(limit);
      if (Date.now() > end) throw incomplete("takes too long");
      await count(size);
      using _turn = await turns.take();
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function next(reader: ChunkReader): Promise<Uint8Array | null> {
  const chunk = reader.read().catch((cause) => {
    throw cause instanceof ChatError ? cause : incomplete("broke off", cause);
  });
  return await within(chunk, SILENCE_MS, () => {
    throw incomplete("stopped");
  });
}

function incomplete(what: string, cause?: unknown): ChatError {
  return new ChatError("validation_failed", `The upload ${what}.`, { cause });
}

function headOf(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const head = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    head.set(chunk.subarray(0, size - at), at);
    at = Math.min(size, at + chunk.length);
  }
  return head;
}

function streamOf(
  first: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array, void>,
): ReadableStream<Uint8Array> {
  const waiting = [...first];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const value = waiting.shift() ?? (await rest.next()).value;
      if (value) controller.enqueue(value);
      else controller.close();
    },
    async cancel() {
      await rest.return();
    },
  }, { highWaterMark: 0 });
}
