/** `/search`: finding messages. */
import { Hono } from "hono";
import type { Dependencies } from "../application/dependencies.ts";
import { searchMessages } from "../application/search/search_messages.ts";
import { presentResult, SearchPage, SearchQuery } from "../protocol/schemas/search.ts";
import { AUTH, describedAs, json, problems } from "./answers.ts";
import { compressedJson } from "./compression.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { query } from "./input.ts";

export function searchRoutes(dependencies: Dependencies) {
  return new Hono<Env>().get(
    "/",
    describedAs("messages")("Find messages by words, in the rooms that one may read", {
      200: json(SearchPage, "A page, the newest first; `nextCursor` is null at the end"),
      ...problems("validation_failed", "room_not_found", "forbidden", ...AUTH),
    }),
    requireUser(dependencies),
    query(SearchQuery),
    async (c) => {
      const { before, after, ...search } = c.req.valid("query");
      const { results, nextCursor } = await searchMessages(c.get("actor"), dependencies, {
        ...search,
        before: before === undefined ? undefined : momentOf(before),
        after: after === undefined ? undefined : momentOf(after),
      });
      return compressedJson(c, { results: results.map(presentResult), nextCursor });
    },
  );
}

/** No message is older than 1970, and not every database knows a year 0. */
function momentOf(time: string): Date {
  return new Date(Math.max(0, Date.parse(time)));
}
