/** What reactions to messages must do on every store. */
import assert from "node:assert/strict";
import { listReactors } from "../../../src/application/messages/list_reactors.ts";
import type { Actor } from "../../../src/domain/actor.ts";
import { publicUser, type User } from "../../../src/domain/user.ts";
import type { ReactorCursor } from "../../../src/ports/store/messages.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import type { Access } from "../../../src/services/access.ts";
import { type Command, decide } from "../../../src/services/decision.ts";
import { RoomState } from "../../../src/services/room_state.ts";
import { deletion, edit, reaction, reactionRemoval } from "./change_drafts.ts";
import { appendChange, roomWithMessages } from "./changes.ts";
import {
  CREATED,
  createRoom,
  createUser,
  creation,
  draft,
  newId,
  pick,
  range,
  type Register,
  rename,
  write,
} from "./fixtures.ts";

/** Reactions in one entry: an append of more could take too long on a slow machine. */
const AT_ONCE = 50;

export function testReactions(test: Register, crowd: number): void {
  test("a reaction is an entry that says who added what, and counts on the message", async (store) => {
    const { roomId, messages: [message] } = await roomWithMessages(store, 1);
    const bob = await createUser(store, { displayName: "Bob" });
    const [entry] = await write(store, roomId, reaction(message!, "👍", [bob]));
    assert.ok(entry?.kind === "reacted");
    assert.deepEqual([entry.added, entry.removed], [
      [{ emoji: "👍", user: publicUser(bob) }],
      [],
    ]);
    assert.deepEqual(entry.message.reactions, [{ emoji: "👍", count: 1, users: [bob.id] }]);
    assert.deepEqual([entry.message.changedSeq, entry.message.textSeq], [3, 2]);
    assert.deepEqual(await store.log.entriesAfter(roomId, 2, 9), [entry]);
    assert.deepEqual(await store.messages.find(roomId, [message!.id]), [entry.message]);
  });

  test("a reaction that is taken back is gone, and may be added again", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const bob = await createUser(store, { displayName: "Bob" });
    const { id } = message!;
    const [both] = await write(store, roomId, reaction(message!, "👍", [ada, bob]));
    const [removal] = await write(
      store,
      roomId,
      reactionRemoval(both!.message, "👍", bob, [ada.id]),
    );
    assert.ok(removal?.kind === "reacted");
    assert.deepEqual([removal.added, removal.removed], [
      [],
      [{ emoji: "👍", user: publicUser(bob) }],
    ]);
    assert.deepEqual(await store.log.entriesAfter(roomId, 3, 9), [removal]);
    assert.deepEqual(removal.message.reactions, [{ emoji: "👍", count: 1, users: [ada.id] }]);
    assert.deepEqual(await store.messages.reactors(roomId, id, "👍", 9), [
      { user: publicUser(ada), seq: 3 },
    ]);
    const [again] = await write(store, roomId, reaction(removal.message, "👍", [bob]));
    assert.deepEqual(await store.messages.reactors(roomId, id, "👍", 9), [
      { user: publicUser(ada), seq: 3 },
      { user: publicUser(bob), seq: 5 },
    ]);
    const [last] = await write(
      store,
      roomId,
      reactionRemoval(again!.message, "👍", ada, [bob.id]),
    );
    await write(store, roomId, reactionRemoval(last!.message, "👍", bob, []));
    const [now] = await store.messages.find(roomId, [id]);
    assert.deepEqual(now!.reactions, []);
    assert.deepEqual(await store.messages.reactors(roomId, id, "👍", 9), []);
  });

  test("one entry may add and remove reactions of several users and emoji", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const bob = await createUser(store, { displayName: "Bob" });
    const { id } = message!;
    const [first] = await write(store, roomId, reaction(message!, "👍", [ada]));
    const [entry] = await write(store, roomId, {
      ...reaction(first!.message, "🎉", [ada, bob]),
      kind: "reacted",
      added: [
        { emoji: "🎉", user: publicUser(ada) },
        { emoji: "party_parrot", user: publicUser(bob) },
        { emoji: "🎉", user: publicUser(bob) },
      ],
      removed: [{ emoji: "👍", user: publicUser(ada) }],
    });
    assert.deepEqual(await store.log.entriesAfter(roomId, 3, 9), [entry]);
    const reactionsBy = async (userId: string) => {
      return (await store.messages.reactionsBy(roomId, userId, [id])).get(id)?.sort();
    };
    assert.deepEqual(await reactionsBy(ada.id), ["🎉"]);
    assert.deepEqual(await reactionsBy(bob.id), ["🎉", "party_parrot"].sort());
  });

  test("those who reacted are paged in the order of their entries, then of their ids", async (store) => {
    const { roomId, messages: [message] } = await roomWithMessages(store, 1);
    const { id } = message!;
    const users = await Promise.all(
      range(0, 11).map((i) => createUser(store, { displayName: `User ${i}` })),
    );
    let now = message!;
    const expected = [];
    for (const size of [3, 1, 5, 3]) {
      const group = users.slice(expected.length, expected.length + size);
      const [entry] = await write(store, roomId, reaction(now, "👍", group.toReversed()));
      now = entry!.message;
      const sorted = group.map(publicUser).sort((a, b) => a.id < b.id ? -1 : 1);
      expected.push(...sorted.map((user) => ({ user, seq: entry!.seq })));
      // Others in between.
      [now] = (await write(store, roomId, reaction(now, `other_${size}${expected.length}`, group)))
        .map(({ message }) => message) as [typeof now];
    }
    for (const size of [1, 2, 4, 12, 100]) {
      const paged = [];
      let after: ReactorCursor | undefined;
      for (;;) {
        const page = await store.messages.reactors(roomId, id, "👍", size, after);
        if (page.length === 0) break;
        assert.ok(page.length <= size);
        paged.push(...page);
        const { seq, user } = page.at(-1)!;
        after = { seq, userId: user.id };
      }
      assert.deepEqual(paged, expected);
    }
    const renamed = await rename(store, users[0]!);
    const first = await store.messages.reactors(roomId, id, "👍", 3);
    assert.deepEqual(first.find(({ user }) => user.id === renamed.id)?.user, renamed);
  });

  test("which of several users reacted is found at once", async (store) => {
    const { roomId, ada, messages: [message, other] } = await roomWithMessages(store, 2);
    const [bob, eve] = [await createUser(store), await createUser(store)];
    const [entry] = await write(store, roomId, reaction(message!, "👍", [ada, bob]));
    await write(store, roomId, reaction(entry!.message, "🎉", [eve]));
    await write(store, roomId, reaction(other!, "👍", [eve]));
    const among = (messageId: string, emoji: string, users: string[]) => {
      return store.messages.reactorsAmong(roomId, messageId, emoji, users);
    };
    const ids = [eve.id, bob.id, "unknown"];
    assert.deepEqual(await among(message!.id, "👍", ids), new Set([bob.id]));
    assert.deepEqual(await among(message!.id, "🎉", ids), new Set([eve.id]));
    assert.deepEqual(await among(message!.id, "❤", ids), new Set());
    assert.deepEqual(await among(message!.id, "👍", []), new Set());
  });

  test("the reactions of one reader to several messages are found at once", async (store) => {
    const { roomId, ada, messages } = await roomWithMessages(store, 4);
    const bob = await createUser(store);
    const [first, second, third, fourth] = messages;
    const [entry] = await write(store, roomId, reaction(first!, "👍", [bob, ada]));
    await write(
      store,
      roomId,
      reaction(entry!.message, "🎉", [bob]),
      reaction(second!, "👍", [ada]),
      reaction(third!, "👍", [bob]),
      reaction(fourth!, "👍", [bob]),
    );
    const ids = [first!.id, second!.id, third!.id, "unknown"];
    const found = await store.messages.reactionsBy(roomId, bob.id, ids);
    for (const emoji of found.values()) emoji.sort();
    assert.deepEqual(
      found,
      new Map([[first!.id, ["👍", "🎉"].sort()], [third!.id, ["👍"]]]),
    );
    const elsewhere = await createRoom(store, ada);
    assert.deepEqual(await store.messages.reactionsBy(elsewhere.id, bob.id, ids), new Map());
    assert.deepEqual(await store.messages.reactionsBy(roomId, bob.id, []), new Map());
  });

  test("an edit keeps the reactions, a deletion erases them, of its own message only", async (store) => {
    const { roomId, ada, messages: [message, other] } = await roomWithMessages(store, 2);
    const { id } = message!;
    const [reacted] = await write(store, roomId, reaction(message!, "👍", [ada]));
    await write(store, roomId, reaction(other!, "👍", [ada]));
    const [edited] = await write(store, roomId, edit(reacted!.message, { text: "New" }));
    const expected = [{ user: publicUser(ada), seq: 4 }];
    assert.deepEqual(await store.messages.reactors(roomId, id, "👍", 9), expected);
    await write(store, roomId, deletion(edited!.message, ada), creation(draft(ada)));
    assert.deepEqual(await store.messages.reactors(roomId, id, "👍", 9), []);
    assert.deepEqual(await store.messages.reactorsAmong(roomId, id, "👍", [ada.id]), new Set());
    assert.equal((await store.messages.reactors(roomId, other!.id, "👍", 9)).length, 1);
  });

  test("reactions that race on two instances are all kept and counted", async (store, connect) => {
    const { roomId, messages: [message] } = await roomWithMessages(store, 1);
    const { id } = message!;
    const stores = [store, await connect()];
    const users = await Promise.all(range(0, 23).map(() => createUser(store)));
    await Promise.all(stores.map(async (each, instance) => {
      for (let i = instance; i < users.length; i += 2) {
        await appendChange(each, roomId, id, (before) => reaction(before, "👍", [pick(users, i)]));
      }
    }));
    const reactors = await store.messages.reactors(roomId, id, "👍", 100);
    assert.deepEqual(reactors.map(({ seq }) => seq), range(3, 26));
    const ids = reactors.map(({ user }) => user.id);
    assert.deepEqual(new Set(ids), new Set(users.map((user) => user.id)));
    for (const each of stores) {
      const [now] = await each.messages.find(roomId, [id]);
      assert.deepEqual(now!.reactions, [{ emoji: "👍", count: 24, users: ids.slice(0, 10) }]);
    }
  });

  test(
    `${crowd} users react to one message: all are counted and listed, the first ten named`,
    async (store) => {
      const { roomId, messages: [message] } = await roomWithMessages(store, 1);
      const { id } = message!;
      const users: User[] = [];
      while (users.length < crowd) {
        const more = await Promise.all(range(1, AT_ONCE).map(() => createUser(store)));
        await react(store, roomId, id, more, true);
        users.push(...more);
      }
      const ids = await listAll(store, roomId, id);
      const entries = range(1, users.length / AT_ONCE).map((n) => {
        return users.slice((n - 1) * AT_ONCE, n * AT_ONCE).map((user) => user.id).toSorted();
      });
      assert.deepEqual(ids, entries.flat());
      const [all] = await store.messages.find(roomId, [id]);
      assert.deepEqual(all!.reactions, [{ emoji: "👍", count: crowd, users: ids.slice(0, 10) }]);

      const gone = new Set(ids.filter((_, i) => i % 3 > 0).slice(0, AT_ONCE));
      await react(store, roomId, id, users.filter((user) => gone.has(user.id)), false);
      const left = ids.filter((each) => !gone.has(each));
      const first = await store.messages.reactors(roomId, id, "👍", AT_ONCE);
      assert.deepEqual(first.map(({ user }) => user.id), left.slice(0, AT_ONCE));
      const [fewer] = await store.messages.find(roomId, [id]);
      const reaction = { emoji: "👍", count: left.length, users: left.slice(0, 10) };
      assert.deepEqual(fewer!.reactions, [reaction]);
    },
  );
}

