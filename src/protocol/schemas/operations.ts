/** What the server says about its own state. */
import { z } from "zod";

export const Health = z.object({ status: z.literal("ok") });

export const ReadinessQuery = z.object({
  ignore: z.literal("bus").optional().meta({
    description: "what does not make the server unready: without its bus, chat is slow, not down",
  }),
});

export const Readiness = z.object({
  status: z.enum(["ok", "unavailable"]),
  checks: z.record(z.string(), z.string()),
});
