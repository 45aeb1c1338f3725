/** The log: one line for each record, whatever a client sends, and its content. */
import assert from "node:assert/strict";
import { glob } from "node:fs/promises";
import { jsonFormatter, prettyValue, SECRET_FIELDS } from "../src/logging.ts";
import { request } from "./harness/account.ts";
import { ROOT } from "./harness/examples.ts";
import { type ServerProcess, spawnServer } from "./harness/server.ts";
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

Deno.test("no line of the log names a value that is never written", async () => {
  const templates: string[] = [];
  for await (const path of glob("src/**/*.ts", { cwd: ROOT })) {
    const source = await Deno.readTextFile(`${ROOT}${path}`);
    for (const [call] of source.matchAll(/\blogger\.\w+\([^;]*;/g)) {
      templates.push(...[...call.matchAll(/"[^"]*\{\w+\}[^"]*"/g)].map(([template]) => template));
    }
  }
  assert.ok(templates.length > 30, "the calls are found");
  const names = templates.flatMap((template) => [...template.matchAll(/\{(\w+)\}/g)])
    .map(([, name]) => name!);
  assert.deepEqual(names.filter((name) => SECRET_FIELDS.some((field) => field.test(name))), []);
});

Deno.test("a text in the pretty log keeps every script and every emoji", () => {
  for (const text of ["/rooms/日本語", "עברית", "é e\u0301", "👩‍🚀 ❤️", "क्‍ष"]) {
    assert.equal(prettyValue(text), text);
  }
});

Deno.test("an error in the pretty log starts no new line, nor do its causes", () => {
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

Deno.test("a line of the JSON log holds no control character or direction, and reads back the same", () => {
  const path = `/x${CONTROLS}y日本語`;
  const line = jsonFormatter({
    category: ["echoroom"],
    level: "info",
    message: ["GET ", path, ""],
    rawMessage: "GET {path}",
    timestamp: 0,
    properties: { path },
  });
  assert.match(line, /^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+\n$/u);
  assert.equal(JSON.parse(line).properties.path, path);
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

Deno.test("a line of the JSON log names its kind, and holds the values as fields", async () => {
  const server = await spawnServer({ LOG_LEVEL: "info", LOG_FORMAT: "json" });
  try {
    const headers = { "x-request-id": "from-me" };
    await request(server.url, "GET", '/a"b\\c', { headers });
    const line = await loggedLine(server, "/a");
    assert.equal(line.message, "{method} {path} {status} in {milliseconds} ms");
    assert.equal(line.level, "INFO");
    const { method, path, status, milliseconds, requestId } = line.properties;
    assert.deepEqual([method, path, status], ["GET", '/a"b/c', 404]);
    assert.equal(typeof milliseconds, "number");
    assert.equal(requestId, "from-me");
  } finally {
    await server.stop();
  }
});

Deno.test("requests for a page's files are logged at debug level, for the page at info", async () => {
  const server = await spawnServer({ LOG_LEVEL: "info", LOG_FORMAT: "json" });
  try {
    const paths = ["/health", "/assets/web/page.ts", "/docs/swagger-ui.css", "/"];
    for (const path of paths) assert.equal((await fetchAll(server.url + path)).status, 200);
    assert.equal((await fetchAll(`${server.url}/assets/web/missing.ts`)).status, 404);
    await loggedLine(server, "/assets/web/missing.ts");
    const logged = jsonLines(server).map(({ properties }) => properties?.path).filter(Boolean);
    assert.deepEqual(logged, ["/", "/assets/web/missing.ts"]);
  } finally {
    await server.stop();
  }
});

Deno.test("a token for files and the name of a file are in no line of the log", async () => {
  const server = await spawnServer({ LOG_LEVEL: "debug", LOG_FORMAT: "json" });
  try {
    const path = "/files/01M8D2FCTYN4HW5BE1591D2RD0";
    const { status } = await request(server.url, "GET", `${path}/diagnosis.pdf?token=a-token`);
    assert.equal(status, 401);
    await loggedLine(server, `${path}/…`);
    assert.doesNotMatch(server.output(), /diagnosis|a-token/);
  } finally {
    await server.stop();
  }
});

Deno.test("the code of an invitation is in no line of the log", async () => {
  const server = await spawnServer({ LOG_LEVEL: "debug", LOG_FORMAT: "json" });
  try {
    const code = "a-code-that-lets-its-reader-in";
    for (const method of ["GET", "POST"]) {
      assert.equal((await request(server.url, method, `/invitations/${code}`)).status, 401);
    }
    await fetchAll(`${server.url}/invitations/${code}/more`);
    await fetchAll(`${server.url}/last`);
    await loggedLine(server, "/last");
    const paths = jsonLines(server).map(({ properties }) => properties?.path);
    assert.equal(paths.filter((path) => path === "/invitations/…").length, 3);
    assert.ok(!JSON.stringify(jsonLines(server)).includes(code));
  } finally {
    await server.stop();
  }
});

async function fetchAll(url: string): Promise<Response> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response;
}

/** The line about the request whose path begins so, once it is there. */
async function loggedLine(server: ServerProcess, path: string): Promise<JsonLine> {
  const find = () => jsonLines(server).find((line) => line.properties?.path?.startsWith(path));
  await until(() => find() !== undefined, `a line about ${path}`, 60_000);
  return find()!;
}

// deno-lint-ignore no-explicit-any -- a log's fields are of any shape
type JsonLine = { message: string; level: string; properties: any };

function jsonLines(server: ServerProcess): JsonLine[] {
  return server.output().split("\n").filter((line) => line.startsWith("{")).map((line) =>
    JSON.parse(line)
  );
}
