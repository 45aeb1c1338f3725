/** What the user looks for, as the page's address keeps it, and as the server is asked. */
import type { SearchQuery } from "../../src/client/rest/mod.ts";

/** What words in a search mean. */
export const HINT =
  'All words must occur, in any order. "A phrase" in quotation marks; -without a word.';

/** Each is `""` if it limits nothing. */
export interface SearchTerms {
  /** Words, `"a phrase"`, `-without`. */
  q: string;
  /** The id of a room. */
  room: string;
  /** The id of the sender. */
  from: string;
  has: "" | "file" | "link";
  /** The first day, as the calendar here has it: `2026-01-31`. */
  since: string;
  /** The last day. */
  until: string;
}

export const NO_TERMS: SearchTerms = { q: "", room: "", from: "", has: "", since: "", until: "" };

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @param search a query string with its `?` */
export function termsOf(search: string): SearchTerms {
  const given = new URLSearchParams(search);
  const text = (name: keyof SearchTerms) => given.get(name) ?? "";
  const day = (name: "since" | "until") => DAY.test(text(name)) ? text(name) : "";
  const has = text("has");
  return {
    q: text("q"),
    room: text("room"),
    from: text("from"),
    has: has === "file" || has === "link" ? has : "",
    since: day("since"),
    until: day("until"),
  };
}

/** The address of a search, for links. */
export function addressOfSearch(terms: Partial<SearchTerms> = {}): string {
  const given = Object.entries(terms).filter(([, value]) => value !== "");
  return `#/?${new URLSearchParams(given)}`;
}

/** What the server is asked: days begin and end at midnight here. */
export function queryOf({ q, room, from, has, since, until }: SearchTerms): SearchQuery {
  return {
    q: q.trim(),
    ...(room && { roomId: room }),
    ...(from && { from }),
    ...(has && { has }),
    ...(since && { after: midnight(since) }),
    ...(until && { before: midnight(until, 1) }),
  };
}

/** When a day begins here, or one some days later; ISO 8601. */
function midnight(day: string, daysLater = 0): string {
  const [year = 0, month = 0, date = 0] = day.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}
