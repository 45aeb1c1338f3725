/** Routes for operators and orchestrators: health, readiness, metrics. */
import { type Context, Hono } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";
import { describeRoute } from "hono-openapi";
import type { Services } from "../services/services.ts";
import { SingleFlight } from "../async/single_flight.ts";
import { ChatError } from "../domain/errors.ts";
import * as protocol from "../protocol/schemas/operations.ts";
import { json, problems, PUBLIC } from "./answers.ts";
import { compressed } from "./compression.ts";
import type { Env } from "./context.ts";
import { query } from "./input.ts";

export interface OperationsSettings {
  production: boolean;
  /** What `/metrics` wants as a bearer token; null: nothing, and in production there is no such route. */
  metricsToken: string | null;
  /** Whether the server is shutting down. */
  isDraining(): boolean;
}

export function operationsRoutes(
  services: Pick<Services, "store" | "blobs" | "bus" | "metrics">,
  { production, metricsToken, isDraining }: OperationsSettings,
) {
  const { store, blobs, bus, metrics } = services;
  // Anybody may ask: those who do at once share the answers.
  const probes = [store, blobs, bus].map((part) => new SingleFlight(() => probe(part)));
  const routes = new Hono<Env>()
    .get(
      "/health",
      // Described on the route itself: a middleware would be a tenth of its cost.
      Object.assign(
        (c: Context<Env>) => c.json({ status: "ok" as const }, 200),
        describeRoute({
          tags: ["operations"],
          summary: "Whether the process is alive",
          security: PUBLIC,
          responses: { 200: json(protocol.Health, "It is"), ...problems() },
        }),
      ),
    )
    .get(
      "/ready",
      describeRoute({
        tags: ["operations"],
        summary: "Whether requests should be sent here",
        security: PUBLIC,
        responses: {
          ...problems("validation_failed"),
          200: json(protocol.Readiness, "They should"),
          503: json(protocol.Readiness, "They should not: something is down, or it is draining"),
        },
      }),
      query(protocol.ReadinessQuery),
      async (c) => {
        const busMatters = c.req.valid("query").ignore !== "bus";
        const [storeState, filesState, busState] = await Promise.all(
          probes.map((each) => each.run()),
        ) as [Probe, Probe, Probe];
        const checks = {
          store: storeState.state,
          ...(storeState.cause && { storeCause: storeState.cause }),
          // Without files the chat goes on: they are no reason to send requests elsewhere.
          files: filesState.state,
          ...(filesState.cause && { filesCause: filesState.cause }),
          bus: busState.state,
          ...(busState.cause && { busCause: busState.cause }),
          draining: isDraining() ? "yes" : "no",
        };
        const ready = storeState.state === "ok" && !isDraining() &&
          (busState.state === "ok" || !busMatters);
        return c.json({ status: ready ? "ok" : "unavailable", checks }, ready ? 200 : 503);
      },
    );
  // In production they are not public by default.
  if (production && metricsToken === null) return routes;
  return routes.get(
    "/metrics",
    describeRoute({
      tags: ["operations"],
      summary: "Counters and timings for Prometheus",
      security: metricsToken === null ? PUBLIC : [{ metricsToken: [] }],
      responses: {
        200: { description: "Prometheus text", content: { "text/plain": {} } },
        ...problems("unauthenticated"),
      },
    }),
    async (c) => {
      // Not Hono's `bearer-auth`: the setting may hold spaces, and a malformed header is 401 here.
      const given = c.req.header("authorization")?.replace(/^Bearer +/i, "Bearer ") ?? "";
      if (metricsToken !== null && !await timingSafeEqual(given, `Bearer ${metricsToken}`)) {
        throw new ChatError("unauthenticated", "Send Authorization: Bearer <METRICS_TOKEN>.");
      }
      const { text, contentType } = await metrics.expose();
      return compressed(c, text, contentType);
    },
  );
}

interface Probe {
  state: "ok" | "unavailable";
  /** Why it is not ok, if that may be shown. */
  cause?: string;
}

async function probe(part: { ping(): Promise<void> }): Promise<Probe> {
  try {
    await part.ping();
    return { state: "ok" };
  } catch (error) {
    return {
      state: "unavailable",
      ...(error instanceof ChatError && { cause: error.message }),
    };
  }
}
