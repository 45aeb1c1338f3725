/** Hostile requests: each gets its answer from the contract, and a normal user is served right after. */
import assert from "node:assert/strict";
import { Account } from "./harness/account.ts";
import { startServer, type TestServer } from "./harness/server.ts";

const LONG = "x".repeat(8_000);
const DEEP = "[".repeat(30_000) + "]".repeat(30_000);
const LONE_SURROGATE = "\\ud800abcdefgh";

/** JSON texts that stand where a string should: none may pass, none may do harm. */
const NO_STRINGS: Record<string, string> = {
  "null": "null",
  "a number": "1",
  "a huge number": "1e999",
  "a boolean": "true",
  "an array": '["a"]',
  "an object": '{"a":"b"}',
  "an operator": '{"$ne":null}',
  "another operator": '{"$gt":""}',
  "a regular expression": '{"$regex":".*"}',
  "code": '{"$where":"sleep(1000)"}',
  "a prototype": '{"__proto__":{"admin":true}}',
  "deep nesting": DEEP,
};

/** Strings that are no text. */
const NO_TEXTS: Record<string, string> = {
  "NUL": '"abc\\u0000defgh"',
  "an unpaired surrogate": `"${LONE_SURROGATE}"`,
};

/** Whole bodies that are not what any route wants. */
const BODIES: Record<
  string,
  [body: string | Uint8Array<ArrayBuffer>, status: number, code: string]
> = {
  "no JSON": ["<xml/>", 400, "invalid_json"],
  "cut JSON": ['{"email":', 400, "invalid_json"],
  "JSON with a trailing comma": ['{"name":"a",}', 400, "invalid_json"],
  "invalid UTF-8": [new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), 400, "invalid_json"],
  "cut UTF-8": [new Uint8Array([0x22, 0xe2, 0x82]), 400, "invalid_json"],
  "a deep array": [DEEP, 400, "validation_failed"],
  "null": ["null", 400, "validation_failed"],
  "a string": ['"text"', 400, "validation_failed"],
  "an array of bodies": ['[{"name":"a"}]', 400, "validation_failed"],
  "100 KiB": [`"${"x".repeat(100 * 1024)}"`, 413, "payload_too_large"],
};

const FIELDS = [
  ["POST", "/auth/register", "email"],
  ["POST", "/auth/register", "password"],
  ["POST", "/auth/register", "displayName"],
  ["POST", "/auth/login", "email"],
  ["POST", "/auth/login", "password"],
  ["PATCH", "/auth/me", "displayName"],
  ["PATCH", "/auth/me", "avatarUrl"],
  ["PATCH", "/auth/me", "onboardingCompleted"],
  ["POST", "/rooms", "name"],
  ["POST", "/rooms", "description"],
] as const;

const VALID: Record<string, Record<string, string>> = {
  "POST /auth/register": {
    email: '"ada@example.com"',
    password: '"correct horse"',
    displayName: '"Ada"',
  },
  "POST /auth/login": { email: '"ada@example.com"', password: '"correct horse"' },
  "PATCH /auth/me": {},
  "POST /rooms": { name: '"Tea"' },
};

let server: TestServer;
let ada: Account;

Deno.test.beforeAll(async () => {
  server = await startServer();
  ada = await Account.register(server.url, "Ada");
});
Deno.test.afterAll(() => server.stop());

for (const [method, path, field] of FIELDS) {
  Deno.test(`${method} ${path} refuses an invalid ${field}`, async () => {
    const rivals = { ...NO_STRINGS, ...NO_TEXTS };
    for (const [what, value] of Object.entries(rivals)) {
      if (isAllowed(field, what)) continue;
      const body = json({ ...VALID[`${method} ${path}`], [field]: value });
      const answer = await send(method, path, body);
      const [status, code] = path === "/auth/login" && what in NO_TEXTS
        ? [401, "invalid_credentials"]
        : [400, "validation_failed"];
      assert.deepEqual([answer.status, answer.code], [status, code], `${field}: ${what}`);
    }
    await servesANewcomer();
  });
}

for (const route of Object.keys(VALID)) {
  const [method, path] = route.split(" ") as [string, string];
  Deno.test(`${route} refuses invalid bodies`, async () => {
    for (const [what, [body, status, code]] of Object.entries(BODIES)) {
      const answer = await send(method, path, body);
      assert.deepEqual([answer.status, answer.code], [status, code], what);
    }
    await servesANewcomer();
  });
}

