/** The page at `/`, the one at `/try`, the one for unknown paths, and the files they are made of. */
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { answerFile, AssetFiles } from "./assets.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/**
 * What browsers may have: the page's own files, and of the server's those that the client is made
 * of. They keep their places, so that an import leads to the same file here and in an editor.
 */
const SCRIPTS = [
  "web/:file{[a-z_]+\\.ts}",
  "src/client/:file{[a-z_]+\\.ts}",
  "src/protocol/:file{(wire|close_codes)\\.ts}",
  "src/domain/:file{errors\\.ts}",
];
const STATIC = "web/:file{[a-z_]+\\.(css|js|svg)}";
const PREFIX = "/assets/";
const HTML = "text/html; charset=UTF-8";
const JAVASCRIPT = "text/javascript; charset=utf-8";

export interface PageSettings {
  tryPage: boolean;
}

/** @param settings what of it is off: the page at `/` then does not offer it */
export function pageRoutes(settings: PageSettings): Hono {
  const routes = new Hono();
  const off = settings.tryPage ? [] : ["try"];
  const indexes = new AssetFiles((page) =>
    page.replace("<html", `<html data-off="${off.join(" ")}"`)
  );
  // Browsers do not know types.
  const scripts = new AssetFiles((source) => stripTypeScriptTypes(source));
  const others = new AssetFiles();

  routes.get("/", answerFile(indexes, () => `${ROOT}web/index.html`, HTML));
  if (settings.tryPage) routes.get("/try", answerFile(others, () => `${ROOT}web/try.html`, HTML));
  routes.use(`${PREFIX}web/service_worker.js`, async (c, next) => {
    await next();
    // The pages are above the worker's own place, where it would see no requests otherwise.
    c.res.headers.set("Service-Worker-Allowed", "/");
  });
  const assetPath = (c: Context) => ROOT + c.req.path.slice(PREFIX.length);
  for (const script of SCRIPTS) {
    routes.get(PREFIX + script, answerFile(scripts, assetPath, JAVASCRIPT));
  }
  routes.get(PREFIX + STATIC, answerFile(others, assetPath));
  return routes;
}

/** Whether a request is a browser's, for something to look at, and not a program's. */
export function wantsPage(c: Context): boolean {
  if (c.req.method !== "GET" && c.req.method !== "HEAD") return false;
  const supports = ["application/problem+json", "application/json", "text/html"];
  return accepts(c, { header: "Accept", supports, default: supports[0]! }) === "text/html";
}

/** The answer to a browser that has followed a dead link. */
export async function notFoundPage(c: Context): Promise<Response> {
  return c.html(await Deno.readTextFile(`${ROOT}web/not_found.html`), 404);
}
