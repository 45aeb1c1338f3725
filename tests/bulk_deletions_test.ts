/** The deletions that bans ask for, when whoever began them dies. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { deleteRecent } from "../src/application/moderation/delete_recent.ts";
import { resumeDeletions } from "../src/application/moderation/resume_deletions.ts";
import type { BulkDeletion } from "../src/domain/bulk_deletion.ts";
import { ChatError, unavailable } from "../src/domain/errors.ts";
import { publicUser, type User } from "../src/domain/user.ts";
import type { Store } from "../src/ports/store/store.ts";
import { Admins } from "../src/services/admins.ts";
import { Metrics } from "../src/services/metrics.ts";
import { PublicUsers } from "../src/services/public_users.ts";
import { RoomLog } from "../src/services/room_log.ts";
import {
  createRoom,
  createUser,
  creation,
  draft,
  newId,
  notice,
  write,
} from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";

const SINCE = new Date(0);
const DUE = new Date(Date.now() - 1);

/** Ada's room, in which Bob has written. */
async function openWorld(messages: number) {
  const folder = await Deno.makeTempDir();
  const store = await openSqlite(`${folder}/echoroom.db`);
  const [ada, bob] = [await createUser(store), await createUser(store)];
  const { id: roomId } = await createRoom(store, ada);
  const batch = 250;
  for (let i = 0; i < messages; i += batch) {
    const count = Math.min(batch, messages - i);
    await write(store, roomId, ...Array.from({ length: count }, () => creation(draft(bob))));
  }
  const bus = new InProcessBus();
  const log = new RoomLog(store, bus, new Metrics());
  const admins = new Admins(store.users, bus);
  const dependencies = { store, log, admins, publicUsers: new PublicUsers(store.users, bus) };
  const deletion = await addDeletion(store, { roomId, userId: bob.id, actorId: ada.id });
  return {
    ...dependencies,
    roomId,
    ada,
    bob,
    deletion,
    resume: () => resumeDeletions(dependencies),
    async [Symbol.asyncDispose]() {
      await log.drain();
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function addDeletion(
  store: Store,
  ids: Pick<BulkDeletion, "roomId" | "userId" | "actorId">,
  createdAt = new Date(),
): Promise<BulkDeletion> {
  const deletion = { id: newId(), ...ids, since: SINCE, createdAt };
  await store.bulkDeletions.add(deletion, DUE);
  return deletion;
}

type World = Awaited<ReturnType<typeof openWorld>>;

async function ban({ store, roomId, ada, bob }: World, clientMessageId = newId()): Promise<void> {
  await write(store, roomId, notice(ada, "member_banned", [bob], {}, { clientMessageId }));
}

async function countDeleted({ store, roomId, bob }: World): Promise<number> {
  const entries = await store.log.entriesAfter(roomId, 0, 10_000);
  const deleted = entries.filter(({ kind, message }) => {
    return kind === "created" && message.sender.id === bob.id && message.deletedAt !== null;
  });
  return deleted.length;
}

async function left({ store }: World): Promise<string[]> {
  const later = new Date(Date.now() + 60_000);
  return (await store.bulkDeletions.due(later, 10)).map(({ id }) => id);
}

function participant(user: User) {
  return { userId: user.id, sessionId: "", user: publicUser(user) };
}

Deno.test("what a ban was to delete is completed, at most 1,000 by all who worked at it", async () => {
  await using world = await openWorld(1_020);
  const { store, log, roomId, ada, bob, deletion } = world;
  await ban(world, deletion.id);
  let appends = 0;
  const dying = {
    append(...args: Parameters<RoomLog["append"]>) {
      return ++appends > 250 ? Promise.reject(unavailable("It has died.")) : log.append(...args);
    },
  } as unknown as RoomLog;
  const unfinished = deleteRecent(participant(ada), { store, log: dying }, deletion);
  await assert.rejects(unfinished, { code: "unavailable" });
  await log.drain();
  assert.equal(await countDeleted(world), 250);
  assert.deepEqual(await left(world), [deletion.id]);
  await store.bulkDeletions.postpone(deletion.id, DUE);
  await world.resume();
  assert.equal(await countDeleted(world), 1_000);
  assert.deepEqual(await left(world), []);
  const [newest] = await store.messages.before(roomId, { seq: 1_022, n: 1_022 }, 1);
  assert.deepEqual([newest?.sender.id, newest?.deletedAt === null], [bob.id, false]);
});

Deno.test("nothing is deleted before the log has the ban, and nothing waits if it never comes", async () => {
  await using world = await openWorld(3);
  const { store, roomId, ada, bob } = world;
  const old = new Date(Date.now() - 2 * 60_000);
  await addDeletion(store, { roomId, userId: bob.id, actorId: ada.id }, old);
  await world.resume();
  assert.equal(await countDeleted(world), 0);
  assert.deepEqual(await left(world), [world.deletion.id]);
});

Deno.test("a ban that was there already lets the deletions go on", async () => {
  await using world = await openWorld(3);
  await ban(world);
  await world.resume();
  assert.equal(await countDeleted(world), 3);
  assert.deepEqual(await left(world), []);
});

Deno.test("nothing is deleted in the name of who may not do it any more", async () => {
  await using world = await openWorld(3);
  const { store, roomId, ada, deletion } = world;
  await ban(world, deletion.id);
  await write(store, roomId, notice(ada, "member_role", [ada], { role: "member" }));
  await world.resume();
  assert.equal(await countDeleted(world), 0);
  assert.deepEqual(await left(world), []);
});

Deno.test("one deletion that fails does not keep the others from being completed", async () => {
  await using world = await openWorld(3);
  const { store, bob, ada, deletion } = world;
  await ban(world, deletion.id);
  await store.bulkDeletions.remove(deletion.id);
  const gone = { id: newId(), roomId: "gone", userId: bob.id, actorId: ada.id };
  await store.bulkDeletions.add({ ...gone, since: SINCE, createdAt: new Date() }, DUE);
  await store.bulkDeletions.add(deletion, DUE);
  await world.resume();
  assert.equal(await countDeleted(world), 3);
});

Deno.test("a deletion that fails for now is told of once the others are completed", async () => {
  await using world = await openWorld(3);
  const { log, store, roomId, ada, bob, deletion } = world;
  await ban(world, deletion.id);
  await addDeletion(store, { roomId, userId: bob.id, actorId: ada.id });
  let appends = 0;
  const failing = {
    append(...args: Parameters<RoomLog["append"]>) {
      return ++appends === 1 ? Promise.reject(unavailable("Down.")) : log.append(...args);
    },
  } as unknown as RoomLog;
  await assert.rejects(resumeDeletions({ ...world, log: failing }), { message: "Down." });
  assert.equal(await countDeleted(world), 3);
  assert.equal((await left(world)).length, 1);
});

Deno.test("a refused deletion is the caller's to see", async () => {
  await using world = await openWorld(1);
  const { store, log, bob, deletion } = world;
  const refused = deleteRecent(participant(bob), { store, log }, deletion);
  await assert.rejects(refused, (error) => error instanceof ChatError);
  assert.deepEqual(await left(world), []);
});
