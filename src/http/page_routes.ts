/** The page at `/`, those at `/admin` and `/try`, the one for unknown paths, and the files they are made of. */
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { answerAsset, type Asset, AssetFiles, makeAsset } from "./assets.ts";
import { readEmojiData } from "./emoji_data.ts";
import { addressLibraries, LIBRARIES } from "./page_libraries.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/**
 * What browsers may have: the page's own files, and of the server's those that the client is made
 * of. They keep their places, so that an import leads to the same file here and in an editor.
 */
const SCRIPT =
  /^(?:web\/(?:[a-z]+\/)?[a-z_]+|src\/client\/(?:rest\/)?[a-z_]+|src\/protocol\/wire\/[a-z_]+|src\/domain\/errors)\.ts$/;
const STATIC = /^web\/(?:[a-z]+\/)?[a-z_\d]+\.(?:css|js|png|svg|webmanifest)$/;
const SERVICE_WORKER = "web/service_worker.js";
/** Served as one file, in the order in which they apply: one request instead of a dozen. */
const STYLES = [
  "theme",
  "styles/elements",
  "styles/bar",
  "styles/sign_in",
  "styles/rooms",
  "styles/room",
  "styles/messages",
  "styles/text",
  "styles/reactions",
  "styles/message_actions",
  "styles/seen",
  "styles/composer",
  "styles/pane",
  "styles/members",
  "styles/menu",
  "styles/dialogs",
  "styles/people",
  "styles/search",
  "styles/files",
].map((name) => `${ROOT}web/${name}.css`);
const STYLE_SHEET = "web/page.css";
const EMOJI = "emoji.json";
const PREFIX = "/assets/";
const HTML = "text/html; charset=UTF-8";
const JAVASCRIPT = "text/javascript; charset=utf-8";

/** Made once for all servers of a process. Browsers run JavaScript only. */
const scripts = new AssetFiles((source) => addressLibraries(stripTypeScriptTypes(source)));
const libraries = new AssetFiles(addressLibraries);
const others = new AssetFiles();

export interface PageSettings {
  tryPage: boolean;
  registrationOpen: boolean;
}

/** The page at `/` does not offer what these settings turn off. */
export function pageRoutes(settings: PageSettings): Hono {
  const routes = new Hono();
  const off = [
    ...(settings.tryPage ? [] : ["try"]),
    ...(settings.registrationOpen ? [] : ["registration"]),
  ];
  const indexes = new AssetFiles((page) =>
    page.replace("<html", `<html data-off="${off.join(" ")}"`)
  );
  let emoji: Promise<Asset> | undefined;

  routes.get("/", (c) => indexes.answer(c, `${ROOT}web/index.html`, HTML));
  routes.get("/admin", (c) => others.answer(c, `${ROOT}web/admin.html`, HTML));
  if (settings.tryPage) routes.get("/try", (c) => others.answer(c, `${ROOT}web/try.html`, HTML));
  // One route, not one for each kind of file, which Hono's fast router does not support.
  routes.get(`${PREFIX}:path{.+}`, async (c) => {
    const path = c.req.path.slice(PREFIX.length);
    if (path === EMOJI) return answerAsset(c, await (emoji ??= makeEmojiAsset()));
    if (path === STYLE_SHEET) return others.answer(c, STYLES);
    // The pages are outside the service worker's own folder, its scope by default.
    if (path === SERVICE_WORKER) c.header("Service-Worker-Allowed", "/");
    const library = LIBRARIES.get(path);
    if (library) return libraries.answer(c, library, JAVASCRIPT);
    if (SCRIPT.test(path)) return scripts.answer(c, ROOT + path, JAVASCRIPT);
    if (STATIC.test(path)) return others.answer(c, ROOT + path);
    return c.notFound();
  });
  return routes;
}

async function makeEmojiAsset(): Promise<Asset> {
  return await makeAsset(JSON.stringify(await readEmojiData()), "application/json");
}

/** Whether a browser asks for a page, and not a program for JSON. */
export function wantsPage(c: Context): boolean {
  if (c.req.method !== "GET" && c.req.method !== "HEAD") return false;
  const supports = ["application/problem+json", "application/json", "text/html"];
  return accepts(c, { header: "Accept", supports, default: supports[0]! }) === "text/html";
}

/** The page for a browser that has followed a dead link. */
export async function notFoundPage(c: Context): Promise<Response> {
  return c.html(await Deno.readTextFile(`${ROOT}web/not_found.html`), 404);
}
