/** What holds for every route: problems, ids, origins, limits, documents, operations. */
// @slow: many servers
import assert from "node:assert/strict";
import { Hono } from "hono";
import { z } from "zod";
import type { Dependencies } from "../src/application/dependencies.ts";
import { compose } from "../src/compose.ts";
import { readConfig } from "../src/config.ts";
import { type ChatError, ERROR_CODES } from "../src/domain/errors.ts";
import { type AppSettings, createApp } from "../src/http/app.ts";
import { type BodyLimit, readBody, requireJson } from "../src/http/input.ts";
import { CLIENT_EVENTS, SERVER_EVENTS } from "../src/protocol/schemas/events.ts";
import { SystemData } from "../src/protocol/schemas/messages.ts";
import type { Message } from "../src/protocol/wire/messages.ts";
import { type Answer, request } from "./harness/account.ts";
import type { Gateway } from "../src/sockets/gateway.ts";
import { PATIENT } from "./harness/server.ts";
import { onStage, sleep } from "./harness/stage.ts";
import { TestSocket } from "./harness/socket.ts";
import { SQLITE } from "./harness/stores.ts";

const APP_SETTINGS: AppSettings = {
  production: false,
  registrationOpen: true,
  trustProxy: 0,
  corsOrigins: [],
  metricsToken: null,
  tryPage: false,
  isDraining: () => false,
};
const UNCOMPRESSED = { "accept-encoding": "identity" };
const JSON_TYPE = { "content-type": "application/json" };

Deno.test("an error is problem details with a code and the request's id", () =>
  onStage(async ({ server }) => {
    const answer = await request(server.url, "GET", "/auth/me");
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    assert.deepEqual(answer.body, {
      type: "about:blank",
      title: "Not authenticated",
      status: 401,
      detail: "Send Authorization: Bearer <accessToken>.",
      code: "unauthenticated",
      requestId: answer.headers.get("x-request-id"),
    });
  }));

Deno.test("HEAD says how long the content of GET is", () =>
  onStage(async ({ server }) => {
    for (const path of ["/health", "/auth/me", "/files/nothing/x", "/openapi.json"]) {
      const [get, head] = await Promise.all(
        ["GET", "HEAD"].map((method) =>
          fetch(server.url + path, { method, headers: UNCOMPRESSED })
        ),
      );
      const content = await get!.bytes();
      assert.equal(await head!.text(), "");
      assert.equal(head!.status, get!.status);
      assert.equal(head!.headers.get("content-length"), String(content.length), path);
    }
  }));

Deno.test("a validation error names the path of each fault", () =>
  onStage(async ({ server }) => {
    const body = { email: "x", password: "y", displayName: 1 };
    const answer = await request(server.url, "POST", "/auth/register", { body });
    const paths = answer.body.errors.map(({ path }: { path: string }) => path);
    assert.deepEqual(paths, ["email", "password", "displayName"]);
    for (const { message } of answer.body.errors) assert.equal(typeof message, "string");
  }));

Deno.test("every answer has a request id, and a valid one from the client is kept", () =>
  onStage(async ({ server }) => {
    for (const path of ["/", "/health", "/nowhere", "/auth/me", "/ws", "/openapi.json"]) {
      const { headers } = await request(server.url, "GET", path);
      assert.match(headers.get("x-request-id") ?? "", /^[\w-]{8,}$/, path);
    }
    for (const path of ["/health", "/ws"]) {
      const idFor = async (id: string) => {
        const answer = await request(server.url, "GET", path, { headers: { "x-request-id": id } });
        return answer.headers.get("x-request-id")!;
      };
      for (const id of ["a-1", "a.b:c/d+e="]) assert.equal(await idFor(id), id);
      for (const id of ["<script>", "a b", "x".repeat(300), "é"]) {
        assert.match(await idFor(id), /^[\w-]{8,}$/);
      }
    }
  }));

Deno.test("the answer to a handshake has the request's id", () =>
  onStage(async (stage) => {
    const { answer } = await stage.raw({ "X-Request-Id": "a-1" });
    assert.match(answer, /^HTTP\/1\.1 101 [^]*\r\nx-request-id: a-1(\r\n|$)/i);
  }));

