/** The page at `/`, the one at `/try`, and the files they are made of, as they lie in this project. */
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { serveStatic } from "hono/deno";
import { etag } from "hono/etag";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = { "/": "web/index.html", "/try": "web/try.html" };
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

export function pageRoutes(): Hono {
  const routes = new Hono();
  routes.use(`${PREFIX}*`, etag());
  routes.use(`${PREFIX}web/service_worker.js`, async (c, next) => {
    await next();
    // The pages are above the worker's own place, where it would see no requests otherwise.
    c.header("Service-Worker-Allowed", "/");
  });
  for (const [path, file] of Object.entries(PAGES)) {
    routes.get(path, serveStatic({ root: ROOT, path: file }));
  }
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
