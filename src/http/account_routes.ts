/** `/auth/me/…`: what concerns an account. */
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { readAccountChanges } from "../application/accounts/recover_account.ts";
import type { Dependencies } from "../application/dependencies.ts";
import { AccountChanges, AccountChangesQuery, presentItem } from "../protocol/schemas/account.ts";
import { AUTH, BEARER, json, problems } from "./answers.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { query } from "./input.ts";

export function accountRoutes(dependencies: Dependencies) {
  const signedIn = requireUser(dependencies);
  return new Hono<Env>()
    .get(
      "/changes",
      describeRoute({
        tags: ["auth"],
        summary: "What has changed of the account: account:recover without a socket",
        security: BEARER,
        responses: {
          200: json(AccountChanges, "The items with numbers after `after`, as they are now"),
          ...problems("validation_failed", ...AUTH),
        },
      }),
      signedIn,
      query(AccountChangesQuery),
      async (c) => {
        const cursor = c.req.valid("query");
        const { items, ...rest } = await readAccountChanges(c.get("actor"), dependencies, cursor);
        // Not compressed: items hold the email beside names that others choose.
        return c.json({ items: items.map(presentItem), ...rest }, 200);
      },
    );
}
