/** Origins: which the setting accepts, which requests pass, what is logged, and `Vary`. */
import assert from "node:assert/strict";
import { ConfigError, readConfig } from "../src/config.ts";
import { originPolicy } from "../src/http/origin_policy.ts";
import { request } from "./harness/account.ts";
import { RawSocket } from "./harness/raw_socket.ts";
import { spawnServer } from "./harness/server.ts";
import { onStage, until } from "./harness/stage.ts";

const SECRETS = { JWT_SECRET: "a".repeat(32), JWT_REFRESH_SECRET: "b".repeat(32) };

async function origins(list: string): Promise<string[]> {
  return (await readConfig({ ...SECRETS, CORS_ORIGIN: list })).corsOrigins;
}

for (
  const [written, origin] of [
    ["https://App.Example.com", "https://app.example.com"],
    ["HTTPS://app.example.com", "https://app.example.com"],
    ["https://app.example.com:443", "https://app.example.com"],
    ["http://app.example.com:80", "http://app.example.com"],
    ["http://app.example.com:443", "http://app.example.com:443"],
    ["https://app.example.com/", "https://app.example.com"],
    ["https://bücher.example", "https://xn--bcher-kva.example"],
    ["http://[0:0:0:0:0:0:0:1]:5173", "http://[::1]:5173"],
    ["capacitor://localhost", "capacitor://localhost"],
    ["ionic://localhost", "ionic://localhost"],
    ["tauri://localhost", "tauri://localhost"],
    ["app://.", "app://."],
    ["chrome-extension://abcdefghijklmnopabcdefghijklmnop", null],
    ["moz-extension://0f7c8a30-0b1e-4a7e-9d6a-3f2f6c1d2e4b", null],
  ] as const
) {
  Deno.test(`CORS_ORIGIN takes ${written}`, async () => {
    assert.deepEqual(await origins(written), [origin ?? written]);
  });
}

Deno.test("several spellings of one origin in CORS_ORIGIN are one origin", async () => {
  const list = "https://a.example, https://A.example:443,https://a.example/,http://b.example";
  assert.deepEqual(await origins(list), ["https://a.example", "http://b.example"]);
});

