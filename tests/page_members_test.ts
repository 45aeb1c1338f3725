/** How the page loads and words what it shows of a room's members. */
import assert from "node:assert/strict";
import { type Page, PagedList, type PageRequest } from "../web/paged_list.ts";
import {
  type Ack,
  type Api,
  type ChatMessage,
  EchoRoomError,
  type Room,
  type RoomInfo,
} from "../src/client/mod.ts";
import { ownBanIn } from "../web/people/own_ban.ts";
import { describeEnd, endOf } from "../web/people/periods.ts";
import { describeSeconds, Writing } from "../web/messages/writing.ts";

Deno.test("the user's own ban is what the last entry says that they have seen", () => {
  const message = (systemType: string | null, data = {}, seq: number | null = 1) =>
    ({ seq, systemType, systemData: { users: ["ada"], ...data } }) as unknown as ChatMessage;
  const ban = message("member_banned", { until: "2026-02", reason: "Spam" });
  const draft = message(null, {}, null);
  assert.deepEqual(ownBanIn([ban, draft], "ada"), { until: "2026-02", reason: "Spam" });
  assert.deepEqual(ownBanIn([message("member_banned")], "ada"), { until: null, reason: "" });
  assert.equal(ownBanIn([ban], "bob"), null);
  assert.equal(ownBanIn([ban, message("member_unbanned")], "ada"), null);
  assert.equal(ownBanIn([], "ada"), null);
});

Deno.test("a list is loaded page by page, up to its end", async () => {
  const { list, asked } = listOf(120);
  assert.deepEqual(stateOf(list), [undefined, false]);
  await list.restart();
  assert.deepEqual(stateOf(list), [50, true]);
  await list.loadMore();
  await list.loadMore();
  assert.deepEqual(stateOf(list), [120, false]);
  await list.loadMore();
  assert.deepEqual(asked.map(({ cursor }) => cursor), [undefined, "50", "100"]);
});

Deno.test("a list that is read again keeps its length, up to a bound", async () => {
  const { list, asked } = listOf(10_000);
  await list.restart();
  for (let page = 1; page < 20; page++) await list.loadMore();
  assert.equal(list.items.value?.length, 1_000);
  asked.length = 0;
  await list.reload();
  assert.equal(list.items.value?.length, 500);
  assert.deepEqual(asked.map(({ limit }) => limit), [100, 100, 100, 100, 100]);
});

Deno.test("changes while a list is read lead to one more reading, however many they are", async () => {
  const { list, asked } = listOf(10);
  const first = list.restart();
  await Promise.all([list.reload(), list.reload(), list.reload(), first]);
  assert.equal(asked.length, 2);
});

Deno.test("the answer to an older question is ignored", async () => {
  const answers: ((page: Page<number>) => void)[] = [];
  const list = new PagedList<number>(() => new Promise((resolve) => answers.push(resolve)));
  const done = Promise.all([list.restart(), list.restart()]);
  answers[1]!({ items: [2], nextCursor: null });
  answers[0]!({ items: [1], nextCursor: null });
  await done;
  assert.deepEqual(list.items.value, [2]);
});

Deno.test("a list that cannot be read says why, and keeps what it has", async () => {
  let isAway = false;
  const list = new PagedList<number>(() => {
    return isAway ? Promise.reject(new Error("away")) : Promise.resolve(pageOf(1));
  });
  await list.restart();
  isAway = true;
  await list.reload();
  assert.deepEqual([list.items.value, list.fault.value], [[0], "away"]);
  isAway = false;
  await list.reload();
  assert.equal(list.fault.value, "");
});

Deno.test("the end of a mute is said in words, and none if it does not end", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");
  assert.equal(endOf(3_600, now), "2026-01-01T13:00:00.000Z");
  assert.equal(endOf(null, now), null);
  assert.match(describeEnd(endOf(86_400 * 7, now), now), /^ until .*2026.*/);
  assert.equal(describeEnd(null, now), "");
  assert.equal(describeEnd("9999-12-31T23:59:59.999Z", now), "");
});

