/** `/users/…/block` and `/auth/me/blocks`: whom one wants nothing from. */
import { Hono } from "hono";
import { blockUser, listBlocks, unblockUser } from "../application/accounts/block_user.ts";
import { BlocksPage, BlocksQuery, presentBlock } from "../protocol/schemas/blocks.ts";
import { UserPath } from "../protocol/schemas/users.ts";
import type { Services } from "../services/services.ts";
import { AUTH, describedAs, empty, json, problems } from "./answers.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { path, query } from "./input.ts";

const describe = describedAs("users");

export function blockRoutes(services: Services) {
  const signedIn = requireUser(services);
  return new Hono<Env>()
    .put(
      "/users/:userId/block",
      describe("Block a user: they write nothing to one, nor add one to a room", {
        204: empty("Blocked, now or before"),
        ...problems("validation_failed", "not_found", "limit_reached", ...AUTH),
      }),
      signedIn,
      path(UserPath),
      async (c) => {
        await blockUser(c.get("actor"), services, c.req.valid("param").userId);
        return c.body(null, 204);
      },
    )
    .delete(
      "/users/:userId/block",
      describe("Lift a block", {
        204: empty("Not blocked, now or before"),
        ...problems("validation_failed", ...AUTH),
      }),
      signedIn,
      path(UserPath),
      async (c) => {
        await unblockUser(c.get("actor"), services, c.req.valid("param").userId);
        return c.body(null, 204);
      },
    )
    .get(
      "/auth/me/blocks",
      describe("List whom one has blocked", {
        200: json(BlocksPage, "A page; `nextCursor` is null at the end"),
        ...problems("validation_failed", ...AUTH),
      }),
      signedIn,
      query(BlocksQuery),
      async (c) => {
        const page = await listBlocks(c.get("actor"), services, c.req.valid("query"));
        return c.json({ ...page, blocks: page.blocks.map(presentBlock) }, 200);
      },
    );
}
