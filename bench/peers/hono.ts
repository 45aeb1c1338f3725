/**
 * Bare Hono on `Deno.serve` that answers constants: what EchoRoom's framework costs without EchoRoom.
 *
 * It does not: accounts, tokens, checks, rate limits, security headers, storage.
 */
import { parseArgs } from "node:util";
import { Hono } from "hono";
import { HEALTH, HISTORY, PROFILE, ROOMS, SENT } from "./node/rest_answers.js";

const { values: options } = parseArgs({ options: { port: { type: "string", default: "3000" } } });

const app = new Hono()
  .get("/health", (c) => c.json(HEALTH))
  .get("/auth/me", (c) => c.json(PROFILE))
  .get("/rooms", (c) => c.json(ROOMS))
  .get("/rooms/:id/messages", (c) => c.json(HISTORY))
  .post("/rooms/:id/messages", async (c) => {
    const { text } = await c.req.json();
    return c.json(SENT, text ? 201 : 400);
  });

Deno.serve({ port: Number(options.port), hostname: "127.0.0.1", onListen: () => {} }, app.fetch);