Deno.test("fields named like prototypes change nothing", async () => {
  const body = '{"name":"Tea","__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}}}';
  const answer = await send("POST", "/rooms", body);
  assert.equal(answer.status, 201);
  assert.ok(!answer.text.includes("isAdmin"));
  assert.equal(({} as Record<string, unknown>).isAdmin, undefined);
  await servesANewcomer();
});

Deno.test("of a duplicate field the last one counts, as usual in JSON", async () => {
  const answer = await send("POST", "/rooms", '{"name":1,"name":"Twice"}');
  assert.equal(answer.status, 201);
});

Deno.test("malformed paths are not found", async () => {
  const paths: Record<string, [number, string]> = {
    "/rooms/%00": [404, "room_not_found"],
    "/rooms/%ff": [404, "room_not_found"],
    "/rooms/%E0%A4%A": [404, "room_not_found"],
    "/rooms/%7B%22$ne%22:null%7D": [404, "room_not_found"],
    "/rooms/__proto__": [404, "room_not_found"],
    "/rooms/constructor/messages": [404, "room_not_found"],
    "/rooms/'%20OR%201=1--": [404, "room_not_found"],
    [`/rooms/${LONG}`]: [404, "room_not_found"],
    [`/rooms/${LONG}/members`]: [404, "room_not_found"],
    [`/rooms/${LONG}/messages/x`]: [404, "room_not_found"],
    [`/rooms/${LONG}/invitations`]: [404, "room_not_found"],
    "/rooms/..%2f..%2fetc%2fpasswd": [404, "room_not_found"],
    "/assets/..%2f..%2fdeno.json": [404, "not_found"],
    "/assets/web/..%2f..%2fdeno.json": [404, "not_found"],
    "/assets/src/config.ts": [404, "not_found"],
    "/assets/src/protocol/schemas/events.ts": [404, "not_found"],
    "/assets/main.ts": [404, "not_found"],
    "/assets/web/deno.json": [404, "not_found"],
    "/assets/%00": [404, "not_found"],
    "/assets/": [404, "not_found"],
    "//evil.example/": [404, "not_found"],
    "/%2e%2e/%2e%2e/etc/passwd": [404, "not_found"],
  };
  for (const [path, expected] of Object.entries(paths)) {
    const answer = await send("GET", path);
    assert.deepEqual([answer.status, answer.code], expected, path.slice(0, 60));
  }
  await servesANewcomer();
});

Deno.test("invalid queries are refused", async () => {
  const { slug } = await ada.createRoom("Queried");
  const queries = [
    "limit[$gt]=1&limit=x",
    "limit=1e9",
    "limit=9007199254740993",
    "limit=NaN",
    "limit=%00",
    "before=%00",
    "before[$ne]=x&before=x",
    "after=%ff",
    `before=${"x".repeat(8_000)}`,
    "before=a&before=b",
  ];
  for (const query of queries) {
    const answer = await send("GET", `/rooms/${slug}/messages?${query}`);
    assert.deepEqual([answer.status, answer.code], [400, "validation_failed"], query.slice(0, 60));
  }
  await servesANewcomer();
});

Deno.test("unusual methods and headers do no harm", async () => {
  for (const method of ["PROPFIND", "PURGE", "X"]) {
    assert.equal((await send(method, "/rooms")).status, 405);
  }
  const headers: Record<string, string>[] = [
    { authorization: "Bearer" },
    { authorization: "Bearer a b" },
    { authorization: `Bearer ${"x".repeat(10_000)}` },
    { authorization: "Basic YTpi" },
    { authorization: 'Bearer {"$ne":null}' },
  ];
  for (const header of headers) {
    const answer = await send("GET", "/auth/me", undefined, header);
    assert.deepEqual([answer.status, answer.code], [401, "unauthenticated"]);
  }
  await servesANewcomer();
});

