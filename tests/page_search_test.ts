/** The page's search in messages: its terms in the address, what is asked, what is shown of a hit. */
import assert from "node:assert/strict";
import type { SearchPage, SearchQuery } from "../src/client/rest/mod.ts";
import { excerptOf } from "../web/search/excerpt.ts";
import { MessageSearch } from "../web/search/message_search.ts";
import { addressOfSearch, NO_TERMS, queryOf, termsOf } from "../web/search/terms.ts";

Deno.test("what is looked for is in the address, and read from it again", () => {
  const terms = {
    q: 'tea & "green cups" -milk 茶',
    room: "R1",
    from: "U1",
    has: "link",
    since: "2026-01-31",
    until: "2026-02-01",
  } as const;
  const address = addressOfSearch(terms);
  assert.match(address, /^#\/\?q=tea/);
  assert.deepEqual(termsOf(address.slice(2)), terms);
  assert.deepEqual(termsOf("?"), NO_TERMS);
  assert.equal(addressOfSearch(NO_TERMS), "#/?");
});

Deno.test("of an address that somebody has typed, what means nothing is left out", () => {
  assert.deepEqual(termsOf("?q=tea&has=milk&since=yesterday&x=1"), { ...NO_TERMS, q: "tea" });
});

Deno.test("the server is asked from the first day's midnight here to the end of the last day", () => {
  const query = queryOf({ ...NO_TERMS, q: " tea ", since: "2026-01-31", until: "2026-01-31" });
  assert.deepEqual(query, {
    q: "tea",
    after: new Date(2026, 0, 31).toISOString(),
    before: new Date(2026, 1, 1).toISOString(),
  });
});

Deno.test("a short message is shown whole, in one line, with its hits marked", () => {
  assert.deepEqual(excerptOf("Green tea\n\nor black tea", [[6, 9], [20, 23]]), [
    { text: "Green ", isHit: false },
    { text: "tea", isHit: true },
    { text: " or black ", isHit: false },
    { text: "tea", isHit: true },
  ]);
  assert.deepEqual(excerptOf("Tea", []), [{ text: "Tea", isHit: false }]);
  assert.deepEqual(excerptOf("", []), []);
});

Deno.test("a hit is shown as the message reads it, without its markup", () => {
  for (
    const [text, expected] of [
      ["**Green** `tea` and ~~milk~~", "Green [tea] and milk"],
      ["**te**a", "[tea]"],
      [
        "> quoted\r\n> tea\r\n\r\n- green tea\r\n- *black* tea",
        "quoted [tea] green [tea], black [tea]",
      ],
      ["1. cup\n   tea\n2. pot", "cup [tea], pot"],
      ["```js\ntea = 2 ** tea;\n```", "[tea] = 2 ** [tea];"],
      [
        "[a tea](https://tea.example/tea) or https://tea.example",
        "a [tea] or https://[tea].example",
      ],
      ["\\*tea\\* snake_tea_case ¯\\_(ツ)_/¯ @tea", "*[tea]* snake_[tea]_case ¯\\_(ツ)_/¯ @[tea]"],
    ] as const
  ) {
    const hits = [...text.matchAll(/tea|te\*\*a/g)].map((hit) => {
      return [hit.index, hit.index + hit[0].length] as const;
    });
    const parts = excerptOf(text, hits);
    assert.equal(parts.map(({ text, isHit }) => isHit ? `[${text}]` : text).join(""), expected);
  }
});

Deno.test("a phrase is marked across the markup within it", () => {
  assert.deepEqual(excerptOf("**Green** tea", [[2, 13]]), [{ text: "Green tea", isHit: true }]);
});

Deno.test("of a long message what is around the first hit is shown", () => {
  const text = `${"a ".repeat(500)}tea ${"b ".repeat(500)}tea`;
  const parts = excerptOf(text, [[1000, 1003], [2004, 2007]]);
  assert.deepEqual(parts.map(({ isHit }) => isHit), [false, false, true, false, false]);
  assert.equal(parts[0]!.text, "…");
  assert.equal(parts[2]!.text, "tea");
  assert.equal(parts[4]!.text, "…");
  assert.ok(parts.map(({ text }) => text).join("").length < 300);
});

Deno.test("an excerpt cuts no character as its reader sees it", () => {
  const family = "👨‍👩‍👧";
  for (let shift = 0; shift < family.length; shift++) {
    const text = `${"x".repeat(shift)}${family.repeat(50)}tea${family.repeat(50)}`;
    const start = text.indexOf("tea");
    const shown = excerptOf(text, [[start, start + 3]]).map(({ text }) => text).join("");
    assert.match(shown, new RegExp(`^…(${family})+tea(${family})+…$`, "u"));
  }
});

Deno.test("only the answer to what was typed last is shown, and what was found before until then", async () => {
  const { search, answer } = begin();
  search.change({ q: "te" });
  const first = search.search();
  search.change({ q: "tea" });
  const second = search.search();
  answer("tea", page("M2"));
  await second;
  assert.deepEqual(shown(search), ["M2"]);
  answer("te", page("M1", "M2"));
  await first;
  assert.deepEqual(shown(search), ["M2"]);
  search.change({ q: "teak" });
  assert.deepEqual([shown(search), search.isSettled.value], [["M2"], false]);
  search.end();
});

Deno.test("nothing is asked without a word, and what was found goes", async () => {
  const { search, answer, asked } = begin();
  search.change({ q: "tea" });
  const done = search.search();
  answer("tea", page("M1"));
  await done;
  search.change({ q: " " });
  await search.search();
  assert.equal(search.results.value, null);
  assert.equal(asked.length, 1);
});

Deno.test("an empty page is no end: the next ones are asked until something is found", async () => {
  const { search, answer, asked } = begin();
  search.change({ q: "tea" });
  const done = search.search();
  answer("tea", { results: [], nextCursor: "2" });
  await until(() => asked.length === 2);
  answer("tea", { ...page("M1"), nextCursor: "3" });
  await done;
  assert.deepEqual(shown(search), ["M1"]);
  assert.equal(asked[1]!.cursor, "2");
  assert.equal(search.results.value!.hasMore, true);
});

Deno.test("a search that another has replaced, or that has ended, asks for no more pages", async () => {
  const { search, answer, asked } = begin();
  const empty = { results: [], nextCursor: "2" };
  search.change({ q: "tea" });
  const tea = search.search();
  search.change({ q: "coffee" });
  const coffee = search.search();
  answer("tea", empty);
  await tea;
  search.end();
  answer("coffee", empty);
  await coffee;
  assert.deepEqual(asked.map(({ q }) => q), ["tea", "coffee"]);
});

Deno.test("after five empty pages the user is asked whether to look further", async () => {
  const { search, answer, asked } = begin();
  search.change({ q: "tea" });
  const done = search.search();
  for (let count = 1; count <= 5; count++) {
    await until(() => asked.length === count);
    answer("tea", { results: [], nextCursor: String(count) });
  }
  await done;
  assert.deepEqual([asked.length, shown(search)], [5, []]);
  assert.equal(search.results.value!.hasMore, true);
});

Deno.test("the same address again keeps what was found, and another one searches", async () => {
  const { search, answer, asked } = begin();
  search.show({ ...NO_TERMS, q: "tea" });
  answer("tea", page("M1"));
  await until(() => search.isSettled.value);
  search.picked.value = "M1";
  search.show({ ...NO_TERMS, q: "tea" });
  assert.deepEqual([shown(search), asked.length, search.picked.value], [["M1"], 1, "M1"]);
  search.show({ ...NO_TERMS, q: "coffee" });
  assert.equal(search.picked.value, "");
  answer("coffee", page());
  await until(() => search.isSettled.value);
  assert.deepEqual(shown(search), []);
});

/** A search of which a test gives the answers. */
function begin() {
  const asked: SearchQuery[] = [];
  const waiting = new Map<string, (page: SearchPage) => void>();
  const search = new MessageSearch({
    find: (query) => {
      asked.push(query);
      return new Promise((resolve) => waiting.set(query.q, resolve));
    },
    changed: () => {},
  });
  return { search, asked, answer: (q: string, page: SearchPage) => waiting.get(q)!(page) };
}

function page(...ids: string[]): SearchPage {
  const results = ids.map((id) => ({ message: { id } }));
  return { results, nextCursor: null } as unknown as SearchPage;
}

function shown({ results }: MessageSearch): string[] | undefined {
  return results.value?.items.value?.map(({ message }) => message.id);
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve));
}
