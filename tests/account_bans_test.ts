/** Bans from the server: sessions end, sockets close, nobody gets in, until the ban ends. */
// @slow: several servers
import assert from "node:assert/strict";
import { type Account, request } from "./harness/account.ts";
import { startServer } from "./harness/server.ts";
import { onStage, Stage, stageStore } from "./harness/stage.ts";
import { skip } from "./harness/time.ts";

async function withAdmin<const Names extends string[]>(stage: Stage, ...names: Names) {
  const [admin] = await stage.people("Admin");
  return [admin, ...await stage.people(...names)] as const;
}

function ban(actor: Account, { id }: { id: string }, body: unknown = {}) {
  return actor.request("PUT", `/users/${id}/ban`, body);
}

function unban(actor: Account, { id }: { id: string }) {
  return actor.request("DELETE", `/users/${id}/ban`);
}

function logIn({ url, email, password }: Account) {
  return request(url, "POST", "/auth/login", { body: { email, password } });
}

function soon(milliseconds: number): string {
  return new Date(Date.now() + milliseconds).toISOString();
}

Deno.test("a ban ends all sessions: sockets close with 4401, requests and sign-ins are refused", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    const second = await logIn(ada);
    const sockets = [
      await stage.connect(ada),
      await stage.connect({ token: second.body.accessToken }),
    ];
    assert.equal((await ban(admin, ada, { reason: "Spam" })).status, 204);
    for (const socket of sockets) {
      assert.equal((await socket.event("auth:error")).data.code, "session_revoked");
      assert.equal((await socket.closed).code, 4401);
    }
    const me = await ada.request("GET", "/auth/me");
    assert.deepEqual([me.status, me.body.code], [401, "session_revoked"]);
    for (const { status, body } of [await logIn(ada), await ada.refresh()]) {
      assert.deepEqual([status, body.code], [403, "account_banned"]);
    }
    const late = await stage.open();
    const { event, data } = await late.call("auth:identify", { token: ada.token });
    assert.deepEqual([event, data.code], ["auth:error", "session_revoked"]);
    assert.equal((await late.closed).code, 4401);
  }));

Deno.test("a wrong password of a banned account tells nothing of the ban", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    await ban(admin, ada);
    const { url, email } = ada;
    const body = { email, password: "wrong password" };
    const answer = await request(url, "POST", "/auth/login", { body });
    assert.deepEqual([answer.status, answer.body.code], [401, "invalid_credentials"]);
  }));

Deno.test("who is unbanned signs in again; the old sessions stay ended", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    await ban(admin, ada);
    for (let i = 0; i < 2; i++) assert.equal((await unban(admin, ada)).status, 204);
    assert.equal((await ada.refresh()).body.code, "session_revoked");
    assert.equal((await ada.request("GET", "/auth/me")).body.code, "session_revoked");
    const { status, body } = await logIn(ada);
    assert.equal(status, 200);
    await stage.connect({ token: body.accessToken });
  }));

Deno.test("a ban ends by its time, and says until then how long it lasts", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    await ban(admin, ada, { until: soon(60_000) });
    const { status, headers } = await logIn(ada);
    assert.equal(status, 403);
    const retryAfter = Number(headers.get("retry-after"));
    assert.ok(retryAfter > 0 && retryAfter <= 60, String(retryAfter));
    skip(60_000);
    assert.equal((await logIn(ada)).status, 200);
  }));

Deno.test("a ban replaces the one before", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    await ban(admin, ada, { until: soon(60_000), reason: "Spam" });
    await ban(admin, ada, { reason: "More spam" });
    const { body } = await admin.request("GET", `/users/${ada.id}`);
    assert.deepEqual(body.user.ban, { until: null, reason: "More spam" });
    skip(61_000);
    assert.equal((await logIn(ada)).status, 403);
  }));

Deno.test("sign-ins during a ban leave no session that works", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    const signingIn = Array.from({ length: 10 }, () => logIn(ada));
    const [{ status }] = await Promise.all([ban(admin, ada), ...signingIn]);
    assert.equal(status, 204);
    for (const { status, body } of await Promise.all(signingIn)) {
      if (status !== 200) {
        assert.equal(body.code, "account_banned");
        continue;
      }
      const me = await request(ada.url, "GET", "/auth/me", { token: body.accessToken });
      assert.deepEqual([me.status, me.body.code], [401, "session_revoked"]);
    }
  }));

Deno.test("a ban closes the sockets of an instance whose bus lost the event", async () => {
  // Each has a bus of its own, which carries nothing to the other.
  const shared = { ...await stageStore().fresh(), BUS: "memory" };
  const [here, there] = [
    new Stage(await startServer(shared)),
    new Stage(await startServer(shared)),
  ];
  try {
    const [admin, ada] = await withAdmin(here, "Ada");
    const socket = await there.connect(ada);
    await ban(admin, ada);
    const { status } = await request(there.server.url, "GET", "/auth/me", { token: ada.token });
    assert.equal(status, 401);
    assert.equal((await socket.event("auth:error")).data.code, "session_revoked");
    assert.equal((await socket.closed).code, 4401);
  } finally {
    await here.end();
    await there.end();
  }
});