Deno.test("an unknown path is 404, and a method that a path lacks is 405 with those it has", () =>
  onStage(async ({ server }) => {
    for (const path of ["/nowhere", "/auth", "/rooms/a/b/c", "/assets/nowhere.js", "/.env"]) {
      const { status, body } = await request(server.url, "GET", path);
      assert.deepEqual([status, body.code], [404, "not_found"], path);
    }
    const wrong = [
      ["DELETE", "/rooms", ["GET", "POST", "HEAD"]],
      ["PUT", "/rooms/general", ["GET", "PATCH", "DELETE", "HEAD"]],
      ["PUT", "/rooms/general/messages", ["GET", "POST", "HEAD"]],
      ["GET", "/auth/login", ["POST"]],
      ["DELETE", "/auth/me", ["GET", "PATCH", "HEAD"]],
      ["POST", "/health", ["GET", "HEAD"]],
      ["POST", "/ws", ["GET", "HEAD"]],
    ] as const;
    for (const [method, path, allowed] of wrong) {
      const { status, body, headers } = await request(server.url, method, path);
      assert.deepEqual([status, body.code], [405, "method_not_allowed"], `${method} ${path}`);
      assert.deepEqual(new Set(headers.get("allow")!.split(", ")), new Set(allowed));
    }
  }));

Deno.test("a body that may be left out may be named as JSON all the same", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id } = await ada.createRoom("Room");
    const statusOf = async ({ token }: typeof ada, method: string, path: string) => {
      const options = { token, headers: JSON_TYPE };
      return (await request(ada.url, method, `/rooms/${id}${path}`, options)).status;
    };
    assert.equal(await statusOf(bob, "PUT", "/members/me"), 200);
    assert.equal(await statusOf(ada, "PUT", `/mutes/${bob.id}`), 204);
    assert.equal(await statusOf(ada, "PUT", `/bans/${bob.id}`), 204);
    assert.equal(await statusOf(ada, "POST", "/invitations"), 201);
    assert.equal(await statusOf(ada, "POST", "/messages"), 400);
  }));

Deno.test("a body that is not JSON is refused with what is wrong with it", () =>
  onStage(async ({ server }) => {
    const send = (body: BodyInit, headers: Record<string, string> = JSON_TYPE) =>
      post(server.url, "/auth/login", body, headers);
    assertProblem(
      await send("{}", { "content-type": "text/plain" }),
      415,
      "unsupported_media_type",
    );
    assertProblem(await send(new Uint8Array([0x7b, 0x7d]), {}), 415, "unsupported_media_type");
    assertProblem(await send("{"), 400, "invalid_json");
    assertProblem(await send(""), 400, "invalid_json");
    assertProblem(await send(new Uint8Array([0x22, 0xff, 0x22])), 400, "invalid_json");
    for (const text of ["null", "[]", '"text"', "1"]) {
      assertProblem(await send(text), 400, "validation_failed");
    }
    const charset = { "content-type": "application/json; charset=utf-8" };
    assertProblem(await send("{}", charset), 400, "validation_failed");
  }));

Deno.test("a body of more than 64 KiB is refused, with and without Content-Length", () =>
  onStage(async ({ server }) => {
    const big = JSON.stringify({ email: "a@example.com", password: "x".repeat(64 * 1024) });
    assertProblem(await post(server.url, "/auth/login", big), 413, "payload_too_large");
    const chunks = ReadableStream.from([new TextEncoder().encode(big)]);
    assertProblem(await post(server.url, "/auth/login", chunks), 413, "payload_too_large");
    const small = JSON.stringify({ email: "a@example.com", password: "x".repeat(64 * 1024 - 100) });
    assertProblem(await post(server.url, "/auth/login", small), 401, "invalid_credentials");
  }));

Deno.test("a body that breaks off is the client's fault, not the server's", () =>
  onStage(async ({ server }) => {
    const { hostname, port } = new URL(server.url);
    const head = "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    const request = new TextEncoder().encode(`${head}Content-Length: 100\r\n\r\n{`);
    const codes = () => errorCodes(server.url);
    // A request that breaks off before the server has begun with it is not counted: again, then.
    for (let i = 0; i < 100 && (await codes()).length === 0; i++) {
      const connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(request);
      await sleep(20);
      connection.close();
    }
    assert.deepEqual(await codes(), ["invalid_json"]);
  }));

Deno.test("a body that does not come in time is given up", async () => {
  let isCancelled = false;
  const body = new ReadableStream({
    start: (stream) => stream.enqueue(new TextEncoder().encode("{")),
    cancel: () => void (isCancelled = true),
  });
  const limit: BodyLimit = {
    bytes: 10,
    milliseconds: 10,
    tooLarge: ["payload_too_large", "It is too large."],
    incomplete: "invalid_json",
  };
  const request = new Request("http://localhost", { method: "POST", body });
  await assert.rejects(readBody(request, () => false, limit), { code: "invalid_json" });
  assert.ok(isCancelled);
});

