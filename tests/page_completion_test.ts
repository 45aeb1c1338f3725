/** How the page finds rooms, people and emoji by what somebody has typed of them. */
import assert from "node:assert/strict";
import type { MessagesPage } from "../src/client/mod.ts";
import { complete, completionAt, namedEmojiAt } from "../web/text/completion.ts";
import { FIT, matcher } from "../web/matching.ts";
import { completeMention, mentionedIds, peopleAround } from "../web/text/mentions.ts";
import { MemberSearch } from "../web/people/member_search.ts";
import { Names } from "../web/people/names.ts";
import { searchRooms } from "../web/rooms/room_search.ts";

Deno.test("a name fits by its whole, its beginning, its words, its middle and its letters", () => {
  const fits = {
    "general discussion": FIT.whole,
    "gen": FIT.beginning,
    "disc gen": FIT.words,
    "iscus": FIT.within,
    "gdsc": FIT.scattered,
    "gx": null,
    "eral disc x": null,
    "nl": null,
    " ": null,
  };
  for (const [query, fit] of Object.entries(fits)) {
    assert.equal(matcher(query)("General Discussion"), fit, query);
  }
});

Deno.test("case, accents and the form of letters make no difference", () => {
  assert.equal(matcher("zoe")("Žoë"), FIT.whole);
  assert.equal(matcher("ZOË")("zoe"), FIT.whole);
  assert.equal(matcher("strasse")("Straße"), FIT.whole);
  assert.equal(matcher("ａｄａ")("Ada"), FIT.whole);
  assert.equal(matcher("アダ")("アダ"), FIT.whole);
  assert.equal(matcher(".*")("anything"), null);
});

Deno.test("rooms are found by name and slug: the best fit, then one's own, then the last active", () => {
  const rooms = [
    room("Gardening", { isMember: false, lastMessageAt: "2026-02" }),
    room("Gates", { lastMessageAt: "2026-01" }),
    room("Games", { lastMessageAt: "2026-02" }),
    room("Old Games", { lastMessageAt: "2026-03" }),
    room("Кино", { slug: "kino" }),
  ];
  assert.deepEqual(names(searchRooms(rooms, "ga")), ["Games", "Gates", "Gardening", "Old Games"]);
  assert.deepEqual(names(searchRooms(rooms, "ga", 2)), ["Games", "Gates"]);
  assert.deepEqual(names(searchRooms(rooms, "kin")), ["Кино"]);
  assert.deepEqual(searchRooms(rooms, "xyz"), []);
});

Deno.test("without a query rooms with mentions come first, then the unread, then the last active", () => {
  const rooms = [
    room("Never", { lastMessageAt: null }),
    room("Quiet", { lastMessageAt: "2026-03" }),
    room("Unread", { unread: 3 }),
    room("Mentioned", { unread: 1, mentions: 1 }),
  ];
  const order = ["Mentioned", "Unread", "Quiet", "Never"];
  assert.deepEqual(names(searchRooms(rooms, " ")), order);
});

Deno.test("people are those online and those who wrote, once each, without oneself", () => {
  const people = peopleAround([user("Ada"), user("Bob")], [
    { sender: user("Cleo"), createdAt: "2026-01", system: false },
    { sender: user("Bob"), createdAt: "2026-02", system: false },
    { sender: user("Bob"), createdAt: "2026-01", system: false },
    { sender: user("Eve"), createdAt: "2026-02", system: true },
  ], "Ada");
  assert.deepEqual(people.map(({ id, isOnline, lastSeen }) => [id, isOnline, lastSeen]), [
    ["Bob", true, "2026-02"],
    ["Cleo", false, "2026-01"],
  ]);
});

Deno.test("members who were found are people, too, once each", () => {
  const [bob, cleo] = [user("Bob"), user("Cleo")];
  const messages = [{ sender: cleo, createdAt: "2026-01", system: false }];
  const people = peopleAround([bob], messages, "Ada", ["Ada", "Bob", "Cleo", "Dora"].map(user));
  assert.deepEqual(people.map(({ id, isOnline, lastSeen }) => [id, isOnline, lastSeen]), [
    ["Bob", true, ""],
    ["Cleo", false, "2026-01"],
    ["Dora", false, ""],
  ]);
});

