/** Searching in messages. */
import type { SearchPage, SearchQuery } from "../../protocol/wire/search.ts";
import type { Api } from "../api.ts";

/**
 * `GET /search`: messages that hold the words, the newest first, of rooms that one may read. A page may
 * be short, or empty, while there is a next one.
 */
export function searchMessages(api: Api, query: SearchQuery): Promise<SearchPage> {
  return api.request("GET", "search", { query: { ...query } });
}
