/** Search in messages on SQLite, and its limit. */
import assert from "node:assert/strict";
import { testSearch } from "./conformance/search.ts";
import { onStage } from "./harness/stage.ts";
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