/** Adds an emoji of all users, or removes it, with one entry. */
async function react(
  store: Store,
  roomId: string,
  messageId: string,
  users: readonly User[],
  add: boolean,
): Promise<void> {
  const basis = await store.log.end(roomId);
  const commands = users.map((user) => ({ command: toCommand(messageId, user, add) }));
  const needs = commands.flatMap(({ command }) => command.needs ?? []);
  const state = await RoomState.read(store, roomId, basis, needs);
  const { drafts, accepted } = decide(state, commands);
  assert.deepEqual([drafts.length, accepted.length], [1, users.length]);
  assert.equal((await store.log.append(roomId, basis, drafts)).length, 1);
}

function toCommand(messageId: string, user: User, add: boolean): Command {
  const by = publicUser(user);
  const [id, emoji] = [newId(), "👍"];
  const fields = { id, by, clientMessageId: id, request: null, createdAt: CREATED };
  const use = { emoji, user: by };
  const uses = { added: add ? [use] : [], removed: add ? [] : [use] };
  return {
    ...fields,
    text: "",
    needs: { messageIds: [messageId], reaction: { messageId, emoji, userId: user.id, isOn: add } },
    decide(state) {
      const before = state.message(messageId);
      const message = state.react(messageId, use, add)!;
      return { draft: { kind: "reacted", ...fields, ...uses, before, message } };
    },
  };
}

/** The ids of those who have put the emoji on a message, as they are listed page by page. */
async function listAll(store: Store, roomId: string, messageId: string): Promise<string[]> {
  const access = {
    find: () => Promise.resolve({ roomId }),
    confirm: () => Promise.resolve(),
  } as unknown as Access;
  const actor = { userId: "reader" } as Actor;
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const request = { messageId, emoji: "👍", limit: 249, cursor };
    const page = await listReactors(actor, { access, store }, roomId, request);
    ids.push(...page.users.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}
