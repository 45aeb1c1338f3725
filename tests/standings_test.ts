/** What is known of users' standings in rooms, and that commands are decided on it at the log's end. */
import assert from "node:assert/strict";
import { type Entry, entryAfter, type LogPosition } from "../src/domain/entry.ts";
import { newId } from "../src/domain/id.ts";
import { type Standing, STRANGER } from "../src/domain/membership.ts";
import { PLAIN, type SystemData, type SystemType } from "../src/domain/message.ts";

import { OPEN_RULES, type RoomRules } from "../src/domain/room.ts";
import type { PublicUser } from "../src/domain/user.ts";
import type { Standings as StoredStandings } from "../src/ports/store/members.ts";
import { Access } from "../src/services/access.ts";
import { authorsOf, type Command, decide } from "../src/services/decision.ts";
import { requireCapability } from "../src/services/room_access.ts";
import type { RoomCache } from "../src/services/room_cache.ts";
import { RoomState } from "../src/services/room_state.ts";
import { Standings } from "../src/services/standings.ts";

const ADA: PublicUser = { id: "ada", displayName: "Ada", avatarUrl: null };
const BOB: PublicUser = { id: "bob", displayName: "Bob", avatarUrl: null };
const BANNED = { until: null, reason: null };

/** Standings over a store that says this of Ada and Bob, and what it was asked. */
function openStandings(stored: Partial<Record<string, Partial<Standing>>> = {}) {
  const world = {
    epoch: 0,
    asked: [] as string[],
    rules: { ...OPEN_RULES } as RoomRules,
    stored,
    /** The rooms that have changed, or may have. */
    changed: [] as string[],
    /** Called while the store is asked, before it answers. */
    meanwhile: () => {},
  };
  const standings = new Standings(
    {
      get epoch() {
        return world.epoch;
      },
      members: {
        async standings(_roomId: string, userIds: readonly string[]): Promise<StoredStandings> {
          world.asked.push(...userIds);
          const answer = userIds.flatMap((id) => {
            const found = world.stored[id];
            return found ? [[id, { ...STRANGER, ...found }] as const] : [];
          });
          await Promise.resolve();
          world.meanwhile();
          return { rules: world.rules, standings: new Map(answer) };
        },
      },
    } as unknown as ConstructorParameters<typeof Standings>[0],
    { onChange: (roomId) => world.changed.push(roomId) },
  );
  return Object.assign(world, { standings });
}

Deno.test("a standing is read once, and moved by the entries that follow", async () => {
  const { standings, asked } = openStandings({ bob: { role: "member" } });
  standings.move("room", [said(1)]);
  await standings.read("room", "bob", 1);
  standings.move("room", [said(2), noticed(3, "member_role", { role: "moderator" }), said(4)]);
  assert.equal(standings.known("room", "bob", 4)?.standing.role, "moderator");
  standings.move("room", [noticed(5, "member_banned")]);
  assert.deepEqual(standings.known("room", "bob", 5)?.standing, { ...STRANGER, ban: BANNED });
  standings.move("room", [noticed(6, "room_updated", { changes: { postPolicy: "moderators" } })]);
  assert.equal(standings.known("room", "bob", 6)?.rules.postPolicy, "moderators");
  assert.deepEqual(asked, ["bob"]);
});

Deno.test("after entries that were missed a standing is as old as before them", async () => {
  const { standings } = openStandings({ bob: { role: "member" } });
  standings.move("room", [said(1)]);
  await standings.read("room", "bob", 1);
  standings.move("room", [said(3)]);
  assert.equal(standings.known("room", "bob", 3), undefined);
  assert.equal(standings.known("room", "bob", 1)?.standing.role, "member");
  await standings.read("room", "bob", 3);
  standings.move("room", [said(4)]);
  assert.ok(standings.known("room", "bob", 4));
});

Deno.test("where entries were missed, the room may have changed", async () => {
  const { standings, changed } = openStandings({ bob: { role: "member" } });
  standings.move("room", [said(1)]);
  await standings.read("room", "bob", 1);
  const before = changed.length;
  standings.move("room", [said(2)]);
  assert.equal(changed.length, before);
  await standings.read("room", "bob", 3);
  standings.move("room", [noticed(3, "room_updated", { changes: { name: "Tea" } })]);
  assert.equal(changed.length, before + 1);
});

