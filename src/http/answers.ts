/** Descriptions of routes' answers for the OpenAPI document. */
import { describeRoute, type DescribeRouteOptions, resolver } from "hono-openapi";
import type { z } from "zod";
import type { ErrorCode } from "../domain/errors.ts";
import { Problem } from "../protocol/schemas/errors.ts";
import { statusOf } from "./problem.ts";

type Responses = NonNullable<DescribeRouteOptions["responses"]>;

/** What routes want that need an access token, and the codes of those that have none that works. */
export const BEARER = [{ bearer: [] }];
/** What routes say that want nobody to be signed in. */
export const PUBLIC: [] = [];
export const AUTH: ErrorCode[] = ["unauthenticated", "token_expired", "session_revoked"];
/** The codes of a body that cannot be read. */
export const BODY: ErrorCode[] = ["invalid_json", "payload_too_large", "unsupported_media_type"];

/** Describes the routes of a family that need an access token. */
export function describedAs(tag: string) {
  return (summary: string, responses: Responses) =>
    describeRoute({ tags: [tag], summary, security: BEARER, responses });
}

/** A JSON answer. */
export function json(schema: z.ZodType, description: string): Responses[string] {
  return { description, content: { "application/json": { schema: resolver(schema) } } };
}

/** An answer without a body. */
export function empty(description: string): Responses[string] {
  return { description };
}

/** The errors of a route, and those of any route. */
export function problems(...codes: ErrorCode[]): Responses {
  return problemsWith(resolver(Problem), ...codes);
}

/** The same, for who has another way to name the schema of problems. */
export function problemsWith<S>(schema: S, ...codes: ErrorCode[]) {
  const all: ErrorCode[] = [...codes, "rate_limited", "internal", "unavailable"];
  const byStatus = Map.groupBy(all, statusOf);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [status, {
      description: codes.join(", "),
      content: { "application/problem+json": { schema } },
    }]),
  );
}
