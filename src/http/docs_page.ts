/** `/docs`: a page that shows the API's own descriptions, with nothing loaded from elsewhere. */
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { serveStatic } from "hono/deno";
// Imported, not resolved by name: only what is in the module graph is sure to be installed.
import locateSwaggerUi from "swagger-ui-dist/absolute-path.js";

const WEB = fileURLToPath(new URL("../../web/", import.meta.url));
/** What the page needs of Swagger UI, served from wherever Deno keeps the package. */
const ASSETS = ["swagger-ui.css", "swagger-ui-bundle.js"];

export function docsRoutes(): Hono {
  const routes = new Hono();
  routes.get("/docs", serveStatic({ root: WEB, path: "docs.html" }));
  for (const path of ASSETS) {
    routes.get(`/docs/${path}`, serveStatic({ root: locateSwaggerUi(), path }));
  }
  return routes;
}
