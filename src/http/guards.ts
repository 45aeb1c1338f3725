/** What stands before routes: who asks, from which origin, and how often. */
import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { type Policy, rateLimited } from "../application/rate_limits.ts";
import type { Services } from "../application/services.ts";
import { authenticate } from "../application/sessions.ts";
import { ChatError } from "../domain/errors.ts";
import type { Env } from "./context.ts";

/** Lets only requests with a valid access token pass. */
export function requireUser(services: Services): MiddlewareHandler<Env> {
  return createMiddleware<Env>(async (c, next) => {
    const [, token] = c.req.header("authorization")?.match(/^Bearer +(\S+) *$/i) ?? [];
    if (!token) throw new ChatError("unauthenticated", "Send Authorization: Bearer <accessToken>.");
    const { userId, sessionId } = await authenticate(services, token);
    c.set("userId", userId);
    c.set("sessionId", sessionId);
    await next();
  });
}

/** Decides which origins may use the server from a browser. */
export type OriginPolicy = (origin: string, host: string | undefined) => boolean;

/** Allows the listed origins, and any whose host is the one that the request was sent to. */
export function originPolicy(allowed: readonly string[]): OriginPolicy {
  return (origin, host) =>
    allowed.includes(origin) || (host !== undefined && URL.parse(origin)?.host === host);
}

/** Refuses requests that a page of a foreign origin sent; requests without `Origin` pass. */
export function requireOrigin(allows: OriginPolicy): MiddlewareHandler<Env> {
  return createMiddleware<Env>(async (c, next) => {
    checkOrigin(c, allows);
    await next();
  });
}

/** Refuses every registration, valid or not, where the operator has closed it. */
export function requireOpenRegistration(open: boolean): MiddlewareHandler<Env> {
  return createMiddleware<Env>(async (_c, next) => {
    if (!open) {
      throw new ChatError(
        "registration_closed",
        "This server takes no new accounts; ask whoever runs it for one.",
      );
    }
    await next();
  });
}

/** @throws ChatError `origin_not_allowed` */
export function checkOrigin(c: Context<Env>, allows: OriginPolicy): void {
  const origin = c.req.header("origin");
  if (origin === undefined || allows(origin, c.req.header("host"))) return;
  throw new ChatError("origin_not_allowed", "This origin may not do that; see CORS_ORIGIN.");
}

/**
 * Counts a request under a policy, keeps its quota for the `RateLimit` headers, and refuses it when
 * there is none left.
 */
export async function spend(
  c: Context<Env>,
  { rateLimits }: Pick<Services, "rateLimits">,
  policy: Policy,
  key: string,
): Promise<void> {
  const quota = await rateLimits.consume(policy, key);
  if (!quota) return;
  c.set("quota", quota);
  if (!quota.allowed) throw rateLimited(quota);
}
