/** Invitations on the embedded store, and the limit of wrong codes. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { useInvitation } from "../src/application/invitations/use_invitation.ts";
import { MODERATORS_LIMITS } from "../src/domain/invitation.ts";
import { publicUser } from "../src/domain/user.ts";
import type { Store } from "../src/ports/store/store.ts";
import { Access } from "../src/services/access.ts";
import { AccountLog } from "../src/services/account_log.ts";
import { hashOfCode } from "../src/services/invitation_codes.ts";
import { Members } from "../src/services/members.ts";
import { Metrics } from "../src/services/metrics.ts";
import { RequestHashes } from "../src/services/request_hashes.ts";
import { RoomCache } from "../src/services/room_cache.ts";
import { RoomLog } from "../src/services/room_log.ts";
import { Standings } from "../src/services/standings.ts";
import { createRoom, createUser, newId, notice, write } from "./conformance/store/fixtures.ts";
import { invite, privateRoom, testInvitations } from "./conformance/invitations.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { onStage } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

testInvitations(SQLITE);

Deno.test("who tries many wrong codes has to wait, right ones are not counted", () =>
  onStage(async (stage) => {
    const { ada, room } = await privateRoom(stage);
    const [bob] = await stage.people("Bob");
    const { code } = await invite(ada, room.id);
    const read = async (code: string) =>
      (await bob.request("GET", `/invitations/${code}`)).body.code;
    for (let i = 0; i < 30; i++) {
      assert.equal(await read(code), undefined);
      assert.equal(await read(i === 0 ? "a".repeat(500) : `wrong-${i}`), "invitation_not_found");
    }
    assert.equal(await read("wrong"), "rate_limited");
    assert.equal((await ada.request("GET", `/invitations/${code}`)).status, 200);
  }, { RATE_LIMIT: "on" }));

const CODE = "code";

/** An invitation of Ada's that Bob may use, and what counts. */
async function openWorld(type: "public" | "private" = "private") {
  const folder = await Deno.makeTempDir();
  const store = await openSqlite(`${folder}/echoroom.db`);
  const ada = await createUser(store);
  const room = await createRoom(store, ada, { type });
  const bob = await createUser(store);
  const id = newId();
  await store.invitations.create({
    id,
    roomId: room.id,
    codeHash: await hashOfCode(CODE),
    createdBy: publicUser(ada),
    createdAt: new Date(),
    expiresAt: null,
    maxUses: 9,
  }, MODERATORS_LIMITS);
  const bus = new InProcessBus();
  /** Bob's request on an instance with this store. */
  const use = async (on: Store = store) => {
    const standings = new Standings(on);
    const accountLog = new AccountLog(on, bus);
    const dependencies = {
      store: on,
      access: new Access(new RoomCache(on, bus), standings),
      log: new RoomLog(on, bus, new Metrics(), standings),
      members: new Members(on, standings, accountLog, bus),
      requestHashes: new RequestHashes("a secret of thirty-two bytes or more"),
    };
    const actor = { userId: bob.id, sessionId: "session", user: publicUser(bob) };
    await useInvitation(actor, dependencies, CODE);
    await dependencies.log.drain();
    accountLog.close();
  };
  /** The store, with some of what it does about invitations done otherwise. */
  const withInvitations = (changed: Partial<Store["invitations"]>): Store => {
    const { claim, find, mayReturn, settle } = store.invitations;
    const invitations = { ...store.invitations, claim, find, mayReturn, settle, ...changed };
    return Object.assign(Object.create(store), { invitations });
  };
  return {
    store,
    room,
    ada,
    bob,
    use,
    withInvitations,
    uses: async () => (await store.invitations.find(await hashOfCode(CODE)))?.uses,
    isMember: async () => (await store.members.get(room.id, bob.id)) !== null,
    async [Symbol.asyncDispose]() {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

for (const type of ["public", "private"] as const) {
  Deno.test(`a second request for a ${type} room that claims after the first has ended counts no use`, async () => {
    await using world = await openWorld(type);
    const { store, use, withInvitations } = world;
    const second = withInvitations({
      async claim(...args) {
        await use();
        return await store.invitations.claim(...args);
      },
    });
    await use(second);
    assert.deepEqual([await world.uses(), await world.isMember()], [1, true]);
  });

  Deno.test(`requests of a user for a ${type} room that share a claim count one use`, async () => {
    await using world = await openWorld(type);
    const { store, use, withInvitations } = world;
    const first = withInvitations({
      async claim(...args) {
        const claim = await store.invitations.claim(...args);
        await use();
        return claim;
      },
    });
    await use(first);
    assert.deepEqual([await world.uses(), await world.isMember()], [1, true]);
  });

  Deno.test(`a request for a ${type} room that died is taken up again as the same use`, async () => {
    await using world = await openWorld(type);
    const { store, room, bob, use, withInvitations } = world;
    const dying = withInvitations({ settle: () => Promise.reject(new Error("killed")) });
    await assert.rejects(use(dying));
    assert.deepEqual([await world.uses(), await world.isMember()], [1, true]);
    await write(store, room.id, notice(bob, "member_left", [bob]));
    for (let i = 0; i < 2; i++) await use();
    assert.deepEqual([await world.uses(), await world.isMember()], [1, true]);
  });
}

Deno.test("who is added by a moderator during their request uses nothing up", async () => {
  await using world = await openWorld();
  const { store, room, ada, bob, use, withInvitations } = world;
  const late = withInvitations({
    async claim(...args) {
      const claim = await store.invitations.claim(...args);
      await write(store, room.id, notice(ada, "member_added", [bob]));
      return claim;
    },
  });
  await use(late);
  assert.deepEqual([await world.uses(), await world.isMember()], [0, true]);
});

Deno.test("who was removed after a request that died makes another use, and is a member again", async () => {
  await using world = await openWorld();
  const { store, room, ada, bob, use, withInvitations } = world;
  const dying = withInvitations({ settle: () => Promise.reject(new Error("killed")) });
  await assert.rejects(use(dying));
  assert.equal(await world.isMember(), true);
  await write(store, room.id, notice(ada, "member_removed", [bob]));
  await use();
  assert.deepEqual([await world.uses(), await world.isMember()], [2, true]);
});