Deno.test("why one cannot write is said: the room is archived, for moderators, or one is muted", async () => {
  const roomOf = { archivedAt: null, postPolicy: "members", type: "public" } as const;
  const cases: [Partial<RoomInfo>, mutedUntil: string | null, RegExp][] = [
    [{ archivedAt: "2026-01-01" }, null, /^This room is archived/],
    [{ postPolicy: "moderators" }, null, /^Only moderators write/],
    [{ type: "direct" }, null, /blocked/],
    [{}, "9999-12-31T23:59:59.999Z", /^You are muted in this room\.$/],
    [{}, endOf(3_600), /^You are muted in this room until /],
    // Its end makes no entry.
    [{}, "2020-01-01T00:00:00Z", /^$/],
  ];
  for (const [info, mutedUntil, expected] of cases) {
    const { writing, isAsked } = writingIn({ ...roomOf, ...info }, [], mutedUntil);
    await isAsked;
    assert.match(writing.obstacle.value, expected);
    writing.close();
  }
  const { writing } = writingIn({ ...roomOf }, ["message.send"]);
  assert.equal(writing.obstacle.value, "");
  writing.close();
});

Deno.test("one can write again once the server says so when it is asked, as after a mute of who is no member", async () => {
  const info = { archivedAt: null, postPolicy: "members", type: "public" } as const;
  const { writing, isAsked } = writingIn(info, [], null, ["message.send"]);
  assert.match(writing.obstacle.value, /^You are muted/);
  await isAsked;
  assert.equal(writing.obstacle.value, "");
  writing.close();
});

Deno.test("slow mode lets a member wait after a message, and as long as the server says", async () => {
  const { writing } = writingIn({ slowModeSeconds: 3_600 }, ["message.send"]);
  assert.equal(writing.slowMode, "Slow mode: one message every 1 h.");
  await writing.follow(Promise.resolve({} as Ack));
  assert.match(writing.slowMode, /^Slow mode: you can send again in \d+ s\.$/);
  const { writing: other } = writingIn({ slowModeSeconds: 3_600 }, ["message.send"]);
  const refusal = { code: "slow_mode", message: "Wait", retryAfter: 600 } as const;
  await other.follow(Promise.reject(new EchoRoomError(refusal)));
  assert.ok(other.wait > 0 && other.wait <= 600);
  const moderator = ["message.send", "room.slow_mode"];
  const { writing: free } = writingIn({ slowModeSeconds: 3_600 }, moderator);
  await free.follow(Promise.resolve({} as Ack));
  assert.deepEqual([free.slowMode, free.wait], ["", 0]);
  for (const each of [writing, other, free]) each.close();
  assert.deepEqual([30, 300, 21_600].map(describeSeconds), ["30 s", "5 min", "6 h"]);
});

/** What Ada can write in a room; `isAsked` resolves once it is known until when she is muted. */
function writingIn(
  info: Partial<RoomInfo>,
  capabilities: string[],
  mutedUntil: string | null = null,
  granted = capabilities,
) {
  const user = { id: "ada", displayName: "Ada", avatarUrl: null };
  const member = { user, role: "member", joinedAt: "2026-01-01", mutedUntil };
  const request = (_: string, path: string) => {
    if (path.endsWith("members")) return Promise.resolve({ members: [member], nextCursor: null });
    return Promise.resolve({ room: {}, capabilities: granted });
  };
  const room = { id: "tea", info: { get: () => info, subscribe: () => () => {} } };
  const writing = new Writing({
    room: room as unknown as Room,
    api: { request } as unknown as Api,
    may: (capability) => capabilities.includes(capability),
    user: () => user,
  });
  return { writing, isAsked: new Promise((resolve) => setTimeout(resolve)) };
}

/** How much is loaded, and whether there is more. */
function stateOf({ items, hasMore }: PagedList<number>) {
  return [items.value?.length, hasMore];
}

/** A list of numbers, and the pages that were asked for. */
function listOf(count: number) {
  const asked: PageRequest[] = [];
  const list = new PagedList<number>((page) => {
    asked.push(page);
    return Promise.resolve(pageOf(count, page));
  });
  return { list, asked };
}

function pageOf(count: number, { limit, cursor }: PageRequest = { limit: 50 }): Page<number> {
  const from = Number(cursor ?? 0);
  const to = Math.min(from + limit, count);
  const items = Array.from({ length: to - from }, (_, i) => from + i);
  return { items, nextCursor: to < count ? String(to) : null };
}
