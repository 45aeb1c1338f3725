/** `/auth/me/…`: what concerns an account. */
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { readAccountChanges } from "../application/accounts/recover_account.ts";
import { listMentions } from "../application/accounts/list_mentions.ts";
import type { Dependencies } from "../application/dependencies.ts";
import { AccountChanges, AccountChangesQuery, presentItem } from "../protocol/schemas/account.ts";
import { MentionsPage, MentionsQuery } from "../protocol/schemas/mentions.ts";
import { presentMessage } from "../protocol/schemas/messages.ts";
import { presentRoom } from "../protocol/schemas/rooms.ts";
import { AUTH, BEARER, json, problems } from "./answers.ts";
import { compressedJson } from "./compression.ts";
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
    )
    .get(
      "/mentions",
      describeRoute({
        tags: ["auth"],
        summary: "Messages that name one, answer one, or mean everybody in a room of one's own",
        security: BEARER,
        responses: {
          200: json(MentionsPage, "A page, the newest first; `nextCursor` is null at the end"),
          ...problems("validation_failed", ...AUTH),
        },
      }),
      signedIn,
      query(MentionsQuery),
      async (c) => {
        const { limit, cursor } = c.req.valid("query");
        const page = await listMentions(c.get("actor"), dependencies, { limit, cursor });
        const mentions = page.mentions.map(({ message, room, reason }) => {
          return { message: presentMessage(message), room: presentRoom(room), reason };
        });
        return compressedJson(c, { mentions, nextCursor: page.nextCursor });
      },
    );
}