Deno.test("only admins ban, neither themselves nor each other", () =>
  onStage(async (stage) => {
    const [admin, ada, bob] = await withAdmin(stage, "Ada", "Bob");
    await admin.request("PUT", `/users/${bob.id}/role`, { role: "admin" });
    for (const [actor, user] of [[ada, bob], [ada, ada], [admin, admin], [admin, bob]] as const) {
      const { status, body } = await ban(actor, user);
      assert.deepEqual([status, body.code], [403, "forbidden"]);
    }
    assert.equal((await unban(ada, ada)).body.code, "forbidden");
    await admin.request("PUT", `/users/${bob.id}/role`, { role: "member" });
    assert.equal((await ban(admin, bob)).status, 204);
    const answer = await admin.request("PUT", `/users/${bob.id}/role`, { role: "admin" });
    assert.deepEqual([answer.status, answer.body.code], [403, "forbidden"]);
  }));

Deno.test("a ban needs a user, and an end in the future", () =>
  onStage(async (stage) => {
    const [admin, ada] = await withAdmin(stage, "Ada");
    for (
      const answer of [await ban(admin, { id: "nobody" }), await unban(admin, { id: "nobody" })]
    ) {
      assert.deepEqual([answer.status, answer.body.code], [404, "not_found"]);
    }
    const bodies = [
      { until: "tomorrow" },
      { until: soon(-1_000) },
      { until: 7 },
      { reason: "x".repeat(501) },
      { reason: " " },
    ];
    for (const body of bodies) {
      const answer = await ban(admin, ada, body);
      assert.deepEqual([answer.status, answer.body.code], [400, "validation_failed"]);
    }
    assert.equal((await admin.request("PUT", `/users/${ada.id}/ban`)).status, 204, "no body");
  }));

Deno.test("people are found by the beginnings of their names' words, without what is private", () =>
  onStage(async (stage) => {
    const [admin, ada, bob] = await withAdmin(stage, "Ada Lovelace", "Béla");
    const find = async (actor: Account, query: string) =>
      (await actor.request("GET", `/users?${query}`)).body.users;
    const shown = { id: ada.id, displayName: "Ada Lovelace", avatarUrl: null };
    assert.deepEqual(await find(bob, "q=LOVE"), [shown]);
    assert.deepEqual(await find(bob, "q=lace"), []);
    assert.deepEqual((await find(ada, "q=bela")).map(({ id }: { id: string }) => id), [bob.id]);
    assert.equal((await find(bob, "")).length, 3);
    assert.equal((await find(bob, "limit=2")).length, 2);
    assert.deepEqual((await bob.request("GET", `/users/${ada.id}`)).body, { user: shown });
    assert.deepEqual(await find(admin, "q=love"), [{ ...shown, role: "member", ban: null }]);
    for (const query of ["limit=0", "limit=101", `q=${"x".repeat(51)}`, "q=%00"]) {
      const { body } = await bob.request("GET", `/users?${query}`);
      assert.equal(body.code, "validation_failed", query);
    }
    const { status, body } = await bob.request("GET", "/users/nobody");
    assert.deepEqual([status, body.code], [404, "not_found"]);
  }));

Deno.test("who is banned is found by admins alone", () =>
  onStage(async (stage) => {
    const [admin, ada, bob] = await withAdmin(stage, "Ada", "Bob");
    const reason = "Spam";
    await ban(admin, ada, { reason });
    assert.deepEqual((await bob.request("GET", "/users?q=ada")).body.users, []);
    const { body } = await admin.request("GET", "/users?q=ada");
    const banned = { id: ada.id, displayName: "Ada", avatarUrl: null, role: "member" };
    assert.deepEqual(body.users, [{ ...banned, ban: { until: null, reason } }]);
  }));

Deno.test("in a public room nobody but owners acts on an admin", () =>
  onStage(async (stage) => {
    const [admin, owner, moderator] = await withAdmin(stage, "Owner", "Moderator");
    const { id } = await owner!.createRoom("Room");
    const role = { role: "moderator" };
    await owner!.request("PUT", `/rooms/${id}/members/${moderator!.id}`, role);
    for (const list of ["bans", "mutes"]) {
      const path = `/rooms/${id}/${list}/${admin!.id}`;
      const { status, body } = await moderator!.request("PUT", path);
      assert.deepEqual([status, body.code], [403, "forbidden"]);
      assert.equal((await owner!.request("PUT", path)).status, 204);
    }
  }));
