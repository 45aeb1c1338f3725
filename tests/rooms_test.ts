/** Rooms and their history over REST. */
import assert from "node:assert/strict";
import type { Account } from "./harness/account.ts";
import { onStage } from "./harness/stage.ts";
import { TestSocket } from "./harness/socket.ts";

Deno.test("creating a room answers 201, its Location, and the room", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const answer = await ada.request("POST", "/rooms", { name: " Tea ", description: " Hot " });
    assert.equal(answer.status, 201);
    const { id, createdAt, updatedAt, lastMessageAt, ...room } = answer.body.room;
    assert.deepEqual(room, {
      name: "Tea",
      slug: "tea",
      description: "Hot",
      type: "public",
      createdBy: { id: ada.id, displayName: "Ada", avatarUrl: null },
      memberCount: 1,
      postPolicy: "members",
      slowModeSeconds: 0,
      archivedAt: null,
      metadata: null,
      lastSeq: 1,
    });
    assert.equal(createdAt, updatedAt);
    assert.ok(lastMessageAt >= createdAt);
    const location = answer.headers.get("location")!;
    assert.equal((await ada.request("GET", location)).body.room.id, id);
  }));

Deno.test("a room without a description has null", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    for (const description of [undefined, null, "", "  "]) {
      const { body } = await ada.request("POST", "/rooms", { name: "Tea", description });
      assert.equal(body.room.description, null);
    }
  }));

Deno.test("entry 1 of a room's log is a system message by its creator", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Tea");
    const { body } = await ada.request("GET", `/rooms/${room.id}/messages`);
    assert.equal(body.hasMore, false);
    assert.equal(body.messages.length, 1);
    const [first] = body.messages;
    assert.deepEqual([first.seq, first.system, first.text, first.roomId], [
      1,
      true,
      "Ada created the room",
      room.id,
    ]);
    assert.deepEqual(first.sender, { id: ada.id, displayName: "Ada", avatarUrl: null });
  }));

Deno.test("a room is found by id and by slug; others are room_not_found", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Tea");
    for (const key of [room.id, room.slug]) {
      assert.equal((await ada.request("GET", `/rooms/${key}`)).body.room.id, room.id);
    }
    for (const path of ["/rooms/nowhere", "/rooms/nowhere/messages", "/rooms/TEA"]) {
      const { status, body } = await ada.request("GET", path);
      assert.deepEqual([status, body.code], [404, "room_not_found"], path);
    }
  }));

Deno.test("a taken slug gets the next number", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const slugs = [];
    for (const name of ["Tea", "tea!", "TEA", "Tea 2"]) {
      slugs.push((await ada.createRoom(name)).slug);
    }
    assert.deepEqual(slugs, ["tea", "tea-2", "tea-3", "tea-2-2"]);
  }));

Deno.test("100 rooms of one name created concurrently get a slug each", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const rooms = await Promise.all(Array.from({ length: 100 }, () => ada.createRoom("Race")));
    const expected = Array.from({ length: 100 }, (_, i) => i === 0 ? "race" : `race-${i + 1}`);
    assert.deepEqual(new Set(rooms.map(({ slug }) => slug)), new Set(expected));
  }));

Deno.test("a room is found by its slug, whatever the script of its name", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await TestSocket.connect(ada);
    const slugs = [];
    for (const name of ["!!!", "日本語", "עברית", "עברית", "😀", "x".repeat(80), "語".repeat(80)]) {
      const { body, headers } = await ada.request("POST", "/rooms", { name });
      const { id, slug } = body.room;
      for (const path of [`/rooms/${encodeURIComponent(slug)}`, headers.get("location")!]) {
        assert.equal((await ada.request("GET", path)).body.room.id, id, path);
      }
      assert.equal((await socket.call("room:join", { roomId: slug })).data.room.id, id);
      slugs.push(slug);
    }
    await socket.close();
    const long = ["x".repeat(80), "語".repeat(80)];
    assert.deepEqual(slugs, ["room", "日本語", "עברית", "עברית-2", "room-2", ...long]);
  }));

Deno.test("rooms are listed by name, then id, page by page", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    for (const name of ["b", "a", "c", "a", "B", "é", "a"]) await ada.createRoom(name);
    const whole = (await ada.request("GET", "/rooms")).body;
    assert.equal(whole.nextCursor, null);
    const keys = whole.rooms.map(({ name, id }: { name: string; id: string }) => [name, id]);
    assert.deepEqual(keys.map(([name]: [string]) => name), ["B", "a", "a", "a", "b", "c", "é"]);
    assert.deepEqual(keys, keys.toSorted());

    const paged = [];
    let path: string | undefined = "/rooms?limit=2";
    while (path !== undefined) {
      const { body, headers } = await ada.request("GET", path);
      assert.ok(body.rooms.length <= 2);
      paged.push(...body.rooms);
      const next: string | undefined = headers.get("link")?.match(/<(.+)>; rel="next"/)?.[1];
      assert.equal(next === undefined, body.nextCursor === null);
      path = next;
    }
    assert.deepEqual(paged, whole.rooms);
  }));

