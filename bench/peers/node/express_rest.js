/**
 * Express 5 on Node that answers constants.
 *
 * It does not: accounts, tokens, checks, rate limits, security headers, storage.
 */
import process from "node:process";
import { parseArgs } from "node:util";
// @ts-ignore -- Node resolves it, not Deno
import express from "express";
import { HEALTH, HISTORY, PROFILE, ROOMS, SENT } from "./rest_answers.js";

const { values: options } = parseArgs({ options: { port: { type: "string", default: "3000" } } });

const app = express();
app.get("/health", (_request, response) => response.json(HEALTH));
app.get("/auth/me", (_request, response) => response.json(PROFILE));
app.get("/rooms", (_request, response) => response.json(ROOMS));
app.get("/rooms/:id/messages", (_request, response) => response.json(HISTORY));
app.post("/rooms/:id/messages", express.json(), (request, response) => {
  response.status(request.body.text ? 201 : 400).json(SENT);
});

app.listen(Number(options.port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
