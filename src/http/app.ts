/** The HTTP application: middleware, routes, documents and the page, in the order they apply. */
import { getLogger, withContext } from "@logtape/logtape";
import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { routePath } from "hono/route";
import { TrieRouter } from "hono/router/trie-router";
import type { Metrics } from "../application/metrics.ts";
import type { Services } from "../application/services.ts";
import { ChatError } from "../domain/errors.ts";
import type { Gateway } from "../realtime/gateway.ts";
import { authRoutes } from "./auth_routes.ts";
import { clientAddress, type Env, requestIdOf } from "./context.ts";
import { docsRoutes } from "./docs_page.ts";
import { documentRoutes } from "./document_routes.ts";
import { checkOrigin, originPolicy, spend } from "./guards.ts";
import { answerHeaders } from "./headers.ts";
import { operationsRoutes } from "./operations_routes.ts";
import { pageRoutes } from "./page_routes.ts";
import { problemHandler } from "./problem.ts";
import { roomRoutes } from "./room_routes.ts";

const logger = getLogger(["echoroom", "http"]);
const PROBES: ReadonlySet<string> = new Set(["/health", "/ready"]);

export interface AppSettings {
  production: boolean;
  trustProxy: number;
  registrationOpen: boolean;
  corsOrigins: readonly string[];
  metricsToken: string | null;
  tryPage: boolean;
  isDraining(): boolean;
}

export function createApp(services: Services, gateway: Gateway, settings: AppSettings) {
  const { trustProxy } = settings;
  const allowsOrigin = originPolicy(settings.corsOrigins);
  const app = new Hono<Env>();

  // Before every middleware: the answer to a handshake is the runtime's and cannot be changed.
  app.get("/ws", (c) => {
    checkOrigin(c, allowsOrigin);
    return gateway.upgrade(c.req.raw, clientAddress(c, trustProxy));
  });

  app.use(observe(services.metrics));
  app.use(answerHeaders(allowsOrigin));
  for (const path of ["/auth/*", "/rooms/*"]) {
    app.use(path, noStore);
    app.use(path, async (c, next) => {
      await spend(c, services, "api", clientAddress(c, trustProxy));
      await next();
    });
  }

  app.route("/auth", authRoutes(services, { ...settings, allowsOrigin }));
  app.route("/rooms", roomRoutes(services));
  app.route("/", operationsRoutes(services, settings));
  app.route("/", documentRoutes(app));
  app.route("/", docsRoutes());
  app.route("/", pageRoutes(settings));

  app.notFound(notFound(app));
  app.onError(problemHandler(services.metrics));
  return app;
}

const noStore = createMiddleware<Env>(async (c, next) => {
  await next();
  c.res.headers.set("Cache-Control", "no-store");
});

/** Logs and times every request, and gives whatever is logged under way its id. */
function observe(metrics: Metrics) {
  return createMiddleware<Env>((c, next) => {
    const requestId = requestIdOf(c);
    c.set("requestId", requestId);
    return withContext({ requestId }, async () => {
      const start = performance.now();
      await next();
      const milliseconds = performance.now() - start;
      const { method, path } = c.req;
      const { status } = c.res;
      metrics.answered(method, routePath(c, -1), status, milliseconds);
      // Proxies and orchestrators ask every second or so.
      const level = PROBES.has(path) && status === 200 ? "debug" : "info";
      logger[level]("{method} {path} {status} in {milliseconds} ms", {
        method,
        path,
        status,
        milliseconds: Math.round(milliseconds * 10) / 10,
        userId: c.get("userId"),
      });
    });
  });
}

/** 404, or 405 with `Allow` where the path exists for other methods. */
function notFound(app: Hono<Env>) {
  const methods = new TrieRouter<string>();
  for (const { method, path } of app.routes) {
    if (method !== "ALL" && !path.includes("*")) methods.add("ALL", path, method);
  }
  return (c: Context<Env>): never => {
    const allowed = new Set(methods.match("ALL", c.req.path)[0].map(([method]) => String(method)));
    if (allowed.has("GET")) allowed.add("HEAD");
    // A route that takes the method passed it on: it knows the kind of path, and not this one.
    if (allowed.size === 0 || allowed.has(c.req.method)) {
      throw new ChatError("not_found", "There is nothing at this path.");
    }
    c.header("Allow", [...allowed].join(", "));
    throw new ChatError("method_not_allowed", `This path knows ${[...allowed].join(", ")}.`);
  };
}
