/** Errors as RFC 9457 problem details. */
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Metrics } from "../services/metrics.ts";
import { ChatError, type ErrorCode } from "../domain/errors.ts";
import type { Problem } from "../protocol/wire/errors.ts";
import { type Env, requestIdOf } from "./context.ts";
import { loggedPath } from "./logged_path.ts";
import { notFoundPage, wantsPage } from "./page_routes.ts";

const logger = getLogger(["echoroom", "http"]);

/** Each code's status and title. Codes of sockets alone default to 400. */
const ANSWERS: Partial<Record<ErrorCode, [status: ContentfulStatusCode, title: string]>> = {
  invalid_json: [400, "Invalid JSON"],
  validation_failed: [400, "Invalid input"],
  unauthenticated: [401, "Not authenticated"],
  invalid_credentials: [401, "Wrong credentials"],
  token_expired: [401, "Token expired"],
  session_revoked: [401, "Session revoked"],
  account_banned: [403, "Account banned"],
  forbidden: [403, "Forbidden"],
  origin_not_allowed: [403, "Origin not allowed"],
  registration_closed: [403, "Registration closed"],
  not_found: [404, "Not found"],
  room_not_found: [404, "Room not found"],
  invitation_not_found: [404, "Invitation not found"],
  message_not_found: [404, "Message not found"],
  file_not_found: [404, "File not found"],
  method_not_allowed: [405, "Method not allowed"],
  email_taken: [409, "Email taken"],
  message_deleted: [409, "Message deleted"],
  edit_conflict: [409, "Edit conflict"],
  room_archived: [403, "Room archived"],
  muted: [403, "Muted"],
  slow_mode: [429, "Slow mode"],
  last_owner: [409, "Last owner"],
  idempotency_conflict: [409, "Idempotency conflict"],
  limit_reached: [409, "Limit reached"],
  file_in_use: [409, "File in use"],
  file_not_ready: [409, "File not ready"],
  payload_too_large: [413, "Payload too large"],
  file_too_large: [413, "File too large"],
  quota_exceeded: [413, "Quota exceeded"],
  unsupported_media_type: [415, "Unsupported media type"],
  upgrade_required: [426, "Upgrade required"],
  rate_limited: [429, "Rate limited"],
  internal: [500, "Internal error"],
  unavailable: [503, "Unavailable"],
};

/** The status that a code is answered with. */
export function statusOf(code: ErrorCode): ContentfulStatusCode {
  return ANSWERS[code]?.[0] ?? 400;
}

/** The error handler of all routes: turns what a route threw into the answer, and counts it. */
export function problemHandler(metrics: Metrics) {
  return (error: Error, c: Context<Env>): Response | Promise<Response> => {
    const failure = asChatError(error, c);
    metrics.failed(failure.code, "http");
    if (failure.code !== "not_found") return problem(c, failure);
    c.header("Vary", "Accept", { append: true });
    return wantsPage(c) ? notFoundPage(c) : problem(c, failure);
  };
}

function problem(c: Context<Env>, error: ChatError): Response {
  const [status, title] = ANSWERS[error.code] ?? [400, "Bad request"];
  const requestId = c.get("requestId") ?? requestIdOf(c);
  const body: Problem = {
    type: "about:blank",
    title,
    status,
    detail: error.message,
    code: error.code,
    requestId,
    ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
    ...(error.faults === undefined ? {} : { errors: error.faults }),
  };
  c.header("X-Request-Id", requestId);
  c.header("Content-Type", "application/problem+json");
  if (error.retryAfter !== undefined) c.header("Retry-After", String(error.retryAfter));
  if (status === 401) c.header("WWW-Authenticate", "Bearer");
  if (status === 426) {
    c.header("Upgrade", "websocket");
    c.header("Connection", "Upgrade");
    c.header("Sec-WebSocket-Version", "13");
  }
  return c.body(JSON.stringify(body), status);
}

function asChatError(error: Error, c: Context<Env>): ChatError {
  if (error instanceof ChatError) return error;
  if (error instanceof HTTPException && error.status < 500) {
    return new ChatError("validation_failed", error.message || "The request is not valid.");
  }
  logger.error("{method} {path} failed unexpectedly: {error}", {
    method: c.req.method,
    path: loggedPath(c.req.path),
    error,
  });
  return new ChatError("internal", "Something went wrong on the server.");
}
