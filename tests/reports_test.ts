/** Reports of messages, and the audit log, over REST. */
// @slow: many servers
import assert from "node:assert/strict";
import { type Account, type Answer, request } from "./harness/account.ts";
import { onStage, type Stage } from "./harness/stage.ts";

/** An admin, and people who are none. */
async function withAdmin<const Names extends string[]>(stage: Stage, ...names: Names) {
  const [admin] = await stage.people("Admin");
  return [admin, ...await stage.people(...names)] as const;
}

async function send(actor: Account, roomId: string, text = "Rude"): Promise<string> {
  const { body } = await actor.request("POST", `/rooms/${roomId}/messages`, { text });
  return body.message.id;
}

function report(actor: Account, roomId: string, messageId: string, body: unknown = REASON) {
  return actor.request("POST", `/rooms/${roomId}/messages/${messageId}/report`, body);
}

const REASON = { reason: "Insult" };

function assertRefused({ status, body }: Answer, code: string): void {
  const statuses: Record<string, number> = {
    validation_failed: 400,
    forbidden: 403,
    message_deleted: 409,
    rate_limited: 429,
  };
  assert.deepEqual([status, body.code], [statuses[code] ?? 404, code]);
}

async function idsOf(actor: Account, query = ""): Promise<string[]> {
  const { body } = await actor.request("GET", `/reports${query}`);
  return body.reports.map(({ id }: { id: string }) => id);
}

