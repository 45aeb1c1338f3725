/** Hashes what commands ask for, by which a repeat is told from another command with its id. */
import { createHmac, hkdfSync } from "node:crypto";

/** 96 bits: a false match would acknowledge another command of one sender with one id. */
const HASH_BYTES = 12;
const KEY_BYTES = 32;

/**
 * Keyed, so that a hash beside a message that was deleted does not give a short text away. Instances
 * have the same secret; commands from before it changed are not recognised.
 */
export class RequestHashes {
  readonly #key: Uint8Array;

  /** @param secret at least 32 bytes, from which a key for this purpose alone is derived (RFC 5869) */
  constructor(secret: string) {
    this.#key = new Uint8Array(
      hkdfSync("sha256", secret, new Uint8Array(), "echoroom request hash", KEY_BYTES),
    );
  }

  /** @param request plain data, the same for a repeat */
  hash(request: readonly unknown[]): string {
    const mac = createHmac("sha256", this.#key).update(JSON.stringify(request)).digest();
    return mac.subarray(0, HASH_BYTES).toString("base64url");
  }
}
