/** The account's stream over sockets and REST, on one server. */
// deno-lint-ignore-file no-explicit-any -- items are of several shapes
import assert from "node:assert/strict";
import type { Account } from "./harness/account.ts";
import type { TestSocket } from "./harness/socket.ts";
import { shareStage } from "./harness/shared_server.ts";

const onStage = shareStage();

Deno.test("auth:ok names the account's last number, and recovery brings what it counts", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const fresh = await stage.connect(ada);
    const [ok] = fresh.all("auth:ok");
    assert.deepEqual(ok.account, { lastSeq: 0 });
    assert.deepEqual(await recover(fresh, 0), {
      items: [],
      lastSeq: 0,
      hasMore: false,
      reset: false,
    });
    const room = await ada.createRoom("Engines");
    await fresh.event("account:item");
    const [again] = (await stage.connect(ada)).all("auth:ok");
    const { items, lastSeq } = await recover(fresh, 0);
    assert.equal(lastSeq, again.account.lastSeq);
    const { room: shown, ...member } = items[0].data;
    assert.deepEqual([items.length, items[0].key, shown.id], [1, `room:${room.id}`, room.id]);
    assert.deepEqual(member, {
      role: "owner",
      notifications: "all",
      hidden: false,
      readSeq: 1,
    });
  }));

Deno.test("a socket gets no item before it has recovered, and each one after", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const [quiet, live] = [await stage.connect(ada), await stage.connect(ada)];
    const { lastSeq } = await recover(live, 0);
    const rooms = [await ada.createRoom("Engines"), await ada.createRoom("Looms")];
    const keys = rooms.map(({ id }) => `room:${id}`);
    await itemOf(live, keys[1]!);
    const items = live.all("account:item").map(({ item }) => item);
    assert.deepEqual(items.map(({ key }) => key), keys);
    assert.ok(items[0].seq > lastSeq && items[1].seq > items[0].seq);
    // An answer comes after what was sent before.
    await recover(quiet, items[1].seq);
    assert.deepEqual(quiet.all("account:item"), []);
  }));

Deno.test("the first message in a room makes it an item of its sender, the second changes nothing", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id: roomId } = await ada.createRoom("Engines");
    const socket = await stage.join(bob, roomId);
    await recover(socket, 0);
    await socket.acked("message:send", { roomId, text: "First" });
    const { data: { item } } = await itemOf(socket, `room:${roomId}`);
    assert.deepEqual([item.type, item.data.role], ["room", "member"]);
    await socket.acked("message:send", { roomId, text: "Second" });
    const { items } = await recover(socket, item.seq);
    assert.deepEqual(items, []);
  }));

Deno.test("reads on one device reach the others as items, the last of several in any case", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id: roomId } = await ada.createRoom("Engines");
    const [reader, other] = [await stage.join(ada, roomId), await stage.connect(ada)];
    await recover(other, 0);
    for (let i = 0; i < 9; i++) await reader.acked("message:send", { roomId, text: `${i}` });
    for (const seq of [2, 4, 6, 8, 10]) await reader.call("room:read", { roomId, seq });
    const { data: { item } } = await other.event("account:item", ({ item }) => {
      return item.type === "read" && item.data.seq === 10;
    });
    assert.deepEqual([item.key, item.data], [`read:${roomId}`, { roomId, seq: 10 }]);
    await reader.call("room:unread", { roomId, seq: 5 });
    await other.event("account:item", ({ item }) => item.data.seq === 4);
  }));

Deno.test("a changed profile is an item with the user as they see themselves", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.connect(ada);
    await recover(socket, 0);
    await ada.request("PATCH", "/auth/me", { displayName: "Countess" });
    const { data: { item } } = await itemOf(socket, "profile");
    const { body } = await ada.request("GET", "/auth/me");
    assert.deepEqual([item.type, item.data], ["profile", { user: body.user }]);
  }));

Deno.test("whatever becomes of a membership arrives as an item, with the reason of its end", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const socket = await stage.connect(bob);
    await recover(socket, 0);
    const { body } = await ada.request("POST", "/rooms", { name: "Vault", type: "private" });
    const { id } = body.room;
    const member = `/rooms/${id}/members/${bob.id}`;
    const steps: [method: string, path: string, body: unknown, shown: unknown][] = [
      ["PUT", member, {}, "member"],
      ["PUT", member, { role: "moderator" }, "moderator"],
      ["DELETE", member, undefined, "kicked"],
      ["PUT", member, {}, "member"],
      ["PUT", `/rooms/${id}/bans/${bob.id}`, {}, "banned"],
      ["DELETE", `/rooms/${id}/bans/${bob.id}`, undefined, null],
      ["PUT", member, {}, "member"],
      ["DELETE", `/rooms/${id}`, undefined, "deleted"],
    ];
    const expected: unknown[] = [];
    for (const [method, path, content, shown] of steps) {
      const { status, body: refusal } = await ada.request(method, path, content);
      assert.ok(status < 300, JSON.stringify(refusal));
      if (shown === null) continue;
      expected.push(shown);
      await socket.event("account:item", () => shownOf(socket, id).length === expected.length);
    }
    assert.deepEqual(shownOf(socket, id), expected);
    const { items } = await recover(socket, 0);
    assert.deepEqual(items.map(({ key, type }: any) => [key, type]), [[
      `room:${id}`,
      "room_removed",
    ]]);
  }));

