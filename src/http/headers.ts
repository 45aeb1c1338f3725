/** The headers of every answer, set once, after the route. */
import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { Quota } from "../services/rate_limits.ts";
import type { Env } from "./context.ts";
import { hostOf } from "./host.ts";
import type { OriginPolicy } from "./origin_policy.ts";

const EXPOSED = [
  ...["Location", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"],
  ...["Accept-Ranges", "Content-Disposition", "Content-Range", "ETag"],
].join(",");

type Constants = readonly [name: string, value: string][];

/** On every answer. A header takes 2 to 3 µs; Deno writes names in lower case faster. */
const COMMON: Constants = [
  ["cross-origin-resource-policy", "same-origin"],
  // Without subdomains, which may be other people's servers.
  ["strict-transport-security", "max-age=15552000"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
];

/** For JSON, which loads and runs nothing (OWASP REST Security Cheat Sheet). */
const JSON_HEADERS: Constants = [
  ...COMMON,
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
];

/** For what users have uploaded: pages of any origin show it, and it acts nowhere. */
const UPLOAD_HEADERS: Constants = [
  ...COMMON,
  ["cross-origin-resource-policy", "cross-origin"],
  ["content-security-policy", "sandbox; default-src 'none'"],
  ["referrer-policy", "no-referrer"],
];
const JSON_TYPE = /^application\/(?:problem\+)?json/;

/** Answers the requests in which browsers ask what pages of other origins may send. */
export function preflight(allowsOrigin: OriginPolicy): MiddlewareHandler<Env> {
  return cors({
    origin: (origin, c) => origin !== "" && allowsOrigin(origin, hostOf(c)) ? origin : null,
    credentials: true,
    allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    maxAge: 600,
  });
}

/**
 * What sets the request's id, the security headers, CORS and the quota on an answer, errors included.
 * On the answer's own headers: Hono copies an answer for each header that is set through the context,
 * which takes longer than all the rest of a request.
 * @param uploadOrigin where pages may send files beside the server itself
 */
export function headerSetter(
  allowsOrigin: OriginPolicy,
  uploadOrigin?: string,
): (c: Context<Env>) => void {
  const ofPages = pageHeaders(uploadOrigin);
  return (c) => {
    const { headers, ok } = c.res;
    // The answer to a preflight has the CORS headers already.
    if (c.req.method !== "OPTIONS" || !ok) allowReading(c, allowsOrigin);
    for (const [name, value] of constantsOf(c, ofPages)) headers.set(name, value);
    headers.set("x-request-id", c.get("requestId"));
    const quota = c.get("quota");
    if (quota) describe(headers, quota);
  };
}

function constantsOf(c: Context<Env>, ofPages: Constants): Constants {
  if (c.get("isUpload")) return UPLOAD_HEADERS;
  return JSON_TYPE.test(c.res.headers.get("content-type") ?? "") ? JSON_HEADERS : ofPages;
}

/** For pages and the files that they load. */
function pageHeaders(uploadOrigin = ""): Constants {
  const policy = [
    "default-src 'self'",
    `connect-src 'self' ${uploadOrigin}`.trimEnd(),
    "img-src 'self' https: data: blob:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return [
    ...COMMON,
    ["content-security-policy", policy.join("; ")],
    ["cross-origin-opener-policy", "same-origin"],
    ["origin-agent-cluster", "?1"],
    ["referrer-policy", "no-referrer"],
  ];
}

/** Lets pages of allowed origins read the answer. */
function allowReading(c: Context<Env>, allowsOrigin: OriginPolicy): void {
  const { headers } = c.res;
  headers.append("vary", "Origin");
  const origin = c.req.header("origin");
  if (origin === undefined || !allowsOrigin(origin, hostOf(c))) return;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Allow-Credentials", "true");
  headers.set("Access-Control-Expose-Headers", EXPOSED);
}

/** Adds the quota (draft-ietf-httpapi-ratelimit-headers). */
function describe(headers: Headers, { policy, limit, window, remaining, reset }: Quota): void {
  headers.set("RateLimit-Policy", `"${policy}";q=${limit};w=${window}`);
  headers.set("RateLimit", `"${policy}";r=${remaining};t=${reset}`);
}
