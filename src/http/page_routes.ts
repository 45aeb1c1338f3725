/** The page at `/`, the one at `/try`, the one for unknown paths, and the files they are made of. */
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { serveStatic } from "hono/deno";
import { etag } from "hono/etag";

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

export interface PageSettings {
  tryPage: boolean;
}

/** @param settings what of it is off: the page at `/` then does not offer it */
export function pageRoutes(settings: PageSettings): Hono {
  const routes = new Hono();
  routes.use(`${PREFIX}*`, etag());
  routes.use(`${PREFIX}web/service_worker.js`, async (c, next) => {
    await next();
    // The pages are above the worker's own place, where it would see no requests otherwise.
    c.header("Service-Worker-Allowed", "/");
  });
  const off = settings.tryPage ? [] : ["try"];
  routes.get("/", async (c) => {
    const page = await readPage("index");
    return c.html(page.replace("<html", `<html data-off="${off.join(" ")}"`));
  });
  if (settings.tryPage) routes.get("/try", async (c) => c.html(await readPage("try")));
  for (const script of SCRIPTS) {
    routes.get(PREFIX + script, async (c, next) => {
      const text = await scriptOf(c.req.path.slice(PREFIX.length));
      if (text === null) return await next();
      return c.body(text, 200, { "Content-Type": "text/javascript; charset=utf-8" });
    });
  }
  const rewriteRequestPath = (path: string) => path.slice(PREFIX.length);
  routes.get(PREFIX + STATIC, serveStatic({ root: ROOT, rewriteRequestPath }));
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
  return c.html(await readPage("not_found"), 404);
}

function readPage(name: "index" | "try" | "not_found"): Promise<string> {
  return Deno.readTextFile(`${ROOT}web/${name}.html`);
}

/** The scripts made so far, each with the text that it was made of. */
const made = new Map<string, { source: string; script: string }>();

/** A file without its types, which browsers do not know; null if there is none. */
async function scriptOf(file: string): Promise<string | null> {
  const source = await Deno.readTextFile(ROOT + file).catch(() => null);
  if (source === null) return null;
  const known = made.get(file);
  if (known?.source === source) return known.script;
  const script = stripTypeScriptTypes(source);
  made.set(file, { source, script });
  return script;
}