Deno.test("a body that breaks off while the server shuts down is answered with unavailable", async () => {
  let draining = false;
  const app = new Hono().post("/", requireJson(() => draining));
  app.onError((error, c) => c.text((error as ChatError).code));
  const codeOfBrokenBody = async () => {
    const body = new ReadableStream({ pull: (stream) => stream.error(new Error("closed")) });
    const headers = { "content-type": "application/json" };
    return await (await app.request("/", { method: "POST", headers, body })).text();
  };
  assert.equal(await codeOfBrokenBody(), "invalid_json");
  draining = true;
  assert.equal(await codeOfBrokenBody(), "unavailable");
});

Deno.test("pages of the listed origins and of the server's own may read answers, others not", () =>
  onStage(async ({ server }) => {
    const { host } = new URL(server.url);
    const allowed = ["https://app.example", "http://localhost:5173", `http://${host}`];
    for (const origin of allowed) {
      const { headers } = await request(server.url, "GET", "/health", { headers: { origin } });
      assert.equal(headers.get("access-control-allow-origin"), origin);
      assert.equal(headers.get("access-control-allow-credentials"), "true");
      assert.match(headers.get("vary") ?? "", /Origin/i);
    }
    for (const origin of ["https://evil.example", "null", "https://app.example.evil.example"]) {
      const { headers } = await request(server.url, "GET", "/health", { headers: { origin } });
      assert.equal(headers.get("access-control-allow-origin"), null);
    }
    const preflight = await request(server.url, "OPTIONS", "/rooms", {
      headers: {
        origin: "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get("access-control-allow-methods")!, /POST/);
    assert.match(preflight.headers.get("access-control-allow-headers")!, /authorization/i);
  }, { CORS_ORIGIN: "https://app.example, http://localhost:5173" }));

Deno.test("pages of allowed origins may use every method that a route has", () =>
  onStage(async ({ server }) => {
    const { headers } = await request(server.url, "OPTIONS", "/rooms", {
      headers: { origin: "https://app.example", "access-control-request-method": "PUT" },
    });
    const allowed = headers.get("access-control-allow-methods")!.split(",");
    const { body } = await request(server.url, "GET", "/openapi.json");
    const methods = Object.values(body.paths as Record<string, object>).flatMap(Object.keys);
    for (const method of new Set(methods)) {
      assert.ok(allowed.includes(method.toUpperCase()), method);
    }
  }, { CORS_ORIGIN: "https://app.example" }));

Deno.test("answers of every kind forbid sniffing, framing and foreign scripts, and vary by origin; JSON loads nothing", () =>
  onStage(async ({ server }) => {
    for (
      const [method, path] of [
        ["GET", "/"],
        ["GET", "/docs"],
        ["GET", "/assets/web/page.css"],
        ["GET", "/health"],
        ["GET", "/rooms"],
        ["GET", "/nowhere"],
        ["GET", "/auth/nowhere"],
        ["DELETE", "/health"],
        ["DELETE", "/rooms"],
        ["POST", "/auth/login"],
        ["OPTIONS", "/rooms"],
      ] as const
    ) {
      const { headers } = await request(server.url, method, path);
      assert.equal(headers.get("x-content-type-options"), "nosniff", `${method} ${path}`);
      assert.equal(headers.get("x-frame-options"), "DENY", path);
      assert.match(headers.get("vary") ?? "", /\bOrigin\b/, `${method} ${path}`);
      assert.match(headers.get("x-request-id")!, /^[\w-]{8,}$/, `${method} ${path}`);
      const policy = headers.get("content-security-policy") ?? "";
      const isJson = /json/.test(headers.get("content-type") ?? "");
      assert.match(policy, isJson ? /^default-src 'none';/ : /default-src 'self'/, path);
      assert.equal(headers.get("cross-origin-resource-policy"), "same-origin", path);
      assert.match(headers.get("strict-transport-security")!, /^max-age=\d+$/, path);
      if (!isJson) {
        assert.equal(headers.get("cross-origin-opener-policy"), "same-origin", path);
        assert.equal(headers.get("referrer-policy"), "no-referrer", path);
      }
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /script-src[^;]*'unsafe/);
    }
  }));

Deno.test("tokens and rooms are not to be kept by caches", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    for (const path of ["/auth/me", "/rooms"]) {
      assert.equal((await ada.request("GET", path)).headers.get("cache-control"), "no-store");
    }
  }));

Deno.test("a plain GET of the WebSocket endpoint is answered with 426", () =>
  onStage(async ({ server }) => {
    const answer = await request(server.url, "GET", "/ws");
    assertProblem(answer, 426, "upgrade_required");
    assert.equal(answer.headers.get("upgrade"), "websocket");
  }));

Deno.test("an invalid handshake is refused with a reason", () =>
  onStage(async (stage) => {
    const bad: [Record<string, string>, RegExp][] = [
      [{ Upgrade: "h2c" }, /^HTTP\/1.1 426 [^]*\r\nupgrade: websocket/i],
      [{ Connection: "close" }, /^HTTP\/1.1 426 /],
      [{ "Sec-WebSocket-Version": "8" }, /^HTTP\/1.1 426 [^]*\r\nsec-websocket-version: 13/i],
      [{ "Sec-WebSocket-Key": "short" }, /^HTTP\/1.1 400 /],
      [{ "Sec-WebSocket-Key": "" }, /^HTTP\/1.1 400 /],
    ];
    for (const [headers, answer] of bad) assert.match((await stage.raw(headers)).answer, answer);
  }));

Deno.test("a page of a foreign origin cannot open a socket", () =>
  onStage(async (stage) => {
    for (const Origin of ["https://evil.example", "null", "http://localhost:51730"]) {
      const { answer } = await stage.raw({ Origin });
      assert.match(answer, /^HTTP\/1.1 403 /);
    }
    for (const origin of ["http://localhost:5173", stage.server.url]) {
      await (await TestSocket.open(stage.server.url, { headers: { origin } })).close();
    }
  }));

Deno.test("logins for one account are limited, and answered with the quota", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const logIn = (email: string, password: string) =>
      request(ada.url, "POST", "/auth/login", { body: { email, password } });
    let answer = await logIn(ada.email, "wrong password");
    assert.match(answer.headers.get("ratelimit-policy")!, /^"loginAccount";q=10;w=900$/);
    assert.match(answer.headers.get("ratelimit")!, /^"loginAccount";r=9;t=\d+$/);
    for (let i = 0; i < 10; i++) answer = await logIn(ada.email, "wrong password");
    assertProblem(answer, 429, "rate_limited");
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
    assert.match(answer.headers.get("ratelimit")!, /r=0/);
    assertProblem(await logIn(ada.email, ada.password), 429, "rate_limited");
    assert.equal((await logIn(bob.email, bob.password)).status, 200);
  }, { RATE_LIMIT: "on" }));

