/**
 * SipHash-2-4 with 128 bits: a keyed hash of short texts, of which nothing is learned without the key
 * (J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012).
 */

const ROUNDS = { block: 2, last: 4 } as const;
/** UTF-16 units in a block of 64 bits. */
const BLOCK = 4;

/**
 * Hashes a text, in UTF-16 of little endian. A call of the runtime's own hashes costs five times as
 * much, as they make an object for each text that only a full garbage collection ends.
 * @param key four words, the lowest first
 * @param output gets the four words of the hash, the lowest first
 */
export function sipHash(key: Uint32Array, text: string, output: Uint32Array): void {
  // Four numbers of 64 bits, each as two words.
  let a = key[0]! ^ 0x70736575;
  let aHigh = key[1]! ^ 0x736f6d65;
  let b = key[2]! ^ 0x6e646f6d ^ 0xee;
  let bHigh = key[3]! ^ 0x646f7261;
  let c = key[0]! ^ 0x6e657261;
  let cHigh = key[1]! ^ 0x6c796765;
  let d = key[2]! ^ 0x79746573;
  let dHigh = key[3]! ^ 0x74656462;
  const { length } = text;
  const last = length - length % BLOCK;
  // After the text come two steps that mix in nothing and give half of the hash each.
  for (let i = 0; i <= last + 2 * BLOCK; i += BLOCK) {
    const step = (i - last) / BLOCK;
    let word = 0;
    let high = 0;
    if (step < 0) {
      word = text.charCodeAt(i) | text.charCodeAt(i + 1) << 16;
      high = text.charCodeAt(i + 2) | text.charCodeAt(i + 3) << 16;
    } else if (step === 0) {
      // What is left, and the number of bytes; beyond the end the code is NaN, which counts as 0.
      word = text.charCodeAt(i) | text.charCodeAt(i + 1) << 16;
      high = text.charCodeAt(i + 2) | 2 * length << 24;
    } else if (step === 1) {
      c ^= 0xee;
    } else {
      b ^= 0xdd;
    }
    d ^= word;
    dHigh ^= high;
    for (let left: number = step > 0 ? ROUNDS.last : ROUNDS.block; left > 0; left--) {
      let sum = a + b | 0;
      aHigh = aHigh + bHigh + (sum >>> 0 < b >>> 0 ? 1 : 0) | 0;
      let turned = (b << 13 | bHigh >>> 19) ^ sum;
      bHigh = (bHigh << 13 | b >>> 19) ^ aHigh;
      b = turned;
      a = aHigh;
      aHigh = sum;
      sum = c + d | 0;
      cHigh = cHigh + dHigh + (sum >>> 0 < d >>> 0 ? 1 : 0) | 0;
      c = sum;
      turned = (d << 16 | dHigh >>> 16) ^ c;
      dHigh = (dHigh << 16 | d >>> 16) ^ cHigh;
      d = turned;
      sum = a + d | 0;
      aHigh = aHigh + dHigh + (sum >>> 0 < d >>> 0 ? 1 : 0) | 0;
      a = sum;
      turned = (d << 21 | dHigh >>> 11) ^ a;
      dHigh = (dHigh << 21 | d >>> 11) ^ aHigh;
      d = turned;
      sum = c + b | 0;
      cHigh = cHigh + bHigh + (sum >>> 0 < b >>> 0 ? 1 : 0) | 0;
      turned = (b << 17 | bHigh >>> 15) ^ sum;
      bHigh = (bHigh << 17 | b >>> 15) ^ cHigh;
      b = turned;
      c = cHigh;
      cHigh = sum;
    }
    a ^= word;
    aHigh ^= high;
    if (step > 0) {
      output[2 * step - 2] = a ^ b ^ c ^ d;
      output[2 * step - 1] = aHigh ^ bHigh ^ cHigh ^ dHigh;
    }
  }
}