const REFUSED: [item: string, line: RegExp][] = [
  ["*", /^CORS_ORIGIN holds "\*", which is a wildcard; list each origin$/],
  ["https://*.example.com", /holds "https:\/\/\*\.example\.com", which is a wildcard; list/],
  ["null", /holds "null", which every sandboxed frame and local file sends; serve/],
  ["https://a.example/path", /holds "https:\/\/a\.example\/path", .*; write https:\/\/a\.example$/],
  ["https://a.example?x", /holds "https:\/\/a\.example\?x", .*; write https:\/\/a\.example$/],
  ["https://a.example#x", /holds "https:\/\/a\.example#x", .*; write https:\/\/a\.example$/],
  [
    "a.example:8443",
    /holds "a\.example:8443", which has no scheme; write https:\/\/a\.example:8443/,
  ],
  ["wss://a.example", /holds "wss:\/\/a\.example", which is not a page's; write https:\/\/a\.e/],
  ["file://", /holds "file:\/\/", which is not an origin; write scheme:/],
  ["file:///home", /holds "file:\/\/\/home", which is not an origin; write scheme:/],
  ["https://a.example:99999", /holds "https:\/\/a\.example:99999", which is not an origin/],
  ["https://a.example https://b.example", /holds "https:\/\/a\.example https:.*comma-separated/],
  ["https://", /holds "https:\/\/", which is not an origin/],
  ["https:/a.example", /holds "https:\/a\.example", which is not an origin/],
  ["javascript:alert(1)", /holds "javascript:alert\(1\)", which is not an origin/],
];

for (const [item, line] of REFUSED) {
  Deno.test(`CORS_ORIGIN refuses ${item} among others, and names it`, async () => {
    await assert.rejects(origins(`https://ok.example,${item},http://fine.example`), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, line);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("a password in CORS_ORIGIN is refused and not shown", async () => {
  await assert.rejects(origins("https://ada:hunter2@a.example"), (error: Error) => {
    assert.match(error.message, /which has a user name; remove it/);
    assert.doesNotMatch(error.message, /ada|hunter2/);
    return true;
  });
});

Deno.test("the server's own origin is recognised in every spelling of Host", () => {
  const allows = originPolicy([]);
  for (
    const [origin, host] of [
      ["https://chat.example.com", "chat.example.com"],
      ["https://chat.example.com", "chat.example.com:443"],
      ["https://chat.example.com", "Chat.Example.COM"],
      ["https://chat.example.com", "CHAT.example.com:443"],
      ["http://chat.example.com", "chat.example.com:80"],
      ["http://chat.example.com:3000", "chat.example.com:3000"],
      ["http://[::1]:3000", "[0:0::1]:3000"],
    ] as const
  ) {
    assert.equal(allows(origin, host), true, `${origin} at ${host}`);
  }
});

Deno.test("another port, host or scheme of an app shell is not the server's own origin", () => {
  const allows = originPolicy([]);
  for (
    const [origin, host] of [
      ["https://chat.example.com", "chat.example.com:80"],
      ["http://chat.example.com", "chat.example.com:443"],
      ["https://chat.example.com:8443", "chat.example.com"],
      ["https://chat.example.com.evil.example", "chat.example.com"],
      ["https://evil.example", "chat.example.com"],
      ["capacitor://localhost", "localhost"],
      ["null", "null"],
      ["https://chat.example.com", undefined],
      ["https://u@chat.example.com", "chat.example.com"],
    ] as const
  ) {
    assert.equal(allows(origin, host), false, `${origin} at ${host}`);
  }
});

Deno.test("a listed origin is allowed in whatever spelling a request has it", () =>
  onStage(async ({ server }) => {
    for (
      const origin of [
        "https://app.example",
        "https://APP.example",
        "https://app.example:443",
        "capacitor://localhost",
      ]
    ) {
      const { headers } = await request(server.url, "GET", "/health", { headers: { origin } });
      assert.equal(headers.get("access-control-allow-origin"), origin);
      assert.match(await handshake(server.url, { Origin: origin }), /^HTTP\/1.1 101 /);
    }
  }, { CORS_ORIGIN: "https://App.Example, capacitor://localhost" }));

Deno.test("the own origin may use REST and sockets where Host has a default port or capitals", () =>
  onStage(async ({ server }) => {
    for (
      const [origin, host] of [
        ["https://chat.example.com", "chat.example.com:443"],
        ["http://chat.example.com", "chat.example.com:80"],
        ["https://chat.example.com", "Chat.Example.Com"],
      ] as const
    ) {
      assert.match(await handshake(server.url, { Origin: origin, Host: host }), / 101 /);
      const answer = await send(
        server.url,
        `POST /auth/logout HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\n\r\n`,
      );
      assert.match(answer, /^HTTP\/1.1 204 /);
      assert.match(answer, new RegExp(`access-control-allow-origin: ${origin}\r\n`, "i"));
    }
  }));

Deno.test("every answer varies by Origin, errors and preflights too", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { url } = stage.server;
    const routes: [method: string, path: string, status: number, body?: string][] = [
      ["GET", "/", 200],
      ["GET", "/health", 200],
      ["HEAD", "/health", 200],
      ["GET", "/ready", 200],
      ["GET", "/metrics", 200],
      ["GET", "/openapi.json", 200],
      ["GET", "/docs", 200],
      ["GET", "/nowhere", 404],
      ["GET", "/assets/nowhere.js", 404],
      ["GET", "/rooms", 401],
      ["DELETE", "/rooms", 405],
      ["FOO", "/rooms", 405],
      ["GET", "/rooms/nowhere", 404],
      ["GET", "/ready?ignore=x", 400],
      ["POST", "/auth/login", 415],
      ["POST", "/auth/login", 400, "{}"],
      ["POST", "/auth/login", 413, "x".repeat(100_000)],
      ["POST", "/auth/refresh", 403],
      ["POST", "/auth/logout", 403],
      ["GET", "/ws", 403],
      ["POST", "/ws", 405],
      ["OPTIONS", "/rooms", 204],
    ];
    for (const [method, path, status, body = null] of routes) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          origin: "https://evil.example",
          authorization: path.startsWith("/rooms/") ? `Bearer ${ada.token}` : "",
          ...(body === null ? {} : { "content-type": "application/json" }),
        },
        body,
      });
      await response.body?.cancel();
      assert.equal(response.status, status, `${method} ${path}`);
      assert.deepEqual(varying(response.headers), ["origin"], `${method} ${path}`);
    }
    for (const path of ["/ws", "/auth/refresh"]) {
      const method = path === "/ws" ? "GET" : "POST";
      const { headers } = await request(url, method, path);
      assert.deepEqual(varying(headers), ["origin"], `${method} ${path} without Origin`);
    }
  }));

Deno.test("a 304 answer varies by Origin", () =>
  onStage(async ({ server }) => {
    const path = "/assets/web/page.css";
    const etag = (await request(server.url, "GET", path)).headers.get("etag")!;
    const headers = { "if-none-match": etag };
    const answer = await request(server.url, "GET", path, { headers });
    assert.equal(answer.status, 304);
    assert.ok(varying(answer.headers).includes("origin"));
  }));

Deno.test("the refusal names the origin", () =>
  onStage(async ({ server }) => {
    const headers = { origin: "https://Front.example" };
    for (const [method, path] of [["POST", "/auth/refresh"], ["GET", "/ws"]] as const) {
      const { body } = await request(server.url, method, path, { headers });
      assert.equal(body.code, "origin_not_allowed");
      assert.match(body.detail, /https:\/\/front\.example .*CORS_ORIGIN/);
    }
  }));

