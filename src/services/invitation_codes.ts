/** Codes of invitations: made at random, and stored as hashes. */

/** 128 bits. */
const BYTES = 16;

/** A new code, in base64url. */
export function newCode(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** A plain hash: a random code of this length cannot be guessed from it. */
export async function hashOfCode(code: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code));
  return new Uint8Array(hash).toHex();
}
