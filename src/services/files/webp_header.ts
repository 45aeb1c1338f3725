/** What the container of a WebP tells of how its picture is written (RFC 9649, 2.3 to 2.7). */

const FIRST_CHUNK_AT = 12;
/** Chunks that are looked at: encoders write a handful, senders what they like. */
const MAX_CHUNKS = 100;

/** The types of chunks, as numbers. */
const LOSSLESS = typeOf("VP8L");
const OTHERS: readonly number[] = [typeOf("VP8 "), typeOf("ANMF")];

/** Whether a still WebP is written without a loss. Of animations, which may be both, false. */
export function isLossless(webp: Uint8Array): boolean {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.length);
  let at = FIRST_CHUNK_AT;
  for (let chunks = 0; chunks < MAX_CHUNKS && at + 8 <= webp.length; chunks++) {
    const type = view.getUint32(at);
    if (type === LOSSLESS) return true;
    if (OTHERS.includes(type)) return false;
    const size = view.getUint32(at + 4, true);
    at += 8 + size + size % 2;
  }
  return false;
}

function typeOf(name: string): number {
  return [...name].reduce((number, letter) => number * 256 + letter.charCodeAt(0), 0);
}
