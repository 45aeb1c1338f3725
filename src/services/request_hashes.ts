/** Hashes what commands ask for, by which a repeat is told from another command with its id. */
import { hash } from "node:crypto";
import { deriveKey } from "./keys.ts";

/**
 * Base64url characters, 96 bits: a false match would acknowledge another command of one sender with
 * one id.
 */
const HASH_LENGTH = 16;
/** Base64url characters that begin a hash and tell its key from others. */
const KEY_NAME_LENGTH = 4;

/**
 * Keyed, so that a hash beside a message that was deleted does not give a short text away. Instances
 * have the same secret. The key comes before the text, which costs a third of an HMAC: the hash is cut
 * short, so that nobody can extend it.
 */
export class RequestHashes {
  readonly #key: string;
  readonly #keyName: string;

  /** @param secret at least 32 bytes */
  constructor(secret: string) {
    this.#key = deriveKey(secret, "request hash").toBase64();
    this.#keyName = this.#digest("name").slice(0, KEY_NAME_LENGTH);
  }

  /** @param request plain data, the same for a repeat but for the order of objects' fields */
  hash(request: readonly unknown[]): string {
    const order = request.some(isObject) ? sortFields : undefined;
    return this.#keyName + this.#digest(JSON.stringify(request, order)).slice(0, HASH_LENGTH);
  }

  #digest(text: string): string {
    return hash("sha256", this.#key + text, "base64url");
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
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
