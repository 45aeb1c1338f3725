/** The bytes of an upload as they come: counted, looked at, and given up if they stop coming. */
import { within } from "../../async/deadline.ts";
import { ChatError } from "../../domain/errors.ts";
import { UPLOAD_MS } from "../../domain/file.ts";
import { HEAD_BYTES } from "./file_types.ts";

/** A sender who sends nothing for so long is gone, or wants to hold the server up. */
const SILENCE_MS = 30_000;

export interface Incoming {
  /** The first `HEAD_BYTES`, or all if there are fewer. */
  head: Uint8Array;
  /** All of them; who gets it reads it to its end or cancels it. */
  all: ReadableStream<Uint8Array>;
}

/**
 * Begins to read an upload, and goes on as `all` is read.
 * @param limit bytes that it may have
 * @throws ChatError `file_too_large` as soon as there are more, `validation_failed` if it breaks off,
 *   sends nothing for 30 s or takes an hour, as does `all`
 */
export async function receive(
  bytes: ReadableStream<Uint8Array>,
  limit: number,
): Promise<Incoming> {
  const chunks = counted(bytes, limit);
  const first: Uint8Array[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    first.push(value);
    size += value.length;
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
): AsyncGenerator<Uint8Array, void> {
  const reader = bytes.getReader();
  const end = Date.now() + UPLOAD_MS;
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await next(reader);
      if (done) return;
      size += value.length;
      if (size > limit) throw tooLarge(limit);
      if (Date.now() > end) throw incomplete("takes too long");
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function next(reader: ReadableStreamDefaultReader<Uint8Array>) {
  const read = reader.read().catch((cause) => {
    throw cause instanceof ChatError ? cause : incomplete("broke off", cause);
  });
  return await within(read, SILENCE_MS, () => {
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
  first: Uint8Array[],
  rest: AsyncGenerator<Uint8Array, void>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = first.shift();
      if (chunk) return controller.enqueue(chunk);
      const { done, value } = await rest.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void await rest.return(),
  }, { highWaterMark: 0 });
}