Deno.test("the log names a refused origin and the setting that allows it, once", async () => {
  const server = await spawnServer({
    CORS_ORIGIN: "http://localhost:5173",
    LOG_LEVEL: "warning",
  });
  try {
    const headers = { origin: "https://front.example" };
    for (let i = 0; i < 3; i++) {
      await request(server.url, "GET", "/health", { headers });
      await request(server.url, "POST", "/auth/refresh", { headers });
      await handshake(server.url, { Origin: "https://front.example:443" });
    }
    await handshake(server.url, { Origin: "https://other.example" });
    await until(() => server.output().includes("https://other.example"), "the last is logged");
    const lines = server.output().split("\n").filter((line) => line.includes("front.example"));
    assert.equal(lines.filter((line) => !line.includes("other.example")).length, 1);
    assert.match(lines[0]!, /CORS_ORIGIN=http:\/\/localhost:5173,https:\/\/front\.example/);
  } finally {
    await server.stop();
  }
});

Deno.test("the log states that no setting allows a page from a local file", async () => {
  const server = await spawnServer({ LOG_LEVEL: "warning" });
  try {
    for (const origin of ["null", "null", "file://"]) {
      await request(server.url, "POST", "/auth/refresh", { headers: { origin } });
    }
    await until(() => server.output().includes('"Origin: file://"'), "the last is logged");
    assert.equal(server.output().match(/"Origin: null" are refused/g)?.length, 1);
    assert.match(server.output(), /Serve the page over http or https/);
  } finally {
    await server.stop();
  }
});

Deno.test("made-up origins grow neither memory nor log", async () => {
  const server = await spawnServer({ LOG_LEVEL: "warning" });
  try {
    for (let i = 0; i < 1_100; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => {
        const headers = { origin: `https://made-up-${i + n}.example` };
        return request(server.url, "GET", "/health", { headers });
      }));
    }
    const lines = () => server.output().match(/^.*Pages of .* are refused.*$/gm) ?? [];
    await until(() => lines().length >= 1_000, "a thousand are logged");
    assert.equal(lines().length, 1_000);
  } finally {
    await server.stop();
  }
});

const BAD_HOSTS = [
  "a/metrics?",
  "a/ws?",
  "a/health/..",
  "a?x",
  "a#x",
  "user@a",
  "user:pass@a",
  "a b",
  "a\tb",
  "a\\b",
  "",
  ":80",
  "a:99999",
  "a:+80",
  "a:http",
  "a:80:81",
  "a,b",
  "a, b",
  "[::1",
  "[::1]x",
  "[g::1]",
  "[1:2:3:4:5:6:7:8:9]",
  "%61",
  "a%2fb",
  "<script>",
  "b\xfccher.example",
  "1.2.3.999",
  "x".repeat(300),
];

Deno.test("a Host that is not host[:port] is refused before any route", () =>
  onStage(async ({ server }) => {
    for (const host of BAD_HOSTS) {
      for (
        const line of ["GET /health", "GET /metrics", "OPTIONS /rooms", "GET http://a/health"]
      ) {
        const answer = await send(server.url, `${line} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        assert.match(answer, /^HTTP\/1.1 400 [^]*"code":"validation_failed"/, `${line} ${host}`);
      }
      const answer = await handshake(server.url, { Host: host });
      assert.match(answer, /^HTTP\/1.1 400 /, `/ws ${host}`);
    }
  }));

Deno.test("a Host that is host[:port] is taken in every form", () =>
  onStage(async ({ server }) => {
    for (
      const host of [
        "localhost",
        "LOCALHOST:3000",
        "a_b.example",
        "a.example.",
        "a.example:",
        "127.0.0.1:65535",
        "[::1]",
        "[2001:DB8::1]:443",
        "[::ffff:1.2.3.4]",
        "xn--bcher-kva.example",
      ]
    ) {
      const answer = await send(server.url, `GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.match(answer, /^HTTP\/1.1 200 [^]*"status":"ok"/, host);
      assert.match(await handshake(server.url, { Host: host }), /^HTTP\/1.1 101 /, host);
    }
    assert.match(await send(server.url, "GET /health HTTP/1.0\r\n\r\n"), /^HTTP\/1.0 200 /);
  }));

Deno.test("a target in absolute form is refused where its authority is malformed", () =>
  onStage(async ({ server }) => {
    const get = (target: string) => send(server.url, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.match(await get("http://b.example/health"), /^HTTP\/1.1 200 /);
    assert.match(await get("https://b.example/health"), /^HTTP\/1.1 200 /);
    assert.match(await get("http://user@b.example/health"), /^HTTP\/1.1 400 /);
    assert.match(await get("http://b.example:99999/health"), /^HTTP\/1.1 400 /);
    assert.match(await get("ftp://b.example/health"), /^HTTP\/1.1 400 /);
  }));

/** The server's answer to a handshake of these headers, without its body. */
async function handshake(url: string, headers: Record<string, string>): Promise<string> {
  const socket = await RawSocket.open(url, headers);
  socket.drop();
  return socket.answer;
}

/** Sends a request over a connection of its own and reads what comes back first. */
async function send(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  let rest = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
  const buffer = new Uint8Array(16 * 1024);
  const count = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

/** The names in `Vary`, in lower case, with repeats. */
function varying(headers: Headers): string[] {
  const names = (headers.get("vary") ?? "").toLowerCase().split(",").map((name) => name.trim());
  return names.filter((name) => name !== "accept-encoding" && name !== "accept");
}
