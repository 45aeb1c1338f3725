/** Text that people choose: names, descriptions, emails and passwords over REST. */
import assert from "node:assert/strict";
import bcrypt from "bcrypt";
import { Passwords } from "../src/services/passwords.ts";
import { AccountLog } from "../src/services/account_log.ts";
import { RoomSlugs } from "../src/services/room_slugs.ts";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { createRoom } from "../src/application/rooms/create_room.ts";
import { newId } from "../src/domain/id.ts";
import { nameInSentence } from "../src/domain/name.ts";
import type { User } from "../src/domain/user.ts";
import type { Store } from "../src/ports/store/store.ts";
import {
  DisplayName,
  Email,
  Password,
  RoomDescription,
  RoomName,
} from "../src/protocol/schemas/fields.ts";
import { type Answer, request } from "./harness/account.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { onStage } from "./harness/stage.ts";

const ZWJ = "\u200d";
const ZWNJ = "\u200c";

const NAMES_THAT_SHOW_NOTHING = [
  "",
  " ",
  "\u00a0",
  "\u1680",
  "\u2003\u2009",
  "\u3000",
  "\u200b",
  "\u2060",
  "\ufeff",
  "\u00ad",
  "\u034f",
  "\u115f",
  "\u1160",
  "\u3164",
  "\uffa0",
  "\u2800",
  "\u180e",
  "\u17b4",
  ZWJ,
  ZWNJ,
  `${ZWJ}${ZWNJ}${ZWJ}`,
  "\u200e\u200f\u061c",
  "\ufe0f",
  "\u{e0100}",
  "\u{e0041}\u{e0042}\u{e007f}",
  "\u{1d159}",
  "\u{13441}",
  "\ufffc",
  "\u0301",
  " \u0301\u0302",
  "\u20dd",
];

const LINE_BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"];
const CONTROLS = ["\0", "\x01", "\b", "\t", "\x1b", "\x7f", "\x80", "\x9b", "\ufff9", "\ufffb"];
const DIRECTIONS = [..."\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u206a"];

const NAMES_TO_KEEP = [
  "Ada",
  'O\'Brien-Smith, Jr. ("Bob")',
  "👩‍🚀",
  "👨‍👩‍👧‍👦 family",
  "❤️",
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "🇩🇪",
  "1️⃣",
  "עדה לאבלייס",
  "عائشة",
  "می‌خواهم",
  "שָׁלוֹם",
  "क्‍ष",
  "क्‍",
  "ශ්‍රී",
  "Nguyễn Thị",
  "q\u0307\u0323".normalize("NFC"),
  "山田 太郎",
  "김민준",
  "สมชาย",
  "ב\u200f!",
  "Ada \u200e(עדה)",
  "\ue000",
  "…",
];

Deno.test("an invisible name is refused", () => {
  for (const name of NAMES_THAT_SHOW_NOTHING) assertRefused(DisplayName, name);
  assertRefused(RoomName, NAMES_THAT_SHOW_NOTHING.join(""));
});

Deno.test("a name with a line break, a control character or a direction override is refused", () => {
  for (const character of [...LINE_BREAKS, ...CONTROLS, ...DIRECTIONS]) {
    for (const schema of [DisplayName, RoomName]) assertRefused(schema, `a${character}b`);
  }
  assertRefused(DisplayName, "\u202eadA");
  assertRefused(DisplayName, "Ada\u202c");
});

Deno.test("a name with half a surrogate pair is refused", () => {
  for (const name of ["a\ud83d", "\ude00a", "\ud83d"]) assertRefused(DisplayName, name);
});

Deno.test("names keep joined emoji, right-to-left letters, combining marks and joiners", () => {
  for (const name of NAMES_TO_KEEP) {
    assert.equal(DisplayName.parse(name), name);
    assert.equal(RoomName.parse(name), name);
  }
});

Deno.test("a name is normalised to NFC and trimmed", () => {
  assert.equal(DisplayName.parse("Zoe\u0308"), "Zo\u00eb");
  assert.equal(DisplayName.parse("\u00a0 Ada\u3000\u200b"), "Ada");
  assert.equal(DisplayName.parse("\u3164Ada\u2800\ufeff\u200f"), "Ada");
  assert.equal(DisplayName.parse("Ada Lovelace"), "Ada Lovelace");
});

Deno.test("the length of a name is counted in code points of its NFC", () => {
  assert.equal(DisplayName.parse("e\u0301".repeat(50)), "\u00e9".repeat(50));
  assertRefused(DisplayName, "e\u0301".repeat(51));
  assert.equal(RoomName.parse("😀".repeat(80)), "😀".repeat(80));
  assertRefused(RoomName, "😀".repeat(81));
});

Deno.test("registering, renaming and creating a room all validate names", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const registered = await register(stage.server.url, { displayName: "A\nB" });
    const renamed = await ada.request("PATCH", "/auth/me", { displayName: "\u3164" });
    const named = await ada.request("POST", "/rooms", { name: "a\u202eb" });
    for (const { status, body } of [registered, renamed, named]) {
      assert.deepEqual([status, body.code], [400, "validation_failed"]);
    }
    assert.equal((await ada.request("GET", "/auth/me")).body.user.displayName, "Ada");
  }));

Deno.test("a room's description may have line breaks, but no controls, overrides or lone surrogates", () => {
  const description = "Tea\r\n\tand עוגה 👩‍🚀\n\nq\u0307";
  assert.equal(RoomDescription.parse(` ${description}\n`), description);
  for (const character of ["\0", "\x1b", "\v", "\f", "\x85", "\x9b", ...DIRECTIONS, "\ud800"]) {
    assertRefused(RoomDescription, `a${character}b`);
  }
  assert.equal(RoomDescription.parse("\u3164\n\u200b"), "");
});

