/** The HTTP application: middleware, routes, documents and the page, in the order they apply. */
import { getLogger, withContext } from "@logtape/logtape";
import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { TrieRouter } from "hono/router/trie-router";
import type { Metrics } from "../services/metrics.ts";
import type { Dependencies } from "../application/dependencies.ts";
import { ChatError } from "../domain/errors.ts";
import type { Gateway } from "../sockets/gateway.ts";
import { accountRoutes } from "./account_routes.ts";
import { authRoutes } from "./auth_routes.ts";
import { avatarRoutes } from "./avatar_routes.ts";
import { blockRoutes } from "./block_routes.ts";
import { clientAddress } from "./client_address.ts";
import { type Env, requestIdOf } from "./context.ts";
import { directUploads } from "./direct_uploads.ts";
import { docsRoutes } from "./docs_page.ts";
import { documentRoutes } from "./document_routes.ts";
import { fileRoutes } from "./file_routes.ts";
import { checkOrigin, consume } from "./guards.ts";
import { headerSetter, preflight } from "./headers.ts";
import { checkHost, isHostWellFormed, malformedHost } from "./host.ts";
import { instanceRoutes } from "./instance_routes.ts";
import { invitationRoutes, roomInvitationRoutes } from "./invitation_routes.ts";
import { operationsRoutes } from "./operations_routes.ts";
import { originPolicy } from "./origin_policy.ts";
import { pageRoutes } from "./page_routes.ts";
import { problemHandler } from "./problem.ts";
import { loggedPath } from "./logged_path.ts";
import { memberRoutes } from "./member_routes.ts";
import { messageRoutes } from "./message_routes.ts";
import { moderationRoutes } from "./moderation_routes.ts";
import { directRoutes, roomRoutes } from "./room_routes.ts";
import { searchRoutes } from "./search_routes.ts";
import { userRoutes } from "./user_routes.ts";

const logger = getLogger(["echoroom", "http"]);
/** Requested by proxies and orchestrators every second or so. */
const PROBES: ReadonlySet<string> = new Set(["/health", "/ready"]);
/** The files and avatars of pages, of which one page loads dozens. */
const FILES = ["/assets/", "/docs/", "/avatars/"];

export interface AppSettings {
  production: boolean;
  trustProxy: number;
  registrationOpen: boolean;
  corsOrigins: readonly string[];
  metricsToken: string | null;
  tryPage: boolean;
  /** Where pages may send files beside this server. */
  uploadOrigin?: string | undefined;
  isDraining(): boolean;
}

