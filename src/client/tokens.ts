/** The access token: renewed before it expires, by one request however many ask. */
import type { TokenSource } from "./api.ts";
import { signedOut } from "./errors.ts";
import { decodeBase64Url } from "./platform.ts";

/** A token is renewed when a quarter of its life is left, or this much of a long one. */
const RENEW_BEFORE_MS = 60_000;
/** So long nobody is asked anew who gave the same token again. */
const SAME_AGAIN_MS = 5_000;

/**
 * Keeps one token fresh. Only the length of a token's life counts, from when it was got: the local
 * clock may be wrong, and what the server says of a token that expired too early comes through
 * {@linkcode Tokens.distrust}.
 */
export class Tokens implements TokenSource {
  readonly #fetch: () => Promise<string>;
  #token = "";
  #renewAt = 0;
  #renewing: Promise<string> | null = null;
  /** Counts the tokens had: what was asked for before the last may be somebody else's. */
  #count = 0;

  /** @param fetch gets a token from wherever they come from */
  constructor(fetch: () => Promise<string>) {
    this.#fetch = fetch;
  }

  /** How long the token may still be used before it should be renewed, in milliseconds. */
  get msUntilRenewal(): number {
    return Math.max(0, this.#renewAt - Date.now());
  }

  async get(): Promise<string> {
    return this.msUntilRenewal > 0 ? this.#token : await this.renew();
  }

  renew(): Promise<string> {
    this.#renewing ??= this.#renew();
    return this.#renewing;
  }

  /** Takes a token that was got otherwise. */
  set(token: string): string {
    // The same token again, out of somebody's cache, has not become younger.
    this.#renewAt = token === this.#token
      ? Math.max(this.#renewAt, Date.now() + SAME_AGAIN_MS)
      : Date.now() + usableMs(token);
    this.#token = token;
    this.#forgetRenewal();
    return token;
  }

  /** Has the token renewed before it is used again. */
  distrust(): void {
    this.#renewAt = 0;
  }

  /** Forgets the token. */
  clear(): void {
    this.#token = "";
    this.#renewAt = 0;
    this.#forgetRenewal();
  }

  async #renew(): Promise<string> {
    const count = this.#count;
    try {
      const token = await this.#fetch();
      if (count === this.#count) return this.set(token);
    } finally {
      if (count === this.#count) this.#renewing = null;
    }
    throw signedOut();
  }

  #forgetRenewal(): void {
    this.#count++;
    this.#renewing = null;
  }
}

/** How long a JWT (RFC 7519) may be used from its issue on, in milliseconds. */
function usableMs(token: string): number {
  const { iat, exp } = claimsOf(token);
  const lifeMs = Number(exp) > Number(iat) ? (Number(exp) - Number(iat)) * 1000 : Infinity;
  return lifeMs === Infinity ? Infinity : lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 4);
}

/** What a token says, unchecked; nothing if it cannot be read. */
function claimsOf(token: string): { iat?: unknown; exp?: unknown } {
  try {
    return JSON.parse(decodeBase64Url(token.split(".")[1]!)) ?? {};
  } catch {
    return {};
  }
}
