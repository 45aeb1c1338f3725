/** What travels with a request through the HTTP layer. */
import type { Context } from "hono";
import type { Quota } from "../application/rate_limits.ts";

export interface Env {
  /** Deno's word on the connection; missing where a test calls the app directly. */
  Bindings: { remoteAddr?: Deno.NetAddr };
  Variables: {
    requestId: string;
    /** Where the client stands within the limit that was counted last. */
    quota: Quota;
    /** The user and session that the access token speaks for, on protected routes. */
    userId: string;
    sessionId: string;
  };
}

/** The request's id: the client's own if it is sane, else a new one. */
export function requestIdOf(c: Context<Env>): string {
  const given = c.req.header("x-request-id");
  return given !== undefined && /^[\w\-=]{1,255}$/.test(given) ? given : crypto.randomUUID();
}

/**
 * The client's address: the peer's, or what the outermost of the believed proxies saw.
 * @param trustProxy how many proxies are believed to have appended to `X-Forwarded-For`
 */
export function clientAddress(c: Context<Env>, trustProxy: number): string {
  const peer = c.env?.remoteAddr?.hostname ?? "unknown";
  if (trustProxy === 0) return peer;
  const hops = c.req.header("x-forwarded-for")?.split(",").map((hop) => hop.trim()) ?? [];
  return hops.at(-trustProxy) ?? hops[0] ?? peer;
}
