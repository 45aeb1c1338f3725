/** SipHash as OpenSSL computes it (`openssl mac -macopt size:16 SIPHASH`). */
import assert from "node:assert/strict";
import { sipHash } from "../src/services/siphash.ts";

/** The bytes 0 to 15, as in the reference implementation's vectors. */
const KEY = new Uint32Array(Uint8Array.from({ length: 16 }, (_, i) => i).buffer);

/** Texts, and the hashes of them in UTF-16 of little endian. */
const VECTORS = [
  ["", "a3817f04ba25a8e66df67214c7550293"],
  ["H", "a3c2191d6cbd084e2672392465032c53"],
  ["Hi", "056ea27a28164b9632fa24b20d3484c7"],
  ["Hi!", "d01ab4e4337fafcc5fccef5f839f7d08"],
  ["Hi! ", "51391066becac906becf7276f5864e82"],
  ["Hello, room", "1740e203adc6960e890705a9a366fc68"],
  ["ä€😀", "164f9ab71e91c06a2ce532eeba30f8a8"],
  ["lorem ipsum ".repeat(100), "f85bbbd7f25d901777e784cf5c10cdb0"],
] as const;

Deno.test("texts of every length have the hash that OpenSSL gives them", () => {
  const output = new Uint32Array(4);
  for (const [text, expected] of VECTORS) {
    sipHash(KEY, text, output);
    assert.equal(new Uint8Array(output.buffer).toHex(), expected, JSON.stringify(text));
  }
});
