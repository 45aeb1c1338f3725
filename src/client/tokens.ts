/** The access token: renewed before it expires, by one request for all callers. */
import type { TokenSource } from "./api.ts";
import { signedOut } from "./errors.ts";

/** A token is renewed when a quarter of its life is left, or this much of a long one. */
const RENEW_BEFORE_MS = 60_000;
/** How long a token is used that was returned again, in milliseconds. */
const SAME_AGAIN_MS = 5_000;

/**
 * Keeps one token fresh. A token's lifetime is counted from when it was received, because the local
 * clock may be wrong; when the server refuses one earlier, the connection calls
 * {@linkcode Tokens.invalidate}.
 */
export class Tokens implements TokenSource {
  readonly #fetch: () => Promise<string>;
  #token = "";
  #renewAt = 0;
  #renewing: Promise<string> | null = null;
  /** Counts the tokens: a request made before the last one may bring another user's. */
  #count = 0;

  /** @param fetch gets a token from the server or the app */
  constructor(fetch: () => Promise<string>) {
    this.#fetch = fetch;
  }

  /** How long the token may still be used before it should be renewed, in milliseconds. */
  get msUntilRenewal(): number {
    return Math.max(0, this.#renewAt - Date.now());
  }

  /** The token, renewed first if it is about to expire. */
  async get(): Promise<string> {
    return this.msUntilRenewal > 0 ? this.#token : await this.renew();
  }

  /** A new token; one request for all calls while it is under way. */
  renew(): Promise<string> {
    this.#renewing ??= this.#renew();
    return this.#renewing;
  }

  /** Sets a token that was received otherwise. */
  set(token: string): string {
    // The same token again, from a cache, has no new lifetime.
    this.#renewAt = token === this.#token
      ? Math.max(this.#renewAt, Date.now() + SAME_AGAIN_MS)
      : Date.now() + usableMs(token);
    this.#token = token;
    this.#forgetRenewal();
    return token;
  }

  /** The token is renewed before it is used again. */
  invalidate(): void {
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

/**
 * How long a JWT (RFC 7519) is used after it was issued, in milliseconds; for ever, until the server
 * refuses it, if its times cannot be read, also where there is no `atob`.
 */
function usableMs(token: string): number {
  try {
    const base64 = token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/");
    const { iat, exp } = JSON.parse(atob(base64));
    const lifeMs = (exp - iat) * 1000;
    if (lifeMs > 0) return lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 4);
  } catch {
    // As with a token that says nothing.
  }
  return Infinity;
}
