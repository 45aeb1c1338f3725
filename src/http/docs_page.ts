/** placeholder until the viewer lands */
import { Hono } from "hono";
export function docsRoutes() {
  return new Hono();
}
