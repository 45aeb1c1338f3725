/** What every store must do with the record of what moderators and admins have done. */
import assert from "node:assert/strict";
import type { AuditAction, AuditEntry } from "../../../src/domain/audit.ts";
import { publicUser } from "../../../src/domain/user.ts";
import type { AuditFilter } from "../../../src/ports/store/audit.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import { deletion } from "./change_drafts.ts";
import {
  append,
  CREATED,
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  newId,
  newRoom,
  notice,
  opening,
  range,
  type Register,
  write,
} from "./fixtures.ts";

const ALL = { withPrivate: true };

export function testAudit(test: Register): void {
  test("an entry is listed as it was added, by every part of it", async (store, connect) => {
    const other = await connect();
    const entry = newEntry({
      userIds: [newId(), newId()],
      data: { role: "admin", reason: "“Why”", changes: { name: "x", $set: null } },
    });
    await store.audit.add(entry);
    const { roomId, actorId, action } = entry;
    const filters = [{ roomId }, { actorId }, { roomId, action }, { roomId, actorId, action }];
    for (const filter of filters as Partial<AuditFilter>[]) {
      assert.deepEqual(await other.audit.list({ ...ALL, ...filter }, 10), [entry]);
    }
    for (const other of [{ actorId: newId() }, { action: "room_deleted" }] as const) {
      assert.deepEqual(await store.audit.list({ ...ALL, roomId: roomId!, ...other }, 10), []);
    }
  });

  test("an entry of the operator, and of no room, is kept as such", async (store) => {
    const entry = newEntry({ actorId: null, roomId: null, action: "user_role" });
    await store.audit.add(entry);
    const [last] = await entriesWith(store, entry);
    assert.deepEqual(last, entry);
  });

  test("an entry is added once, and never replaced", async (store, connect) => {
    const other = await connect();
    const entry = newEntry();
    await Promise.all([store.audit.add(entry), other.audit.add(entry)]);
    await store.audit.add({ ...entry, action: "room_deleted", actorId: newId() });
    assert.deepEqual(await list(store, entry), [entry]);
  });

  test("entries are listed by their ids, the last first, page by page", async (store) => {
    const roomId = newId();
    const ids = range(1, 25).map((i) => `${roomId} ${String(i).padStart(2, "0")}`);
    for (const id of ids.toSorted(() => Math.random() - 0.5)) {
      await store.audit.add(newEntry({ id, roomId }));
    }
    const found: string[] = [];
    for (;;) {
      const page = await store.audit.list({ ...ALL, roomId }, 10, found.at(-1));
      if (page.length === 0) break;
      found.push(...page.map(({ id }) => id));
    }
    assert.deepEqual(found, ids.toReversed());
  });

  test("private entries can be left out", async (store) => {
    const roomId = newId();
    const open = newEntry({ roomId });
    await store.audit.add(newEntry({ roomId, isPrivate: true }));
    await store.audit.add(open);
    assert.equal((await store.audit.list({ withPrivate: true, roomId }, 10)).length, 2);
    assert.deepEqual(await store.audit.list({ withPrivate: false, roomId }, 10), [open]);
  });

  test("what moderators do in a room is recorded with its entry", async (store, connect) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const until = new Date(Date.now() + 60_000).toISOString();
    const done: [AuditAction, object][] = [
      ["member_added", { role: "moderator" }],
      ["member_role", { role: "member" }],
      ["member_muted", { until, reason: "Noise" }],
      ["member_unmuted", {}],
      ["member_banned", { reason: "Spam" }],
      ["member_unbanned", {}],
      ["member_removed", {}],
      ["room_updated", { changes: { name: "New", archived: true } }],
    ];
    const at = (i: number) => new Date(CREATED.getTime() + i);
    const drafts = done.map(([action, data], i) => {
      return notice(ada, action as "member_added", [bob], data, { createdAt: at(i) });
    });
    const entries = await write(store, room.id, ...drafts);
    const found = await (await connect()).audit.list({ ...ALL, roomId: room.id }, 100);
    const expected = done.map(([action, data], i): AuditEntry => ({
      id: entries[i]!.id,
      action,
      actorId: ada.id,
      roomId: room.id,
      isPrivate: false,
      userIds: [bob.id],
      data: { ...data },
      createdAt: at(i),
    }));
    assert.deepEqual(found, expected.sort((a, b) => a.id < b.id ? 1 : -1));
  });

  test("what users do with themselves is not recorded, nor are messages", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    await append(store, room.id, [opening(ada), draft(ada)]);
    await write(
      store,
      room.id,
      notice(bob, "member_added", [bob]),
      notice(bob, "member_left", [bob]),
    );
    assert.deepEqual(await store.audit.list({ ...ALL, roomId: room.id }, 10), []);
  });

  test("what a room is created with is not recorded", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const room = newRoom(ada, { type: "private" });
    await store.rooms.create(room, [creation(opening(ada)), notice(ada, "member_added", [bob])]);
    await store.repair();
    assert.deepEqual(await store.audit.list({ ...ALL, roomId: room.id }, 10), []);
    assert.equal((await store.members.find(bob.id, [room.id])).size, 1);
  });

  test(
    "the deletion of another's message is recorded, that of one's own is not",
    async (store, connect) => {
      const { room, ada } = await createRoomWithAda(store);
      const bob = await createUser(store);
      const [own, other] = await append(store, room.id, [draft(bob), draft(bob)]);
      await write(store, room.id, deletion(own!, publicUser(bob)));
      const [entry] = await write(store, room.id, deletion(other!, publicUser(ada)));
      const found = await (await connect()).audit.list({ ...ALL, roomId: room.id }, 10);
      assert.deepEqual(found, [{
        id: entry!.id,
        action: "message_deleted",
        actorId: ada.id,
        roomId: room.id,
        isPrivate: false,
        userIds: [bob.id],
        data: { messageId: other!.id },
        createdAt: entry!.createdAt,
      }]);
    },
  );

  test("many deletions of one append are recorded one by one", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const messages = await append(store, room.id, range(1, 30).map(() => draft(bob)));
    await write(store, room.id, ...messages.map((each) => deletion(each, publicUser(ada))));
    const found = await store.audit.list({ ...ALL, roomId: room.id }, 100);
    const ids = new Set(found.map(({ data }) => data.messageId));
    assert.deepEqual(ids, new Set(messages.map(({ id }) => id)));
    assert.equal(found.length, 30);
  });

  test("what is done in a private room is private", async (store) => {
    const ada = await createUser(store);
    const bob = await createUser(store);
    const room = await createRoom(store, ada, { type: "private" });
    const [message] = await append(store, room.id, [draft(bob)]);
    await write(store, room.id, notice(ada, "member_banned", [bob]));
    await write(store, room.id, deletion(message!, publicUser(ada)));
    const found = await store.audit.list({ ...ALL, roomId: room.id }, 10);
    assert.deepEqual(found.map(({ isPrivate }) => isPrivate), [true, true]);
  });

  test("an append that is refused records nothing", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const ban = notice(ada, "member_banned", [bob]);
    assert.deepEqual(await store.log.append(room.id, { seq: 0, n: 0 }, [ban]), []);
    assert.deepEqual(await store.audit.list({ ...ALL, roomId: room.id }, 10), []);
  });
}

function newEntry(fields: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: newId(),
    action: "member_banned",
    actorId: newId(),
    roomId: newId(),
    isPrivate: false,
    userIds: [],
    data: {},
    createdAt: CREATED,
    ...fields,
  };
}

/** The entries of the same room. */
function list(store: Store, { roomId }: AuditEntry): Promise<AuditEntry[]> {
  return store.audit.list({ ...ALL, roomId: roomId! }, 10);
}

/** The entry with this id, looked for among all, and what comes before it. */
function entriesWith(store: Store, { id }: AuditEntry): Promise<AuditEntry[]> {
  return store.audit.list(ALL, 1, `${id} `);
}
