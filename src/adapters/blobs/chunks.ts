/** Cuts a stream into chunks of one size, as blob stores keep them. */

/**
 * The bytes of a stream in chunks of `size`, only the last of which is smaller; none if there are no
 * bytes. The stream is cancelled if they are not read to the end.
 * @throws what the stream errors with
 */
export async function* chunksOf(
  bytes: ReadableStream<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let chunk = new Uint8Array(0);
  let length = 0;
  for await (const part of bytes) {
    for (let at = 0; at < part.length;) {
      const taken = part.subarray(at, at + size - length);
      // A small file takes little memory.
      if (length + taken.length > chunk.length) chunk = grown(chunk, length + taken.length, size);
      chunk.set(taken, length);
      length += taken.length;
      at += taken.length;
      if (length < size) continue;
      yield chunk;
      chunk = new Uint8Array(0);
      length = 0;
    }
  }
  if (length > 0) yield chunk.subarray(0, length);
}

function grown(chunk: Uint8Array, needed: number, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(size, Math.max(needed, chunk.length * 2)));
  larger.set(chunk);
  return larger;
}