Deno.test("joining and leaving, preferences and blocks of one device reach the others", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id } = await ada.createRoom("Engines");
    const socket = await stage.connect(bob);
    await recover(socket, 0);
    await bob.request("PUT", `/rooms/${id}/members/me`, {});
    await itemOf(socket, `room:${id}`);
    await bob.request("PUT", `/rooms/${id}/preferences`, { notifications: "none", hidden: true });
    await socket.event("account:item", ({ item }) => {
      return item.data.notifications === "none" && item.data.hidden;
    });
    await bob.request("DELETE", `/rooms/${id}/members/me`);
    await socket.event("account:item", ({ item }) => item.data.reason === "left");
    for (const [method, blocked] of [["PUT", true], ["DELETE", false]] as const) {
      await bob.request(method, `/users/${ada.id}/block`);
      const { data: { item } } = await socket.event("account:item", ({ item }) => {
        return item.data.blocked === blocked;
      });
      assert.deepEqual([item.key, item.type, item.data], [`block:${ada.id}`, "block", {
        userId: ada.id,
        blocked,
      }]);
    }
  }));

Deno.test("pages of any size over both transports hold the same, and a socket is live after the last", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const rooms = [];
    for (const name of ["A", "B", "C", "D", "E"]) rooms.push(await ada.createRoom(name));
    await ada.request("PATCH", "/auth/me", { displayName: "Countess" });
    const socket = await stage.connect(ada);
    const whole = await changes(ada, "?after=0");
    assert.deepEqual(whole.items.length, 6);
    assert.deepEqual(await changes(ada, ""), whole);
    const found: any[] = [];
    for (let [after, hasMore] = [0, true]; hasMore;) {
      const page = await recover(socket, after, 2);
      assert.deepEqual(page, await changes(ada, `?after=${after}&limit=2`));
      found.push(...page.items);
      ({ lastSeq: after, hasMore } = page);
      if (!hasMore) break;
      // Not live yet: what changes meanwhile is on a later page.
      await ada.request("PATCH", "/auth/me", { onboardingCompleted: true });
      assert.deepEqual(socket.all("account:item"), []);
      if (found.length > 20) throw new Error("it never ends");
    }
    assert.deepEqual(
      new Set(found.map(({ key }) => key)),
      new Set(whole.items.map(({ key }: any) => key)),
    );
    const { id } = await ada.createRoom("F");
    await itemOf(socket, `room:${id}`);
  }));

Deno.test("a cursor that the account never had is answered with a reset and the first page of all", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    await ada.createRoom("Engines");
    await ada.createRoom("Looms");
    const socket = await stage.connect(ada);
    const all = await changes(ada, "?after=0");
    const expected = { ...all, reset: true };
    assert.deepEqual(await recover(socket, all.lastSeq + 1), expected);
    assert.deepEqual(await changes(ada, `?after=${all.lastSeq + 1}`), expected);
    const page = await recover(socket, 1_000_000, 1);
    assert.deepEqual([page.items.length, page.hasMore, page.reset], [1, true, true]);
    assert.deepEqual(page.items[0], all.items[0]);
  }));

Deno.test("an account is its user's alone, and bad cursors are refused", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const others = await stage.connect(bob);
    await recover(others, 0);
    await ada.createRoom("Engines");
    const { items } = await recover(others, 0);
    assert.deepEqual(items, []);
    assert.deepEqual(others.all("account:item"), []);
    for (
      const data of [{}, { lastSeenSeq: -1 }, { lastSeenSeq: "1" }, { lastSeenSeq: 0, limit: 0 }]
    ) {
      const { event, data: answer } = await others.call("account:recover", data);
      assert.deepEqual([event, answer.code], ["error", "validation_failed"]);
    }
    for (const query of ["?after=-1", "?after=x", "?limit=0", "?limit=1000000"]) {
      const { status, body } = await ada.request("GET", `/auth/me/changes${query}`);
      assert.deepEqual([status, body.code], [400, "validation_failed"]);
    }
    const { status } = await fetch(`${ada.url}/auth/me/changes`).then(async (answer) => {
      await answer.body?.cancel();
      return answer;
    });
    assert.equal(status, 401);
  }));

/** What `account:recover` answers. */
async function recover(socket: TestSocket, lastSeenSeq: number, limit?: number): Promise<any> {
  const { event, data } = await socket.call("account:recover", { lastSeenSeq, limit });
  assert.equal(event, "account:missed", JSON.stringify(data));
  return data;
}

/** The roles and reasons of a room's items so far, in the order in which they came. */
function shownOf(socket: TestSocket, roomId: string): unknown[] {
  const items = socket.all("account:item").map(({ item }) => item);
  return items.filter(({ key }) => key === `room:${roomId}`)
    .map(({ data }) => data.role ?? data.reason);
}

async function changes(account: Account, query: string): Promise<any> {
  const { status, body } = await account.request("GET", `/auth/me/changes${query}`);
  assert.equal(status, 200);
  return body;
}

function itemOf(socket: TestSocket, key: string) {
  return socket.event("account:item", ({ item }) => item.key === key);
}
