/** What the server says about its own state. */
import { z } from "zod";
import type { LiveInstance } from "../../domain/instance.ts";
import type * as wire from "../wire/instances.ts";
import { Id, Time } from "./fields.ts";

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

export const InstanceStatus = z.object({
  version: z.string(),
  startedAt: Time,
  sockets: z.int().meta({ description: "open ones" }),
  rooms: z.int().meta({ description: "those with a socket in them" }),
  memoryBytes: z.int().meta({ description: "resident memory of its process, which workers share" }),
}).meta({ id: "InstanceStatus" }) satisfies z.ZodType<wire.InstanceStatus>;

export const Instance = z.object({
  id: Id,
  isThis: z.boolean().meta({ description: "whether it has answered" }),
  heardAt: Time.meta({ description: "when that one heard of it last" }),
  status: InstanceStatus.nullable().meta({ description: "null if its release says nothing" }),
}).meta({ id: "Instance" }) satisfies z.ZodType<wire.Instance>;

export const Instances = z.object({ instances: z.array(Instance) });

export function presentInstance({ heardAt, status, ...instance }: LiveInstance): wire.Instance {
  return {
    ...instance,
    heardAt: heardAt.toISOString(),
    status: status && { ...status, startedAt: new Date(status.startedAt).toISOString() },
  };
}
