/** Descriptions of routes' answers for the OpenAPI document. */
import { type DescribeRouteOptions, resolver } from "hono-openapi";
import type { z } from "zod";
import type { ErrorCode } from "../domain/errors.ts";
import { Problem } from "../protocol/schemas/errors.ts";
import { statusOf } from "./problem.ts";

type Responses = NonNullable<DescribeRouteOptions["responses"]>;

/** A JSON answer. */
export function json(schema: z.ZodType, description: string): Responses[string] {
  return { description, content: { "application/json": { schema: resolver(schema) } } };
}

/** The errors of a route, and those of any route. */
export function problems(...codes: ErrorCode[]): Responses {
  const all: ErrorCode[] = [...codes, "rate_limited", "internal", "unavailable"];
  const byStatus = Map.groupBy(all, statusOf);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [status, {
      description: codes.join(", "),
      content: { "application/problem+json": { schema: resolver(Problem) } },
    }]),
  );
}
