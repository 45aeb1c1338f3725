/** Hashes what commands ask for, by which a repeat is told from another command with its id. */
import { createHmac, hkdfSync } from "node:crypto";

/** 96 bits: a false match would acknowledge another command of one sender with one id. */
const HASH_BYTES = 12;
const KEY_BYTES = 32;
/** Base64url characters that begin a hash and tell its key from others. */
const KEY_NAME_LENGTH = 4;

/**
 * Keyed, so that a hash beside a message that was deleted does not give a short text away. Instances
 * have the same secret.
 */
export class RequestHashes {
  readonly #key: Uint8Array;
  readonly #keyName: string;

  /** @param secret at least 32 bytes, from which a key for this purpose alone is derived (RFC 5869) */
  constructor(secret: string) {
    this.#key = new Uint8Array(
      hkdfSync("sha256", secret, new Uint8Array(), "echoroom request hash", KEY_BYTES),
    );
    this.#keyName = this.#digest("name").toString("base64url").slice(0, KEY_NAME_LENGTH);
  }

  /** @param request plain data, the same for a repeat but for the order of objects' fields */
  hash(request: readonly unknown[]): string {
    const mac = this.#digest(JSON.stringify(request, sortFields)).subarray(0, HASH_BYTES);
    return this.#keyName + mac.toString("base64url");
  }

  #digest(text: string) {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

/**
 * Whether two hashes are of the same request. Of two secrets that cannot be told, and is assumed: the
 * command has the same author and id.
 */
export function isSameRequest(a: string, b: string): boolean {
  return a === b || a.slice(0, KEY_NAME_LENGTH) !== b.slice(0, KEY_NAME_LENGTH);
}

/** For `JSON.stringify`: an object with its fields in one order. */
function sortFields(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1));
}
