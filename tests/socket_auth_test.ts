/** Who a socket speaks for: identifying, renewing, expiring, and being signed out. */
// @slow: many servers
import assert from "node:assert/strict";
import { type Account, request } from "./harness/account.ts";
import { playInTime } from "./harness/patience.ts";
import { MAX_SOCKETS } from "../src/services/rate_limits.ts";
import { startServer } from "./harness/server.ts";
import type { TestSocket } from "./harness/socket.ts";
import { onStage, Stage } from "./harness/stage.ts";
import { skip } from "./harness/time.ts";

/** How long a socket whose token has ended is served on. */
const GRACE_MS = 30_000;

/** Signs the account's person in once more: another browser, another session. */
async function logIn({ url, email, password }: Account) {
  const { body, headers } = await request(url, "POST", "/auth/login", {
    body: { email, password },
  });
  const cookie = headers.getSetCookie()[0]!.split(";")[0]!;
  return { url, token: String(body.accessToken), cookie };
}

/** Expects an error with `code`, and a close for lack of a valid token. */
async function expectRefused(socket: TestSocket, code: string) {
  const { data } = await socket.event("auth:error", (data) => data.code === code);
  assert.equal(typeof data.message, "string");
  assert.equal((await socket.closed).code, 4401);
}

/** Expects that the server still obeys this socket. */
async function expectAlive(socket: TestSocket, roomId: string) {
  const { event } = await socket.call("room:leave", { roomId });
  assert.equal(event, "room:left");
}

Deno.test("auth:ok holds the user and when the token expires", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { body } = await ada.request("GET", "/auth/me");
    const socket = await stage.open();
    const before = Date.now();
    const { event, data } = await socket.call("auth:identify", { token: ada.token });
    assert.equal(event, "auth:ok");
    assert.deepEqual(data.user, body.user);
    assert.equal(new Date(data.expiresAt).toISOString(), data.expiresAt);
    assert.ok(new Date(data.expiresAt).getTime() > before);
  }));

Deno.test("an invalid token is unauthenticated and closes the socket", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const [header, payload, signature] = ada.token.split(".");
    const none = btoa(JSON.stringify({ alg: "none", typ: "JWT" })).replaceAll("=", "");
    const refreshToken = ada.cookie.slice("refresh_token=".length);
    const tokens = {
      empty: "",
      garbage: "garbage",
      unsigned: `${none}.${payload}.`,
      forged: `${header}.${payload}.${signature!.split("").reverse().join("")}`,
      refresh: refreshToken,
    };
    for (const [name, token] of Object.entries(tokens)) {
      const socket = await stage.open();
      const { event, data } = await socket.call("auth:identify", { token });
      assert.equal(event, "auth:error", name);
      assert.equal(data.code, "unauthenticated", name);
      assert.equal((await socket.closed).code, 4401, name);
    }
  }));

Deno.test("an expired token is token_expired and closes the socket", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    skip(1_100);
    const socket = await stage.open();
    const { event, data } = await socket.call("auth:identify", { token: ada.token });
    assert.equal(event, "auth:error");
    assert.equal(data.code, "token_expired");
    assert.equal((await socket.closed).code, 4401);
  }, { JWT_ACCESS_EXPIRES_IN: "1s" }));

Deno.test("a token of a revoked session is session_revoked and closes the socket", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    await ada.logOut();
    const socket = await stage.open();
    const { event, data } = await socket.call("auth:identify", { token: ada.token });
    assert.equal(event, "auth:error");
    assert.equal(data.code, "session_revoked");
    assert.equal((await socket.closed).code, 4401);
  }));

Deno.test("a socket cannot change its user: forbidden, and it is closed", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const socket = await stage.connect(ada);
    const { event, data } = await socket.call("auth:identify", { token: bob.token });
    assert.equal(event, "auth:error");
    assert.equal(data.code, "forbidden");
    assert.equal((await socket.closed).code, 4401);
  }));

Deno.test("a live socket is renewed with the ref of its frame and a later end", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.open();
    socket.send("auth:identify", { token: ada.token }, 7);
    const first = await socket.event("auth:ok");
    assert.equal(first.ref, 7);
    skip(1_000);
    await ada.refresh();
    socket.send("auth:identify", { token: ada.token }, "again");
    const second = await socket.find(({ ref }) => ref === "again");
    assert.equal(second.event, "auth:ok");
    assert.ok(second.data.expiresAt > first.data.expiresAt);
    assert.deepEqual(second.data.user, first.data.user);
  }));