async function actionsOf(actor: Account, query = ""): Promise<string[]> {
  const { status, body } = await actor.request("GET", `/audit${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.entries.map(({ action }: { action: string }) => action);
}

async function makeRoom(
  owner: Account,
  type: "public" | "private",
  ...members: Account[]
): Promise<string> {
  const room = { name: "Room", type, members: members.map(({ id }) => id) };
  const { status, body } = await owner.request("POST", "/rooms", room);
  assert.equal(status, 201, JSON.stringify(body));
  return body.room.id;
}

async function change(actor: Account, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await actor.request(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
}

Deno.test("a report keeps the message as it was, for moderators and admins", () =>
  onStage(async (stage) => {
    const [admin, ada, bob, eve] = await withAdmin(stage, "Ada", "Bob", "Eve");
    const room = await ada.createRoom("Room");
    const messageId = await send(eve, room.id);
    const { body: { message } } = await ada.request(
      "GET",
      `/rooms/${room.id}/messages/${messageId}`,
    );
    const answer = await report(bob, room.slug, messageId, { reason: " Insult ", comment: "Look" });
    assert.equal(answer.status, 201);
    const { id, createdAt, ...own } = answer.body.report;
    const made = { roomId: room.id, reason: "Insult", comment: "Look", state: "open" };
    assert.deepEqual(own, { messageId, ...made });
    await eve.request("DELETE", `/rooms/${room.id}/messages/${messageId}`);
    for (const actor of [ada, admin]) {
      const { status, body } = await actor.request(
        "GET",
        `/reports?roomId=${room.slug}&state=open`,
      );
      assert.equal(status, 200);
      assert.deepEqual(body, {
        reports: [{
          id,
          ...made,
          room: { id: room.id, name: "Room", slug: room.slug, type: "public" },
          message,
          reporter: { id: bob.id, displayName: "Bob", avatarUrl: null },
          note: null,
          closedBy: null,
          closedAt: null,
          createdAt,
        }],
        nextCursor: null,
      });
    }
  }));

Deno.test("a user's second report of a message changes nothing; another user's counts", () =>
  onStage(async (stage) => {
    const [, ada, bob, eve] = await withAdmin(stage, "Ada", "Bob", "Eve");
    const room = await ada.createRoom("Room");
    const messageId = await send(eve, room.id);
    const first = await report(bob, room.id, messageId);
    const again = await report(bob, room.id, messageId, { reason: "Spam" });
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.deepEqual(again.body, first.body);
    const many = await Promise.all(
      Array.from({ length: 5 }, () => report(ada, room.id, messageId)),
    );
    assert.equal(many.filter(({ status }) => status === 201).length, 1);
    assert.equal((await idsOf(ada)).length, 2);
  }));

Deno.test("a report is refused of what is not there, is deleted, or cannot be read", () =>
  onStage(async (stage) => {
    const [, ada, bob] = await withAdmin(stage, "Ada", "Bob");
    const room = await ada.createRoom("Room");
    const messageId = await send(ada, room.id);
    const hidden = await makeRoom(ada, "private");
    const secret = await send(ada, hidden);
    assertRefused(await report(bob, "nowhere", messageId), "room_not_found");
    assertRefused(await report(bob, hidden, secret), "room_not_found");
    assertRefused(await report(bob, hidden.toLowerCase(), "nothing"), "room_not_found");
    assertRefused(await report(bob, room.id, "nothing"), "message_not_found");
    assertRefused(await report(bob, room.id, secret), "message_not_found");
    await ada.request("DELETE", `/rooms/${room.id}/messages/${messageId}`);
    assertRefused(await report(bob, room.id, messageId), "message_deleted");
    for (const body of [{}, { reason: " " }, { reason: "x".repeat(501) }, { reason: 1 }]) {
      assertRefused(await report(bob, room.id, messageId, body), "validation_failed");
    }
    const long = { reason: "Spam", comment: "x".repeat(1_001) };
    assertRefused(await report(bob, room.id, messageId, long), "validation_failed");
  }));

Deno.test("messages of direct rooms are not reported: nobody else reads them", () =>
  onStage(async (stage) => {
    const [admin, ada, bob] = await withAdmin(stage, "Ada", "Bob");
    const direct = await ada.request("POST", "/directs", { userId: bob.id });
    const room = direct.body.room.id;
    const messageId = await send(ada, room);
    assertRefused(await report(bob, room, messageId), "forbidden");
    assertRefused(await admin.request("GET", `/reports?roomId=${room}`), "room_not_found");
    assertRefused(await admin.request("GET", `/audit?roomId=${room}`), "room_not_found");
  }));

Deno.test("a user reports 20 messages in ten minutes at most", () =>
  onStage(async (stage) => {
    const [, ada, bob] = await withAdmin(stage, "Ada", "Bob");
    const room = await ada.createRoom("Room");
    const messageId = await send(ada, room.id);
    for (let i = 0; i < 20; i++) {
      assert.ok((await report(bob, room.id, messageId)).status < 300);
    }
    const refused = await report(bob, room.id, messageId);
    assertRefused(refused, "rate_limited");
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    assert.equal((await report(ada, room.id, messageId)).status, 201);
  }, { RATE_LIMIT: "on" }));

Deno.test("reports are listed by state and room, the last first, page by page", () =>
  onStage(async (stage) => {
    const [admin, ada, eve] = await withAdmin(stage, "Ada", "Eve");
    const [tea, coffee] = [await ada.createRoom("Tea"), await ada.createRoom("Coffee")];
    const made: string[] = [];
    for (const room of [tea, coffee, tea]) {
      const { body } = await report(eve, room.id, await send(ada, room.id));
      made.unshift(body.report.id);
    }
    await admin.request("PATCH", `/reports/${made[1]}`, { state: "dismissed" });
    for (const actor of [ada, admin]) {
      assert.deepEqual(await idsOf(actor), made);
      assert.deepEqual(await idsOf(actor, "?state=open"), [made[0], made[2]]);
      assert.deepEqual(await idsOf(actor, `?roomId=${coffee.slug}`), [made[1]]);
      const { body } = await actor.request("GET", "/reports?limit=2");
      assert.deepEqual(body.reports.map(({ id }: { id: string }) => id), made.slice(0, 2));
      const rest = await idsOf(actor, `?limit=2&cursor=${body.nextCursor}`);
      assert.deepEqual(rest, made.slice(2));
    }
    for (const query of ["state=closed", "cursor=x", "limit=0"]) {
      assertRefused(await ada.request("GET", `/reports?${query}`), "validation_failed");
    }
  }));

Deno.test("reports are for those who moderate: others are forbidden, and see no private room", () =>
  onStage(async (stage) => {
    const [admin, ada, mod, eve] = await withAdmin(stage, "Ada", "Mod", "Eve");
    const open = await makeRoom(ada, "public", mod);
    await change(ada, "PUT", `/rooms/${open}/members/${mod.id}`, { role: "moderator" });
    const hidden = await makeRoom(ada, "private", eve);
    const quiet = await makeRoom(ada, "private");
    const opened = (await report(eve, open, await send(ada, open))).body.report.id;
    const secret = (await report(eve, hidden, await send(ada, hidden))).body.report.id;
    assert.deepEqual(await idsOf(ada), [secret, opened]);
    assert.deepEqual(await idsOf(mod), [opened]);
    assert.deepEqual(await idsOf(admin), [secret, opened]);
    assert.deepEqual(await idsOf(admin, `?roomId=${hidden}`), [secret]);
    assertRefused(await admin.request("GET", `/reports?roomId=${quiet}`), "room_not_found");
    assertRefused(await eve.request("GET", "/reports"), "forbidden");
    assertRefused(await eve.request("GET", `/reports?roomId=${open}`), "forbidden");
    assertRefused(await eve.request("GET", `/reports?roomId=${hidden}`), "forbidden");
    assertRefused(await mod.request("GET", `/reports?roomId=${hidden}`), "room_not_found");
    const close = (actor: Account, id: string) =>
      actor.request("PATCH", `/reports/${id}`, { state: "resolved" });
    assertRefused(await close(eve, opened), "forbidden");
    assertRefused(await close(mod, secret), "not_found");
    assertRefused(await close(mod, "nothing"), "not_found");
    assert.equal((await close(mod, opened)).status, 200);
    assert.equal((await close(admin, secret)).status, 200);
  }));

Deno.test("a report is closed with a note, and the audit log says by whom", () =>
  onStage(async (stage) => {
    const [admin, ada, eve] = await withAdmin(stage, "Ada", "Eve");
    const room = await ada.createRoom("Room");
    const messageId = await send(eve, room.id);
    const { id } = (await report(ada, room.id, messageId)).body.report;
    const path = `/reports/${id}`;
    const { status, body } = await ada.request("PATCH", path, { state: "resolved", note: "Told" });
    assert.equal(status, 200);
    const { state, note, closedBy, closedAt } = body.report;
    assert.deepEqual([state, note, closedBy.id], ["resolved", "Told", ada.id]);
    assert.ok(closedAt >= body.report.createdAt);
    await admin.request("PATCH", path, { state: "dismissed" });
    const entries = (await ada.request("GET", `/audit?roomId=${room.slug}`)).body.entries;
    const [second, first] = entries;
    assert.deepEqual([first.action, first.actor.id], ["report_resolved", ada.id]);
    assert.deepEqual(first.data, { reportId: id, messageId, note: "Told" });
    assert.deepEqual(first.users, [{ id: eve.id, displayName: "Eve", avatarUrl: null }]);
    assert.deepEqual([second.action, second.actor.id], ["report_dismissed", admin.id]);
    for (const body of [{}, { state: "open" }, { state: "resolved", note: "x".repeat(1_001) }]) {
      assertRefused(await ada.request("PATCH", path, body), "validation_failed");
    }
  }));

Deno.test("the audit log of a room is for its owners, the last entry first, page by page", () =>
  onStage(async (stage) => {
    const [, ada, mod, eve] = await withAdmin(stage, "Ada", "Mod", "Eve");
    const room = await makeRoom(ada, "private", mod, eve);
    await change(ada, "PUT", `/rooms/${room}/members/${mod.id}`, { role: "moderator" });
    await change(mod, "PUT", `/rooms/${room}/mutes/${eve.id}`, { reason: "Noise" });
    const messageId = await send(mod, room);
    await ada.request("DELETE", `/rooms/${room}/messages/${messageId}`);
    const { body } = await ada.request("GET", `/audit?roomId=${room}&limit=100`);
    assert.equal(body.nextCursor, null);
    assert.equal(body.entries.length, 3);
    const ids = body.entries.map(({ id }: { id: string }) => id);
    assert.deepEqual(ids, ids.toSorted().reverse());
    const paged: string[] = [];
    for (let cursor = "";;) {
      const page = await ada.request("GET", `/audit?roomId=${room}&limit=2${cursor}`);
      paged.push(...page.body.entries.map(({ id }: { id: string }) => id));
      if (page.body.nextCursor === null) break;
      cursor = `&cursor=${page.body.nextCursor}`;
    }
    assert.deepEqual(paged, ids);
    const [deleted] = (await ada.request("GET", `/audit?roomId=${room}&action=message_deleted`))
      .body.entries;
    assert.deepEqual([deleted.actor.id, deleted.users[0].id], [ada.id, mod.id]);
    assert.deepEqual([deleted.roomId, deleted.data], [room, { messageId }]);
    const muted = body.entries.find(({ action }: { action: string }) => action === "member_muted");
    assert.deepEqual(muted.data, { reason: "Noise" });
    assert.deepEqual(await actionsOf(ada, `?roomId=${room}&actorId=${mod.id}`), ["member_muted"]);
    assert.deepEqual(await actionsOf(ada, `?roomId=${room}&action=member_banned`), []);
    assertRefused(await mod.request("GET", `/audit?roomId=${room}`), "forbidden");
    assertRefused(await mod.request("GET", "/audit"), "forbidden");
    const [stranger] = await stage.people("Stranger");
    assertRefused(await stranger.request("GET", `/audit?roomId=${room}`), "room_not_found");
    for (const query of ["action=nothing", "cursor=x", "limit=0"]) {
      const answer = await ada.request("GET", `/audit?roomId=${room}&${query}`);
      assertRefused(answer, "validation_failed");
    }
  }));

Deno.test("everything that moderators do in a room is in its audit log, which outlives the room", () =>
  onStage(async (stage) => {
    const [admin, ada, eve] = await withAdmin(stage, "Ada", "Eve");
    const room = await makeRoom(ada, "public");
    const messageId = await send(eve, room);
    const path = `/rooms/${room}`;
    const done = [
      ["member_role", "PUT", `${path}/members/${eve.id}`, { role: "moderator" }],
      ["member_removed", "DELETE", `${path}/members/${eve.id}`],
      ["member_added", "PUT", `${path}/members/${eve.id}`],
      ["member_muted", "PUT", `${path}/mutes/${eve.id}`],
      ["member_unmuted", "DELETE", `${path}/mutes/${eve.id}`],
      ["member_banned", "PUT", `${path}/bans/${eve.id}`],
      ["member_unbanned", "DELETE", `${path}/bans/${eve.id}`],
      ["room_updated", "PATCH", path, { slowModeSeconds: 10 }],
      ["room_updated", "PATCH", path, { archived: true }],
      ["message_deleted", "DELETE", `${path}/messages/${messageId}`],
      ["invitation_created", "POST", `${path}/invitations`, { maxUses: 1 }],
      ["invitation_revoked", "DELETE", `${path}/invitations/:id`],
      ["room_deleted", "DELETE", path],
    ] as const;
    let invitation = "";
    for (const [, method, path, body] of done) {
      const answer = await ada.request(method, path.replace(":id", invitation), body);
      assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
      invitation = answer.body?.invitation?.id ?? invitation;
    }
    const actions = done.map(([action]) => action).reverse();
    assertRefused(await ada.request("GET", `/audit?roomId=${room}`), "room_not_found");
    const { body } = await admin.request("GET", `/audit?roomId=${room}`);
    assert.deepEqual(body.entries.map(({ action }: { action: string }) => action), actions);
    for (const { actor } of body.entries) assert.equal(actor.id, ada.id);
    // A filter that leaves nothing does not deny the room.
    assert.deepEqual(await actionsOf(admin, `?roomId=${room}&action=user_banned`), []);
  }));

Deno.test("admins see what was done on the server and in public rooms, of private ones only reports", () =>
  onStage(async (stage) => {
    const [admin, ada, eve] = await withAdmin(stage, "Ada", "Eve");
    await admin.request("PUT", `/users/${eve.id}/ban`, { reason: "Spam" });
    // The second lifts nothing, and is not recorded.
    for (let i = 0; i < 2; i++) await change(admin, "DELETE", `/users/${eve.id}/ban`);
    await admin.request("PUT", `/users/${ada.id}/role`, { role: "admin" });
    await admin.request("PUT", `/users/${ada.id}/role`, { role: "member" });
    const open = await makeRoom(ada, "public");
    const hidden = await makeRoom(ada, "private");
    for (const room of [open, hidden]) await change(ada, "PUT", `/rooms/${room}/bans/${eve.id}`);
    const expected = ["member_banned", "user_banned", "user_role", "user_role", "user_unbanned"];
    assert.deepEqual((await actionsOf(admin)).sort(), expected);
    assert.deepEqual(await actionsOf(admin, `?roomId=${open}`), ["member_banned"]);
    assertRefused(await admin.request("GET", `/audit?roomId=${hidden}`), "room_not_found");
    assert.deepEqual(await actionsOf(ada, `?roomId=${hidden}`), ["member_banned"]);
    const { body } = await admin.request("GET", "/audit?action=user_banned");
    const [{ id: _, createdAt: __, ...entry }] = body.entries;
    assert.deepEqual(entry, {
      action: "user_banned",
      actor: { id: admin.id, displayName: "Admin", avatarUrl: null },
      roomId: null,
      users: [{ id: eve.id, displayName: "Eve", avatarUrl: null }],
      data: { reason: "Spam" },
    });
    const { id } = (await report(ada, hidden, await send(ada, hidden))).body.report;
    await admin.request("PATCH", `/reports/${id}`, { state: "resolved" });
    assert.deepEqual(await actionsOf(admin, `?roomId=${hidden}`), ["report_resolved"]);
    assert.equal((await actionsOf(admin, `?actorId=${admin.id}`)).length, 5);
  }));

Deno.test("admins whom the operator named are recorded without an actor", () =>
  onStage(async (stage) => {
    const { url } = stage.server;
    const signedIn = await request(url, "POST", "/auth/login", {
      body: { email: "boss@example.com", password: "correct horse" },
    });
    const token = signedIn.body.accessToken;
    const { body } = await request(url, "GET", "/audit?action=user_role", { token });
    assert.deepEqual(body.entries.map(({ actor }: { actor: unknown }) => actor), [null]);
  }, { ADMIN_EMAIL: "boss@example.com", ADMIN_PASSWORD: "correct horse" }));
