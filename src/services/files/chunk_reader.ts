/** Reads a stream in chunks that are as large as its source can fill. */

/** With the runtime's own chunks of 64 KiB an upload took twice as much CPU time. */
const CHUNK_BYTES = 512 * 1_024;
/** Of the first chunks: many uploads may begin at once, and most are small. */
const FIRST_BYTES = 64 * 1_024;

export interface ChunkReader {
  /** The next bytes, which are valid until the next call; null at the end. */
  read(): Promise<Uint8Array | null>;
  cancel(): Promise<void>;
}

/** A reader of a stream that nobody else reads. */
export function readerOf(bytes: ReadableStream<Uint8Array>): ChunkReader {
  const reader = byteReaderOf(bytes);
  return reader ? intoBuffer(reader) : asTheyCome(bytes.getReader());
}

/** Null where a source, unlike the body of a request, cannot fill a buffer. */
function byteReaderOf(bytes: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return bytes.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}

function intoBuffer(reader: ReadableStreamBYOBReader): ChunkReader {
  let buffer = new ArrayBuffer(FIRST_BYTES);
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return null;
      const isFilled = value.length === value.buffer.byteLength;
      buffer = isFilled && value.length < CHUNK_BYTES ? new ArrayBuffer(CHUNK_BYTES) : value.buffer;
      return value;
    },
    cancel: () => reader.cancel(),
  };
}

function asTheyCome(reader: ReadableStreamDefaultReader<Uint8Array>): ChunkReader {
  return {
    read: async () => (await reader.read()).value ?? null,
    cancel: () => reader.cancel(),
  };
}
