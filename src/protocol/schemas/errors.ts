/** Refusals, over REST and in events. */
import { z } from "zod";
import { ERROR_CODES } from "../../domain/errors.ts";
import type * as wire from "../wire/errors.ts";

const InputFaults = z.array(z.object({ path: z.string(), message: z.string() }));

/** RFC 9457, with a stable `code` and the request's id. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(ERROR_CODES),
  requestId: z.string(),
  retryAfter: z.number().optional().meta({ description: "seconds, as Retry-After" }),
  errors: InputFaults.optional(),
}).meta({ id: "Problem" }) satisfies z.ZodType<wire.Problem>;

export const ERROR_SERVER_EVENTS = {
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    event: z.string().nullable(),
    roomId: z.string().optional(),
    clientMessageId: z.string().optional(),
    retryAfter: z.number().optional().meta({ description: "seconds" }),
    errors: InputFaults.optional(),
  }).meta({ description: "A command failed; the socket stays open." }),
} as const;
