/** What the page makes of rooms and people: names, sections, addresses, searches, the mentions inbox. */
import assert from "node:assert/strict";
import type {
  ChatMessage,
  Mention,
  MentionsPage,
  PublicUser,
  RoomInfo,
} from "../src/client/mod.ts";
import { ReadPositions } from "../web/messages/read_positions.ts";
import { newestSeen } from "../web/messages/readers.ts";
import { MentionsInbox } from "../web/notifications/mentions_inbox.ts";
import { PeopleSearch } from "../web/people/people_search.ts";
import { placeOf } from "../web/place.ts";
import { nameOfRoom, otherOf } from "../web/rooms/room_name.ts";
import { sectionsOf } from "../web/rooms/room_sections.ts";

const ADA = user("Ada");
const BOB = user("Bob");

Deno.test("a direct room is called as the other person, any other by its name", () => {
  const direct = { type: "direct", name: "", members: [ADA, BOB] } as const;
  assert.equal(nameOfRoom({ ...direct, members: [ADA, BOB] }, "Ada"), "Bob");
  assert.equal(nameOfRoom({ ...direct, members: [ADA, BOB] }, "Bob"), "Ada");
  assert.equal(nameOfRoom({ ...direct, members: undefined }, "Bob"), "Direct message");
  assert.equal(nameOfRoom({ type: "private", name: "Plans" }, "Bob"), "Plans");
  assert.equal(otherOf({ type: "private", name: "Plans", members: [ADA, BOB] }, "Bob"), null);
});

Deno.test("the list has sections by kind: rooms by name, direct ones by activity", () => {
  const rooms = [
    room("Tea"),
    room("Bob", { type: "direct", lastMessageAt: "2026-01" }),
    room("Plans", { type: "private" }),
    room("Cleo", { type: "direct", lastMessageAt: "2026-02" }),
    room("Eve", { type: "direct", lastMessageAt: null, createdAt: "2026-03" }),
    room("Others", { isMember: false }),
    room("Old", { archivedAt: "2026-01" }),
  ];
  const { own, directs, others, archived } = sectionsOf(rooms);
  assert.deepEqual(names(own), ["Plans", "Tea"]);
  assert.deepEqual(names(directs), ["Eve", "Cleo", "Bob"]);
  assert.deepEqual(names(others), ["Others"]);
  assert.deepEqual(names(archived), ["Old"]);
});

Deno.test("a hidden room is in the list only while it is on the screen", () => {
  const rooms = [room("Bob", { type: "direct", isHidden: true }), room("Tea", { isHidden: true })];
  assert.deepEqual(Object.values(sectionsOf(rooms)).flat(), []);
  assert.deepEqual(names(sectionsOf(rooms, "Bob").directs), ["Bob"]);
});

const NOWHERE = { room: "", message: "", invitation: "", search: "" };

Deno.test("an address names a room, a message of it, an invitation, or a search", () => {
  assert.deepEqual(placeOf(""), NOWHERE);
  assert.deepEqual(placeOf("#chat"), NOWHERE);
  assert.deepEqual(placeOf("#/tea%20time"), { ...NOWHERE, room: "tea time" });
  assert.deepEqual(placeOf("#/tea/M1"), { ...NOWHERE, room: "tea", message: "M1" });
  const code = "ZNL3qk0f_-xyT1pTbM2d0A";
  assert.deepEqual(placeOf(`#/invite/${code}`), { ...NOWHERE, invitation: code });
  assert.deepEqual(placeOf("#/?q=a/b"), { ...NOWHERE, search: "?q=a/b" });
  assert.deepEqual(placeOf("#/%3Fq"), { ...NOWHERE, room: "?q" });
});

Deno.test("a room called Invite, and its messages, have addresses as those of others", () => {
  const id = "01KB2Q0V4T3M5N6P7Q8R9S0T1V";
  assert.deepEqual(placeOf("#/invite"), { ...NOWHERE, room: "invite" });
  assert.deepEqual(placeOf(`#/invite/${id}`), { ...NOWHERE, room: "invite", message: id });
});

