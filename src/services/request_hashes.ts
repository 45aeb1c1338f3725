/** Hashes what commands ask for, by which a repeat is told from another command with its id. */
import { hash, hkdfSync } from "node:crypto";
import { sipHash } from "./siphash.ts";

/**
 * Base64url characters, 96 bits: a false match would acknowledge another command of one sender with
 * one id.
 */
const HASH_LENGTH = 16;
/** Base64url characters that begin a hash and tell its key from others. */
const KEY_NAME_LENGTH = 4;

/**
 * Keyed, so that a hash beside a message that was deleted does not give a short text away. Instances
 * have the same secret.
 */
export class RequestHashes {
  readonly #key: Uint32Array;
  readonly #keyName: string;
  readonly #earlier: EarlierHashes;
  /** Of the last call; overwritten by the next. */
  readonly #output = new Uint32Array(4);
  readonly #outputBytes = new Uint8Array(this.#output.buffer, 0, HASH_LENGTH * 6 / 8);

  /** @param secret at least 32 bytes, from which the keys are derived */
  constructor(secret: string) {
    this.#key = new Uint32Array(keyOf(secret, "echoroom request siphash", 16));
    this.#keyName = this.#digest("name").slice(0, KEY_NAME_LENGTH);
    this.#earlier = new EarlierHashes(secret);
  }

  /** @param request plain data, the same for a repeat but for the order of objects' fields */
  hash(request: readonly unknown[]): RequestHash {
    const order = request.some(isObject) ? sortFields : undefined;
    const text = JSON.stringify(request, order);
    const value = this.#keyName + this.#digest(text);
    return {
      value,
      isOf: (stored) => {
        return stored.startsWith(this.#keyName)
          ? stored === value
          : this.#earlier.isOf(stored, text);
      },
    };
  }

  #digest(text: string): string {
    sipHash(this.#key, text, this.#output);
    return this.#outputBytes.toBase64({ alphabet: "base64url" });
  }
}

/** The hash of what a command asks for. */
export interface RequestHash {
  /** What is stored beside the entry. */
  readonly value: string;
  /**
   * Whether the hash of an entry is of the same request. Of one with another secret that cannot be
   * told, and is assumed: the command has the same author and id.
   */
  isOf(stored: string): boolean;
}

/** The hashes that were stored at first: by SHA-256, which costs the server ten times as much. */
class EarlierHashes {
  readonly #key: string;
  readonly #keyName: string;

  constructor(secret: string) {
    const key = keyOf(secret, "echoroom request hash", 32);
    this.#key = new Uint8Array(key).toBase64();
    this.#keyName = this.#digest("name").slice(0, KEY_NAME_LENGTH);
  }

  isOf(stored: string, text: string): boolean {
    if (!stored.startsWith(this.#keyName)) return true;
    return stored === this.#keyName + this.#digest(text).slice(0, HASH_LENGTH);
  }

  #digest(text: string): string {
    return hash("sha256", this.#key + text, "base64url");
  }
}

/** A key for one purpose alone (RFC 5869). */
function keyOf(secret: string, purpose: string, bytes: number): ArrayBuffer {
  return hkdfSync("sha256", secret, new Uint8Array(), purpose, bytes);
}

/** For `JSON.stringify`: an object with its fields in one order. */
function sortFields(_name: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
