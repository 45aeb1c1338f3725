/** Guards of routes: authentication, origin and rate limits. */
import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { type Policy, type Quota, rateLimited } from "../services/rate_limits.ts";
import type { Services } from "../services/services.ts";
import { authenticate } from "../application/sessions/authenticate.ts";
import type { Participant } from "../domain/actor.ts";
import { ChatError } from "../domain/errors.ts";
import type { Env } from "./context.ts";
import { hostOf } from "./host.ts";
import { canonicalOrigin } from "../domain/origin.ts";
import type { OriginPolicy } from "./origin_policy.ts";

/**
 * Lets only requests with a valid access token pass. Hono's `bearer-auth` answers a malformed header
 * with 400, and its checks have no codes of their own.
 */
export function requireUser(services: Services): MiddlewareHandler<Env> {
  return createMiddleware<Env>(async (c, next) => {
    const [, token] = c.req.header("authorization")?.match(/^Bearer +(\S+) *$/i) ?? [];
    if (!token) throw new ChatError("unauthenticated", "Send Authorization: Bearer <accessToken>.");
    c.set("actor", await authenticate(services, token));
    await next();
  });
}

/**
 * The actor of a request with their profile.
 * @throws ChatError `unauthenticated` if the account no longer exists
 */
export async function participant(
  c: Context<Env>,
  { publicUsers }: Pick<Services, "publicUsers">,
): Promise<Participant> {
  const actor = c.get("actor");
  const [user] = await publicUsers.find([actor.userId]);
  if (!user) throw new ChatError("unauthenticated", "The account does not exist any more.");
  return { ...actor, user };
}

/** Refuses requests of pages of other origins; requests without `Origin` pass. */
export function requireOrigin(allows: OriginPolicy): MiddlewareHandler<Env> {
  return createMiddleware<Env>(async (c, next) => {
    checkOrigin(c, allows);
    await next();
  });
}

/** Refuses every registration, valid or not, if the operator has closed it. */
export function requireOpenRegistration(open: boolean): MiddlewareHandler<Env> {
  return createMiddleware<Env>(async (_c, next) => {
    if (!open) {
      throw new ChatError(
        "registration_closed",
        "Registration is closed on this server; ask its operator for an account.",
      );
    }
    await next();
  });
}

/** @throws ChatError `origin_not_allowed` */
export function checkOrigin(c: Context<Env>, allows: OriginPolicy): void {
  const origin = c.req.header("origin");
  if (origin === undefined || allows(origin, hostOf(c))) return;
  throw new ChatError(
    "origin_not_allowed",
    `Pages of ${canonicalOrigin(origin) ?? "this origin"} are not allowed; see CORS_ORIGIN.`,
  );
}

/**
 * Counts a request under a policy, keeps the quota for the `RateLimit` headers, and refuses the
 * request if the quota is used up.
 */
export async function consume(
  c: Context<Env>,
  { rateLimits }: Pick<Services, "rateLimits">,
  policy: Policy,
  key: string,
): Promise<void> {
  await consumeAll(c, { rateLimits }, [{ policy, key }]);
}

/**
 * Counts a request under several policies, up to the first that refuses it; the smallest
 * remaining quota is kept for the headers.
 */
export async function consumeAll(
  c: Context<Env>,
  { rateLimits }: Pick<Services, "rateLimits">,
  limits: readonly { policy: Policy; key: string }[],
): Promise<void> {
  let smallest: Quota | undefined;
  for (const { policy, key } of limits) {
    const quota = await rateLimits.tryConsume(policy, key);
    if (!quota) return;
    if (!smallest || !quota.allowed || quota.remaining < smallest.remaining) smallest = quota;
    c.set("quota", smallest);
    if (!quota.allowed) throw rateLimited(quota);
  }
}
