/** The API's own descriptions: OpenAPI 3.1 and AsyncAPI 3, made from the schemas that check input. */
import { Hono } from "hono";
import { generateSpecs } from "hono-openapi";
import { asyncapiDocument } from "../protocol/asyncapi.ts";
import { permissionsTable } from "../protocol/permissions_table.ts";
import { VERSION } from "../version.ts";
import { answerAsset, type Asset, makeAsset } from "./assets.ts";
import type { Env } from "./context.ts";
import { COMPLETION_PATH } from "./direct_uploads.ts";

/** @param app whose routes are described */
export function documentRoutes(app: Hono<Env>) {
  let openapi: Promise<Asset> | undefined;
  let asyncapi: Promise<Asset> | undefined;
  return new Hono<Env>()
    .get("/openapi.json", async (c) => answerAsset(c, await (openapi ??= openapiAsset(app))))
    .get("/asyncapi.json", async (c) => answerAsset(c, await (asyncapi ??= asyncapiAsset())));
}

function asyncapiAsset(): Promise<Asset> {
  return makeAsset(JSON.stringify(asyncapiDocument(VERSION)), "application/json");
}

async function openapiAsset(app: Hono<Env>): Promise<Asset> {
  return await makeAsset(JSON.stringify(await openapiDocument(app)), "application/json");
}

function openapiDocument(app: Hono<Env>) {
  return generateSpecs(app, {
    documentation: {
      openapi: "3.1.0",
      info: {
        title: "EchoRoom",
        version: VERSION,
        description:
          "An open-source chat backend. Errors are problem details (RFC 9457) with a stable `code`. The WebSocket is described in /asyncapi.json.",
        license: { name: "MIT", identifier: "MIT" },
      },
      tags: [{
        name: "members",
        description: `What one may do in a room that nothing restricts:\n\n${permissionsTable()}`,
      }],
      servers: [{ url: "/" }],
      paths: COMPLETION_PATH,
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
          refreshCookie: { type: "apiKey", in: "cookie", name: "refresh_token" },
          fileToken: { type: "apiKey", in: "query", name: "token" },
          metricsToken: { type: "http", scheme: "bearer" },
        },
      },
    },
    // The routes declare their own, as problem details.
    defaultValidationErrorResponse: false,
  });
}
