/** `/instances`: those that are alive, for admins. */
import { Hono } from "hono";
import type { Dependencies } from "../application/dependencies.ts";
import { listInstances } from "../application/operations/list_instances.ts";
import { Instances, presentInstance } from "../protocol/schemas/operations.ts";
import { AUTH, describedAs, json, problems } from "./answers.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";

export function instanceRoutes(dependencies: Dependencies) {
  return new Hono<Env>().get(
    "/",
    describedAs("operations")("List the instances that are alive: for admins", {
      200: json(Instances, "The one that answers first; what others said 5 s ago at most"),
      ...problems("forbidden", ...AUTH),
    }),
    requireUser(dependencies),
    async (c) => {
      const instances = await listInstances(c.get("actor"), dependencies);
      return c.json({ instances: instances.map(presentInstance) }, 200);
    },
  );
}
