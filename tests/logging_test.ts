/** The pretty log: whatever a client chose stays within its line. */
import assert from "node:assert/strict";
import { prettyValue } from "../src/logging.ts";
import { request } from "./harness/account.ts";
import { spawnServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

/** Line breaks, the cursor's controls (C0, DEL, C1) and directions, one of each kind. */
const CONTROLS = "\0\b\t\n\v\f\r\x1b\x7f\x85\x9b\u061c\u200f\u2028\u2029\u202e\u2066\u2069\ud800";

Deno.test("a text in the pretty log holds no line break, control character or direction", () => {
  assert.equal(
    prettyValue(`a${CONTROLS}b`),
    String.raw`a\u0000\u0008\u0009\u000a\u000b\u000c\u000d\u001b\u007f\u0085\u009b\u061c\u200f` +
      String.raw`\u2028\u2029\u202e\u2066\u2069\ud800b`,
  );
});

Deno.test("a text in the pretty log keeps every script and every emoji", () => {
  for (const text of ["/rooms/日本語", "עברית", "é e\u0301", "👩‍🚀 ❤️", "क्‍ष"]) {
    assert.equal(prettyValue(text), text);
  }
});

Deno.test("an error in the pretty log begins no line of its own, nor do its causes", () => {
  const forged = "\n12:00:00.000 [INF] echoroom: forged\x1b[2J\u202e";
  const errors = [
    new Error(forged),
    new Error("outer", { cause: new Error(forged) }),
    new AggregateError([new Error(forged)], forged),
    Object.assign(new Error("with a field"), { path: forged }),
    { nested: new Error(forged), [forged]: forged },
  ];
  for (const error of errors) {
    const [, ...rest] = prettyValue(error).split("\n");
    for (const line of rest) {
      assert.match(line, /^ {4}/);
      assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}]/u);
    }
  }
});

Deno.test("an encoded newline or escape code in a path forges no line of the pretty log", async () => {
  const server = await spawnServer({ LOG_LEVEL: "info", LOG_FORMAT: "pretty" });
  try {
    const paths = ["%0A", "%0D", "%1B[2J", "%C2%9B2J", "%E2%80%A8", "%E2%80%AE", "%7F"];
    for (const path of paths) await request(server.url, "GET", `/x${path}forged`);
    const lines = () => server.output().split(/[\n\r\u2028\u2029]/).filter((l) => /forged/.test(l));
    await until(() => lines().length === paths.length, "the last request is logged", 60_000);
    for (const line of lines()) {
      assert.match(line, /GET \/x.*\\u[0-9a-f]{4}.*forged 404/);
      assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}]/u);
    }
  } finally {
    await server.stop();
  }
});
