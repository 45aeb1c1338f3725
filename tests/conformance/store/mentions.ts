/** Which messages concern a user, on every store. */
import assert from "node:assert/strict";
import type { Entry } from "../../../src/domain/entry.ts";
import type { MessageDraft } from "../../../src/domain/message.ts";
import type { User } from "../../../src/domain/user.ts";
import type { MentionPlace } from "../../../src/ports/store/messages.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import { deletion } from "./change_drafts.ts";
import {
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  notice,
  range,
  type Register,
  UNKNOWN_IDS,
  write,
} from "./fixtures.ts";

export function testMentions(test: Register): void {
  test("messages that name a user or answer them concern them, as member or not, the newest first", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const mentions = [bob.id];
    const entries = await write(
      store,
      room.id,
      creation(sentAt(1, ada, { mentions })),
      creation(sentAt(2, ada)),
      creation(sentAt(3, ada), { answered: bob.id }),
      creation(sentAt(4, bob, { mentions })),
      creation(sentAt(5, ada, { mentionsRoom: true })),
      creation(sentAt(6, ada, { mentions, mentionsRoom: true }), { answered: bob.id }),
    );
    const expected = [entries[5]!, entries[2]!, entries[0]!];
    const places = await store.messages.mentionsOf(bob.id, 10);
    assert.deepEqual(places.map(({ isAnswer: _, ...place }) => place), expected.map(placeOf));
    assert.equal(places[1]!.isAnswer, true);
    await store.members.join(room.id, bob.id);
    assert.deepEqual(await idsOf(store, bob), [5, 4, 2, 0].map((i) => entries[i]!.id));
    assert.deepEqual(await idsOf(store, ada), []);
    for (const unknown of UNKNOWN_IDS) {
      assert.deepEqual(await store.messages.mentionsOf(unknown, 10), []);
    }
  });

  test("deleted messages concern nobody", async (store) => {
    const { room, ada } = await createRoomWithAda(store);
    const bob = await createUser(store);
    const [entry] = await write(store, room.id, creation(sentAt(1, ada, { mentions: [bob.id] })));
    await write(store, room.id, deletion(entry!.message, ada));
    assert.deepEqual(await idsOf(store, bob), []);
  });

  test("messages of rooms that a user may not read do not concern them", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const open = await createRoom(store, ada);
    const closed = await createRoom(store, ada, { type: "private" });
    const ids: string[] = [];
    for (const [i, { id }] of [open, closed].entries()) {
      const message = sentAt(i, ada, { mentions: [bob.id] });
      const [, entry] = await write(
        store,
        id,
        notice(ada, "member_added", [bob]),
        creation(message),
      );
      ids.push(entry!.id);
    }
    assert.deepEqual(await idsOf(store, bob), ids.toReversed());
    await write(store, closed.id, notice(ada, "member_removed", [bob]));
    assert.deepEqual(await idsOf(store, bob), [ids[0]]);
    await write(store, open.id, notice(ada, "member_banned", [bob]));
    assert.deepEqual(await idsOf(store, bob), []);
    await write(store, open.id, notice(ada, "member_unbanned", [bob]));
    assert.deepEqual(await idsOf(store, bob), [ids[0]]);
    await write(store, open.id, notice(ada, "room_deleted", []));
    assert.deepEqual(await idsOf(store, bob), []);
  });

  test("pages of any size cover the mentions of all rooms once each, also those of one moment", async (store) => {
    const [ada, bob] = [await createUser(store), await createUser(store)];
    const rooms = [await createRoom(store, ada), await createRoom(store, ada)];
    for (const { id } of rooms) {
      const drafts = range(1, 5).map((i) => sentAt(Math.floor(i / 2), ada, { mentions: [bob.id] }));
      await write(store, id, ...drafts.map((each) => creation(each)));
    }
    const all = await store.messages.mentionsOf(bob.id, 100);
    assert.equal(all.length, 10);
    for (const limit of [1, 3, 10]) {
      const found: MentionPlace[] = [];
      while (true) {
        const page = await store.messages.mentionsOf(bob.id, limit, found.at(-1));
        if (page.length === 0) break;
        found.push(...page);
      }
      assert.deepEqual(found, all);
    }
    const order = all.map(({ createdAt, messageId }) => `${createdAt.toISOString()} ${messageId}`);
    assert.deepEqual(order, order.toSorted().toReversed());
  });
}

/** A draft sent so many seconds after some time. */
function sentAt(second: number, sender: User, fields: Partial<MessageDraft> = {}): MessageDraft {
  const createdAt = new Date(Date.UTC(2026, 0, 1) + second * 1_000);
  return draft(sender, { ...fields, createdAt });
}

function placeOf({ roomId, message: { id: messageId, createdAt } }: Entry) {
  return { roomId, messageId, createdAt };
}

async function idsOf(store: Store, { id }: User): Promise<string[]> {
  const places = await store.messages.mentionsOf(id, 10);
  return places.map(({ messageId }) => messageId);
}
