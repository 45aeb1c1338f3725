/** What the container of a WebP tells of how its picture is written (RFC 9649, 2.3 to 2.7). */

const FIRST_CHUNK_AT = 12;

/** Whether a still WebP is written without a loss. Of animations, which may be both, false. */
export function isLossless(webp: Uint8Array): boolean {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.length);
  for (let at = FIRST_CHUNK_AT; at + 8 <= webp.length;) {
    const type = new TextDecoder("latin1").decode(webp.subarray(at, at + 4));
    if (type === "VP8L") return true;
    if (type === "VP8 " || type === "ANMF") return false;
    const size = view.getUint32(at + 4, true);
    at += 8 + size + size % 2;
  }
  return false;
}