Deno.test("entries that arrive twice or late move nothing back", async () => {
  const { standings } = openStandings({ bob: { role: "member" } });
  standings.move("room", [said(1)]);
  await standings.read("room", "bob", 1);
  const added = noticed(2, "member_added", { role: "owner" });
  standings.move("room", [added, noticed(3, "member_removed")]);
  standings.move("room", [added]);
  assert.equal(standings.known("room", "bob", 3)?.standing.role, null);
});

Deno.test("what was read while an entry changed the room is no newer than before it", async () => {
  const world = openStandings({ bob: { role: "member" } });
  const { standings } = world;
  standings.move("room", [said(1)]);
  world.meanwhile = () => standings.move("room", [noticed(2, "member_removed")]);
  await standings.read("room", "bob", 1);
  assert.equal(standings.known("room", "bob", 2), undefined);
  assert.ok(standings.known("room", "bob", 1));
});

Deno.test("what is sent while a standing is first read counts in slow mode", async () => {
  const world = openStandings({ ada: { role: "member" } });
  const { standings } = world;
  world.rules = { ...OPEN_RULES, slowMode: { seconds: 60, since: 1 } };
  standings.move("room", [said(1)]);
  world.meanwhile = () => standings.move("room", [said(2)]);
  const { standing } = await standings.read("room", "ada", 1);
  assert.equal(standing.lastSend?.seq, 2);
  assert.equal(standings.known("room", "ada", 2)?.standing.lastSend?.seq, 2);
});

Deno.test("who may read an entry is not decided on what was known before entries that were missed", async () => {
  const world = openStandings({ bob: { role: "member" } });
  const { standings } = world;
  const access = new Access({} as RoomCache, standings);
  standings.move("room", [said(1)]);
  assert.deepEqual(await access.readers("room", ["bob"], 1), ["bob"]);
  world.stored.bob = { ban: BANNED };
  standings.move("room", [said(3)]);
  assert.deepEqual(await access.readers("room", ["bob"], 3), []);
});

Deno.test("nothing that was known of another database is known", async () => {
  const world = openStandings({ bob: { role: "member" } });
  await world.standings.read("room", "bob");
  world.epoch++;
  assert.equal(world.standings.known("room", "bob"), undefined);
});

Deno.test("users who are asked for at once are read together", async () => {
  const { standings, asked } = openStandings();
  await Promise.all(["a", "b", "c", "b"].map((userId) => standings.read("room", userId)));
  assert.deepEqual(asked, ["a", "b", "c"]);
});

Deno.test("after a ban in the same batch the sends of the banned are refused", async () => {
  const world = openStandings({ ada: { role: "owner" }, bob: { role: "member" } });
  const banning = notice(ADA, "member_banned", {});
  const outcomes = await decideAll(world.standings, [send(BOB), banning, send(BOB), send(ADA)]);
  assert.deepEqual(outcomes, ["stored", "stored", "forbidden", "stored"]);
});

Deno.test("after a mute, or the room's archiving, in the same batch sends are refused as that", async () => {
  const stored = { ada: { role: "owner" }, bob: { role: "member" } } as const;
  const muted = await decideAll(openStandings(stored).standings, [
    notice(ADA, "member_muted", {}),
    send(BOB),
    notice(ADA, "member_unmuted", {}),
    send(BOB),
  ]);
  assert.deepEqual(muted, ["stored", "muted", "stored", "stored"]);
  const archived = await decideAll(openStandings(stored).standings, [
    notice(ADA, "room_updated", { changes: { archived: true } }),
    send(BOB),
    send(ADA),
  ]);
  assert.deepEqual(archived, ["stored", "room_archived", "room_archived"]);
});

Deno.test("a private room does not exist for whom an entry of the batch has removed", async () => {
  const world = openStandings({ ada: { role: "owner" }, bob: { role: "member" } });
  world.rules = { ...OPEN_RULES, type: "private" };
  const removal = notice(ADA, "member_removed", {});
  const outcomes = await decideAll(world.standings, [removal, send(BOB)]);
  assert.deepEqual(outcomes, ["stored", "room_not_found"]);
});

