/** The codes of `auth:error`: why a token is refused. The socket closes with 4401 after it. */

export const AUTH_ERROR_CODES = [
  /** The token is invalid, or none was sent. */
  "unauthenticated",
  /** The token has expired; a new one may be sent within 30 s. */
  "token_expired",
  /** The session has ended. */
  "session_revoked",
  /** The socket has identified as another user. */
  "forbidden",
] as const;

/** One of {@linkcode AUTH_ERROR_CODES}. */
export type AuthErrorCode = typeof AUTH_ERROR_CODES[number];

/** Whether an error is about the token, and so is answered by `auth:error`. */
export function isAuthErrorCode(code: string): code is AuthErrorCode {
  return (AUTH_ERROR_CODES as readonly string[]).includes(code);
}
