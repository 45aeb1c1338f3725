/** Signs and checks the two tokens of a session: access (JWT, short) and refresh (JWT, in a cookie). */
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { ChatError } from "../domain/errors.ts";

const ALGORITHM = "HS256";
const ISSUER = "echoroom";
const MAX_VERIFIED = 10_000;

export interface TokenSettings {
  /** At least 32 bytes each, and different, so that neither token passes for the other. */
  accessSecret: string;
  refreshSecret: string;
  /** Seconds. */
  accessTtl: number;
  /** Seconds. */
  refreshTtl: number;
}

/** Whose access token it is, and until when it is valid. */
export interface AccessClaims {
  userId: string;
  sessionId: string;
  expiresAt: Date;
}

/** The session of a refresh token, and the token's number in it. */
export interface RefreshClaims {
  sessionId: string;
  generation: number;
}

export class Tokens {
  readonly #access: CryptoKey;
  readonly #refresh: CryptoKey;
  /** Tokens whose signature has been verified: clients send the same one many times. */
  readonly #verified = new LRUCache<string, AccessClaims>({ max: MAX_VERIFIED });
  /** Seconds that an access token lives. */
  readonly accessTtl: number;
  /** Seconds that a refresh token lives. */
  readonly refreshTtl: number;

  private constructor(access: CryptoKey, refresh: CryptoKey, settings: TokenSettings) {
    this.#access = access;
    this.#refresh = refresh;
    this.accessTtl = settings.accessTtl;
    this.refreshTtl = settings.refreshTtl;
  }

  static async create(settings: TokenSettings): Promise<Tokens> {
    const access = await importSecret(settings.accessSecret);
    const refresh = await importSecret(settings.refreshSecret);
    return new Tokens(access, refresh, settings);
  }

  issueAccess(userId: string, sessionId: string): Promise<string> {
    const expiresAt = new Date(Date.now() + this.accessTtl * 1000);
    return sign(this.#access, { sub: userId, sid: sessionId }, expiresAt);
  }

  issueRefresh({ sessionId, generation }: RefreshClaims, expiresAt: Date): Promise<string> {
    return sign(this.#refresh, { sid: sessionId, gen: generation }, expiresAt);
  }

  /** @throws ChatError `token_expired`, or `unauthenticated` if it is invalid otherwise */
  async verifyAccess(token: string): Promise<AccessClaims> {
    const known = this.#verified.get(token);
    if (known && known.expiresAt.getTime() > Date.now()) return known;
    const { sub, sid, exp } = await verify(this.#access, token, ["sub", "sid"]);
    const expiresAt = new Date(exp! * 1000);
    const claims = { userId: String(sub), sessionId: String(sid), expiresAt };
    this.#verified.set(token, claims);
    return claims;
  }

  /** @throws ChatError `token_expired`, or `unauthenticated` if it is invalid otherwise */
  async verifyRefresh(token: string): Promise<RefreshClaims> {
    return refreshClaims(await verify(this.#refresh, token, ["sid", "gen"]));
  }

  /** As `verifyRefresh`, for signing out: an expired token still names its session. */
  async verifyRefreshOfAnyAge(token: string): Promise<RefreshClaims> {
    return refreshClaims(await verify(this.#refresh, token, ["sid", "gen"], new Date(0)));
  }
}

function importSecret(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign", "verify"]);
}

function sign(key: CryptoKey, claims: JWTPayload, expiresAt: Date): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
    .setIssuer(ISSUER)
    .setIssuedAt()
    .setExpirationTime(expiresAt)
    .sign(key);
}

async function verify(
  key: CryptoKey,
  token: string,
  claims: string[],
  currentDate = new Date(),
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      requiredClaims: ["exp", "iat", ...claims],
      currentDate,
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new ChatError("token_expired", "The token has expired; refresh it.");
    }
    throw new ChatError("unauthenticated", "The token is not valid.", { cause: error });
  }
}

function refreshClaims({ sid, gen }: JWTPayload): RefreshClaims {
  return { sessionId: String(sid), generation: Number(gen) };
}