Deno.test("others have seen the newest own message up to which one of them has read", () => {
  const message = (key: string, sender: PublicUser, seq: number | null, more = {}) =>
    ({ key, sender, seq, system: false, deletedAt: null, ...more }) as ChatMessage;
  const messages = [
    message("one", ADA, 3),
    message("two", ADA, 5),
    message("notice", ADA, 6, { system: true }),
    message("deleted", ADA, 7, { deletedAt: "2026-01" }),
    message("Bob's", BOB, 8),
    message("unsent", ADA, null),
  ];
  const seen = (positions: Record<string, number>) =>
    newestSeen(messages, new Map(Object.entries(positions)), "Ada");
  assert.equal(seen({}), undefined);
  assert.equal(seen({ Bob: 2 }), undefined);
  assert.deepEqual(seen({ Bob: 4 }), { key: "one", userIds: ["Bob"] });
  assert.deepEqual(seen({ Bob: 9, Cem: 4 }), { key: "two", userIds: ["Bob"] });
  assert.deepEqual(seen({ Bob: 9, Cem: 5 }), { key: "two", userIds: ["Bob", "Cem"] });
});

Deno.test("positions of the rooms that were opened last are kept", () => {
  const positions = new ReadPositions();
  const first = positions.of("first");
  const second = positions.of("second");
  for (let room = 0; room < 49; room++) {
    positions.of(String(room));
    assert.equal(positions.of("first"), first);
  }
  assert.notEqual(positions.of("second"), second);
});

Deno.test("people are searched as they are typed, and only the last search counts", async () => {
  const asked: string[] = [];
  const answers = new Map<string, (found: PublicUser[]) => void>();
  const search = new PeopleSearch((query) => {
    asked.push(query);
    return new Promise((resolve) => answers.set(query, resolve));
  }, { pauseMs: 0 });
  search.search("b");
  search.search("bo ");
  await becomes(() => asked.length === 1);
  search.search("bob");
  await becomes(() => asked.length === 2);
  assert.deepEqual(asked, ["bo", "bob"]);
  answers.get("bob")!([BOB]);
  await becomes(() => search.isSettled.value);
  answers.get("bo")!([ADA]);
  await Promise.resolve();
  assert.deepEqual(search.found.value, [BOB]);
  search.search(" ");
  assert.deepEqual(search.found.value, []);
});

Deno.test("until there is an answer only those are offered who fit what is typed", async () => {
  const search = new PeopleSearch((query) => {
    return query === "a" ? Promise.resolve([ADA]) : new Promise(() => {});
  }, { pauseMs: 0 });
  search.search("a");
  await becomes(() => search.isSettled.value);
  search.search("ad");
  assert.deepEqual(search.found.value, [ADA]);
  search.search("bob");
  assert.deepEqual(search.found.value, []);
  search.end();
});

Deno.test("a search that fails says why, and the next one forgets it", async () => {
  let isFailing = true;
  const search = new PeopleSearch(() => {
    return isFailing ? Promise.reject(new Error("Too many")) : Promise.resolve([BOB]);
  }, { pauseMs: 0, suggests: true });
  search.search("");
  await becomes(() => search.isSettled.value);
  assert.equal(search.fault.value, "Too many");
  isFailing = false;
  search.search("");
  await becomes(() => search.isSettled.value);
  assert.deepEqual([search.fault.value, search.found.value], ["", [BOB]]);
});

