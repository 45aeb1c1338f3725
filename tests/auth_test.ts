/** Accounts and sessions over REST: registering, signing in, rotating, signing out. */
import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { Services } from "../src/services/services.ts";
import { refreshSession } from "../src/application/sessions/refresh_session.ts";
import { startSession } from "../src/application/sessions/start_session.ts";
import { Tokens } from "../src/services/tokens.ts";
import { readConfig } from "../src/config.ts";
import { judgeGeneration, nextRotation, type Session } from "../src/domain/session.ts";
import type { User } from "../src/domain/user.ts";
import { type Account, type Answer, request } from "./harness/account.ts";
import { playWithin } from "./harness/patience.ts";
import { startServer } from "./harness/server.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { onStage, type Stage } from "./harness/stage.ts";
import { skip } from "./harness/time.ts";

const SECRETS = { JWT_SECRET: "a".repeat(32), JWT_REFRESH_SECRET: "b".repeat(32) };

Deno.test("registering answers 201 with the user, a token and the refresh cookie", () =>
  onStage(async ({ server }) => {
    const { status, body, headers } = await register(server.url, {
      email: " Ada@Example.COM ",
      displayName: "  Ada ",
    });
    assert.equal(status, 201);
    const { id, createdAt, updatedAt, ...user } = body.user;
    assert.equal(typeof id, "string");
    assert.equal(createdAt, new Date(createdAt).toISOString());
    assert.equal(updatedAt, createdAt);
    assert.deepEqual(user, {
      email: "ada@example.com",
      displayName: "Ada",
      avatarUrl: null,
      onboardingCompleted: false,
      role: "admin",
    });
    assert.equal(body.expiresIn, 15 * 60);
    const [header, claims] = body.accessToken.split(".").slice(0, 2).map(decode);
    assert.equal(header.alg, "HS256");
    assert.equal(claims.sub, id);
    assert.equal(typeof claims.sid, "string");
    const cookie = headers.getSetCookie()[0]!;
    assert.match(cookie, /^refresh_token=[^;]+; /);
    for (const part of ["Path=/auth", "HttpOnly", "SameSite=Lax"]) assert.ok(cookie.includes(part));
    assert.ok(!cookie.includes("Secure"));
  }));

Deno.test("in production the cookie is Secure", () =>
  onStage(async ({ server }) => {
    const { headers } = await register(server.url, {});
    assert.ok(headers.getSetCookie()[0]!.includes("Secure"));
  }, { NODE_ENV: "production", BCRYPT_COST: "10", ...SECRETS }));

Deno.test("emails are unique regardless of case", () =>
  onStage(async ({ server }) => {
    await register(server.url, { email: "ada@example.com" });
    const second = await register(server.url, { email: "ADA@example.com" });
    assert.deepEqual([second.status, second.body.code], [409, "email_taken"]);
  }));

Deno.test("of 20 who register one email at once one gets it", () =>
  onStage(async ({ server }) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => register(server.url, { email: "race@example.com" })),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.equal(answers.filter(({ body }) => body.code === "email_taken").length, 19);
  }));

Deno.test("closed registration refuses new accounts, and existing ones can sign in", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { email, password } = ada;
    const closed = await startServer({ ...stage.server.settings, REGISTRATION: "closed" });
    try {
      for (const fields of [{}, { password: "short" }, { email }]) {
        const { status, body } = await register(closed.url, fields);
        assert.deepEqual([status, body.code], [403, "registration_closed"]);
      }
      const body = { email, password };
      assert.equal((await request(closed.url, "POST", "/auth/login", { body })).status, 200);
    } finally {
      await closed.stop();
    }
  }));

Deno.test("fields at their limits are accepted, and over them refused", () =>
  onStage(async ({ server }) => {
    const taken = [
      { password: "12345678" },
      { password: "é".repeat(36) },
      { displayName: "😀".repeat(50) },
      { displayName: "x" },
      { email: `${"a".repeat(60)}@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example` },
    ];
    for (const fields of taken) {
      const { status } = await register(server.url, fields);
      assert.equal(status, 201, JSON.stringify(fields));
    }
    const refused = [
      { password: "1234567" },
      { password: "é".repeat(37) },
      { password: "x".repeat(73) },
      { password: "1234\x005678" },
      { displayName: "😀".repeat(51) },
      { displayName: "   " },
      { displayName: "a\x00b" },
      { email: "ada" },
      { email: `${"a".repeat(250)}@example.com` },
    ];
    for (const fields of refused) {
      const { status, body } = await register(server.url, fields);
      assert.deepEqual([status, body.code], [400, "validation_failed"], JSON.stringify(fields));
      assert.equal(body.errors[0].path, Object.keys(fields)[0]);
    }
  }));