export function createApp(services: Dependencies, gateway: Gateway, settings: AppSettings) {
  const { trustProxy } = settings;
  const allowsOrigin = originPolicy(settings.corsOrigins);
  const setHeaders = headerSetter(allowsOrigin, settings.uploadOrigin);
  const answerError = problemHandler(services.metrics);
  const app = new Hono<Env>();

  // Before every middleware: the answer to a handshake is the runtime's, and no other may be given.
  app.get("/ws", (c) => {
    c.header("Vary", "Origin");
    checkHost(c);
    checkOrigin(c, allowsOrigin);
    const requestId = requestIdOf(c);
    const response = gateway.upgrade(c.req.raw, clientAddress(c, trustProxy));
    response.headers.set("x-request-id", requestId);
    return response;
  });

  // One middleware for what all requests share: each costs 3 µs.
  app.use(async (c, next) => {
    const start = performance.now();
    const requestId = requestIdOf(c);
    c.set("requestId", requestId);
    if (!isHostWellFormed(c)) {
      // Not thrown: an error passing through middleware would skip what that adds to answers.
      c.res = await answerError(malformedHost(), c);
    } else if (c.req.path === "/health") {
      // It logs nothing that needs the id, and a log context is a good part of its cost.
      await next();
    } else {
      await withContext({ requestId }, next);
    }
    setHeaders(c);
    if (c.req.method === "HEAD") await setLength(c);
    observe(c, services.metrics, performance.now() - start);
  });
  app.options("*", preflight(allowsOrigin));
  const paths = [
    "/auth/*",
    "/rooms/*",
    "/users/*",
    "/directs",
    "/invitations/*",
    "/reports/*",
    "/audit",
    "/files/*",
    "/instances",
    "/search",
  ];
  for (const path of paths) {
    app.use(path, noStore);
    app.use(path, async (c, next) => {
      await consume(c, services, "api", clientAddress(c, trustProxy));
      await next();
    });
  }
  app.use("/avatars/*", async (c, next) => {
    await consume(c, services, "avatarRead", clientAddress(c, trustProxy));
    await next();
  });

  app.route("/auth", authRoutes(services, { ...settings, allowsOrigin }));
  app.route("/auth/me", accountRoutes(services));
  app.route("/", avatarRoutes(services, settings.isDraining));
  app.route("/rooms", roomRoutes(services, settings.isDraining));
  app.route("/rooms", messageRoutes(services, settings.isDraining));
  app.route("/rooms", memberRoutes(services, settings.isDraining));
  app.route("/search", searchRoutes(services));
  app.route("/users", userRoutes(services, settings.isDraining));
  app.route("/directs", directRoutes(services, settings.isDraining));
  app.route("/rooms", roomInvitationRoutes(services, settings.isDraining));
  app.route("/invitations", invitationRoutes(services));
  app.route("/", blockRoutes(services));
  app.route("/", moderationRoutes(services, settings.isDraining));
  app.use("/files/*", directUploads(services, settings.isDraining));
  app.route("/files", fileRoutes(services, settings.isDraining));
  app.route("/instances", instanceRoutes(services));
  app.route("/", operationsRoutes(services, settings));
  app.route("/", documentRoutes(app));
  app.route("/", docsRoutes());
  app.route("/", pageRoutes(settings));

  const faultOf = unmatched(app);
  // Not thrown, for the same reason.
  app.notFound((c) => answerError(faultOf(c), c));
  app.onError(answerError);
  return app;
}

/** The length that GET's content has (RFC 9110, 8.6): of no content the runtime would say 0. */
async function setLength({ res }: Context<Env>): Promise<void> {
  if (res.body === null || res.headers.has("content-length")) return;
  const { byteLength } = await res.clone().arrayBuffer();
  res.headers.set("content-length", String(byteLength));
}

const noStore = createMiddleware<Env>(async (c, next) => {
  await next();
  // Files say themselves how they are stored.
  if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
});

/** Counts and logs a request that has been answered. */
function observe(c: Context<Env>, metrics: Metrics, milliseconds: number): void {
  const { method, path } = c.req;
  const { status } = c.res;
  metrics.answered(method, routePath(c, -1), status, milliseconds);
  const level = status < 400 && isRoutine(path) ? "debug" : "info";
  logger[level]("{method} {path} {status} in {milliseconds} ms", {
    method,
    path: loggedPath(path),
    status,
    milliseconds: Math.round(milliseconds * 10) / 10,
    userId: c.get("actor")?.userId,
    requestId: c.get("requestId"),
  });
}

/** Whether a request is not worth logging at the level `info`. */
function isRoutine(path: string): boolean {
  return PROBES.has(path) || FILES.some((folder) => path.startsWith(folder));
}

/**
 * 404, or 405 with `Allow` where the path exists for other methods. Hono's `method-not-allowed` is a
 * middleware of every request, and replaces a 404 that has been counted and rendered already.
 */
function unmatched(app: Hono<Env>): (c: Context<Env>) => ChatError {
  const methods = new TrieRouter<string>();
  for (const { method, path } of app.routes) {
    if (method !== "ALL" && !path.includes("*")) methods.add("ALL", path, method);
  }
  return (c) => {
    const allowed = new Set(methods.match("ALL", c.req.path)[0].map(([method]) => String(method)));
    if (allowed.has("GET")) allowed.add("HEAD");
    // A route accepts the method but passed the request on: the path is of its kind, and unknown.
    if (allowed.size === 0 || allowed.has(c.req.method)) {
      return new ChatError("not_found", "There is nothing at this path.");
    }
    c.header("Allow", [...allowed].join(", "));
    return new ChatError("method_not_allowed", `This path allows ${[...allowed].join(", ")}.`);
  };
}