Deno.test("a login that succeeds clears the account's count", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const logIn = (password: string) =>
      request(ada.url, "POST", "/auth/login", { body: { email: ada.email, password } });
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 9; i++) assert.equal((await logIn("wrong password")).status, 401);
      assert.equal((await logIn(ada.password)).status, 200);
    }
  }, { RATE_LIMIT: "on" }));

Deno.test("registrations from one address are limited; a trusted proxy names it", () =>
  onStage(async ({ server }) => {
    const register = (forwarded: string) =>
      request(server.url, "POST", "/auth/register", {
        headers: { "x-forwarded-for": forwarded },
        body: {
          email: `${crypto.randomUUID()}@example.com`,
          password: "correct horse",
          displayName: "Ada",
        },
      });
    for (let i = 0; i < 30; i++) assert.equal((await register(`9.9.9.${i}, 1.1.1.1`)).status, 201);
    assertProblem(await register("8.8.8.8, 1.1.1.1"), 429, "rate_limited");
    assert.equal((await register("1.1.1.1, 2.2.2.2")).status, 201);
  }, { RATE_LIMIT: "on", TRUST_PROXY: "1" }));

Deno.test("logins from one address are limited, whichever the accounts", () =>
  onStage(async ({ server }) => {
    const logIn = (n: number) =>
      request(server.url, "POST", "/auth/login", {
        body: { email: `nobody${n}@example.com`, password: "wrong password" },
      });
    for (let i = 0; i < 100; i++) assert.equal((await logIn(i)).status, 401);
    assertProblem(await logIn(100), 429, "rate_limited");
  }, { RATE_LIMIT: "on" }));

Deno.test("requests from one address are limited, except health checks", () =>
  onStage(async ({ server }) => {
    for (let i = 0; i < 1_200; i += 100) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => request(server.url, "GET", "/rooms")),
      );
      for (const { status } of answers) assert.equal(status, 401);
    }
    assertProblem(await request(server.url, "GET", "/rooms"), 429, "rate_limited");
    assert.equal((await request(server.url, "GET", "/health")).status, 200);
  }, { RATE_LIMIT: "on" }));