Deno.test("signing in requires the right password", () =>
  onStage(async ({ server }) => {
    const longest = "x".repeat(72);
    await register(server.url, { email: "ada@example.com", password: longest });
    const logIn = (email: string, password: string) =>
      request(server.url, "POST", "/auth/login", { body: { email, password } });
    const right = await logIn(" ADA@example.com", longest);
    assert.equal(right.status, 200);
    assert.equal(right.body.user.email, "ada@example.com");
    assert.ok(right.headers.getSetCookie()[0]!.startsWith("refresh_token="));
    const wrong = [
      ["ada@example.com", "y".repeat(72)],
      ["ada@example.com", `${longest}x`],
      ["ada@example.com", `${longest}\x00`],
      ["ada@example.com", ""],
      ["nobody@example.com", longest],
    ];
    for (const [email, password] of wrong) {
      const { status, body } = await logIn(email!, password!);
      assert.deepEqual([status, body.code], [401, "invalid_credentials"]);
    }
  }));

Deno.test("a refresh rotates the cookie and gives a token that works", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const before = ada.cookie;
    const { status, body } = await ada.refresh();
    assert.equal(status, 200);
    assert.notEqual(ada.cookie, before);
    assert.equal(body.user.id, ada.id);
    assert.equal((await ada.request("GET", "/auth/me")).status, 200);
  }));

/** Runs `act`, anew if it fails after the time in which a cookie may be used again. */
function inLeeway(act: (stage: Stage) => Promise<void>): Promise<void> {
  return playWithin(10_000, () => onStage(act));
}

Deno.test("parallel tabs that refresh with one cookie all get cookies that work", () =>
  inLeeway(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { cookie } = ada;
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(ada.url, cookie)));
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      assert.equal((await refresh(ada.url, cookieOf(answer))).status, 200);
    }
  }));

Deno.test("a cookie that was rotated twice within 10 s still counts as a parallel tab's", () =>
  inLeeway(async (stage) => {
    const [ada] = await stage.people("Ada");
    const first = ada.cookie;
    await ada.refresh();
    await ada.refresh();
    const late = await refresh(ada.url, first);
    assert.equal(late.status, 200);
    assert.equal((await refresh(ada.url, cookieOf(late))).status, 200);
  }));

Deno.test("a cookie used again after 10 s revokes the session and all its successors", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const first = ada.cookie;
    await ada.refresh();
    skip(10_500);
    assertRefused(await refresh(ada.url, first), "session_revoked");
    assertRefused(await refresh(ada.url, ada.cookie), "session_revoked");
    assertRefused(await ada.request("GET", "/auth/me"), "session_revoked");
  }));

Deno.test("the leeway is judged by when each token was rotated", () => {
  const start = new Date("2026-01-01T00:00:00Z");
  const at = (seconds: number) => new Date(start.getTime() + seconds * 1000);
  let session: Session = {
    id: "s",
    userId: "u",
    generation: 1,
    rotations: [],
    createdAt: start,
    expiresAt: at(1000),
    revokedAt: null,
  };
  session = { ...session, ...nextRotation(session, at(0), at(1000)) };
  session = { ...session, ...nextRotation(session, at(6), at(1000)) };
  assert.equal(judgeGeneration(session, 3, at(100)), "current");
  assert.equal(judgeGeneration(session, 1, at(10)), "parallel");
  assert.equal(judgeGeneration(session, 1, at(10.001)), "reused");
  assert.equal(judgeGeneration(session, 2, at(16)), "parallel");
  assert.equal(judgeGeneration(session, 2, at(16.001)), "reused");
  assert.equal(judgeGeneration(session, 4, at(6)), "reused");
});

