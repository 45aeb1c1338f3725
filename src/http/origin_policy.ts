/** Decides which origins may use the server from a browser, and logs those it refuses. */
import { getLogger } from "@logtape/logtape";
import { canonicalOrigin } from "../domain/origin.ts";

const logger = getLogger(["echoroom", "http"]);
/** Refused origins that are logged, each once: a client can make up any number of them. */
const MAX_REPORTED = 1_000;
/** UTF-16 units of one that are shown. */
const MAX_SHOWN = 300;

const UNLISTED =
  "Pages of {origin} are refused: it is not in CORS_ORIGIN, nor this server's own host ({host}). To allow it, set {setting}";
const UNNAMED =
  'Pages that send "Origin: {origin}" are refused, and CORS_ORIGIN cannot allow them: local files and sandboxed frames have no origin of their own. Serve the page over http or https';

/**
 * Whether pages of this origin may use the server.
 * @param origin the request's `Origin`
 * @param host the request's `Host`, well-formed
 */
export type OriginPolicy = (origin: string, host: string | undefined) => boolean;

/**
 * Allows the listed origins, and any http(s) origin whose host is the one that the request was sent
 * to. Logs each refused origin once, with the setting that allows it.
 * @param allowed in canonical form
 */
export function originPolicy(allowed: readonly string[]): OriginPolicy {
  const listed = new Set(allowed);
  const reported = new Set<string>();

  function report(origin: string, canonical: string | null, host = "unknown"): void {
    const shown = canonical ?? origin.slice(0, MAX_SHOWN);
    if (reported.has(shown) || reported.size >= MAX_REPORTED) return;
    reported.add(shown);
    if (canonical === null) return logger.warning(UNNAMED, { origin: shown });
    const setting = `CORS_ORIGIN=${[...listed, canonical].join(",")}`;
    logger.warning(UNLISTED, { origin: shown, host, setting });
  }

  return (origin, host) => {
    if (listed.has(origin)) return true;
    const canonical = canonicalOrigin(origin);
    if (canonical !== null && (listed.has(canonical) || isOwn(canonical, host))) return true;
    report(origin, canonical, host);
    return false;
  };
}

/**
 * Whether the origin's host is the request's. The port that `Host` may leave out is that of the
 * origin's scheme: behind a proxy that ends TLS the request itself says http.
 */
function isOwn(origin: string, host: string | undefined): boolean {
  const scheme = /^https?:\/\//.exec(origin)?.[0];
  return scheme !== undefined && host !== undefined && canonicalOrigin(scheme + host) === origin;
}