Deno.test("of too many logins at once some are refused with Retry-After, and succeed later", () =>
  onStage(async ({ server }) => {
    const body = { email: "nobody@example.com", password: "wrong password" };
    const logins = Array.from(
      { length: 300 },
      () => request(server.url, "POST", "/auth/login", { body }),
    );
    const answers = await Promise.all(logins);
    const refused = answers.filter(({ status }) => status !== 401);
    assert.ok(refused.length > 0 && refused.length < 300);
    for (const answer of refused) {
      assertProblem(answer, 503, "unavailable");
      assert.equal(answer.headers.get("retry-after"), "1");
    }
    assertProblem(
      await request(server.url, "POST", "/auth/login", { body }),
      401,
      "invalid_credentials",
    );
  }, { BCRYPT_COST: "8" }));

Deno.test("without a trusted proxy X-Forwarded-For changes nothing", () =>
  onStage(async ({ server }) => {
    const logIn = (forwarded: string) =>
      request(server.url, "POST", "/auth/login", {
        headers: { "x-forwarded-for": forwarded },
        body: { email: "nobody@example.com", password: "wrong password" },
      });
    for (let i = 0; i < 10; i++) assert.equal((await logIn(`9.9.9.${i}`)).status, 401);
    assertProblem(await logIn("9.9.9.99"), 429, "rate_limited");
  }, { RATE_LIMIT: "on" }));

Deno.test("health and readiness need no token", () =>
  onStage(async ({ server }) => {
    assert.deepEqual((await request(server.url, "GET", "/health")).body, { status: "ok" });
    const { status, body } = await request(server.url, "GET", "/ready");
    assert.deepEqual([status, body.status], [200, "ok"]);
  }));

Deno.test("a server that drains is alive, not ready, and lets no socket in", async () => {
  const config = await readConfig({ BCRYPT_COST: "4", ...await SQLITE.fresh() });
  const server = await compose(config, undefined, PATIENT);
  const listener = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, server.fetch);
  const url = `http://127.0.0.1:${listener.addr.port}`;
  await server.drain();
  assert.equal((await request(url, "GET", "/health")).status, 200);
  const { status, body } = await request(url, "GET", "/ready");
  assert.deepEqual([status, body.status, body.checks.draining], [503, "unavailable", "yes"]);
  await assert.rejects(TestSocket.open(url));
  await Promise.all([listener.shutdown(), server.close()]);
});

Deno.test("metrics count sockets, messages and errors", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Tea");
    const socket = await stage.join(ada, room.id);
    await socket.call("message:send", { roomId: room.id, text: "Hello" });
    await socket.event("message:new");
    await socket.call("room:join", { roomId: "nowhere" });
    const { body, headers } = await request(stage.server.url, "GET", "/metrics");
    assert.match(headers.get("content-type")!, /^text\/plain/);
    for (
      const line of [
        "echoroom_connections 1",
        "echoroom_rooms_open 1",
        "echoroom_messages_appended_total 1",
        "echoroom_deliveries_total 1",
        'echoroom_errors_total{code="room_not_found",transport="websocket"} 1',
        'echoroom_queue_length{queue="append"} 0',
      ]
    ) assert.ok(body.split("\n").includes(line), line);
    for (const name of ["delivery_delay", "append", "event_loop_delay", "http_request"]) {
      assert.match(body, new RegExp(`echoroom_${name}_seconds_count`));
    }
    assert.match(body, /process_resident_memory_bytes \d{6}/);
  }));

Deno.test("metrics require their token if one is set", () =>
  onStage(async ({ server }) => {
    assertProblem(await request(server.url, "GET", "/metrics"), 401, "unauthenticated");
    const wrong = await request(server.url, "GET", "/metrics", { token: "other" });
    assertProblem(wrong, 401, "unauthenticated");
    assert.equal(
      (await request(server.url, "GET", "/metrics", { token: "let-me-in" })).status,
      200,
    );
    for (const scheme of ["bearer", "BEARER"]) {
      const headers = { authorization: `${scheme} let-me-in` };
      const answer = await fetch(`${server.url}/metrics`, { headers });
      assert.match(await answer.text(), /^echoroom_connections /m);
    }
  }, { METRICS_TOKEN: "let-me-in" }));

