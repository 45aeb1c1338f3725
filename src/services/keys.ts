/** Keys for one purpose each, made from the operator's secrets. */
import { hkdfSync } from "node:crypto";

const KEY_BYTES = 32;

/**
 * 32 bytes that tell nothing of the secret, nor of a key for another purpose (HKDF, RFC 5869). The
 * same on all instances.
 * @param secret at least 32 bytes
 */
export function deriveKey(secret: string, purpose: string): Uint8Array<ArrayBuffer> {
  const salt = new Uint8Array();
  return new Uint8Array(hkdfSync("sha256", secret, salt, `echoroom ${purpose}`, KEY_BYTES));
}

/** The key of a MAC by HMAC with SHA-256 (RFC 2104). */
export function macKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign", "verify"]);
}
