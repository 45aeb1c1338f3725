/** Search over REST: what is found, by whom, in which order, and what is refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeCursor } from "../../src/services/cursors.ts";
import { type Account, type Answer, request } from "../harness/account.ts";
import { upload } from "../harness/files.ts";
import { shareStage } from "../harness/shared_server.ts";
import { until } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

interface Found {
  message: { id: string; text: string; roomId: string; seq: number; createdAt: string };
  room: Record<string, unknown>;
  highlights: [number, number][];
}

type Query = Record<string, string | number>;

/** Registers the suite for a store. */
export function testSearch(setting: StoreSetting): void {
  const onStage = shareStage(setting);
  const test = (sentence: string, act: Parameters<typeof onStage>[0]) =>
    Deno.test(`${setting.name}: ${sentence}`, () => onStage(act));

  test("messages in any script are found by their words, whatever their case and accents, with where these are", async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Words");
    const key = newWord();
    await say(ada, room.id, [
      `${key} Der Straßenbahn-Fahrer fährt über München.`,
      `${key} 明日は東京都で会議があります`,
      `${key} اجتماعُ الفريق غدًا`,
      `${key} ผมชอบกินข้าวผัด`,
      `${key} 회의는 내일입니다`,
    ]);
    const rows: [query: string, index: number, marked: string[]][] = [
      ["STRASSENBAHN", 0, ["Straßenbahn"]],
      ["munchen", 0, ["München"]],
      ["uber fahr", 0, ["Fahrer", "fährt", "über"]],
      ["東京", 1, ["東京"]],
      ["京都", 1, ["京都"]],
      ["会", 1, ["会"]],
      ["اجتماع", 2, ["اجتماعُ"]],
      ["ข้าว", 3, ["ข้าว"]],
      ["회의", 4, ["회의"]],
      ["내일", 4, ["내일"]],
    ];
    for (const [q, index, marked] of rows) {
      const { results } = await find(ada, { q: `${key} ${q}` });
      assert.equal(results.length, 1, q);
      const { message, highlights, room: { id, ...rest } } = results[0]!;
      assert.equal(message.seq, index + 2);
      const [, ...marks] = highlights.map(([start, end]) => message.text.slice(start, end));
      assert.deepEqual(marks, marked, q);
      assert.equal(id, room.id);
      assert.deepEqual(rest, { name: "Words", slug: room.slug, type: "public" });
    }
    assert.deepEqual(await textsOf(ada, { q: `${key} 都京` }), []);
  });

  test("all words must occur, phrases side by side, excluded ones not, and the last word is a beginning", async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id: roomId } = await ada.createRoom("Grammar");
    const key = newWord();
    const texts = ["red green blue", "blue-green, red", "green red", "redder", "1,000 don't"];
    await say(ada, roomId, texts.map((text) => `${key} ${text}`));
    const rows: [query: string, indexes: number[]][] = [
      [key, [4, 3, 2, 1, 0]],
      [key.slice(0, -4), [4, 3, 2, 1, 0]],
      [`${key} red`, [3, 2, 1, 0]],
      [`red ${key}`, [2, 1, 0]],
      [`${key} "red"`, [2, 1, 0]],
      [`${key} blue green red`, [1, 0]],
      [`"green blue" ${key}`, [0]],
      [`“green red” ${key}`, [2, 1]],
      [`"red blue" ${key}`, []],
      [`${key} -blue`, [4, 3, 2]],
      [`${key} -"red green" red`, [3, 2, 1]],
      [`${key} -red -redder`, [4]],
      [`${key} blue-gr`, [1]],
      [`${key} green-blue`, [0]],
      [`${key} 1,0`, [4]],
      [`${key} don't`, [4]],
      [`${key} "unclosed`, []],
      [`${key} AND OR NOT`, []],
      [`${key} * ^ ( : )`, [4, 3, 2, 1, 0]],
    ];
    for (const [q, indexes] of rows) {
      assert.deepEqual(
        await textsOf(ada, { q, roomId }),
        indexes.map((i) => `${key} ${texts[i]}`),
        q,
      );
    }
  });

  test("an edited message is found by its text of now alone, and a deleted one by nothing, from the ack on", async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id: roomId } = await ada.createRoom("Changes");
    const [old, fresh, gone, last] = [newWord(), newWord(), newWord(), newWord()];
    const [edited, deleted] = await say(ada, roomId, [`was ${old}`, `is ${gone}`]);
    const path = `/rooms/${roomId}/messages`;
    await ok(ada.request("PATCH", `${path}/${edited}`, { text: `now ${fresh}` }));
    assert.deepEqual(await textsOf(ada, { q: old }), []);
    await ok(ada.request("DELETE", `${path}/${deleted}`));
    assert.deepEqual(await textsOf(ada, { q: gone }), []);
    await say(ada, roomId, [last]);
    assert.deepEqual(await textsOf(ada, { q: fresh }), [`now ${fresh}`]);
    for (const q of [old, gone]) assert.deepEqual(await textsOf(ada, { q }), []);
  });

  test("messages of private and direct rooms are found by their members alone, and by nobody who has left", async (stage) => {
    const [ada, bob, eve] = await stage.people("Ada", "Bob", "Eve");
    const word = newWord();
    const closed = await ok(ada.request("POST", "/rooms", {
      name: "Closed",
      type: "private",
      members: [bob.id],
    }));
    const direct = await ok(ada.request("POST", "/directs", { userId: bob.id }));
    const ids = [closed, direct].map(({ body }) => body.room.id as string);
    for (const id of ids) await say(ada, id, [`${word} in ${id}`]);
    const roomsOf = async (account: Account) => {
      const { results } = await find(account, { q: word });
      return results.map(({ message }) => message.roomId);
    };
    assert.deepEqual(await roomsOf(bob), ids.toReversed());
    assert.deepEqual(await roomsOf(eve), []);
    await ok(ada.request("DELETE", `/rooms/${ids[0]}/members/${bob.id}`));
    assert.deepEqual(await roomsOf(bob), [ids[1]]);
    assert.deepEqual(await roomsOf(ada), ids.toReversed());
    await ok(ada.request("DELETE", `/rooms/${ids[0]}`));
    assert.deepEqual(await roomsOf(ada), [ids[1]]);
    for (const roomId of [ids[0]!, "no-such-room"]) {
      await refused(ask(bob, { q: word, roomId }), 404, "room_not_found");
    }
  });

  test("who is banned from a room finds nothing in it, until the ban is lifted", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id: roomId } = await ada.createRoom("Bans");
    const word = newWord();
    await say(ada, roomId, [word]);
    assert.deepEqual(await textsOf(bob, { q: word }), [word]);
    await ok(ada.request("PUT", `/rooms/${roomId}/bans/${bob.id}`, {}));
    assert.deepEqual(await textsOf(bob, { q: word }), []);
    await refused(ask(bob, { q: word, roomId }), 403, "forbidden");
    await ok(ada.request("DELETE", `/rooms/${roomId}/bans/${bob.id}`));
    assert.deepEqual(await textsOf(bob, { q: word }), [word]);
  });

  test("a room, a sender, times and contents narrow what is found", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const [one, two] = [await ada.createRoom("One"), await ada.createRoom("Two")];
    const word = newWord();
    await say(ada, one.id, [`${word} 1`, `${word} 2 https://example.com/a?b=c`]);
    await say(bob, two.id, [`${word} 3 http://example.org`]);
    await say(ada, two.id, [`${word} 4 https:// nothing`]);
    const numbers = async (query: Query) => {
      return (await textsOf(ada, { q: word, ...query })).map((text) => Number(text.split(" ")[1]));
    };
    assert.deepEqual(await numbers({}), [4, 3, 2, 1]);
    assert.deepEqual(await numbers({ roomId: one.id }), [2, 1]);
    assert.deepEqual(await numbers({ roomId: two.slug }), [4, 3]);
    assert.deepEqual(await numbers({ from: bob.id }), [3]);
    assert.deepEqual(await numbers({ from: "nobody" }), []);
    assert.deepEqual(await numbers({ has: "link" }), [3, 2]);
    assert.deepEqual(await numbers({ has: "link", roomId: one.id, from: ada.id }), [2]);
    assert.deepEqual(await numbers({ has: "file" }), []);
    const { id: file } = await upload(bob);
    await ok(bob.request("POST", `/rooms/${two.id}/messages`, {
      text: `${word} 5`,
      attachments: [file],
    }));
    await until(async () => (await numbers({})).length === 5, "the file is found");
    assert.deepEqual(await numbers({ has: "file" }), [5]);
    assert.deepEqual(await numbers({ has: "file", from: ada.id }), []);
    const { results } = await find(ada, { q: word });
    const [, , third, second] = results.map(({ message }) => message.createdAt);
    assert.deepEqual(await numbers({ after: third! }), [5, 4, 3]);
    assert.deepEqual(await numbers({ before: third! }), [2, 1]);
    assert.deepEqual(await numbers({ after: second!, before: third! }), [2]);
    const ages = "0000-01-01T00:00:00Z";
    assert.deepEqual(await numbers({ after: ages }), [5, 4, 3, 2, 1]);
    assert.deepEqual(await numbers({ before: ages }), []);
  });

  test("system messages are not found, and messages are as everybody sees them", async (stage) => {
    const [ada] = await stage.people("Ada");
    const name = newWord();
    const room = await ada.createRoom(name);
    const [messageId] = await say(ada, room.id, [`about ${name}`]);
    const { results } = await find(ada, { q: name });
    const { body } = await ada.request("GET", `/rooms/${room.id}/messages/${messageId}`);
    assert.deepEqual(results.map(({ message }) => message), [body.message]);
  });

  test("pages of any size have each hit of all rooms once, the newest first, within a room by seq", async (stage) => {
    const [ada] = await stage.people("Ada");
    const rooms = [await ada.createRoom("A"), await ada.createRoom("B"), await ada.createRoom("C")];
    const word = newWord();
    await Promise.all(rooms.map(async ({ id }) => {
      await say(ada, id, Array.from({ length: 7 }, (_, i) => `${word} ${i}`));
    }));
    const all = await find(ada, { q: word, limit: 100 });
    assert.equal(all.nextCursor, null);
    assert.equal(all.results.length, 21);
    const times = all.results.map(({ message }) => message.createdAt);
    assert.deepEqual(times, times.toSorted().toReversed());
    for (const room of rooms) {
      const seqs = all.results.filter(({ message }) => message.roomId === room.id)
        .map(({ message }) => message.seq);
      assert.deepEqual(seqs, seqs.toSorted((a, b) => b - a));
    }
    const ids = all.results.map(({ message }) => message.id);
    for (const limit of [1, 5, 21]) {
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const query: Query = cursor === null ? { limit } : { limit, cursor };
        const page = await find(ada, { q: word, ...query });
        assert.ok(page.results.length <= limit);
        found.push(...page.results.map(({ message }) => message.id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      assert.deepEqual(found, ids);
    }
  });

  test("any query finds what a plain reading of all messages finds", async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id: roomId } = await ada.createRoom("Model");
    const words = fc.array(fc.constantFrom(...VOCABULARY), { minLength: 1, maxLength: 5 });
    const corpus = fc.sample(words, 25);
    await say(ada, roomId, corpus.map((each) => each.map(([word]) => word).join(" ")));
    await fc.assert(
      fc.asyncProperty(fc.array(TERM, { maxLength: 3 }), LAST, async (terms, last) => {
        const all = [...terms, last];
        const expected = corpus.flatMap((each, i) => {
          const folded = each.map(([, word]) => word);
          return all.every((term) => holds(term, folded, term === last)) ? [i] : [];
        });
        const found: number[] = [];
        let cursor: string | null = null;
        do {
          const query: Query = { q: all.map(write).join(" "), roomId, limit: 7 };
          const page = await find(ada, cursor === null ? query : { ...query, cursor });
          found.push(...page.results.map(({ message }) => message.seq - 2));
          cursor = page.nextCursor;
        } while (cursor !== null);
        assert.deepEqual(found, expected.toReversed());
      }),
      { numRuns: 40 },
    );
  });

  test("a cursor names no room that one may not read, and is checked", async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const [open, word] = [await ada.createRoom("Open"), newWord()];
    const closed = await ok(ada.request("POST", "/rooms", { name: "Closed", type: "private" }));
    const { id } = closed.body.room;
    await say(ada, open.id, [word, word]);
    await say(ada, id, [word, word]);
    const { nextCursor } = await find(bob, { q: word, limit: 1 });
    const [, ...place] = JSON.parse(atob(nextCursor!.replaceAll("-", "+").replaceAll("_", "/")));
    assert.deepEqual(place, [open.id, 3]);
    const bad = ["", "x", "e30", encodeCursor([]), encodeCursor(["a"]), encodeCursor([1, 2, 3])];
    bad.push(encodeCursor([1, "a", 1.5]), encodeCursor([1, "a", 1, 1]), encodeCursor([1e300]));
    for (const cursor of bad) {
      await refused(ask(bob, { q: word, cursor }), 400, "validation_failed");
    }
    // A cursor that somebody made up shows nothing that they may not read.
    const made = encodeCursor([Date.now() + 60_000, id, 9]);
    assert.equal((await find(bob, { q: word, cursor: made })).results.length, 2);
  });

  test("a pasted sentence is found, however many words or characters it has", async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id } = await ada.createRoom("Sentences");
    const key = newWord().slice(0, 10);
    const words = Array.from({ length: 64 }, (_, i) => `${key}${i}`);
    const texts = [words.join(" "), "東京".repeat(200) + newWord(), words.slice(1).join(" ")];
    await say(ada, id, texts);
    assert.deepEqual(await textsOf(ada, { q: texts[0]! }), [texts[0]]);
    assert.deepEqual(await textsOf(ada, { q: texts[1]! }), [texts[1]]);
  });

  test("a query without a word, and every parameter out of bounds, is refused", async (stage) => {
    const [ada] = await stage.people("Ada");
    const words = Array.from({ length: 65 }, (_, i) => `w${i}`).join(" ");
    const queries: Query[] = [
      { q: "" },
      { q: "  " },
      { q: '""' },
      { q: "👍 … -" },
      { q: "-without" },
      { q: words },
      { q: "a".repeat(1_001) },
      { q: "a\0" },
      { q: "a", limit: 0 },
      { q: "a", limit: 101 },
      { q: "a", limit: "x" },
      { q: "a", has: "video" },
      { q: "a", before: "yesterday" },
      { q: "a", after: "2026-01-01" },
      { q: "a", from: "" },
      { q: "a", roomId: "" },
    ];
    for (const query of queries) await refused(ask(ada, query), 400, "validation_failed");
    await refused(ada.request("GET", "/search"), 400, "validation_failed");
    await refused(request(stage.server.url, "GET", "/search?q=a"), 401, "unauthenticated");
    assert.equal((await ask(ada, { q: words.slice(0, -4) })).status, 200);
  });
}