Deno.test("a live socket that sends an invalid token is closed", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.connect(ada);
    socket.send("auth:identify", { token: "garbage" });
    await expectRefused(socket, "unauthenticated");
  }));

Deno.test("a socket renewed with another session's token belongs to that session", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const other = await logIn(ada);
    const socket = await stage.connect(ada);
    await socket.call("auth:identify", { token: other.token });
    await ada.logOut();
    await expectAlive(socket, room.id);
    await ada.logOut(other.cookie);
    await expectRefused(socket, "session_revoked");
  }));

Deno.test("whatever comes before auth:ok is not_identified and the socket stays open", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const socket = await stage.open();
    const events = {
      "room:join": { roomId: room.id },
      "room:leave": { roomId: room.id },
      "message:send": { roomId: room.id, text: "Hello", clientMessageId: "c1" },
      "typing:start": { roomId: room.id },
      "typing:stop": { roomId: room.id },
      "connection:recover": { roomId: room.id, lastSeenSeq: 0 },
      "no:such:event": {},
    };
    for (const [event, data] of Object.entries(events)) {
      const answer = await socket.call(event, data);
      assert.equal(answer.event, "error", event);
      assert.equal(answer.data.code, "not_identified", event);
      assert.equal(answer.data.event, event);
    }
    const { event } = await socket.call("auth:identify", { token: ada.token });
    assert.equal(event, "auth:ok");
    const { body } = await ada.request("GET", `/rooms/${room.id}`);
    assert.equal(body.room.lastSeq, 1);
  }));

Deno.test("an identify without a token is validation_failed and may be repeated", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.open();
    const answer = await socket.call("auth:identify", {});
    assert.equal(answer.data.code, "validation_failed");
    assert.equal(answer.data.errors[0].path, "token");
    const { event } = await socket.call("auth:identify", { token: ada.token });
    assert.equal(event, "auth:ok");
  }));

Deno.test("signing out closes every socket of the session and no other", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("Room");
    const older = await stage.join(ada, room.id);
    await ada.refresh();
    const newer = await stage.connect(ada);
    const otherSession = await stage.connect(await logIn(ada));
    const otherUser = await stage.connect(bob);
    assert.equal((await ada.logOut()).status, 204);
    await expectRefused(older, "session_revoked");
    await expectRefused(newer, "session_revoked");
    await expectAlive(otherSession, room.id);
    await expectAlive(otherUser, room.id);
  }));

Deno.test("signing out with an old cookie of the session closes its sockets as well", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const oldCookie = ada.cookie;
    await ada.refresh();
    const socket = await stage.connect(ada);
    await ada.logOut(oldCookie);
    await expectRefused(socket, "session_revoked");
  }));

Deno.test("a socket that identifies during its session's sign-out is closed", () =>
  onStage(async (stage) => {
    for (let round = 0; round < 10; round++) {
      const [ada] = await stage.people("Ada");
      const sockets = await Promise.all([stage.open(), stage.open(), stage.open()]);
      for (const socket of sockets) socket.send("auth:identify", { token: ada.token });
      await ada.logOut();
      for (const socket of sockets) await expectRefused(socket, "session_revoked");
    }
  }));

Deno.test("deadlines of a socket", async (t) => {
  const short = new Stage(await startServer({ JWT_ACCESS_EXPIRES_IN: "1m" }));
  const long = new Stage(
    await startServer({ ...short.server.settings, JWT_ACCESS_EXPIRES_IN: "15m" }),
  );
  const steps = {
    "a socket that does not identify itself within 10 s is closed with 4408": silence,
    "one that the limit of its user refused is closed with 4408 as well": overLimit,
    "what is sent in time counts, also if the server is held up": heldUp,
    "a refresh cookie used again after its leeway closes the session's sockets": reuse,
    "an expired socket is warned, works on for 30 s, and is closed with 4401": expiry,
    "a socket renewed within the grace stays": renewal,
    "a socket renewed before its end is never warned": earlyRenewal,
  };
  try {
    for (const [name, step] of Object.entries(steps)) await t.step(name, () => step(short, long));
  } finally {
    await short.end();
    await long.end();
  }
});

async function silence(stage: Stage) {
  const opened = Date.now();
  const silent = await stage.open();
  const talking = await stage.open();
  const timer = setInterval(() => talking.send("room:join", { roomId: "any" }), 500);
  try {
    skip(8_000);
    assert.equal((await silent.closed).code, 4408);
    assert.equal((await talking.closed).code, 4408);
  } finally {
    clearInterval(timer);
  }
  assert.ok(Date.now() - opened >= 10_000);
}