Deno.test("a refresh requires a valid cookie that has not expired", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    assertRefused(await request(ada.url, "POST", "/auth/refresh"), "unauthenticated");
    assertRefused(await refresh(ada.url, "refresh_token=garbage"), "unauthenticated");
    assertRefused(await refresh(ada.url, `refresh_token=${ada.token}`), "unauthenticated");
    skip(60_000);
    assertRefused(await refresh(ada.url, ada.cookie), "token_expired");
  }, { JWT_REFRESH_EXPIRES_IN: "1m" }));

Deno.test("signing out clears the cookie and ends the session", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { status, headers } = await ada.logOut();
    assert.equal(status, 204);
    assert.match(headers.getSetCookie()[0]!, /^refresh_token=;.*(Max-Age=0|Expires=)/);
    assertRefused(await ada.request("GET", "/auth/me"), "session_revoked");
    assertRefused(await refresh(ada.url, ada.cookie), "session_revoked");
  }));

Deno.test("signing out with an old cookie ends the session as well", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const old = ada.cookie;
    await ada.refresh();
    assert.equal((await ada.logOut(old)).status, 204);
    assertRefused(await ada.request("GET", "/auth/me"), "session_revoked");
  }));

Deno.test("signing out with an old cookie that has expired ends the session as well", () =>
  // Real time comes on top: the cookie that is rotated has 20 s left.
  playWithin(20_000, () =>
    onStage(async (stage) => {
      const [ada] = await stage.people("Ada");
      const old = ada.cookie;
      skip(40_000);
      await ada.refresh();
      skip(20_000);
      assert.equal((await ada.request("GET", "/auth/me")).status, 200);
      assert.equal((await ada.logOut(old)).status, 204);
      assertRefused(await ada.request("GET", "/auth/me"), "session_revoked");
    }, { JWT_REFRESH_EXPIRES_IN: "1m" })));

Deno.test("signing out needs no cookie, and ignores foreign ones", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    assert.equal((await request(ada.url, "POST", "/auth/logout")).status, 204);
    assert.equal((await ada.logOut("refresh_token=garbage")).status, 204);
    assert.equal((await ada.request("GET", "/auth/me")).status, 200);
  }));

Deno.test("signing out ends one session, not the user's others", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { email, password } = ada;
    const other = await request(ada.url, "POST", "/auth/login", { body: { email, password } });
    await ada.logOut();
    const me = await request(ada.url, "GET", "/auth/me", { token: other.body.accessToken });
    assert.equal(me.status, 200);
  }));

Deno.test("of several refresh cookies the valid one is used, at any position", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const ended = bob.cookie;
    await bob.logOut();
    for (const stale of ["refresh_token=garbage", "refresh_token=", ended, `a=b; ${ended}; c=d`]) {
      for (const cookie of [`${stale}; ${ada.cookie}`, `${ada.cookie}; ${stale}`]) {
        const answer = await ada.refresh(cookie);
        assert.deepEqual([answer.status, answer.body.user?.id], [200, ada.id], cookie);
      }
    }
  }));

Deno.test("of several refresh cookies an expired one is skipped", () =>
  withSession(async ({ services, session, tokenOf }) => {
    const claims = { sessionId: session.id, generation: 3 };
    const expired = await services.tokens.issueRefresh(claims, new Date(Date.now() - 60_000));
    await assert.rejects(refreshSession(services, [expired]), { code: "token_expired" });
    const signedIn = await refreshSession(services, [expired, await tokenOf(3)]);
    assert.equal(signedIn.user.id, session.userId);
  }));

Deno.test("a stale cookie beside the newest one of its session ends nothing", () =>
  withSession(async ({ services, session, tokenOf }) => {
    const signedIn = await refreshSession(services, [await tokenOf(1), await tokenOf(3)]);
    assert.equal(signedIn.user.id, session.userId);
    assert.equal((await services.store.sessions.find(session.id))?.revokedAt, null);
  }));

Deno.test("stale cookies without one that works end their session", () =>
  withSession(async ({ services, session, tokenOf }) => {
    const tokens = ["garbage", await tokenOf(1), await tokenOf(2)];
    await assert.rejects(refreshSession(services, tokens), { code: "session_revoked" });
    assert.notEqual((await services.store.sessions.find(session.id))?.revokedAt, null);
  }));

