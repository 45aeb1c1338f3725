/** Long lists on MongoDB: many rooms of one user, and many people of one name. */
import assert from "node:assert/strict";
import type { Document } from "mongodb";
import { type Collections, collectionsOf } from "../src/adapters/store/mongodb/collections.ts";
import { connect } from "../src/adapters/store/mongodb/connection.ts";
import { memberOf } from "../src/adapters/store/mongodb/member_documents.ts";
import { fromRoom } from "../src/adapters/store/mongodb/room_documents.ts";
import { fromUser } from "../src/adapters/store/mongodb/user_documents.ts";
import type { EntryDocument } from "../src/adapters/store/mongodb/entry_documents.ts";
import { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import type { Member } from "../src/domain/membership.ts";
import type { User } from "../src/domain/user.ts";
import type { Store } from "../src/ports/store/store.ts";
import {
  CREATED,
  createRoom,
  createUser,
  newRoom,
  newUser,
  range,
} from "./conformance/store/fixtures.ts";
import { HANG_LIMITS } from "./harness/deadline.ts";
import { newDatabase, onOwnStore } from "./harness/mongodb_database.ts";

const ROOMS = 130;
/** What a list of them costs at most, while logs end where they were last seen. */
const COMMANDS = 20;
/** More people than are looked up one by one, and more members than are read at once. */
const NAMESAKES = 1_010;
const OTHERS = 510;

Deno.test("MongoDB: a list of 130 rooms with what is unread costs few commands", async () => {
  const { uri, drop } = newDatabase();
  const monitored = `${uri}${uri.includes("?") ? "&" : "?"}monitorCommands=true`;
  const { client, ...connection } = await connect(monitored, HANG_LIMITS);
  const store = await MongoStore.open({ client, ...connection });
  const [ada, bob] = [await createUser(store), await createUser(store)];
  const rooms = await addRooms(collectionsOf(connection.db), ada, bob);
  let commands = 0;
  client.on("commandStarted", () => commands++);
  for (const isKnown of [false, true]) {
    commands = 0;
    assert.deepEqual(await listRooms(store, bob), rooms);
    if (isKnown) assert.ok(commands <= COMMANDS, `${commands} commands`);
  }
  await store.close();
  await drop();
});

Deno.test("MongoDB: members of a name that very many people have are found, page by page", () =>
  onOwnStore(async ({ store, collections }) => {
    const { id: roomId } = await createRoom(store, await createUser(store, { displayName: "Eve" }));
    const bobs = range(1, OTHERS).map((i) => newUser({ displayName: `Bob ${i}` }));
    const adas = range(1, NAMESAKES).map((i) => newUser({ displayName: `Ada ${i}` }));
    await collections.users.insertMany([...bobs, ...adas].map(fromUser));
    const joining = [...bobs, ...adas.slice(-20)];
    await collections.members.insertMany(joining.map(({ id }, i) => {
      return memberOf(roomId, id, { role: "member", readSeq: 1, joinedAt: momentOf(i) });
    }));
    for (const [name, expected] of [["ada", adas.slice(-20)], ["bob", bobs]] as const) {
      const found: string[] = [];
      for (let last: Member | undefined, isFirst = true; isFirst || last; isFirst = false) {
        const after = last && { joinedAt: last.joinedAt, userId: last.user.id };
        const page = await store.members.list(roomId, { limit: 300, name, after });
        found.push(...page.map(({ user }) => user.id));
        last = page.at(-1);
      }
      assert.deepEqual(found, expected.map(({ id }) => id));
    }
  }));

Deno.test("MongoDB: a page of bans is read no further than it is shown", async () => {
  const { uri, drop } = newDatabase();
  const monitored = `${uri}${uri.includes("?") ? "&" : "?"}monitorCommands=true`;
  const { client, ...connection } = await connect(monitored, HANG_LIMITS);
  const store = await MongoStore.open({ client, ...connection });
  const { id: roomId } = await createRoom(store, await createUser(store));
  const users = range(1, 30).map(() => newUser());
  const { users: accounts, members } = collectionsOf(connection.db);
  await accounts.insertMany(users.map(fromUser));
  const over = { until: momentOf(1), reason: null };
  await members.insertMany(users.map(({ id }, i) => {
    const ban = [{ until: null, reason: null }, over, null][i % 3]!;
    return { ...memberOf(roomId, id, { role: null, readSeq: 1, joinedAt: momentOf(i) }), ban };
  }));
  const read: number[] = [];
  client.on("commandSucceeded", ({ reply }) => {
    const { firstBatch, ns } = (reply as Document).cursor ?? {};
    if (String(ns).endsWith(".members")) read.push(firstBatch.length);
  });
  const banned = users.filter((_, i) => i % 3 === 0).map(({ id }) => id).toSorted();
  const page = await store.members.restricted(roomId, "ban", { limit: 4, after: banned[1] });
  assert.deepEqual(page.map(({ user }) => user.id), banned.slice(2, 6));
  assert.deepEqual(read, [4]);
  await store.close();
  await drop();
});

interface Listed {
  id: string;
  lastSeq: number;
  lastMessageAt: Date | null;
  unread: number;
}

/** What `GET /rooms?mine=true&sort=activity` reads. */
async function listRooms(store: Store, { id: userId }: User): Promise<Listed[]> {
  const rooms = await store.rooms.list(userId, {
    limit: ROOMS + 1,
    own: true,
    order: "activity",
  });
  const members = await store.members.find(userId, rooms.map(({ id }) => id));
  const readSeqs = rooms.map(({ id }) => [id, members.get(id)!.readSeq] as const);
  const counts = await store.members.countUnread(userId, new Map(readSeqs));
  return rooms.map(({ id, lastSeq, lastMessageAt }) => {
    return { id, lastSeq, lastMessageAt, unread: counts.get(id)!.unread };
  });
}

/**
 * Adds rooms of one to five messages, or of more than are counted at once, in some with a change behind
 * them.
 * @returns them as the reader, who has read the first message of each, has them listed
 */
async function addRooms(collections: Collections, ada: User, reader: User): Promise<Listed[]> {
  const rooms = range(0, ROOMS - 1).map((i) => {
    const messages = i % 8 === 7 ? 132 : 1 + i % 5;
    const entries = range(1, messages).map((seq) => message(`room ${i}`, seq, ada, momentOf(i)));
    if (i % 3 === 0) entries.push(change(`room ${i}`, messages + 1, ada, momentOf(ROOMS)));
    return { id: `room ${i}`, messages, entries };
  });
  await collections.rooms.insertMany(rooms.map(({ id }) => fromRoom(newRoom(ada, { id }))));
  await collections.members.insertMany(rooms.map(({ id }) => {
    return memberOf(id, reader.id, { role: "member", readSeq: 1, joinedAt: CREATED });
  }));
  await collections.messages.insertMany(rooms.flatMap(({ entries }) => entries));
  return rooms.map(({ id, messages, entries }, i) => {
    return {
      id,
      lastSeq: entries.length,
      lastMessageAt: momentOf(i),
      unread: Math.min(100, messages - 1),
    };
  }).toReversed();
}

function message(roomId: string, seq: number, sender: User, createdAt: Date): EntryDocument {
  const [_id, senderId] = [`${roomId} ${seq}`, sender.id];
  const fields = { clientMessageId: _id, createdAt, updatedAt: createdAt };
  return { _id, roomId, seq, n: seq, senderId, system: false, text: "Hi", ...fields };
}

/** The message before it, pinned. */
function change(roomId: string, seq: number, { id }: User, createdAt: Date): EntryDocument {
  const [_id, messageId] = [`${roomId} ${seq}`, `${roomId} ${seq - 1}`];
  const fields = { clientMessageId: _id, createdAt, messageId, senderId: id };
  return { _id, roomId, seq, n: -seq, count: seq - 1, kind: "pinned", ...fields };
}

function momentOf(i: number): Date {
  return new Date(CREATED.getTime() + 1_000 * i);
}