async function overLimit() {
  await onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    for (let i = 0; i < MAX_SOCKETS.user; i++) await stage.connect(ada);
    const refused = await stage.open();
    const { data } = await refused.call("auth:identify", { token: ada.token });
    assert.equal(data.code, "limit_reached");
    skip(10_000);
    assert.equal((await refused.closed).code, 4408);
  }, { RATE_LIMIT: "on" });
}

async function heldUp(_: Stage, stage: Stage) {
  const [ada] = await stage.people("Ada");
  const socket = await stage.open();
  const answer = socket.call("auth:identify", { token: ada.token });
  skip(11_000);
  // Longer than the server lets a sweep be late.
  const end = performance.now() + 1_500;
  while (performance.now() < end);
  assert.equal((await answer).event, "auth:ok");
}

async function reuse(_: Stage, stage: Stage) {
  const [eve] = await stage.people("Eve");
  const stolen = eve.cookie;
  await eve.refresh();
  const socket = await stage.connect(eve);
  skip(10_200);
  assert.equal(socket.socket.readyState, WebSocket.OPEN);
  assert.equal((await eve.refresh(stolen)).status, 401);
  await expectRefused(socket, "session_revoked");
  assert.equal((await eve.refresh()).status, 401);
}

async function expiry(stage: Stage) {
  let isLate = false;
  await playInTime(async () => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const socket = await stage.join(ada, room.id);
    const expiresAt = await skipToExpiry(socket);
    const { data } = await socket.event("auth:error");
    assert.equal(data.code, "token_expired");
    assert.ok(Date.now() >= expiresAt);
    try {
      const { event } = await socket.call("message:send", { roomId: room.id, text: "Still here" });
      assert.equal(event, "message:ack");
      await skipPastDeadlines(stage, 20_000);
      await expectAlive(socket, room.id);
    } finally {
      isLate = Date.now() >= expiresAt + GRACE_MS;
    }
    skip(8_000);
    assert.equal((await socket.closed).code, 4401);
    assert.ok(Date.now() >= expiresAt + GRACE_MS);
    assert.equal(socket.all("auth:error").length, 1);
  }, () => isLate);
}

async function renewal(short: Stage, long: Stage) {
  let isLate = false;
  await playInTime(async () => {
    const [ada] = await short.people("Ada");
    const room = await ada.createRoom("Room");
    const socket = await short.connect(ada);
    const expiresAt = await skipToExpiry(socket);
    await socket.event("auth:error", ({ code }) => code === "token_expired");
    try {
      const { event } = await socket.call("auth:identify", { token: await refreshAt(long, ada) });
      assert.equal(event, "auth:ok");
    } finally {
      isLate = Date.now() >= expiresAt + GRACE_MS;
    }
    await skipPastDeadlines(short, 32_000);
    await expectAlive(socket, room.id);
    assert.equal(socket.all("auth:error").length, 1);
  }, () => isLate);
}

async function earlyRenewal(short: Stage, long: Stage) {
  const [ada] = await short.people("Ada");
  const room = await ada.createRoom("Room");
  const socket = await short.connect(ada);
  await socket.call("auth:identify", { token: await refreshAt(long, ada) });
  await skipPastDeadlines(short, 93_000);
  await expectAlive(socket, room.id);
  assert.deepEqual(socket.all("auth:error"), []);
}

/** Skips to the end of the token that a socket has identified with, and returns when that is. */
async function skipToExpiry(socket: TestSocket): Promise<number> {
  const { data } = await socket.event("auth:ok");
  const expiresAt = new Date(data.expiresAt).getTime();
  skip(Math.max(0, expiresAt - Date.now()));
  return expiresAt;
}

/** Skips over 10 s, and waits until the server has closed a socket that is overdue by then. */
async function skipPastDeadlines(stage: Stage, milliseconds: number) {
  const silent = await stage.open();
  skip(milliseconds);
  assert.equal((await silent.closed).code, 4408);
}

/** A token that lives as long as those of the other stage's server, which shares the store. */
async function refreshAt(stage: Stage, { cookie }: Account): Promise<string> {
  const headers = { cookie };
  const { body } = await request(stage.server.url, "POST", "/auth/refresh", { headers });
  return body.accessToken;
}