Deno.test("mentions are new until the user has looked at them, or has read them in their room", async () => {
  const unread = new Set(["tea", "plans"]);
  const storage = memory();
  const options = {
    read: () =>
      Promise.resolve({ mentions: [mention(2, "plans"), mention(1, "tea")], nextCursor: null }),
    isUnread: (roomId: string) => unread.has(roomId),
    storage: () => storage,
  };
  const inbox = new MentionsInbox("ada", options);
  assert.equal(inbox.newCount.value, 0);
  await inbox.reload();
  assert.equal(inbox.newCount.value, 2);
  unread.delete("tea");
  assert.equal(inbox.isNew(mention(1, "tea")), false);
  inbox.markSeen();
  assert.equal(inbox.newCount.value, 0);
  const later = new MentionsInbox("ada", {
    ...options,
    read: () =>
      Promise.resolve({ mentions: [mention(3, "plans"), mention(2, "plans")], nextCursor: null }),
  });
  await later.reload();
  assert.equal(later.newCount.value, 1);
  const ofAnother = new MentionsInbox("bob", options);
  await ofAnother.reload();
  assert.equal(ofAnother.newCount.value, 1);
});

Deno.test("older mentions are added page by page, and stay when newer ones come without a gap", async () => {
  const pages = new Map<string | null, MentionsPage>([
    [null, { mentions: [mention(2, "tea")], nextCursor: "older" }],
    ["older", { mentions: [mention(1, "tea")], nextCursor: null }],
  ]);
  const inbox = new MentionsInbox("ada", {
    read: (cursor) => Promise.resolve(pages.get(cursor)!),
    isUnread: () => false,
    storage: memory,
  });
  await inbox.reload();
  assert.equal(inbox.hasMore, true);
  await inbox.loadMore();
  assert.deepEqual(inbox.mentions.value!.map(({ message }) => message.id), ["2", "1"]);
  assert.equal(inbox.hasMore, false);
  const ids = () => inbox.mentions.value!.map(({ message }) => message.id);
  pages.set(null, { mentions: [mention(3, "tea"), mention(2, "tea")], nextCursor: "older" });
  await inbox.reload();
  assert.deepEqual([ids(), inbox.hasMore], [["3", "2", "1"], false]);
  pages.set(null, { mentions: [mention(9, "tea")], nextCursor: "gap" });
  await inbox.reload();
  assert.deepEqual([ids(), inbox.hasMore], [["9"], true]);
});

Deno.test("a mention that comes while they are read is read, too", async () => {
  const answers: (() => void)[] = [];
  let count = 0;
  const inbox = new MentionsInbox("ada", {
    read: () => {
      const mentions = [mention(++count, "tea")];
      return new Promise((resolve) => answers.push(() => resolve({ mentions, nextCursor: null })));
    },
    isUnread: () => true,
    storage: memory,
  });
  const done = [inbox.reload(), inbox.reload(), inbox.reload()];
  answers[0]!();
  await becomes(() => answers.length === 2);
  answers[1]!();
  await Promise.all(done);
  assert.equal(count, 2);
  assert.equal(inbox.mentions.value![0]!.message.id, "2");
});

Deno.test("mentions that cannot be read or kept break nothing", async () => {
  const broken = () => {
    throw new Error("forbidden");
  };
  const inbox = new MentionsInbox("ada", {
    read: () => Promise.reject(new Error("The server cannot be reached.")),
    isUnread: () => true,
    storage: broken,
  });
  await inbox.reload();
  assert.equal(inbox.fault.value, "The server cannot be reached.");
  assert.equal(inbox.mentions.value, null);
  inbox.markSeen();
  inbox.erase();
});

function user(id: string): PublicUser {
  return { id, displayName: id, avatarUrl: null };
}

function room(name: string, other: object = {}) {
  const times = { lastMessageAt: null, createdAt: "2026-01", archivedAt: null };
  const summary = { id: name, name, type: "public", isMember: true, isHidden: false, ...times };
  return { ...summary, ...other } as Parameters<typeof sectionsOf>[0][number];
}

function names(rooms: readonly { name: string }[]): string[] {
  return rooms.map(({ name }) => name);
}

function mention(number: number, roomId: string): Mention {
  return {
    message: { id: String(number), createdAt: `2026-01-0${number}` } as Mention["message"],
    room: { id: roomId } as RoomInfo,
    reason: "mention",
  };
}

function memory(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** Resolves once something is so, which timers of 0 ms bring about. */
async function becomes(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve));
}
