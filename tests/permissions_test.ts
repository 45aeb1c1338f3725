/** The table of permissions: the contract's, restated, with its notes. */
import assert from "node:assert/strict";
import { type Role, type Standing, STRANGER } from "../src/domain/membership.ts";
import {
  CAPABILITIES,
  capabilitiesOf,
  type Capability,
  mayActOn,
} from "../src/domain/permissions.ts";
import { OPEN_RULES, type RoomRules } from "../src/domain/room.ts";
import { permissionsTable } from "../src/protocol/permissions_table.ts";

const NOW = new Date("2026-11-26T12:00:00Z");
const BEFORE = new Date(NOW.getTime() - 1);
const AFTER = new Date(NOW.getTime() + 1);
const COLUMNS = [null, "member", "moderator", "owner"] as const;

/** For others in public rooms, members, moderators, owners: whether they may, in a room without restrictions. */
const PUBLIC: Record<Capability, string> = {
  "room.read": "yes yes yes yes",
  "message.send": "yes yes yes yes",
  "message.react": "yes yes yes yes",
  "message.edit_own": "– yes yes yes",
  "message.delete_own": "– yes yes yes",
  "file.upload": "– yes yes yes",
  "message.mention_room": "– – yes yes",
  "message.pin": "– – yes yes",
  "message.delete_any": "– – yes yes",
  "member.invite": "– yes yes yes",
  "member.add": "– – yes yes",
  "member.remove": "– – yes yes",
  "member.ban": "– – yes yes",
  "member.mute": "– – yes yes",
  "room.slow_mode": "– – yes yes",
  "report.read": "– – yes yes",
  "room.update": "– – – yes",
  "room.archive": "– – – yes",
  "member.role": "– – – yes",
  "audit.read": "– – – yes",
  "room.delete": "– – – yes",
};
const PRIVATE: typeof PUBLIC = {
  ...PUBLIC,
  "room.read": "– yes yes yes",
  "message.send": "– yes yes yes",
  "message.react": "– yes yes yes",
  "member.invite": "– – yes yes",
};
const TABLES = { public: PUBLIC, private: PRIVATE };

/** What somebody of this role may do, as in the table. */
function inColumn(table: typeof PUBLIC, role: Role | null): Capability[] {
  const column = COLUMNS.indexOf(role);
  return CAPABILITIES.filter((each) => table[each].split(" ")[column] === "yes");
}

function may(
  role: Role | null,
  { rules, standing, isAdmin }: {
    rules?: Partial<RoomRules>;
    standing?: Partial<Standing>;
    isAdmin?: boolean;
  } = {},
): Capability[] {
  const inRoom = { ...OPEN_RULES, ...rules };
  const place = { ...STRANGER, role, ...standing };
  return [...capabilitiesOf({ isAdmin: isAdmin ?? false }, inRoom, place, NOW)];
}

function without(capabilities: Capability[], ...gone: Capability[]): Capability[] {
  return capabilities.filter((each) => !gone.includes(each));
}

for (const type of ["public", "private"] as const) {
  for (const role of COLUMNS) {
    Deno.test(`in a ${type} room ${role ?? "others"} may do what the table says`, () => {
      assert.deepEqual(may(role, { rules: { type } }), inColumn(TABLES[type], role));
    });
  }
}

Deno.test("in a direct room both may do what members may, and pin; nobody else reads it", () => {
  const rules = { type: "direct" } as const;
  const expected = [...inColumn(PRIVATE, "member"), "message.pin"].sort();
  assert.deepEqual(may("member", { rules }).sort(), expected);
  assert.deepEqual(may(null, { rules }), []);
});

Deno.test("while one of the two in a direct room has blocked the other, neither sends or reacts", () => {
  const rules = { type: "direct" } as const;
  const expected = without(may("member", { rules }), "message.send", "message.react");
  assert.deepEqual(may("member", { rules, standing: { isBlocked: true } }), expected);
});

Deno.test("where moderators post, nobody below them sends, and everybody reacts", () => {
  const rules = { postPolicy: "moderators" } as const;
  for (const role of [null, "member"] as const) {
    assert.deepEqual(may(role, { rules }), without(may(role), "message.send"));
  }
  for (const role of ["moderator", "owner"] as const) {
    assert.deepEqual(may(role, { rules }), may(role));
  }
});

Deno.test("in an archived room nobody sends or reacts, and everything else stays", () => {
  const rules = { archivedAt: BEFORE };
  for (const role of COLUMNS) {
    assert.deepEqual(may(role, { rules }), without(may(role), "message.send", "message.react"));
  }
});

Deno.test("the muted delete what they said, and neither send, react, edit nor upload until it ends", () => {
  const mute = (until: Date | null) => ({ standing: { mute: { until, reason: null } } });
  const silenced = ["message.send", "message.react", "message.edit_own", "file.upload"] as const;
  for (const role of COLUMNS) {
    for (const until of [null, AFTER]) {
      assert.deepEqual(may(role, mute(until)), without(may(role), ...silenced));
    }
    for (const until of [BEFORE, NOW]) assert.deepEqual(may(role, mute(until)), may(role));
  }
});

Deno.test("the banned may do nothing until the ban ends, admins included", () => {
  const ban = (until: Date | null) => ({ standing: { ban: { until, reason: null } } });
  for (const until of [null, AFTER]) {
    assert.deepEqual(may(null, ban(until)), []);
    assert.deepEqual(may(null, { ...ban(until), isAdmin: true }), []);
  }
  for (const until of [BEFORE, NOW]) assert.deepEqual(may(null, ban(until)), may(null));
});

Deno.test("admins may do in public rooms what owners may, and are nobody in particular elsewhere", () => {
  for (const role of COLUMNS) assert.deepEqual(may(role, { isAdmin: true }), may("owner"));
  for (const type of ["private", "direct"] as const) {
    for (const role of COLUMNS) {
      assert.deepEqual(
        may(role, { rules: { type }, isAdmin: true }),
        may(role, { rules: { type } }),
      );
    }
  }
});

Deno.test("a role is lower than those above it, and a stranger than every role", () => {
  assert.ok(mayActOn("member", null));
  assert.ok(mayActOn("moderator", "member"));
  assert.ok(mayActOn("owner", "moderator"));
  assert.ok(mayActOn("owner", "owner"));
  assert.ok(!mayActOn("moderator", "moderator"));
  assert.ok(!mayActOn("moderator", "owner"));
});

Deno.test("the table in the documentation is that of the code", async () => {
  const page = await Deno.readTextFile(new URL("../docs/permissions.md", import.meta.url));
  const [, table = ""] = page.match(/<!-- table -->\n(.*)<!-- end of the table -->/s) ?? [];
  const cells = (text: string) => {
    return text.trim().split("\n").filter((line) => line !== "" && !line.includes("---"))
      .map((line) => line.split("|").map((cell) => cell.trim()));
  };
  assert.deepEqual(cells(table), cells(permissionsTable()));
});