Deno.test("commands of known authors are decided without a look-up in the store", async () => {
  const { standings, asked } = openStandings({ bob: { role: "member" } });
  standings.move("room", [said(1)]);
  await standings.read("room", "bob", 1);
  const authors = authorsOf(standings, "room", { seq: 1, n: 1 }, [{ command: send(BOB) }]);
  assert.ok(!(authors instanceof Promise));
  assert.deepEqual(asked, ["bob"]);
});

/** What becomes of commands in one batch at entry 1. */
async function decideAll(standings: Standings, commands: readonly Command[]): Promise<string[]> {
  const basis = { seq: 1, n: 1 };
  const batch = commands.map((command) => ({ command }));
  const authors = await authorsOf(standings, "room", basis, batch);
  const { refused } = decide(new RoomState("room", basis, authors), batch);
  return batch.map((each) => {
    const refusal = refused.find(({ waiting }) => waiting === each);
    return refusal ? (refusal.error as { code: string }).code : "stored";
  });
}

function send(by: PublicUser): Command {
  return command(by, null, null);
}

/** A command about Bob. */
function notice(by: PublicUser, systemType: SystemType, data: Partial<SystemData>): Command {
  return command(by, systemType, { users: [BOB.id], ...data });
}

function command(
  by: PublicUser,
  systemType: SystemType | null,
  systemData: SystemData | null,
): Command {
  const clientMessageId = newId();
  const actor = { userId: by.id, sessionId: "session" };
  return {
    ...{ by, clientMessageId, request: null, text: "" },
    decide(state) {
      const access = state.access(actor);
      if (systemType === null) requireCapability(access, "message.send");
      return { draft: created(by, systemType, systemData, clientMessageId) };
    },
  };
}

function created(
  sender: PublicUser,
  systemType: SystemType | null = null,
  systemData: SystemData | null = null,
  clientMessageId = newId(),
) {
  const fields = { id: newId(), sender, text: "", system: systemType !== null, clientMessageId };
  const message = { ...PLAIN, ...fields, createdAt: new Date(), systemType, systemData };
  return { kind: "created", message, request: null, answered: null } as const;
}

function said(seq: number): Entry {
  return entryAfter(before(seq), "room", created(ADA));
}

/** An entry about Bob. */
function noticed(seq: number, systemType: SystemType, data: Partial<SystemData> = {}): Entry {
  return entryAfter(before(seq), "room", created(ADA, systemType, { users: [BOB.id], ...data }));
}

function before(seq: number): LogPosition {
  return { seq: seq - 1, n: seq - 1 };
}

Deno.test("what slow mode counts is known from the entries, also of those that come while it is read", async () => {
  const world = openStandings({ bob: { role: "member" } });
  const { standings } = world;
  world.rules = { ...OPEN_RULES, slowMode: { seconds: 5, since: 1 } };
  standings.move("room", [said(1)]);
  await standings.read("room", "ada", 1);
  world.meanwhile = () => standings.move("room", [said(2)]);
  await standings.read("room", said(2).by.id, 1);
  assert.equal(standings.known("room", said(2).by.id, 2)?.standing.lastSend?.seq, 2);
  standings.move("room", [said(3)]);
  assert.equal(standings.known("room", said(3).by.id, 3)?.standing.lastSend?.seq, 3);
});

Deno.test("a standing that changed without an entry while it was read is read again", async () => {
  const world = openStandings({ bob: { role: "member" } });
  const { standings } = world;
  world.meanwhile = () => standings.forget("room", "bob");
  await standings.read("room", "bob");
  assert.equal(standings.known("room", "bob"), undefined);
  world.meanwhile = () => {};
  await standings.read("room", "bob");
  assert.equal(standings.known("room", "bob")?.standing.role, "member");
});

Deno.test("what is being read while all standings are forgotten is read again", async () => {
  const world = openStandings({ bob: { role: "member" } });
  const { standings } = world;
  standings.move("room", [said(1)]);
  world.meanwhile = () => standings.forgetStandings();
  assert.equal((await standings.read("room", "bob", 1)).standing.role, "member");
  assert.equal(standings.known("room", "bob"), undefined);
});

Deno.test("a deleted room allows nothing from its last entry on", async () => {
  const { standings } = openStandings({ bob: { role: "owner" } });
  standings.move("room", [said(1)]);
  await standings.read("room", "bob", 1);
  standings.move("room", [noticed(2, "room_deleted")]);
  assert.equal(standings.known("room", "bob", 2)?.rules.isDeleted, true);
});