Deno.test("a stale cookie ends no session where another session's cookie works", () =>
  withSession(async ({ services, session, tokenOf }) => {
    const user = (await services.store.users.find(session.userId))!;
    const other = await startSession(services, user);
    const signedIn = await refreshSession(services, [await tokenOf(1), other.refreshToken]);
    assert.equal(signedIn.user.id, user.id);
    assert.equal((await services.store.sessions.find(session.id))?.revokedAt, null);
  }));

Deno.test("signing out ends the sessions of all refresh cookies", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    await ada.logOut(`refresh_token=garbage; ${bob.cookie}; ${ada.cookie}`);
    for (const person of [ada, bob]) {
      assertRefused(await person.request("GET", "/auth/me"), "session_revoked");
    }
  }));

Deno.test("refresh and logout refuse a foreign origin", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    for (const path of ["/auth/refresh", "/auth/logout"]) {
      for (const origin of ["https://evil.example", "null", "http://localhost:5173.evil.example"]) {
        const answer = await request(ada.url, "POST", path, {
          headers: { cookie: ada.cookie, origin },
        });
        assert.deepEqual([answer.status, answer.body.code], [403, "origin_not_allowed"]);
      }
      const own = await request(ada.url, "POST", path, {
        headers: { cookie: ada.cookie, origin: ada.url },
      });
      assert.ok(own.status < 300);
    }
  }));

Deno.test("an access token expires", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    assert.equal((await ada.request("GET", "/auth/me")).status, 200);
    skip(60_000);
    assertRefused(await ada.request("GET", "/auth/me"), "token_expired");
  }, { JWT_ACCESS_EXPIRES_IN: "1m" }));

Deno.test("only an access token signed by this server is accepted", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const claims = decode(ada.token.split(".")[1]!);
    const { exp: _, ...endless } = claims;
    const { sid: __, ...sessionless } = claims;
    const key = (text: string) => new TextEncoder().encode(text);
    const sign = (payload: object, alg: string, secret: string) =>
      new SignJWT({ ...payload }).setProtectedHeader({ alg }).sign(key(secret));
    const unsigned = `${encode({ alg: "none" })}.${encode(claims)}.`;
    const tokens = {
      unsigned,
      foreign: await sign(claims, "HS256", "c".repeat(32)),
      "of another algorithm": await sign(claims, "HS512", SECRETS.JWT_SECRET),
      endless: await sign(endless, "HS256", SECRETS.JWT_SECRET),
      sessionless: await sign(sessionless, "HS256", SECRETS.JWT_SECRET),
      refresh: ada.cookie.slice("refresh_token=".length),
      garbage: "a.b.c",
    };
    for (const [name, token] of Object.entries(tokens)) {
      const answer = await request(ada.url, "GET", "/auth/me", { token });
      assert.deepEqual([answer.status, answer.body.code], [401, "unauthenticated"], name);
      assert.equal(answer.headers.get("www-authenticate"), "Bearer");
    }
    const again = await sign(claims, "HS256", SECRETS.JWT_SECRET);
    assert.equal((await request(ada.url, "GET", "/auth/me", { token: again })).status, 200);
  }, SECRETS));

Deno.test("a profile changes in the given fields only", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const before = (await ada.request("GET", "/auth/me")).body.user;
    const url = "https://example.com/ada.png";
    const { status, body } = await ada.request("PATCH", "/auth/me", { avatarUrl: url });
    assert.equal(status, 200);
    const { updatedAt, ...rest } = body.user;
    assert.deepEqual({ ...rest, updatedAt: before.updatedAt }, { ...before, avatarUrl: url });
    assert.ok(updatedAt >= before.updatedAt);
    await ada.request("PATCH", "/auth/me", { displayName: " Ada L. ", onboardingCompleted: true });
    await ada.request("PATCH", "/auth/me", { avatarUrl: null });
    const after = (await ada.request("GET", "/auth/me")).body.user;
    assert.deepEqual([after.displayName, after.onboardingCompleted, after.avatarUrl], [
      "Ada L.",
      true,
      null,
    ]);
  }));

