/** Slugs: what names become, and how rooms of one name made at once get numbers. */
import assert from "node:assert/strict";
import type { SqliteStore } from "../src/adapters/store/sqlite/store.ts";
import { RoomSlugs, slugOf } from "../src/services/room_slugs.ts";
import { newId } from "../src/domain/id.ts";
import { OPEN_SETTINGS } from "../src/domain/room.ts";
import { PLAIN } from "../src/domain/message.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

Deno.test("a name that can be transliterated becomes a slug in ASCII", () => {
  const slugs = {
    "Tea & Cake": "tea-and-cake",
    "Ünïcödé": "uenicoede",
    "Привет, мир": "privet-mir",
    "Ελληνικά": "ellinika",
    "ქართული": "qartuli",
    "iPhone 15": "iphone-15",
    "Conway's Law": "conways-law",
  };
  for (const [name, slug] of Object.entries(slugs)) assert.equal(slugOf(name), slug);
});

Deno.test("no name becomes the slug of a private room, which is its id", () => {
  const id = newId();
  for (const name of [id, id.toLowerCase()]) {
    assert.equal(slugOf(name), `room-${id.toLowerCase()}`);
  }
  assert.equal(slugOf(`${id}x`), `${id}x`.toLowerCase());
});

Deno.test("a name that cannot be transliterated keeps its letters, with their marks", () => {
  const slugs = {
    "日本語": "日本語",
    "עברית": "עברית",
    "ガーデン": "ガーデン",
    "한국어 방": "한국어-방",
    "हिन्दी": "हिन्दी",
    "ไทย": "ไทย",
    "ᏣᎳᎩ": "ꮳꮃꭹ",
    "𐐀𐐁": "𐐨𐐩",
  };
  for (const [name, slug] of Object.entries(slugs)) assert.equal(slugOf(name), slug);
});

Deno.test("a name of several scripts loses none of its words", () => {
  assert.equal(slugOf("日本語 Café"), "日本語-cafe");
  assert.equal(slugOf("Чат: 東京 / Tōkyō!"), "chat-東京-tokyo");
  assert.equal(slugOf("東京🗼2026"), "東京-2026");
});

Deno.test("a slug holds no characters that show nothing, but joiners that change its letters", () => {
  const hidden = ["\u200d", "\u200c", "\ufe0f", "\u{e0100}", "\u{e0041}", "\u034f"];
  for (const character of hidden) assert.equal(slugOf(`日${character}本`), "日本");
  assert.equal(slugOf("ක\u200dෂ"), "කෂ");
  assert.equal(slugOf("ශ්\u200dරී"), "ශ්\u200dරී");
  assert.equal(slugOf("क्\u200cष"), "क्\u200cष");
  assert.equal(slugOf("ߊ\u200cߋ"), "ߊ\u200cߋ");
});

Deno.test("a name without letters becomes room", () => {
  for (const name of ["!!!", "😀", "👨‍👩‍👧", "…", "\ue000\ue001", "ㅤ\u115f"]) {
    assert.equal(slugOf(name), "room");
  }
});

Deno.test("a slug is cut between characters and ends with none of its dashes", () => {
  for (const name of ["x".repeat(80), "語".repeat(80), "𐐀".repeat(80), `a${"𐐀".repeat(79)}`]) {
    const slug = slugOf(name);
    assert.ok(slug.isWellFormed() && slug.length <= 80 && slug.length >= 79, slug);
  }
  assert.equal(slugOf(`${"ß".repeat(39)}x y`), `${"ss".repeat(39)}x`);
});

Deno.test("rooms of one name made at once on one instance get the next numbers in one try each", () =>
  withRooms(1, async ({ create, counts }) => {
    await create(0, "race");
    await create(0, "race-3");
    const slugs = await Promise.all(range(1, 200).map(() => create(0, "race", true)));
    const numbers = slugs.map((slug) => Number(slug.slice("race-".length)));
    assert.equal(new Set(numbers).size, 200);
    assert.ok(Math.max(...numbers) <= 202);
    assert.ok(counts.tries <= 201 && counts.searches <= 5, JSON.stringify(counts));
  }));

Deno.test("the next free number is found with few look-ups among many rooms of one name", () =>
  withRooms(1, async ({ create, counts }) => {
    await Promise.all(range(1, 1_000).map((n) => create(0, n === 1 ? "race" : `race-${n}`)));
    assert.equal(await create(0, "race", true), "race-1001");
    assert.ok(counts.tries === 1 && counts.searches <= 4, JSON.stringify(counts));
  }));

Deno.test("rooms of one name made at once on four instances get a slug each, in few tries", () =>
  withRooms(4, async ({ create, counts }) => {
    const slugs = await Promise.all(range(1, 200).map((n) => create(n % 4, "race", true)));
    assert.equal(new Set(slugs).size, 200);
    for (const slug of slugs) assert.match(slug, /^race(-\d{1,3})?$/);
    assert.ok(counts.tries <= 200 * 10, JSON.stringify(counts));
  }));

Deno.test("a failing store fails the rooms being made, and none after it", () =>
  withRooms(1, async ({ create, failures }) => {
    failures.push(new Error("away"));
    await assert.rejects(create(0, "race", true), /away/);
    assert.equal(await create(0, "race", true), "race");
  }));

interface RoomStage {
  /** Makes a room on an instance: with just this slug, or with the first that can be claimed. */
  create(instance: number, base: string, claim?: boolean): Promise<string>;
  /** What claims have asked of the stores. */
  counts: { tries: number; searches: number };
  /** Thrown by the next searches. */
  failures: Error[];
}

/** Runs `act` on several stores of one database, as several instances have them. */
async function withRooms(instances: number, act: (stage: RoomStage) => Promise<void>) {
  const path = `${await Deno.makeTempDir()}/echoroom.db`;
  const stores: SqliteStore[] = [];
  for (let i = 0; i < instances; i++) stores.push(await openSqlite(path));
  const now = new Date();
  const ada = { id: "ada", displayName: "Ada", avatarUrl: null };
  await stores[0]!.users.create({
    ...ada,
    email: "ada@example.com",
    passwordHash: "",
    onboardingCompleted: false,
    role: "member",
    ban: null,
    createdAt: now,
    updatedAt: now,
  });
  const counts = { tries: 0, searches: 0 };
  const failures: Error[] = [];
  const slugs = stores.map((store) =>
    new RoomSlugs({
      takenSlugs(slugs) {
        counts.searches++;
        const failure = failures.shift();
        return failure ? Promise.reject(failure) : store.rooms.takenSlugs(slugs);
      },
    })
  );
  const insert = (instance: number, slug: string) => {
    const opening = {
      ...PLAIN,
      id: newId(),
      sender: ada,
      text: "Ada created the room",
      system: true,
      clientMessageId: newId(),
      createdAt: now,
    };
    return stores[instance]!.rooms.create({
      ...OPEN_SETTINGS,
      memberCount: 1,
      id: newId(),
      name: "Race",
      slug,
      description: null,
      createdBy: ada,
      createdAt: now,
      updatedAt: now,
    }, [{ kind: "created", message: opening, request: null, answered: null }]);
  };
  const create = async (instance: number, base: string, claim = false) => {
    if (claim) {
      return slugs[instance]!.claim(base, (slug) => {
        counts.tries++;
        return insert(instance, slug);
      });
    }
    assert.ok(await insert(instance, base));
    return base;
  };
  try {
    await act({ create, counts, failures });
  } finally {
    for (const store of stores) await store.close();
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
