/** What is searched for: how queries are read, and what is a hit. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contentsOf,
  findIn,
  parseQuery,
  type SearchQuery,
  termsOfQuery,
} from "../src/domain/search_query.ts";
import { termsOf, wordsOf } from "../src/domain/words.ts";

Deno.test("a query is words, phrases and exclusions, and its last word a beginning", () => {
  const rows: [query: string, shape: string | null][] = [
    ["one two", "one two…"],
    ["one  two ", "one two…"],
    ['one "two three"', "one two+three"],
    ['"one two" three', "one+two three…"],
    ['"one two', "one+two"],
    ["„one two” «three»", "one+two three"],
    ["one -two", "one… -two"],
    ['one -two -"three"', "one… -two -three"],
    ['-"one two" three', "-one+two three…"],
    ["e-mail", "e+mail…"],
    ["-e-mail x", "-e+mail x…"],
    ["1,000", "1+000…"],
    ["東京 と", "東+京 と"],
    ["one 👍", "one…"],
    ['one "two" 👍', "one two"],
    ["one one two", "one two…"],
    ["one one", "one one…"],
    ['"東京" 東京 -a -a', "-a 東+京"],
    ["- one", "one…"],
    ["--one x", "-one x…"],
    ['one""two', "one two…"],
    ["-one", null],
    ['"" -', null],
    ["👍", null],
    ["", null],
  ];
  for (const [text, shape] of rows) {
    const query = parseQuery(text);
    assert.deepEqual(query && shapeOf(query), shape && shape.split(" ").toSorted().join(" "), text);
  }
});

Deno.test("a query has a limited number of parts and words", () => {
  const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`);
  assert.ok(parseQuery(words(64).join(" ")));
  assert.equal(parseQuery(words(65).join(" ")), null);
  assert.equal(parseQuery(words(65).map((word) => `-${word}`).join(" ") + " x"), null);
  assert.ok(parseQuery(`"${words(50).join(" ")}"`));
});

Deno.test("ranges are in order, none touching another, whatever is found twice", () => {
  const text = "東京都 one two one-two Ones";
  const marks = (query: string) =>
    findIn(text, parseQuery(query)!)?.map(([start, end]) => text.slice(start, end));
  assert.deepEqual(marks("東京 京都"), ["東京都"]);
  assert.deepEqual(marks("one"), ["one", "one", "Ones"]);
  assert.deepEqual(marks('one "one two"'), ["one two", "one-two"]);
  assert.deepEqual(marks('"two one" two'), ["two one", "two"]);
  assert.deepEqual(marks('"one two" "two one"'), ["one two one-two"]);
  assert.equal(marks("東都"), undefined);
  assert.equal(marks("one -ones"), undefined);
});

Deno.test("of a text at most 100 ranges are told", () => {
  assert.equal(findIn("a ".repeat(2_000), parseQuery('a "a a"')!)!.length, 1);
  assert.equal(findIn("a b ".repeat(1_000), parseQuery("a")!)!.length, 100);
});

Deno.test("a text that is a hit has all terms of the query", () => {
  const unit = fc.constantFrom(
    "a",
    "ab",
    "abc",
    "abcdef",
    "É",
    "ß",
    "日",
    "本",
    " ",
    "-",
    '"',
    "한",
    // Fillers of Hangul, of which nothing is left.
    "\u115f",
    "\u1160",
    "\u3164",
    "\uffa0",
  );
  const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(""));
  fc.assert(
    fc.property(text, text, (message, text) => {
      const query = parseQuery(text);
      if (!query || !findIn(message, query)) return;
      const terms = new Set(termsOf(wordsOf(message)));
      for (const term of termsOfQuery(query)) assert.ok(terms.has(term), term);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a text is found by each of its words, by their beginnings, and by itself as a phrase", () => {
  const unit = fc.constantFrom("a", "b", "É", "ß", "日", "本", " ", ",", "한", "é", "1");
  fc.assert(fc.property(fc.array(unit, { minLength: 1, maxLength: 20 }), (units) => {
    const text = units.join("");
    const words = wordsOf(text);
    if (words.length === 0) return;
    for (const { start, end } of words) {
      assert.ok(findIn(text, parseQuery(text.slice(start, end))!), text);
      assert.ok(findIn(text, parseQuery(text.slice(start, start + 1))!), text);
    }
    assert.ok(findIn(text, parseQuery(`"${text}"`)!), text);
  }));
});

Deno.test("a message has a file if one is attached, and a link if its text holds an address", () => {
  const file = { id: "f", name: "a.txt", type: "text/plain", size: 1 };
  const attachments = [{
    ...file,
    width: null,
    height: null,
    hasThumbnail: false,
    createdAt: new Date(),
  }];
  assert.deepEqual(contentsOf({ text: "see HTTPS://a.example", attachments: [] }), ["link"]);
  assert.deepEqual(contentsOf({ text: "see http:// and ftp://a", attachments }), ["file"]);
  assert.deepEqual(contentsOf({ text: "http://a", attachments }), ["file", "link"]);
});

/** `-` before what may not occur, `+` between what is side by side, `…` after a beginning. */
function shapeOf({ wanted, unwanted }: SearchQuery): string {
  const shape = ({ words, isBeginning }: SearchQuery["wanted"][number]) =>
    words.map(({ text }) => text).join("+") + (isBeginning ? "…" : "");
  return [...wanted.map(shape), ...unwanted.map((each) => `-${shape(each)}`)].toSorted().join(" ");
}