/** Words as they are written, and in the form in which they are compared. */
const VOCABULARY: [written: string, folded: string][] = [
  ["Alpha", "alpha"],
  ["alphabet", "alphabet"],
  ["BÊTA", "beta"],
  ["straße", "strasse"],
  ["7", "7"],
  ["日本語", "日本語"],
  ["語学", "語学"],
];

/** A part of a query: words side by side, which may be excluded. */
interface Term {
  isWanted: boolean;
  words: readonly string[];
}

const TERM: fc.Arbitrary<Term> = fc.record({
  isWanted: fc.boolean(),
  words: fc.constantFrom<readonly string[]>(
    ["alpha"],
    ["ALPHABET"],
    ["beta"],
    ["Strasse"],
    ["7"],
    ["日本"],
    ["本語"],
    ["語"],
    ["alpha", "beta"],
    ["7", "straße", "alphabet"],
  ),
});

/** The last word, which is a beginning. */
const LAST: fc.Arbitrary<Term> = fc.record({
  isWanted: fc.constant(true),
  words: fc.constantFrom("a", "al", "alph", "alphab", "Alphabet", "ß", "str", "stras", "語").map(
    (word) => [word],
  ),
});

function write({ isWanted, words }: Term): string {
  const text = words.length > 1 ? `"${words.join(" ")}"` : words[0]!;
  return isWanted ? text : `-${text}`;
}

