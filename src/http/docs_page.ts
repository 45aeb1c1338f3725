/** `/docs`: a page with the API's documents, with nothing loaded from other hosts. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { AssetFiles } from "./assets.ts";
// Imported, not resolved by name: only what is in the module graph is sure to be installed.
import locateSwaggerUi from "swagger-ui-dist/absolute-path.js";

const WEB = fileURLToPath(new URL("../../web/", import.meta.url));
/** What the page needs of Swagger UI, served from wherever Deno keeps the package. */
const ASSETS = ["swagger-ui.css", "swagger-ui-bundle.js"];

export function docsRoutes(): Hono {
  const routes = new Hono();
  const files = new AssetFiles();
  routes.get("/docs", (c) => files.answer(c, `${WEB}docs.html`));
  for (const name of ASSETS) {
    routes.get(`/docs/${name}`, (c) => files.answer(c, join(locateSwaggerUi(), name)));
  }
  return routes;
}
