/** The host that a request names (RFC 9110, 7.2): the runtime makes it a part of the request's URL. */
import type { Context } from "hono";
import { ChatError } from "../domain/errors.ts";
import type { Env } from "./context.ts";

const HOST = /^(?:[A-Za-z\d._~-]{1,255}|\[[\dA-Fa-f:.]{2,45}\])(?::\d{0,5})?$/;
/** Between the scheme and the path. */
const AUTHORITY = /^https?:\/\/([^/?#]*)/i;
/** The last well-formed host: most requests have the same. */
let wellFormed = "";

/**
 * Whether `Host`, and the authority of a target in absolute form, are `host[:port]`: with a path in
 * it the request's URL, and so its route, would be another. Requests without `Host` pass, as HTTP/1.0
 * and HTTP/2 send them.
 */
export function isHostWellFormed(c: Context<Env>): boolean {
  const host = c.req.header("host");
  if (host !== undefined && !isHost(host)) return false;
  const { url } = c.req;
  if (host !== undefined && url.startsWith(`http://${host}/`)) return true;
  const authority = AUTHORITY.exec(url)?.[1];
  return authority !== undefined && isHost(authority);
}

/** @throws ChatError `validation_failed` unless {@linkcode isHostWellFormed} */
export function checkHost(c: Context<Env>): void {
  if (!isHostWellFormed(c)) throw malformedHost();
}

/** What a request is refused with whose host is malformed. */
export function malformedHost(): ChatError {
  return new ChatError("validation_failed", "The Host header must be host[:port].");
}

/**
 * The host that the request was sent to, as `Host` or HTTP/2's `:authority` names it.
 * @param c whose host was checked
 */
export function hostOf(c: Context<Env>): string | undefined {
  return c.req.header("host") ?? AUTHORITY.exec(c.req.url)?.[1];
}

function isHost(text: string): boolean {
  if (text === wellFormed) return true;
  if (!HOST.test(text) || !URL.canParse(`http://${text}`)) return false;
  wellFormed = text;
  return true;
}
