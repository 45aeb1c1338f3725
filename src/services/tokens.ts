/**
 * Signs and checks the tokens of a session: access (JWT, short), refresh (JWT, in a cookie), and for
 * files alone (JWT, in URLs).
 */
import { errors, type JWTPayload, jwtVerify, type JWTVerifyOptions, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { ChatError } from "../domain/errors.ts";
import { FILE_TOKEN_SECONDS } from "../domain/file.ts";
import { deriveKey, macKey } from "./keys.ts";

const ALGORITHM = "HS256";
const ISSUER = "echoroom";
/** The audience of tokens for files. */
const FILES = "files";
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
  readonly #files: CryptoKey;
  /** Tokens whose signature has been verified: clients send the same one many times. */
  readonly #verified = new LRUCache<string, AccessClaims>({ max: MAX_VERIFIED });
  /** Seconds that an access token lives. */
  readonly accessTtl: number;
  /** Seconds that a refresh token lives. */
  readonly refreshTtl: number;

  private constructor(
    { access, refresh, files }: Record<"access" | "refresh" | "files", CryptoKey>,
    settings: TokenSettings,
  ) {
    this.#access = access;
    this.#refresh = refresh;
    this.#files = files;
    this.accessTtl = settings.accessTtl;
    this.refreshTtl = settings.refreshTtl;
  }

  /** Derives the keys from the secrets. */
  static async create(settings: TokenSettings): Promise<Tokens> {
    const access = await importSecret(settings.accessSecret);
    const refresh = await importSecret(settings.refreshSecret);
    // So that a token for files is none for anything else.
    const files = await macKey(deriveKey(settings.accessSecret, "file token"));
    return new Tokens({ access, refresh, files }, settings);
  }

  /** A token for requests and sockets, which lives for `accessTtl`. */
  issueAccess(userId: string, sessionId: string): Promise<string> {
    const expiresAt = new Date(Date.now() + this.accessTtl * 1000);
    return sign(this.#access, { sub: userId, sid: sessionId }, expiresAt);
  }

  /** A token for the cookie, with which a session is renewed. */
  issueRefresh({ sessionId, generation }: RefreshClaims, expiresAt: Date): Promise<string> {
    return sign(this.#refresh, { sid: sessionId, gen: generation }, expiresAt);
  }

  /** @throws ChatError `token_expired`, or `unauthenticated` if it is invalid otherwise */
  async verifyAccess(token: string): Promise<AccessClaims> {
    return await this.#verifyOnce("access", token, () => {
      return verify(this.#access, token, ["sub", "sid"]);
    });
  }

  /** A token with which files are read, for as long as the session lasts, but 10 minutes at most. */
  issueFiles(userId: string, sessionId: string): Promise<string> {
    const expiresAt = new Date(Date.now() + FILE_TOKEN_SECONDS * 1000);
    return sign(this.#files, { sub: userId, sid: sessionId, aud: FILES }, expiresAt);
  }

  /** @throws ChatError as `verifyAccess`, also for tokens of other kinds */
  async verifyFiles(token: string): Promise<AccessClaims> {
    return await this.#verifyOnce("files", token, () => {
      return verify(this.#files, token, ["sub", "sid"], { audience: FILES });
    });
  }

  async #verifyOnce(
    kind: "access" | "files",
    token: string,
    read: () => Promise<JWTPayload>,
  ): Promise<AccessClaims> {
    const key = `${kind} ${token}`;
    const known = this.#verified.get(key);
    if (known && known.expiresAt.getTime() > Date.now()) return known;
    const { sub, sid, exp } = await read();
    const expiresAt = new Date(exp! * 1000);
    const claims = { userId: String(sub), sessionId: String(sid), expiresAt };
    this.#verified.set(key, claims);
    return claims;
  }

  /** @throws ChatError `token_expired`, or `unauthenticated` if it is invalid otherwise */
  async verifyRefresh(token: string): Promise<RefreshClaims> {
    return refreshClaims(await verify(this.#refresh, token, ["sid", "gen"]));
  }

  /** As `verifyRefresh`, for signing out: an expired token still names its session. */
  async verifyRefreshOfAnyAge(token: string): Promise<RefreshClaims> {
    return refreshClaims(
      await verify(this.#refresh, token, ["sid", "gen"], {
        currentDate: new Date(0),
      }),
    );
  }
}

function importSecret(secret: string): Promise<CryptoKey> {
  return macKey(new TextEncoder().encode(secret));
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
  options: Pick<JWTVerifyOptions, "audience" | "currentDate"> = {},
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      requiredClaims: ["exp", "iat", ...claims],
      ...options,
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