Deno.test("invalid cookies are refused, and signing out ignores them", async () => {
  const cookies = [
    "refresh_token=",
    "refresh_token",
    "refresh_token=%00",
    "refresh_token=%ff",
    "refresh_token=é",
    "refresh_token=a; refresh_token=b",
    'refresh_token={"$ne":null}',
    `refresh_token=${ada.token}`,
    `refresh_token=${"x".repeat(10_000)}`,
    "__proto__=x; constructor=y; refresh_token=z",
  ];
  for (const cookie of cookies) {
    const refresh = await send("POST", "/auth/refresh", undefined, { cookie });
    assert.deepEqual([refresh.status, refresh.code], [401, "unauthenticated"], cookie);
    assert.equal((await send("POST", "/auth/logout", undefined, { cookie })).status, 204, cookie);
  }
  assert.equal((await send("GET", "/auth/me")).status, 200);
  await servesANewcomer();
});

Deno.test("requests that are malformed at the byte level get an answer each", async () => {
  const long = "x".repeat(100_000);
  const auth = `Authorization: Bearer ${ada.token}\r\n`;
  const cases: [request: string, status: number][] = [
    ["GET /health HTTP/1.1\r\n\r\n", 200],
    ["GET /health HTTP/1.0\r\n\r\n", 200],
    ["GET /health HTTP/1.1\r\nHost: <script>\r\n\r\n", 400],
    ["GET http://evil.example/health HTTP/1.1\r\nHost: x\r\n\r\n", 200],
    ["GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
    ["GET /health HTTP/9.9\r\nHost: x\r\n\r\n", 400],
    ["GET no-path HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    [`GET /${long} HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
    ["TRACE /health HTTP/1.1\r\nHost: x\r\n\r\n", 405],
    ["CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", 404],
    [`GET /rooms/%zz HTTP/1.1\r\nHost: x\r\n${auth}\r\n`, 404],
    [`GET /rooms/\xc3\xa9 HTTP/1.1\r\nHost: x\r\n${auth}\r\n`, 404],
    [`GET /rooms/\xff\xfe HTTP/1.1\r\nHost: x\r\n${auth}\r\n`, 400],
    ["GET /auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\n\r\n", 401],
    ["GET /health HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \xff,,,\r\n\r\n", 200],
    ["POST /auth/refresh HTTP/1.1\r\nHost: x\r\nOrigin: http://[\r\n\r\n", 403],
    ["POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n{}", 400],
    [
      "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
  ];
  for (const [request, status] of cases) {
    const answer = await sendBytes(Uint8Array.from(request, (letter) => letter.charCodeAt(0)));
    assert.match(answer, new RegExp(`^HTTP/1\\.[01] ${status} `), request.slice(0, 60));
    assert.doesNotMatch(answer, /\.ts\b|at file:|node_modules/);
  }
  await servesANewcomer();
});

Deno.test("a request that breaks off does no harm", async () => {
  const { hostname, port } = new URL(server.url);
  const beginnings = [
    "",
    "GET",
    "GET /rooms HTTP/1.1\r\n",
    "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    "POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  ];
  for (const beginning of beginnings) {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode(beginning));
    connection.close();
  }
  await servesANewcomer();
});

/** Values of the tables that are fine in this field. */
function isAllowed(field: string, what: string): boolean {
  if (field === "onboardingCompleted") return what === "a boolean";
  return what === "null" && ["avatarUrl", "description"].includes(field);
}

function json(fields: Record<string, string>): string {
  const members = Object.entries(fields).map(([name, value]) => `"${name}":${value}`);
  return `{${members.join(",")}}`;
}

/** Sends a request as Ada; whatever comes back must show nothing of the server's inside. */
async function send(
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = { authorization: `Bearer ${ada.token}` },
) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    body: body ?? null,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
  });
  const text = await response.text();
  assert.doesNotMatch(text, /\.ts\b|at file:|node_modules|SQLITE|Mongo/);
  const isJson = response.headers.get("content-type")?.includes("json");
  return { status: response.status, text, code: isJson ? JSON.parse(text).code : undefined };
}

/** Sends bytes over a connection of their own and reads what comes back first. */
async function sendBytes(bytes: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(server.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
  const buffer = new Uint8Array(16 * 1024);
  const count = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

async function servesANewcomer(): Promise<void> {
  const newcomer = await Account.register(server.url, "Newcomer");
  const { slug } = await newcomer.createRoom("Newcomer's room");
  assert.equal((await newcomer.request("GET", `/rooms/${slug}/messages`)).status, 200);
}
