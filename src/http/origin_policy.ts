/** Decides which origins may use the server from a browser, and tells operators whom it refused. */
import { getLogger } from "@logtape/logtape";
import { LRUCache } from "lru-cache";
import { canonicalOrigin } from "../domain/origin.ts";

const logger = getLogger(["echoroom", "http"]);
/** Refused origins that are remembered, so that each is logged once. */
const MAX_REFUSED = 1_000;

/**
 * Whether pages of this origin may use the server.
 * @param origin the request's `Origin`
 * @param host the request's `Host`, well-formed
 */
export type OriginPolicy = (origin: string, host: string | undefined) => boolean;

/**
 * Allows the listed origins, and any http(s) origin whose host is the one that the request was sent
 * to. Logs each refused origin once, with the setting that would allow it.
 * @param allowed in canonical form
 */
export function originPolicy(allowed: readonly string[]): OriginPolicy {
  const listed = new Set(allowed);
  const refused = new LRUCache<string, true>({ max: MAX_REFUSED });

  function report(origin: string, host: string | undefined): void {
    if (refused.has(origin)) return;
    refused.set(origin, true);
    const setting = `CORS_ORIGIN=${[...listed, origin].join(",")}`;
    logger.warning(
      "Pages of {origin} are refused: it is not in CORS_ORIGIN, nor this server's own host ({host}). To allow it, set {setting}",
      { origin, host: host ?? "unknown", setting },
    );
  }

  return (origin, host) => {
    if (listed.has(origin)) return true;
    const canonical = canonicalOrigin(origin);
    if (canonical === null) return false;
    if (listed.has(canonical) || isOwn(canonical, host)) return true;
    report(canonical, host);
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