Deno.test("in production there are no metrics without a token, and with one there are", async () => {
  const production = {
    NODE_ENV: "production",
    BCRYPT_COST: "10",
    JWT_SECRET: "a".repeat(32),
    JWT_REFRESH_SECRET: "b".repeat(32),
  };
  await onStage(async ({ server }) => {
    for (const token of [undefined, "", "undefined", "null"]) {
      for (const method of ["GET", "POST"]) {
        const options = token === undefined ? {} : { token };
        const answer = await request(server.url, method, "/metrics", options);
        assertProblem(answer, 404, "not_found");
      }
    }
  }, production);
  await onStage(async ({ server }) => {
    assertProblem(await request(server.url, "GET", "/metrics"), 401, "unauthenticated");
    const right = await request(server.url, "GET", "/metrics", { token: "let-me-in" });
    assert.equal(right.status, 200);
  }, { ...production, METRICS_TOKEN: "let-me-in" });
});

Deno.test("the OpenAPI document describes every route, and every reference in it leads somewhere", () =>
  onStage(async ({ server }) => {
    const { body } = await request(server.url, "GET", "/openapi.json");
    assert.equal(body.openapi, "3.1.0");
    const operations = Object.entries(body.paths as Record<string, object>).flatMap(
      ([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`),
    );
    assert.deepEqual(
      new Set(operations),
      new Set([
        "post /auth/register",
        "post /auth/login",
        "post /auth/refresh",
        "post /auth/logout",
        "post /files",
        "post /files/token",
        "post /files/{id}/complete",
        "get /files/{id}/{name}",
        "delete /files/{id}",
        "get /auth/me",
        "get /auth/me/changes",
        "get /auth/me/mentions",
        "patch /auth/me",
        "put /auth/me/avatar",
        "delete /auth/me/avatar",
        "get /avatars/{avatarId}",
        "get /rooms",
        "post /rooms",
        "get /rooms/{idOrSlug}",
        "patch /rooms/{idOrSlug}",
        "delete /rooms/{idOrSlug}",
        "get /rooms/{idOrSlug}/members",
        "put /rooms/{idOrSlug}/members/{userId}",
        "delete /rooms/{idOrSlug}/members/{userId}",
        "get /rooms/{idOrSlug}/bans",
        "put /rooms/{idOrSlug}/bans/{userId}",
        "delete /rooms/{idOrSlug}/bans/{userId}",
        "get /rooms/{idOrSlug}/mutes",
        "put /rooms/{idOrSlug}/mutes/{userId}",
        "delete /rooms/{idOrSlug}/mutes/{userId}",
        "get /rooms/{idOrSlug}/messages",
        "post /rooms/{idOrSlug}/messages",
        "get /rooms/{idOrSlug}/messages/{messageId}",
        "patch /rooms/{idOrSlug}/messages/{messageId}",
        "delete /rooms/{idOrSlug}/messages/{messageId}",
        "get /rooms/{idOrSlug}/messages/{messageId}/edits",
        "get /rooms/{idOrSlug}/messages/{messageId}/reactions/{emoji}",
        "put /rooms/{idOrSlug}/messages/{messageId}/reactions/{emoji}",
        "delete /rooms/{idOrSlug}/messages/{messageId}/reactions/{emoji}",
        "put /rooms/{idOrSlug}/messages/{messageId}/pin",
        "delete /rooms/{idOrSlug}/messages/{messageId}/pin",
        "get /rooms/{idOrSlug}/pins",
        "get /rooms/{idOrSlug}/changes",
        "put /rooms/{idOrSlug}/read",
        "put /rooms/{idOrSlug}/preferences",
        "post /rooms/{idOrSlug}/invitations",
        "get /rooms/{idOrSlug}/invitations",
        "delete /rooms/{idOrSlug}/invitations/{invitationId}",
        "get /invitations/{code}",
        "post /invitations/{code}",
        "post /directs",
        "put /users/{userId}/block",
        "delete /users/{userId}/block",
        "get /auth/me/blocks",
        "get /users",
        "get /users/{userId}",
        "put /users/{userId}/role",
        "put /users/{userId}/ban",
        "delete /users/{userId}/ban",
        "post /rooms/{idOrSlug}/messages/{messageId}/report",
        "get /reports",
        "patch /reports/{reportId}",
        "get /audit",
        "get /instances",
        "get /search",
        "get /health",
        "get /ready",
        "get /metrics",
      ]),
    );
    assertReferences(body);
  }));

Deno.test("no route is left out of the OpenAPI document but the page, the documents, the socket and preflights", () =>
  onStage(async ({ server }) => {
    const app = createApp({} as Dependencies, {} as Gateway, APP_SETTINGS);
    const { body } = await request(server.url, "GET", "/openapi.json");
    const undescribed = app.routes
      .filter(({ method }) => method !== "ALL" && method !== "OPTIONS")
      .map(({ method, path }) => ({ method: method.toLowerCase(), path }))
      .filter(({ method, path }) => !body.paths[path.replaceAll(/:(\w+)/g, "{$1}")]?.[method])
      .map(({ path }) => path);
    for (const path of undescribed) {
      assert.match(path, /^\/(ws|openapi\.json|asyncapi\.json|(docs|admin|assets|try)(\/.*)?)?$/);
    }
    for (const [path, methods] of Object.entries(body.paths as Record<string, object>)) {
      for (const [method, operation] of Object.entries(methods)) {
        assert.ok(Object.keys(operation.responses).length > 0, `${method} ${path}`);
        const declared = (operation.parameters ?? [])
          .filter((parameter: { in: string }) => parameter.in === "path")
          .map(({ name }: { name: string }) => name);
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        assert.deepEqual(declared, named, `${method} ${path}`);
      }
    }
  }));

Deno.test("the OpenAPI document gives each operation an id of its own, and says which want no one to be signed in", () =>
  onStage(async ({ server }) => {
    const { body } = await request(server.url, "GET", "/openapi.json");
    const operations = Object.entries(body.paths as Record<string, object>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    );
    const ids = operations.map(({ operationId }) => operationId);
    assert.deepEqual(ids.filter((id, at) => !id || ids.indexOf(id) !== at), []);
    for (const { path, method, security } of operations) {
      const url = path.replaceAll(/\{\w+\}/g, "x");
      const { status } = await request(server.url, method.toUpperCase(), url);
      const isOptional = security.some((scheme: object) => Object.keys(scheme).length === 0);
      const isWanted = security.length > 0 && !isOptional;
      assert.equal(status === 401, isWanted, `${method} ${path} is ${status}`);
    }
  }));

Deno.test("the OpenAPI document names what the muted and the banned are refused", () =>
  onStage(async ({ server }) => {
    const { body } = await request(server.url, "GET", "/openapi.json");
    const refusals = (path: string, method: string) =>
      body.paths[`/rooms/{idOrSlug}${path}`][method].responses["403"].description.split(", ");
    for (const path of ["/messages", "/messages/{messageId}", "/pins", "/changes"]) {
      assert.deepEqual(refusals(path, "get"), ["forbidden"], path);
    }
    assert.deepEqual(refusals("/messages", "post"), ["forbidden", "room_archived", "muted"]);
    assert.deepEqual(refusals("/messages/{messageId}", "patch"), ["forbidden", "muted"]);
  }));

Deno.test("the documents have all that system messages say", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id } = await ada.createRoom("Room");
    const change = (method: string, path: string, body: object) =>
      ada.request(method, `/rooms/${id}${path}`, body);
    await change("PUT", `/members/${bob.id}`, { role: "moderator" });
    await change("PATCH", "", {
      name: "Tea",
      description: "Hot",
      postPolicy: "moderators",
      slowModeSeconds: 5,
      archived: true,
      metadata: { color: "green" },
    });
    const until = new Date(Date.now() + 60_000).toISOString();
    await change("PUT", `/mutes/${bob.id}`, { until, reason: "Loud" });
    const { body } = await ada.request("GET", `/rooms/${id}/messages`);
    const said = body.messages.map(({ systemData }: Message) => systemData);
    assert.deepEqual(said.map((data: object) => Object.keys(data).length), [1, 2, 2, 3]);
    for (const data of said) assert.deepEqual(SystemData.parse(data), data);
  }));

Deno.test("every route is supported by Hono's fast router", () => {
  const app = createApp({} as Dependencies, {} as Gateway, APP_SETTINGS);
  // It chooses with the first request.
  app.router.match("GET", "/health");
  assert.match(app.router.name, /RegExpRouter/);
});

Deno.test("the AsyncAPI document describes every event and its answer, and every reference in it leads somewhere", () =>
  onStage(async ({ server }) => {
    const { body } = await request(server.url, "GET", "/asyncapi.json");
    assert.equal(body.asyncapi, "3.0.0");
    const actions = (action: string) =>
      Object.keys(body.operations).filter((name) => body.operations[name].action === action);
    assert.deepEqual(actions("receive"), Object.keys(CLIENT_EVENTS));
    assert.deepEqual(actions("send"), Object.keys(SERVER_EVENTS));
    const unanswered = actions("receive").filter((name) => !body.operations[name].reply);
    assert.deepEqual(unanswered, ["typing:start", "typing:stop"]);
    assertReferences(body);
  }));

Deno.test("no two schemas have the same name in the documents", async () => {
  const folder = new URL("../src/protocol/schemas/", import.meta.url);
  const named = new Map<string, unknown>();
  for await (const { name } of Deno.readDir(folder)) {
    for (const schema of Object.values(await import(new URL(name, folder).href))) {
      const id = schema instanceof z.ZodType ? schema.meta()?.id : undefined;
      if (id === undefined) continue;
      assert.equal(named.get(id) ?? schema, schema, id);
      named.set(id, schema);
    }
  }
  assert.ok(named.size > 10);
});

Deno.test("the documents list every error code", () =>
  onStage(async ({ server }) => {
    for (const path of ["/openapi.json", "/asyncapi.json"]) {
      const text = JSON.stringify((await request(server.url, "GET", path)).body);
      for (const code of ERROR_CODES) assert.ok(text.includes(`"${code}"`), `${code} in ${path}`);
    }
  }));

Deno.test("the page and its files are served, and no other files", () =>
  onStage(async ({ server }) => {
    const page = await request(server.url, "GET", "/");
    assert.match(page.headers.get("content-type")!, /^text\/html/);
    for (const [, path] of page.body.matchAll(/(?:src|href)="(\/[^"#]+)"/g)) {
      assert.equal((await request(server.url, "GET", path)).status, 200, path);
    }
    for (
      const path of ["/assets/../deno.json", "/assets/%2e%2e/deno.json", "/assets/..%2fmain.ts"]
    ) {
      const { status, body } = await request(server.url, "GET", path);
      assert.equal(status, 404, path);
      assert.ok(!JSON.stringify(body).includes("imports"));
    }
  }));

Deno.test("metrics have no labels that clients choose", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { url } = stage.server;
    const socket = await stage.connect(ada);
    const act = async (word: string) => {
      await request(url, word, `/${word}`, { token: ada.token });
      await request(url, word, "/rooms", { token: ada.token });
      await request(url, "GET", `/rooms/${word}?${word}=1`, { token: ada.token });
      await request(url, "GET", `/assets/${word}`, { headers: { origin: `https://${word}` } });
      await request(url, "POST", "/auth/login", { body: { email: word, [word]: 1 } });
      await request(url, "GET", "/auth/me", { token: word });
      await socket.call(word, { roomId: word });
      await socket.call("room:join", { roomId: word });
      await (await stage.open({ protocol: word })).close();
      const closing = await stage.open();
      closing.socket.close(4000 + word.length, word);
      await closing.closed;
    };
    const series = async () => {
      const { body } = await request(url, "GET", "/metrics");
      return { text: body as string, count: body.split("\n").length };
    };
    await act("WORDA");
    await series();
    const before = await series();
    for (const word of ["WORDB", "WORDC", "WORDDD"]) await act(word);
    const after = await series();
    assert.equal(after.count, before.count);
    assert.doesNotMatch(after.text, /word[a-d]/i);
    assert.match(after.text, /method="other"/);
  }));

async function post(
  url: string,
  path: string,
  body: BodyInit,
  headers: Record<string, string> = JSON_TYPE,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, { method: "POST", body, headers });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function assertProblem({ status, headers, body }: Answer, expected: number, code: string): void {
  assert.deepEqual([status, body.code, body.status], [expected, code, expected]);
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.equal(body.requestId, headers.get("x-request-id"));
  for (const field of ["type", "title", "detail"]) assert.equal(typeof body[field], "string");
  if (expected === 429) assert.match(headers.get("retry-after")!, /^[1-9]\d*$/);
  assert.equal(headers.get("retry-after"), body.retryAfter?.toString() ?? null);
}

/** The codes of the errors that the server has counted so far. */
async function errorCodes(url: string): Promise<string[]> {
  const { body } = await request(url, "GET", "/metrics");
  const lines = body.matchAll(/^echoroom_errors_total\{code="(\w+)"/gm);
  return Array.from(lines, ([, code]: RegExpMatchArray) => code!);
}

/** Expects that every `$ref` of a document points at something in it. */
function assertReferences(document: object): void {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);
  for (const [, path] of references) {
    // deno-lint-ignore no-explicit-any -- walks a document of any shape
    const target = path!.split("/").reduce((node: any, key) => node?.[key], document);
    assert.ok(
      target && !("$ref" in target && target.$ref === `#/${path}`),
      `${path} leads nowhere`,
    );
  }
}