/** Whether a text of these folded words has the term, or not, as is wanted. */
function holds({ isWanted, words }: Term, text: readonly string[], isBeginning: boolean): boolean {
  const folded = words.map((word) => word.toLowerCase().replace("ß", "ss"));
  const isHere = text.some((_, at) =>
    folded.every((word, i) => {
      const here = text[at + i];
      if (here === undefined) return false;
      if (/[a-z0-9]/.test(word)) return isBeginning ? here.startsWith(word) : here === word;
      return here.includes(word);
    })
  );
  return isHere === isWanted;
}

/** Sends messages one after the other, and waits until the last is found; returns their ids. */
async function say(account: Account, roomId: string, texts: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const text of texts) {
    const { body } = await ok(account.request("POST", `/rooms/${roomId}/messages`, { text }));
    ids.push(body.message.id);
  }
  const last = texts.at(-1)!;
  const query = { q: last.slice(0, 40), roomId, limit: 1 };
  await until(async () => {
    return (await find(account, query)).results[0]?.message.id === ids.at(-1);
  }, `${last} is found`);
  return ids;
}

function ask(account: Account, query: Query): Promise<Answer> {
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)]),
  );
  return account.request("GET", `/search?${parameters}`);
}

async function find(
  account: Account,
  query: Query,
): Promise<{ results: Found[]; nextCursor: string | null }> {
  return (await ok(ask(account, query))).body;
}

async function textsOf(account: Account, query: Query): Promise<string[]> {
  return (await find(account, query)).results.map(({ message }) => message.text);
}

async function ok(answer: Promise<Answer>): Promise<Answer> {
  const { status, body, ...rest } = await answer;
  assert.ok(status < 300, `${status}: ${JSON.stringify(body)}`);
  return { status, body, ...rest };
}

async function refused(answer: Promise<Answer>, status: number, code: string): Promise<void> {
  const { status: actual, body } = await answer;
  assert.deepEqual([actual, body.code], [status, code]);
}

function newWord(): string {
  return `w${crypto.randomUUID().replaceAll("-", "")}`;
}