Deno.test("the server is asked for members until it has answered completely", async () => {
  const all = ["Ada", "Adam", "Bob"].map(user);
  const asked: string[] = [];
  let answered = Promise.withResolvers<void>();
  let isAway = true;
  const search = new MemberSearch((query) => {
    asked.push(query);
    queueMicrotask(answered.resolve);
    if (isAway) return Promise.reject(new Error("away"));
    const fitting = all.filter(({ displayName }) => displayName.startsWith(query));
    return Promise.resolve({ found: fitting.slice(0, 2), isComplete: fitting.length <= 2 });
  }, 0);
  const find = async (query: string) => {
    answered = Promise.withResolvers<void>();
    search.search(query);
    await answered.promise;
    await new Promise((resolve) => setTimeout(resolve));
  };
  await find("");
  isAway = false;
  await find("");
  await find("Ad");
  for (const known of ["Ada", "ädam"]) {
    search.search(known);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await find("B");
  assert.deepEqual(asked, ["", "", "Ad", "B"]);
  assert.deepEqual(search.found.value.map(({ id }) => id), ["Bob", "Ada", "Adam"]);
});

Deno.test("mentions complete any word of a name: those online first, then who wrote last", () => {
  const people = [
    person("Zoë Adams", { lastSeen: "2026-01" }),
    person("Ada", { lastSeen: "2026-02" }),
    person("Adélie", { isOnline: true }),
    person("Adam", { isOnline: true, lastSeen: "2026-01" }),
    person("Nada"),
  ];
  const found = completeMention(people, "ad", 9).map(({ displayName }) => displayName);
  assert.deepEqual(found, ["Adam", "Adélie", "Ada", "Zoë Adams"]);
  assert.equal(completeMention(people, "zoe ad", 9).length, 1);
  assert.equal(completeMention(people, "", 9).length, 5);
  assert.equal(completeMention(people, "", 2).length, 2);
});

Deno.test("a text mentions those whose names it has after an @, outside code", () => {
  const people = [
    { id: "1", displayName: "Ada" },
    { id: "2", displayName: "Ada Lovelace" },
    { id: "3", displayName: "Bob" },
    { id: "4", displayName: "Bob" },
  ];
  assert.deepEqual(mentionedIds("- **@Ada Lovelace**\n> `@Ada`", people), ["2"]);
  assert.deepEqual(mentionedIds("@Bob @Bob me@Ada", people), ["3", "4"]);
  const many = Array.from({ length: 30 }, (_, i) => ({ id: `${i}`, displayName: `N${i}` }));
  const text = many.map(({ displayName }) => `@${displayName}`).join(" ");
  assert.equal(mentionedIds(text, many).length, 25);
});

Deno.test("a completion begins at an @ or a : that is not within a word", () => {
  const cases: [text: string, kind: string, query: string][] = [
    ["@", "mention", ""],
    ["hi (@Ada Lo", "mention", "Ada Lo"],
    ["漢字 @ä", "mention", "ä"],
    ["see :ta", "emoji", "ta"],
    ["👍:+1", "emoji", "+1"],
  ];
  for (const [text, kind, query] of cases) {
    const found = completionAt(`${text} rest`, text.length)!;
    assert.deepEqual([found.kind, found.query, found.end], [kind, query, text.length]);
    assert.equal(text.slice(found.start + 1), query);
  }
});

Deno.test("addresses, smileys, times and what is on another line are no completions", () => {
  for (
    const text of ["", "ada@ex", "@ ", "@@", ":", ":)", ":D", "10:30", "a:bc", "@Ada\n", "::ta"]
  ) {
    assert.equal(completionAt(text, text.length), null, text);
  }
  assert.equal(completionAt(`@${"a".repeat(10_000)}`, 10_001), null);
});

Deno.test("a completion is replaced, with one space after it", () => {
  const text = "hi @ad";
  assert.deepEqual(complete(text, completionAt(text, 6)!, "@Ada"), { text: "hi @Ada ", caret: 8 });
  const within = "hi @ad there";
  assert.deepEqual(complete(within, completionAt(within, 6)!, "@Ada"), {
    text: "hi @Ada there",
    caret: 8,
  });
});

Deno.test("a name between colons is an emoji's, as soon as the second one is typed", () => {
  const text = "nice :tada: work";
  assert.equal(namedEmojiAt(text, 11)!.query, "tada");
  assert.equal(namedEmojiAt(text, 10), null);
  assert.equal(namedEmojiAt("10:30:", 6), null);
});

function names(rooms: { name: string }[]): string[] {
  return rooms.map(({ name }) => name);
}

function room(name: string, fields = {}) {
  const none = { unread: 0, mentions: 0, isMember: true, lastMessageAt: "2026-01" };
  return { name, slug: name.toLowerCase(), type: "public" as const, ...none, ...fields };
}

function user(name: string) {
  return { id: name, displayName: name, avatarUrl: null };
}

function person(name: string, fields = {}) {
  return { ...user(name), isOnline: false, lastSeen: "", ...fields };
}

Deno.test("the server is asked for names once for each message, many at a time", async () => {
  const asked: (string | undefined)[] = [];
  const names = new Names((before) => {
    asked.push(before);
    const isNewest = before === "4";
    const messages = (isNewest ? ["2", "3"] : ["1"]).map((id) => ({ id }));
    const users = isNewest ? [{ id: "dora", displayName: "Dora", avatarUrl: null }] : [];
    return Promise.resolve({ messages, users } as unknown as MessagesPage);
  });
  const mentioned = ["gone", "dora", "deleted", "ada"];
  const messages = mentioned.map((id, i) => ({ id: `${i + 1}`, mentions: [id] }));
  const isNamed = (id: string) => id === "ada" || names.of(id) !== "";
  for (let i = 0; i < 4; i++) await names.complete(messages, isNamed);
  assert.deepEqual(asked, ["4", "2"]);
  assert.deepEqual(mentioned.map((id) => names.of(id)), ["", "Dora", "", ""]);
});
