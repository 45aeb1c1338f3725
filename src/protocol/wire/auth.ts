/** Accounts and sessions as they go over the wire. */
import type { AuthErrorCode } from "./auth_error_codes.ts";
import type { User } from "./users.ts";

/** The answer to registering, signing in and refreshing. */
export interface SignedIn {
  /** Who has signed in. */
  user: User;
  /** A JWT, for `Authorization: Bearer` and `auth:identify`. */
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
}

/** The server's limits, so that clients need not copy them. */
export interface ServerLimits {
  /** Bytes of one frame of a client. */
  frameBytes: number;
  /** Code points of a message's text. */
  textLength: number;
  /** Rooms that one socket may be in. */
  roomsPerSocket: number;
  /** Sends, changes and reads of one user in one room: so many in each window. */
  messages: { points: number; seconds: number };
}

/** What a client sends about its session. */
export interface AuthClientEvents {
  /** The first frame; sent again it renews the token. Answered by `auth:ok`. */
  "auth:identify": { token: string };
}

/** What the server sends about a client's session. */
export interface AuthServerEvents {
  /** The socket is identified. */
  "auth:ok": {
    user: User;
    /** ISO 8601, UTC. */
    expiresAt: string;
    limits: ServerLimits;
    /** The last number of the account's stream. */
    account: { lastSeq: number };
    /** Whether `POST /files` with JSON signs uploads to the store of files; left out if not. */
    signsUploads?: boolean | undefined;
  };
  /** The token is refused: the socket closes, after 30 s if the token has just expired. */
  "auth:error": {
    code: AuthErrorCode;
    message: string;
  };
}
