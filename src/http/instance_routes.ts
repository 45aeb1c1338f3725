/** `/instances`: those that are alive, for admins. */
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { Dependencies } from "../application/dependencies.ts";
import { listInstances } from "../application/operations/list_instances.ts";
import { Instances, presentInstance } from "../protocol/schemas/operations.ts";
import { AUTH, BEARER, json, problems } from "./answers.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";

export function instanceRoutes(dependencies: Dependencies) {
  return new Hono<Env>().get(
    "/",
    describeRoute({
      tags: ["operations"],
      summary: "List the instances that are alive: for admins",
      security: BEARER,
      responses: {
        200: json(Instances, "The one that answers first; what others said 5 s ago at most"),
        ...problems("forbidden", ...AUTH),
      },
    }),
    requireUser(dependencies),
    async (c) => {
      const instances = await listInstances(c.get("actor"), dependencies);
      return c.json({ instances: instances.map(presentInstance) }, 200);
    },
  );
}