Deno.test("a name that predates the rules cannot break out of a notice", () =>
  withStore(async (store) => {
    const forger = newUser("Ada created the room\nBob left\u202e");
    await store.users.create(forger);
    const accountLog = new AccountLog(store, new InProcessBus());
    const services = { accountLog, store, slugs: new RoomSlugs(store.rooms) };
    const actor = { userId: forger.id, sessionId: "session" };
    const { id } = await createRoom(actor, services, { name: "Tea", description: null });
    const [opening] = await store.log.entriesAfter(id, 0, 1);
    const notice = opening?.message;
    assert.equal(notice?.text, "Ada created the room Bob left created the room");
    assert.equal(notice?.sender.displayName, forger.displayName);
  }));

Deno.test("a name is unchanged in a notice, unless it predates the rules", () => {
  for (const name of NAMES_TO_KEEP) assert.equal(nameInSentence(name), name);
  assert.equal(nameInSentence("\u3164\u2029"), "Somebody");
});

Deno.test("emails are accepted as browsers accept them, and stored in lower case", () => {
  const taken = [
    "o&leary@example.com",
    "user/dept@example.com",
    "a!#$%&'*+/=?^_`{|}~-.b@example.com",
    "ada@example.xn--p1ai",
    "ada@xn--bcher-kva.example",
    "ada@localhost",
    "ada..b@example.com",
    ".ada.@example.com",
    "ada@123.example",
    `${"a".repeat(65)}@example.com`,
    `ada@${"b".repeat(63)}.example`,
  ];
  for (const email of taken) assert.equal(Email.parse(email), email);
  assert.equal(Email.parse(" O&Leary@Example.COM "), "o&leary@example.com");
  const refused = [
    "ada",
    "@example.com",
    "ada@",
    "ada@-example.com",
    "ada@example-.com",
    "ada@example..com",
    "ada@example.com.",
    `ada@${"b".repeat(64)}.example`,
    "a da@example.com",
    '"a da"@example.com',
    "ada@example.com\0",
    "ada@b@example.com",
    "ad\u00e1@example.com",
    "ada@b\u00fccher.example",
    "\u212ada@example.com",
    "\ud800@example.com",
    `${"a".repeat(243)}@example.com`,
  ];
  for (const email of refused) assertRefused(Email, email);
});

Deno.test("a password is accepted in every Unicode form", () =>
  onStage(async ({ server }) => {
    const forms = ["NFC", "NFD"] as const;
    for (
      const password of ["Z\u00fcrich-\u00e9t\u00e9", "\ube44\ubc00\ubc88\ud638\uc785\ub2c8\ub2e4!"]
    ) {
      for (const registered of forms) {
        const email = `${crypto.randomUUID()}@example.com`;
        const answer = await register(server.url, {
          email,
          password: password.normalize(registered),
        });
        assert.equal(answer.status, 201);
        for (const typed of forms) {
          const body = { email, password: password.normalize(typed) };
          assert.equal((await request(server.url, "POST", "/auth/login", { body })).status, 200);
        }
        const body = { email, password: password.toUpperCase() + "x" };
        assert.equal((await request(server.url, "POST", "/auth/login", { body })).status, 401);
      }
    }
  }));

Deno.test("a hash of another Unicode form still works", async () => {
  const passwords = new Passwords(4, 1);
  const mixed = "e\u0301\u00e9 correct horse";
  for (const hashed of [mixed.normalize("NFC"), mixed.normalize("NFD"), mixed]) {
    const hash = await bcrypt.hash(hashed, 4);
    for (const typed of [hashed, ...(hashed === mixed ? [] : [mixed.normalize("NFC")])]) {
      assert.equal(await passwords.verify(typed, hash), true);
    }
    assert.equal(await passwords.verify("ee correct horse", hash), false);
  }
});

Deno.test("a password of lone surrogates matches no other", async () => {
  const passwords = new Passwords(4, 1);
  const hash = await bcrypt.hash("correct \ud800", 4);
  assert.equal(await passwords.verify("correct \udfff", hash), false);
});

Deno.test("the limits of a password are measured in NFC", () => {
  assert.equal(Password.parse("e\u0301".repeat(36)), "\u00e9".repeat(36));
  assertRefused(Password, "e\u0301".repeat(37));
  assertRefused(Password, "e\u0301".repeat(4));
  for (const password of ["12345678\0", "12345678\ud800"]) assertRefused(Password, password);
});

async function withStore(act: (store: Store) => Promise<void>): Promise<void> {
  const store = await openSqlite(`${await Deno.makeTempDir()}/echoroom.db`);
  try {
    await act(store);
  } finally {
    await store.close();
  }
}

function newUser(displayName: string): User {
  const now = new Date();
  return {
    id: newId(),
    email: `${crypto.randomUUID()}@example.com`,
    passwordHash: "",
    displayName,
    avatarUrl: null,
    onboardingCompleted: false,
    role: "member",
    ban: null,
    createdAt: now,
    updatedAt: now,
  };
}

function register(url: string, fields: Record<string, unknown>): Promise<Answer> {
  const email = `${crypto.randomUUID()}@example.com`;
  const body = { email, password: "correct horse", displayName: "Ada", ...fields };
  return request(url, "POST", "/auth/register", { body });
}

interface Schema {
  safeParse(input: unknown): { success: boolean };
}

function assertRefused(schema: Schema, input: string): void {
  const shown = [...input].map((c) => c.codePointAt(0)!.toString(16)).join(" ");
  assert.equal(schema.safeParse(input).success, false, shown);
}
