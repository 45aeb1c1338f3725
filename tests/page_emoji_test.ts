/** The emoji that the page offers: which there are, how they are found, and which are used often. */
import assert from "node:assert/strict";
import { type EmojiData, readEmojiData } from "../src/http/emoji_data.ts";
import { Emoji } from "../src/protocol/schemas/fields.ts";
import { EmojiIndex, loadEmoji, presented } from "../web/text/emoji.ts";
import { FrequentEmoji } from "../web/text/frequent_emoji.ts";
import { onStage } from "./harness/stage.ts";

const index = new EmojiIndex(await readEmojiData());

Deno.test("every emoji offered is one that the server accepts, as it stores it", () => {
  const offered = index.categories.flatMap(({ emoji }) => emoji);
  assert.ok(offered.length > 1_500);
  for (const { emoji } of offered) assert.equal(Emoji.parse(emoji), emoji);
  assert.equal(new Set(offered.map(({ emoji }) => emoji)).size, offered.length);
});

Deno.test("the server serves the emoji, and 304 to who has them", () =>
  onStage(async ({ server }) => {
    const response = await fetch(`${server.url}/assets/emoji.json`);
    assert.equal(response.headers.get("content-type"), "application/json");
    const data: EmojiData = await response.json();
    assert.equal(data[0]!.category, "Smileys & Emotion");
    const headers = { "if-none-match": response.headers.get("etag")! };
    assert.equal((await fetch(`${server.url}/assets/emoji.json`, { headers })).status, 304);
  }));

Deno.test("emoji are found by their names, the beginnings of their words, and keywords", () => {
  assert.equal(search("tada")[0], "🎉");
  assert.equal(search("THUMBSUP")[0], "👍");
  assert.equal(search("+1")[0], "👍");
  assert.equal(search("joy")[0], "😂");
  assert.equal(search("heart")[0], "❤");
  assert.ok(search("celebr").includes("🎉"));
  assert.ok(search("laugh").includes("😂"));
  assert.ok(search("flag germ").includes("🇩🇪"));
  assert.deepEqual(search("❤️"), ["❤"]);
});

Deno.test("what is not found, or asked for with nothing, gives nothing", () => {
  for (const query of ["", "  ", ":", "_", "qwertzuiop", "tada qwertzuiop", "__proto__", "*(["]) {
    assert.deepEqual(search(query), [], query);
  }
});

Deno.test("a search gives at most as many as asked for, those used often first", () => {
  assert.equal(index.search("face", 5).length, 5);
  const [last] = index.search("smil", 30).slice(-1);
  const found = index.search("smil", 30, [last!.emoji]).findIndex(({ emoji }) =>
    emoji === last!.emoji
  );
  assert.ok(found < 29);
});

Deno.test("an emoji is found by its whole name, and by itself with U+FE0F and without", () => {
  assert.equal(index.named("Heart")!.emoji, "❤");
  assert.equal(index.named("no_such"), undefined);
  assert.equal(index.find("❤️")!.name, "heart");
  assert.equal(index.find("a"), undefined);
});

Deno.test("an emoji is shown in colours, and an app's own by its name", () => {
  assert.equal(presented("❤"), "❤\ufe0f");
  assert.equal(presented("❤\ufe0f"), "❤\ufe0f");
  assert.equal(presented("👍"), "👍");
  assert.equal(presented("☝🏽"), "☝🏽");
  assert.equal(presented("party_parrot"), ":party_parrot:");
});

Deno.test("the data are loaded once, and again after a failure", async () => {
  let loads = 0;
  const fail = () => Promise.reject(new TypeError(`load ${++loads}`));
  await assert.rejects(loadEmoji(fail), /load 1/);
  await assert.rejects(loadEmoji(fail), /load 2/);
  const load = () => Promise.resolve([{ category: `${++loads}`, emoji: [] }]);
  const [first, second] = await Promise.all([loadEmoji(load), loadEmoji(load)]);
  assert.equal(first, second);
  assert.equal(loads, 3);
});

Deno.test("the emoji that a user uses most come first, and others' uses do not count", () => {
  const storage = fakeStorage();
  const ada = new FrequentEmoji("ada", () => storage);
  assert.equal(ada.list(3).length, 3);
  for (const emoji of ["🦉", "🐢", "🦉"]) ada.use(emoji);
  assert.deepEqual(ada.list(2), ["🦉", "🐢"]);
  assert.deepEqual(new FrequentEmoji("ada", () => storage).list(2), ["🦉", "🐢"]);
  assert.ok(!new FrequentEmoji("bob", () => storage).list(8).includes("🦉"));
  ada.erase();
  assert.ok(!ada.list(8).includes("🦉"));
});

Deno.test("what is remembered of emoji is bounded, and a new favourite gets in", () => {
  const storage = fakeStorage();
  const ada = new FrequentEmoji("ada", () => storage);
  const many = index.categories[0]!.emoji.slice(0, 100).map(({ emoji }) => emoji);
  for (const emoji of [...many, ...many]) ada.use(emoji);
  assert.ok(storage.getItem("echoroom:emoji:ada")!.length < 2_000);
  ada.use("🦉");
  ada.use("🦉");
  assert.equal(ada.list(1)[0], "🦉");
});

Deno.test("frequent emoji work without storage, and with one that holds something else", () => {
  const forbidden = new FrequentEmoji("ada", () => {
    throw new DOMException("forbidden", "SecurityError");
  });
  forbidden.use("🦉");
  assert.equal(forbidden.list(1)[0], "🦉");
  forbidden.erase();
  for (const text of ["{", "[1]", '{"a":"b"}', "3"]) {
    const storage = fakeStorage();
    storage.setItem("echoroom:emoji:ada", text);
    assert.equal(new FrequentEmoji("ada", () => storage).list(4).length, 4);
  }
});

function search(query: string): string[] {
  return index.search(query, 30).map(({ emoji }) => emoji);
}

function fakeStorage() {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
}