Deno.test("an invalid cursor or limit is refused", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    await ada.createRoom("Tea");
    const queries = [
      "cursor=x",
      "cursor=",
      "cursor=WyJhIl0",
      "cursor=%00",
      "limit=0",
      "limit=101",
      "limit=-1",
      "limit=1.5",
      "limit=many",
      "limit=1e1",
      "limit=0x10",
      "limit=%205",
      "limit=%2B5",
      "limit=",
      "limit=1&limit=2",
    ];
    for (const query of queries) {
      const { status, body } = await ada.request("GET", `/rooms?${query}`);
      assert.deepEqual([status, body.code], [400, "validation_failed"], query);
    }
    for (const query of ["limit=1", "limit=100"]) {
      assert.equal((await ada.request("GET", `/rooms?${query}`)).status, 200);
    }
  }));

Deno.test("history is paged backwards and forwards, oldest first", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { path, ids } = await roomWithMessages(ada, 11);
    const page = async (query: string) => {
      const { status, body } = await ada.request("GET", `${path}?${query}`);
      assert.equal(status, 200);
      return [body.messages.map(({ seq }: { seq: number }) => seq), body.hasMore];
    };
    assert.deepEqual(await page("limit=4"), [[8, 9, 10, 11], true]);
    assert.deepEqual(await page("limit=11"), [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], false]);
    assert.deepEqual(await page(`limit=4&before=${ids[4]}`), [[1, 2, 3, 4], false]);
    assert.deepEqual(await page(`limit=3&before=${ids[4]}`), [[2, 3, 4], true]);
    assert.deepEqual(await page(`limit=4&after=${ids[4]}`), [[6, 7, 8, 9], true]);
    assert.deepEqual(await page(`limit=6&after=${ids[4]}`), [[6, 7, 8, 9, 10, 11], false]);
    assert.deepEqual(await page(`before=${ids[0]}`), [[], false]);
    assert.deepEqual(await page(`after=${ids[10]}`), [[], false]);
  }));

Deno.test("without a limit history is 50 messages", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { path } = await roomWithMessages(ada, 52);
    const { body } = await ada.request("GET", path);
    assert.equal(body.messages.length, 50);
    assert.equal(body.messages[0].seq, 3);
    assert.equal(body.hasMore, true);
  }));

Deno.test("history refuses both directions at once, and ids that are not of the room", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { path, ids } = await roomWithMessages(ada, 2);
    const other = await roomWithMessages(ada, 1);
    const queries = [
      `before=${ids[1]}&after=${ids[0]}`,
      `before=${other.ids[0]}`,
      `after=${other.ids[0]}`,
      "before=nothing",
      "after=",
      "limit=101",
    ];
    for (const query of queries) {
      const { status, body } = await ada.request("GET", `${path}?${query}`);
      assert.deepEqual([status, body.code], [400, "validation_failed"], query);
    }
  }));

Deno.test("creators and senders are shown as they are now", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { path, slug } = await roomWithMessages(ada, 2);
    const avatarUrl = "https://example.com/a.png";
    await ada.request("PATCH", "/auth/me", { displayName: "Countess", avatarUrl });
    const now = { id: ada.id, displayName: "Countess", avatarUrl };
    assert.deepEqual((await ada.request("GET", `/rooms/${slug}`)).body.room.createdBy, now);
    for (const { sender } of (await ada.request("GET", path)).body.messages) {
      assert.deepEqual(sender, now);
    }
    const text = JSON.stringify((await ada.request("GET", path)).body);
    assert.ok(!text.includes("@example.com"), "an email is shown to others");
  }));

Deno.test("history that is read again and again shows every acked message and every new name", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id } = await ada.createRoom("Room");
    const socket = await TestSocket.connect(ada);
    const newest = async () => {
      const { body } = await ada.request("GET", `/rooms/${id}/messages`);
      return body.messages.at(-1);
    };
    for (let i = 1; i <= 5; i++) {
      await newest();
      await socket.call("message:send", { roomId: id, text: `message ${i}` });
      assert.equal((await newest()).text, `message ${i}`);
      await ada.request("PATCH", "/auth/me", { displayName: `Ada ${i}` });
      assert.equal((await newest()).sender.displayName, `Ada ${i}`);
    }
    await socket.close();
  }));

Deno.test("fields at their limits are accepted, and over them refused", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    for (const body of [{ name: "😀".repeat(80) }, { name: "a", description: "😀".repeat(500) }]) {
      assert.equal((await ada.request("POST", "/rooms", body)).status, 201);
    }
    const refused = [
      {},
      { name: "" },
      { name: " " },
      { name: "x".repeat(81) },
      { name: "a\x00b" },
      { name: "a", description: "x".repeat(501) },
      { name: "a", description: "\x00" },
      { name: 1 },
    ];
    for (const body of refused) {
      const answer = await ada.request("POST", "/rooms", body);
      assert.deepEqual([answer.status, answer.body.code], [400, "validation_failed"]);
    }
  }));

/** Makes a room whose log has this many entries. */
async function roomWithMessages(account: Account, count: number) {
  const { id, slug } = await account.createRoom("Room");
  const socket = await TestSocket.connect(account);
  for (let i = 1; i < count; i++) {
    await socket.call("message:send", { roomId: id, text: `message ${i}` });
  }
  await socket.close();
  const path = `/rooms/${slug}/messages`;
  const { body } = await account.request("GET", `${path}?limit=100`);
  return { slug, path, ids: body.messages.map(({ id }: { id: string }) => id) as string[] };
}