Deno.test("fields that cannot be changed are ignored", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { body } = await ada.request("PATCH", "/auth/me", {
      id: "x",
      email: "x@example.com",
      passwordHash: "x",
      createdAt: "1970-01-01T00:00:00Z",
      isAdmin: true,
    });
    assert.deepEqual([body.user.id, body.user.email], [ada.id, ada.email]);
    assert.ok(!("isAdmin" in body.user));
    const fresh = await register(stage.server.url, {
      id: ada.id,
      avatarUrl: "https://example.com/a.png",
      onboardingCompleted: true,
      isAdmin: true,
    });
    assert.equal(fresh.status, 201);
    assert.notEqual(fresh.body.user.id, ada.id);
    assert.deepEqual([fresh.body.user.avatarUrl, fresh.body.user.onboardingCompleted], [
      null,
      false,
    ]);
    assert.ok(!("isAdmin" in fresh.body.user));
  }));

Deno.test("a change with one invalid field changes nothing", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    await assertInvalid(ada, { displayName: "Countess", avatarUrl: "x" });
    assert.equal((await ada.request("GET", "/auth/me")).body.user.displayName, "Ada");
  }));

Deno.test("an avatar is an https URL, or http on localhost in development", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const longest = "https://example.com/".padEnd(2048, "a");
    const taken = ["https://example.com/a.png", "http://localhost:5173/a.png", longest, null];
    for (const avatarUrl of taken) {
      assert.equal((await ada.request("PATCH", "/auth/me", { avatarUrl })).status, 200);
    }
    const refused = [
      "http://example.com/a.png",
      "javascript:alert(1)",
      "data:text/html,x",
      "//example.com",
      "a.png",
      `${"https://example.com/".padEnd(2048, "a")}a`,
      "https:example.com",
      "https://example.com/a\x00",
      "\x00https://example.com/a",
      " https://example.com/a",
      "https://example.com/a b",
      "ht\ntps://example.com/a",
    ];
    for (const avatarUrl of refused) await assertInvalid(ada, { avatarUrl });
  }));

Deno.test("in production an avatar on localhost is refused", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    await assertInvalid(ada, { avatarUrl: "http://localhost:5173/a.png" });
  }, { NODE_ENV: "production", BCRYPT_COST: "10", ...SECRETS }));

interface SessionStage {
  services: Pick<Services, "store" | "tokens" | "bus">;
  /** At generation 3; 1 and 2 were rotated long ago. */
  session: Session;
  tokenOf(generation: number): Promise<string>;
}

async function withSession(act: (stage: SessionStage) => Promise<void>): Promise<void> {
  const config = await readConfig({ DATA_DIR: await Deno.makeTempDir() });
  const store = await openSqlite(`${config.dataDir}/echoroom.db`);
  try {
    const services = { store, tokens: await Tokens.create(config), bus: new InProcessBus() };
    const now = new Date();
    const user: User = {
      id: "ada",
      email: "ada@example.com",
      passwordHash: "",
      displayName: "Ada",
      avatarUrl: null,
      onboardingCompleted: false,
      role: "member",
      ban: null,
      createdAt: now,
      updatedAt: now,
    };
    await store.users.create(user);
    const session = {
      id: "session",
      userId: user.id,
      generation: 3,
      rotations: [],
      createdAt: now,
      expiresAt: new Date(now.getTime() + 60_000),
      revokedAt: null,
    };
    await store.sessions.create(session);
    const tokenOf = (generation: number) =>
      services.tokens.issueRefresh({ sessionId: session.id, generation }, session.expiresAt);
    await act({ services, session, tokenOf });
  } finally {
    await store.close();
  }
}

function register(url: string, fields: Record<string, unknown>): Promise<Answer> {
  const email = `${crypto.randomUUID()}@example.com`;
  const body = { email, password: "correct horse", displayName: "Ada", ...fields };
  return request(url, "POST", "/auth/register", { body });
}

function refresh(url: string, cookie: string): Promise<Answer> {
  return request(url, "POST", "/auth/refresh", { headers: { cookie } });
}

function cookieOf({ headers }: Answer): string {
  return headers.getSetCookie()[0]!.split(";")[0]!;
}

function assertRefused({ status, body }: Answer, code: string): void {
  assert.deepEqual([status, body.code], [401, code]);
}

async function assertInvalid(account: Account, changes: Record<string, unknown>): Promise<void> {
  const { status, body } = await account.request("PATCH", "/auth/me", changes);
  assert.deepEqual([status, body.code], [400, "validation_failed"], JSON.stringify(changes));
}

// deno-lint-ignore no-explicit-any -- claims of every shape
function decode(part: string): any {
  return JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")));
}

function encode(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
}
