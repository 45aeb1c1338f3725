/**
 * Recognises browsers that have signed in to an account before, so that wrong passwords from
 * elsewhere do not lock its owner out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
 */
import { deriveKey, macKey } from "./keys.ts";

/** One account's proof on one device: `id.expires.mac`. */
const PROOF = /^([\w-]{22})\.([\da-z]{1,8})\.([\w-]{43})$/;
const SEPARATOR = "~";
/** Accounts that a device is remembered for, the latest first: the cookie has to stay small. */
const MAX_ACCOUNTS = 8;
const TTL_SECONDS = 365 * 24 * 60 * 60;
const URL_SAFE = { alphabet: "base64url", omitPadding: true } as const;
const encoder = new TextEncoder();

interface Proof {
  /** The device's, for one account; 128 random bits. */
  id: string;
  /** Seconds since 1970 in base 36. */
  expires: string;
  mac: string;
}

/**
 * Makes and checks the device cookie. It holds a proof for each account that has signed in on the
 * device and names none of them: a proof is a MAC of the account's email, and can be checked only
 * with that. The store is not read, so that unknown emails are answered alike.
 */
export class KnownDevices {
  /** Seconds that a device is remembered after it last signed in. */
  readonly ttl = TTL_SECONDS;
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** @param secret at least 32 bytes */
  static async create(secret: string): Promise<KnownDevices> {
    return new KnownDevices(await macKey(deriveKey(secret, "known device")));
  }

  /**
   * The device's id for an account.
   * @param cookies values of the device cookie in one request
   * @param email in the form in which accounts are found
   * @returns null if the device has not signed in to this account, or not for a year
   */
  async recognise(cookies: readonly string[], email: string): Promise<string | null> {
    for (const proof of proofsOf(cookies)) {
      if (await this.#isFor(proof, email)) return proof.id;
    }
    return null;
  }

  /**
   * A value for the device cookie after signing in to an account. A known device keeps its id, and so
   * its count of wrong passwords.
   */
  async remember(cookies: readonly string[], email: string): Promise<string> {
    let id = newDeviceId();
    const others: string[] = [];
    for (const proof of proofsOf(cookies)) {
      if (await this.#isFor(proof, email)) id = proof.id;
      else others.push(textOf(proof));
    }
    return [await this.#prove(id, email), ...others].slice(0, MAX_ACCOUNTS).join(SEPARATOR);
  }

  async #prove(id: string, email: string): Promise<string> {
    const expires = (secondsNow() + TTL_SECONDS).toString(36);
    const mac = await crypto.subtle.sign("HMAC", this.#key, messageOf({ id, expires }, email));
    return textOf({ id, expires, mac: new Uint8Array(mac).toBase64(URL_SAFE) });
  }

  #isFor(proof: Proof, email: string): Promise<boolean> {
    const mac = Uint8Array.fromBase64(proof.mac, { alphabet: "base64url" });
    return crypto.subtle.verify("HMAC", this.#key, mac, messageOf(proof, email));
  }
}

/** The proofs that have not expired, at most as many as one of our cookies holds. */
function proofsOf(cookies: readonly string[]): Proof[] {
  const texts = cookies.flatMap((cookie) => cookie.split(SEPARATOR, MAX_ACCOUNTS));
  return [...new Set(texts)].flatMap((text) => {
    const [, id, expires, mac] = PROOF.exec(text) ?? [];
    if (id === undefined || parseInt(expires!, 36) < secondsNow()) return [];
    return [{ id, expires: expires!, mac: mac! }];
  });
}

/** What a proof is the MAC of; neither an id nor a time holds a dot. */
function messageOf({ id, expires }: Omit<Proof, "mac">, email: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${id}.${expires}.${email}`);
}

function textOf({ id, expires, mac }: Proof): string {
  return `${id}.${expires}.${mac}`;
}

function newDeviceId(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toBase64(URL_SAFE);
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
