/** Search in messages on SQLite, and its limit. */
import assert from "node:assert/strict";
import { testSearch } from "./conformance/search.ts";
import { onStage, until } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

testSearch(SQLITE);

Deno.test("a user's searches are limited, whatever they ask for, and nobody else's with them", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const search = (q: string) => ada.request("GET", `/search?q=${q}`);
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, i) => search(i % 2 ? "a" : "-")),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200, 400]));
    const { status, body, headers } = await search("a");
    assert.deepEqual([status, body.code], [429, "rate_limited"]);
    assert.ok(Number(headers.get("retry-after")) > 0);
    assert.equal((await bob.request("GET", "/search?q=a")).status, 200);
  }, { RATE_LIMIT: "on" }));

Deno.test("a page ends early where a query costs much, and those that follow find the rest", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id: roomId } = await ada.createRoom("Dear");
    const phrase = "語".repeat(150) + "本";
    for (const text of [phrase, ...Array(12).fill("語".repeat(3_900) + "本語")]) {
      await ada.request("POST", `/rooms/${roomId}/messages`, { text });
    }
    const find = async (q: string, cursor: string | null) => {
      const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/search?roomId=${roomId}&q=${encodeURIComponent(q)}${after}`;
      return (await ada.request("GET", path)).body;
    };
    const all = async (q: string) => (await find(q, null)).results.length;
    await until(async () => await all("本") === 13, "all are indexed");
    const pages: number[] = [];
    for (let cursor = null; pages.length === 0 || cursor !== null;) {
      const { results, nextCursor } = await find(`"${phrase}"`, cursor);
      pages.push(results.length);
      cursor = nextCursor;
    }
    assert.ok(pages.length > 1 && pages[0]! < 10, String(pages));
    assert.equal(pages.reduce((sum, count) => sum + count), 13);
  }));
