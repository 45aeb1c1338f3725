/** The context of a request. */
import type { Context } from "hono";
import type { Actor } from "../domain/actor.ts";
import type { Quota } from "../services/rate_limits.ts";

export interface Env {
  /** The connection, from Deno; missing if a test calls the app directly. */
  Bindings: { remoteAddr?: Deno.NetAddr };
  Variables: {
    requestId: string;
    /** The quota that was counted last. */
    quota: Quota;
    /** Who the access token speaks for, on protected routes. */
    actor: Actor;
    /** Whether the answer is to a request for bytes that a user has uploaded. */
    isUpload: boolean;
  };
}

/** The request's id: the client's if it is well-formed, else a new one. */
export function requestIdOf(c: Context<Env>): string {
  const given = c.req.header("x-request-id");
  return given !== undefined && /^[\w\-=.:+/]{1,255}$/.test(given) ? given : crypto.randomUUID();
}
