/** `/auth/me/…`: what concerns an account. */
import { Hono } from "hono";
import { readAccountChanges } from "../application/accounts/recover_account.ts";
import { listMentions } from "../application/accounts/list_mentions.ts";
import type { Dependencies } from "../application/dependencies.ts";
import { AccountChanges, AccountChangesQuery, presentItem } from "../protocol/schemas/account.ts";
import { MentionsPage, MentionsQuery } from "../protocol/schemas/mentions.ts";
import { presentMessage } from "../protocol/schemas/messages.ts";
import { presentRoom } from "../protocol/schemas/rooms.ts";
import { AUTH, describedAs, json, problems } from "./answers.ts";
import { compressedJson } from "./compression.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { query } from "./input.ts";

const describe = describedAs("auth");

export function accountRoutes(dependencies: Dependencies) {
  const signedIn = requireUser(dependencies);
  return new Hono<Env>()
    .get(
      "/changes",
      describe("What has changed of the account: account:recover without a socket", {
        200: json(AccountChanges, "The items with numbers after `after`, as they are now"),
        ...problems("validation_failed", ...AUTH),
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
      describe("Messages that name one, answer one, or mean everybody in a room of one's own", {
        200: json(MentionsPage, "A page, the newest first; `nextCursor` is null at the end"),
        ...problems("validation_failed", ...AUTH),
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
