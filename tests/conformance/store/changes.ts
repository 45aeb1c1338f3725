/** What entries that change messages must do on every store. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ChangeDraft,
  type Entry,
  LOG_LIMIT,
  LOG_START,
  positionOf,
} from "../../../src/domain/entry.ts";
import type { Message } from "../../../src/domain/message.ts";
import { publicUser, type User } from "../../../src/domain/user.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import { deletion, edit, pin, reaction, unpin } from "./change_drafts.ts";
import {
  CREATED,
  createRoom,
  createRoomWithAda,
  createUser,
  creation,
  draft,
  drafts,
  newId,
  pick,
  range,
  type Register,
  rename,
  seqs,
  UNKNOWN_IDS,
  write,
} from "./fixtures.ts";

export function testChanges(test: Register, testAlone: Register): void {
  test("an edit is an entry of its own and leaves the message with the new text", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const editedAt = minutesLater(5);
    const fields = { id: newId(), clientMessageId: "edit", request: "hash", createdAt: editedAt };
    const [entry] = await write(store, roomId, edit(message!, { text: "New" }, fields));
    const edited: Message = {
      ...message!,
      text: "New",
      changedSeq: 3,
      textSeq: 3,
      updatedAt: editedAt,
      editedAt,
    };
    assert.deepEqual(entry, {
      ...fields,
      kind: "edited",
      roomId,
      seq: 3,
      n: 2,
      by: publicUser(ada),
      message: edited,
    });
    assert.deepEqual(await store.messages.find(roomId, [message!.id]), [edited]);
    assert.deepEqual(await store.messages.before(roomId, LOG_LIMIT, 1), [edited]);
    assert.deepEqual(await store.messages.after(roomId, { seq: 1, n: 1 }, 9), [edited]);
    const [created, second] = await store.log.entriesAfter(roomId, 1, 9);
    assert.deepEqual(second, entry);
    assert.equal(created?.kind, "created");
    assert.deepEqual(created.message, edited);
  });

  test("the texts before the present one are kept with their entries and times", async (store) => {
    const { roomId, messages: [message] } = await roomWithMessages(store, 1);
    assert.deepEqual(await store.messages.earlierTexts(roomId, message!.id), []);
    const times = [minutesLater(1), minutesLater(2)];
    const [first] = await write(
      store,
      roomId,
      edit(message!, { text: "Second" }, { createdAt: times[0]! }),
    );
    await write(
      store,
      roomId,
      creation(draft(await createUser(store))),
      edit(first!.message, { text: "Third" }, { createdAt: times[1]! }),
    );
    assert.deepEqual(await store.messages.earlierTexts(roomId, message!.id), [
      { seq: 2, text: message!.text, editedAt: null },
      { seq: 3, text: "Second", editedAt: times[0] },
    ]);
    const [present] = await store.messages.find(roomId, [message!.id]);
    assert.deepEqual([present!.text, present!.textSeq, present!.editedAt], ["Third", 5, times[1]]);
  });

  test("an edit of something else than the text leaves the text its version", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const changes = { metadata: { color: "red" }, mentions: [ada.id], mentionsRoom: true };
    const [entry] = await write(store, roomId, edit(message!, changes));
    assert.deepEqual([entry!.message.changedSeq, entry!.message.textSeq], [3, 2]);
    assert.equal(entry!.message.editedAt, null);
    assert.deepEqual(await store.messages.find(roomId, [message!.id]), [entry!.message]);
    assert.deepEqual(await store.messages.earlierTexts(roomId, message!.id), []);
    const emptied = { metadata: null, mentions: [], mentionsRoom: false };
    const [second] = await write(store, roomId, edit(entry!.message, emptied));
    const { createdAt: updatedAt } = second!;
    const expected = { ...message!, changedSeq: 4, updatedAt };
    assert.deepEqual(await store.messages.find(roomId, [message!.id]), [expected]);
  });

  test("everything that a message may have comes back as it was written", async (store) => {
    const { roomId, ada, messages: [first, second] } = await roomWithMessages(store, 2);
    const sent = draft(ada, {
      replyTo: second!.id,
      threadId: first!.id,
      mentions: [ada.id, (await createUser(store)).id],
      mentionsRoom: true,
      metadata: {
        'a "quoted" name': [1, -0.5, true, null, { "": [] }],
        "$set": { "a.b": "日本語 \u{1F600} \u2028 \\" },
        id: "x",
        _id: {},
      },
    });
    const request = "a hash";
    const answered = second!.sender.id;
    const [entry] = await write(store, roomId, creation(sent, { request, answered }));
    assert.equal(entry!.request, request);
    const numbers = { roomId, seq: 4, changedSeq: 4, textSeq: 4, updatedAt: sent.createdAt };
    assert.deepEqual(entry!.message, { ...sent, ...numbers });
    assert.deepEqual(await store.log.entriesAfter(roomId, 3, 9), [entry]);
    assert.deepEqual(await store.messages.find(roomId, [sent.id]), [entry!.message]);
    const [edited] = await write(store, roomId, edit(entry!.message, { text: "New" }));
    assert.deepEqual(await store.messages.find(roomId, [sent.id]), [edited!.message]);
  });

  test("a deletion leaves a tombstone, without anything that anybody put into it", async (store) => {
    const { roomId, ada, messages: [root] } = await roomWithMessages(store, 1);
    const bob = await createUser(store, { displayName: "Bob" });
    const [sent] = await write(
      store,
      roomId,
      creation(
        draft(ada, {
          replyTo: root!.id,
          threadId: root!.id,
          mentions: [bob.id],
          mentionsRoom: true,
          metadata: { secret: true },
        }),
        { answered: root!.sender.id },
      ),
    );
    const { id } = sent!.message;
    const [edited] = await write(store, roomId, edit(sent!.message, { text: "New" }));
    const [reacted] = await write(store, roomId, reaction(edited!.message, "👍", [ada, bob]));
    const [pinned] = await write(store, roomId, pin(reacted!.message, bob));
    const deletedAt = minutesLater(9);
    const [entry] = await write(
      store,
      roomId,
      deletion(pinned!.message, publicUser(bob), { createdAt: deletedAt }),
    );
    assert.equal(entry!.kind, "deleted");
    assert.deepEqual(entry!.by, publicUser(bob));
    const [tombstone] = await store.messages.find(roomId, [id]);
    assert.deepEqual(tombstone, entry!.message);
    const { changedSeq, textSeq, updatedAt, ...rest } = tombstone!;
    assert.deepEqual([changedSeq, updatedAt], [7, deletedAt]);
    assert.ok(textSeq <= changedSeq);
    const { changedSeq: _, textSeq: __, updatedAt: ___, ...original } = sent!.message;
    assert.deepEqual(rest, {
      ...original,
      text: "",
      mentions: [],
      mentionsRoom: false,
      metadata: null,
      editedAt: edited!.message.editedAt,
      deletedAt,
    });
    assert.deepEqual(await store.messages.earlierTexts(roomId, id), []);
    assert.deepEqual(await store.messages.reactors(roomId, id, "👍", 10), []);
    assert.deepEqual(await store.messages.reactionsBy(roomId, ada.id, [id]), new Map());
    assert.deepEqual(await store.messages.pinned(roomId), []);
    const log = await store.log.entriesAfter(roomId, 2, 10);
    assert.deepEqual(
      log.map(({ kind }) => kind),
      ["created", "edited", "reacted", "pinned", "deleted"],
    );
    for (const { message } of log) assert.deepEqual(message, tombstone);
  });

  test("several changes of one message in one append are made in their order", async (store) => {
    const { roomId, ada, messages: [first] } = await roomWithMessages(store, 1);
    const bob = await createUser(store, { displayName: "Bob" });
    const changes: ChangeDraft[] = [];
    let message = first!;
    const add = (change: ChangeDraft) => {
      changes.push(change);
      const seq = 2 + changes.length;
      const isNewText = change.message.editedAt !== change.before.editedAt;
      const { createdAt: updatedAt } = change;
      const textSeq = isNewText ? seq : change.before.textSeq;
      message = { ...change.message, changedSeq: seq, textSeq, updatedAt };
    };
    add(edit(message, { text: "Second" }, { createdAt: minutesLater(1) }));
    add(reaction(message, "👍", [bob]));
    add(pin(message, ada));
    add(edit(message, { text: "Third" }, { createdAt: minutesLater(2) }));
    add(reaction(message, "👍", [ada]));
    add(unpin(message, ada));
    const entries = await write(store, roomId, ...changes);
    assert.deepEqual(entries.at(-1)!.message, message);
    assert.deepEqual(await store.messages.find(roomId, [message.id]), [message]);
    const now = entries.map((entry) => ({ ...entry, message }));
    assert.deepEqual(await store.log.entriesAfter(roomId, 2, 10), now);
    const texts = await store.messages.earlierTexts(roomId, message.id);
    assert.deepEqual(texts.map(({ seq, text }) => [seq, text]), [[2, first!.text], [3, "Second"]]);
    assert.deepEqual(await store.messages.pinned(roomId), []);
    const reactors = await store.messages.reactors(roomId, message.id, "👍", 10);
    assert.deepEqual(reactors.map(({ seq, user }) => [seq, user.id]), [[4, bob.id], [7, ada.id]]);
  });

  test("a message may be changed by the append that creates it", async (store) => {
    const { roomId, ada } = await roomWithMessages(store, 0);
    const sent = draft(ada);
    const numbers = { roomId, seq: 2, changedSeq: 2, textSeq: 2, updatedAt: CREATED };
    const created = { ...sent, ...numbers };
    const entries = await write(
      store,
      roomId,
      creation(sent),
      edit(created, { text: "New" }),
      creation(draft(ada)),
    );
    assert.deepEqual(entries.map(positionOf), [
      { seq: 2, n: 2 },
      { seq: 3, n: 2 },
      { seq: 4, n: 3 },
    ]);
    assert.deepEqual(await store.messages.find(roomId, [sent.id]), [entries[1]!.message]);
  });

  test("a change on a basis that has passed changes nothing", async (store, connect) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const basis = await store.log.end(roomId);
    const [edited] = await write(store, roomId, edit(message!, { text: "New" }));
    const bob = await createUser(store);
    const late = [
      edit(message!, { text: "Lost" }),
      deletion(message!, ada),
      reaction(message!, "👍", [bob]),
      pin(message!, ada),
    ];
    for (const each of [store, await connect()]) {
      for (const change of late) {
        assert.deepEqual(await each.log.append(roomId, basis, [change]), []);
      }
    }
    assert.deepEqual(await store.log.end(roomId), { seq: 3, n: 2 });
    assert.deepEqual(await store.messages.find(roomId, [message!.id]), [edited!.message]);
    assert.deepEqual(await store.messages.reactors(roomId, message!.id, "👍", 9), []);
    assert.deepEqual(await store.messages.pinned(roomId), []);
    assert.equal((await store.messages.earlierTexts(roomId, message!.id)).length, 1);
  });

  test("an append stops at a clientMessageId that an entry of either kind has", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const [edited] = await write(
      store,
      roomId,
      edit(message!, { text: "New" }, { clientMessageId: "edit" }),
    );
    const { message: now } = edited!;
    const repeats = [
      creation(draft(ada, { clientMessageId: "edit" })),
      edit(now, { text: "Lost" }, { clientMessageId: "edit" }),
      deletion(now, ada, { clientMessageId: message!.clientMessageId }),
    ];
    let end = await store.log.end(roomId);
    for (const repeat of repeats) {
      assert.deepEqual(await store.log.append(roomId, end, [repeat]), []);
      const batch = [creation(draft(ada)), repeat, creation(draft(ada)), edit(now, { text: "X" })];
      const [made, ...others] = await store.log.append(roomId, end, batch);
      assert.deepEqual(others, []);
      assert.deepEqual(made!.seq, end.seq + 1);
      end = positionOf(made!);
      assert.deepEqual(await store.log.end(roomId), end);
    }
    assert.deepEqual(await store.messages.find(roomId, [now.id]), [now]);
    assert.equal((await store.messages.earlierTexts(roomId, now.id)).length, 1);
  });

  test("a clientMessageId of a change is its author's own, and its room's", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const bob = await createUser(store);
    const elsewhere = await createRoom(store, ada);
    const key = { clientMessageId: "key" };
    const [first] = await write(store, roomId, pin(message!, ada, key));
    await write(store, roomId, deletion(first!.message, bob, key));
    const [other] = await write(store, elsewhere.id, creation(draft(ada, key)));
    await write(store, elsewhere.id, deletion(other!.message, bob, key));
    assert.equal((await store.log.end(roomId)).seq, 4);
  });

  test("changes are found by author and clientMessageId, as sends are", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const bob = await createUser(store, { displayName: "Bob" });
    const request = "hash";
    const entries = await write(
      store,
      roomId,
      creation(draft(bob, { clientMessageId: "send" }), { request }),
      reaction(message!, "👍", [bob], { clientMessageId: "reaction" }),
    );
    entries.push(
      ...await write(
        store,
        roomId,
        deletion(entries[1]!.message, bob, { clientMessageId: "deletion", request }),
      ),
    );
    const { message: tombstone } = entries[2]!;
    const keys = ["send", "reaction", "deletion", "unknown"].map((clientMessageId) => {
      return { senderId: bob.id, clientMessageId };
    });
    const found = (await store.log.findSent(roomId, keys)).sort((a, b) => a.seq - b.seq);
    assert.deepEqual(found.map(withoutUses), [
      entries[0],
      { ...withoutUses(entries[1]!), message: tombstone },
      entries[2],
    ]);
    assert.deepEqual(found.map((entry) => entry.request), [request, null, request]);
    const foreign = [
      { senderId: ada.id, clientMessageId: "deletion" },
      // The message's sender is not who deleted it.
      { senderId: ada.id, clientMessageId: "reaction" },
    ];
    assert.deepEqual(await store.log.findSent(roomId, foreign), []);
    const elsewhere = await createRoom(store, ada);
    assert.deepEqual(await store.log.findSent(elsewhere.id, keys), []);
  });

  test("an entry shows who made it, and the message its sender, as they are now", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const bob = await createUser(store, { displayName: "Bob" });
    await write(store, roomId, reaction(message!, "👍", [bob]));
    const renamed = { ada: await rename(store, ada), bob: await rename(store, bob) };
    const [entry] = await store.log.entriesAfter(roomId, 2, 9);
    assert.ok(entry?.kind === "reacted");
    assert.deepEqual(entry.by, renamed.bob);
    assert.deepEqual(entry.added, [{ emoji: "👍", user: renamed.bob }]);
    assert.deepEqual(entry.message.sender, renamed.ada);
  });

  testAlone("a log that ends with a change ends there for every reader", async (store, connect) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const quiet = await createRoom(store, ada);
    const [entry] = await write(store, roomId, pin(message!, ada));
    for (const each of [store, await connect()]) {
      assert.deepEqual(await each.log.end(roomId), { seq: 3, n: 2 });
      assert.deepEqual(
        await each.log.heads([roomId, quiet.id]),
        new Map([[roomId, 3], [quiet.id, 1]]),
      );
      assert.equal(await each.log.entryId(roomId, 3), entry!.id);
      assert.equal(await each.log.entryId(roomId, 4), null);
      assert.equal((await each.rooms.find(roomId))?.lastSeq, 3);
      const listed = await each.rooms.list(ada.id, { limit: 10 });
      assert.equal(listed.find(({ id }) => id === roomId)?.lastSeq, 3);
    }
    const [next] = await write(store, roomId, creation(draft(ada)));
    assert.deepEqual(positionOf(next!), { seq: 4, n: 3 });
    assert.equal(await store.messages.position(roomId, entry!.id), null);
  });

  test("entries of both kinds are read in the log's order, in pages of any size", async (store) => {
    const { roomId, ada, messages } = await roomWithMessages(store, 3);
    const now = new Map(messages.map((message) => [message.id, message]));
    for (let i = 0; i < 12; i++) {
      const before = now.get(pick(messages, i).id)!;
      const change = i % 2 === 0 ? edit(before, { text: `Version ${i}` }) : pin(before, ada);
      const made = await write(
        store,
        roomId,
        change,
        ...drafts(ada, i % 3).map((each) => creation(each)),
      );
      now.set(before.id, made[0]!.message);
    }
    const all = await store.log.entriesAfter(roomId, 0, 1_000);
    const { seq: last } = await store.log.end(roomId);
    assert.deepEqual(all.map(({ seq }) => seq), range(1, last));
    const messagesUpTo = (seq: number) => all.filter((e) => e.seq <= seq && e.kind === "created");
    for (const { seq, n } of all) assert.equal(n, messagesUpTo(seq).length);
    for (const size of [1, 2, 3, 7, 100]) {
      const paged: Entry[] = [];
      for (;;) {
        const page = await store.log.entriesAfter(roomId, paged.at(-1)?.seq ?? 0, size);
        if (page.length === 0) break;
        paged.push(...page);
      }
      assert.deepEqual(paged, all);
    }
  });

  test("pages of history are full and in order, whatever changes lie between", async (store) => {
    const { roomId, ada, messages: first } = await roomWithMessages(store, 2);
    let changed = first[0]!;
    for (let i = 0; i < 8; i++) {
      for (let k = 0; k < i; k++) {
        const [entry] = await write(store, roomId, edit(changed, { text: `Version ${i}.${k}` }));
        changed = entry!.message;
      }
      await write(store, roomId, creation(draft(ada, { text: `Message ${i}` })));
    }
    const all = await store.messages.after(roomId, LOG_START, 1_000);
    assert.equal(all.length, 11);
    const positions = await Promise.all(
      all.map(({ id }) => store.messages.position(roomId, id)),
    );
    assert.deepEqual(positions, all.map(({ seq }, i) => ({ seq, n: i + 1 })));
    assert.deepEqual(all[1], changed);
    for (const [i, position] of positions.entries()) {
      for (const size of [1, 3, 20]) {
        assert.deepEqual(
          await store.messages.before(roomId, position!, size),
          all.slice(Math.max(0, i - size), i),
        );
        assert.deepEqual(
          await store.messages.after(roomId, position!, size),
          all.slice(i + 1, i + 1 + size),
        );
      }
    }
    assert.deepEqual(await store.messages.before(roomId, LOG_LIMIT, 4), all.slice(-4));
  });

  test("messages are found by id in their own room only", async (store) => {
    const { roomId, ada, messages } = await roomWithMessages(store, 3);
    const elsewhere = await createRoom(store, ada);
    const [other] = await write(store, elsewhere.id, creation(draft(ada)));
    const [, second, third] = messages;
    const ids = [third!.id, ...UNKNOWN_IDS, other!.id, second!.id, second!.id];
    const found = await store.messages.find(roomId, ids);
    assert.deepEqual(found.sort((a, b) => a.seq - b.seq), [second, third]);
    assert.deepEqual(await store.messages.find(roomId, []), []);
    assert.deepEqual(await store.messages.find(newId(), ids), []);
  });

  test("pinned messages are listed from the last pinned on, and counted", async (store) => {
    const { roomId, ada, messages } = await roomWithMessages(store, 4);
    const [a, b, c, d] = messages.map(({ id }) => id);
    const now = new Map(messages.map((message) => [message.id, message]));
    const apply = async (change: typeof pin, id: string | undefined) => {
      const [entry] = await write(store, roomId, change(now.get(id!)!, ada));
      now.set(id!, entry!.message);
    };
    const check = async (...ids: (string | undefined)[]) => {
      assert.deepEqual(
        await store.messages.pinned(roomId),
        ids.map((id) => now.get(id!)),
      );
      assert.equal(await store.messages.countPinned(roomId), ids.length);
    };
    await check();
    for (const id of [b, a, d]) await apply(pin, id);
    await check(d, a, b);
    await apply((before) => edit(before, { text: "Edited" }), b);
    await check(d, a, b);
    await apply(unpin, a);
    await check(d, b);
    await apply(pin, c);
    await apply(pin, a);
    await check(a, c, d, b);
    await apply(deletion, d);
    await check(a, c, b);
    const elsewhere = await createRoom(store, ada);
    assert.deepEqual(await store.messages.pinned(elsewhere.id), []);
    assert.equal(await store.messages.countPinned(elsewhere.id), 0);
  });

  test("of ten changes on one basis exactly one is made, whole", async (store, connect) => {
    const { roomId, messages: [message] } = await roomWithMessages(store, 1);
    const stores = [store, await connect()];
    const basis = await store.log.end(roomId);
    const outcomes = await Promise.all(
      range(0, 9).map((i) => {
        const change = edit(message!, { text: `Version ${i}` });
        return pick(stores, i).log.append(roomId, basis, [change]);
      }),
    );
    const made = outcomes.filter((entries) => entries.length > 0);
    assert.equal(made.length, 1);
    const [entry] = made[0]!;
    for (const each of stores) {
      assert.deepEqual(await each.messages.find(roomId, [message!.id]), [entry!.message]);
      assert.deepEqual(await each.log.entriesAfter(roomId, 2, 9), [entry]);
    }
    assert.equal((await store.messages.earlierTexts(roomId, message!.id)).length, 1);
  });

  test(
    "changes that race on two instances are all made, each on the one before",
    async (store, connect) => {
      const { roomId, ada, messages } = await roomWithMessages(store, 2);
      const stores = [store, await connect()];
      const made = await Promise.all(stores.map(async (each, instance) => {
        const entries: Entry[] = [];
        for (let i = 0; i < 15; i++) {
          entries.push(
            ...await appendChange(each, roomId, pick(messages, i).id, (before) => {
              return i % 5 === 4
                ? (before.pinned ? unpin : pin)(before, ada)
                : edit(before, { text: `${before.text} ${instance}.${i}` });
            }),
          );
        }
        return entries;
      }));
      const entries = made.flat().sort((a, b) => a.seq - b.seq);
      assert.deepEqual(entries.map(({ seq }) => seq), range(4, 33));
      const log = await store.log.entriesAfter(roomId, 3, 100);
      assert.deepEqual(log.map(({ id }) => id), entries.map(({ id }) => id));
      for (const { id } of messages) {
        const own = entries.filter(({ message }) => message.id === id);
        for (const each of stores) {
          assert.deepEqual(await each.messages.find(roomId, [id]), [own.at(-1)!.message]);
        }
        const texts = await store.messages.earlierTexts(roomId, id);
        const edits = own.filter(({ kind }) => kind === "edited");
        assert.equal(texts.length, edits.length);
        assert.deepEqual(texts.slice(1).map(({ text }) => text), edits.slice(0, -1).map(textOf));
      }
    },
  );

  test(
    "a reader never sees less than it has seen before, while others change messages",
    async (store, connect) => {
      const { roomId, messages: [message] } = await roomWithMessages(store, 1);
      const reader = await connect();
      const writing = (async () => {
        let { before } = { before: message! };
        for (let i = 0; i < 20; i++) {
          const [entry] = await write(store, roomId, edit(before, { text: `Version ${i}` }));
          before = entry!.message;
        }
      })();
      let seen = 2;
      while (seen < 22) {
        const { seq } = await reader.log.end(roomId);
        const [found] = await reader.messages.find(roomId, [message!.id]);
        assert.ok(seq >= seen && found!.changedSeq >= seq, `${found!.changedSeq} of ${seq}`);
        seen = found!.changedSeq;
      }
      await writing;
    },
  );

  test("whatever the changes, messages are what the entries have made of them", async (store) => {
    const ada = await createUser(store);
    const operation = fc.record({
      kind: fc.constantFrom("create", "edit", "metadata", "react", "pin", "delete"),
      target: fc.nat({ max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
        const { id: roomId } = await createRoom(store, ada);
        const messages: Message[] = await store.messages.after(roomId, LOG_START, 1);
        for (const { kind, target } of operations) {
          const index = target % messages.length;
          const change = changeOf(kind, messages[index]!, ada);
          const [entry] = await write(store, roomId, change ?? creation(draft(ada)));
          if (change) messages[index] = entry!.message;
          else messages.push(entry!.message);
        }
        assert.deepEqual(await store.messages.after(roomId, LOG_START, 100), messages);
        const entries = await store.log.entriesAfter(roomId, 0, 100);
        assert.deepEqual(entries.map(({ seq }) => seq), range(1, operations.length + 1));
        for (const { message } of entries) {
          assert.deepEqual(message, messages.find(({ id }) => id === message.id));
        }
      }),
      { numRuns: 20 },
    );
  });

  testAlone("a restart keeps changed messages and their entries", async (store, connect) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const [edited] = await write(store, roomId, edit(message!, { text: "New" }));
    await write(store, roomId, pin(edited!.message, ada));
    const log = await store.log.entriesAfter(roomId, 0, 9);
    await store.close();
    const restarted = await connect();
    assert.deepEqual(await restarted.log.entriesAfter(roomId, 0, 9), log);
    assert.deepEqual(await restarted.messages.pinned(roomId), [log.at(-1)!.message]);
    const texts = await restarted.messages.earlierTexts(roomId, message!.id);
    assert.deepEqual(texts.map(({ text }) => text), [message!.text]);
  });

  test("of unknown rooms and messages there is nothing", async (store) => {
    const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
    const ids = [...UNKNOWN_IDS, message!.id];
    for (const unknown of UNKNOWN_IDS) {
      assert.deepEqual(await store.messages.find(unknown, ids), []);
      assert.deepEqual(await store.messages.pinned(unknown), []);
      assert.equal(await store.messages.countPinned(unknown), 0);
      assert.deepEqual(await store.messages.threads(unknown, ids), new Map());
      assert.deepEqual(await store.messages.reactionsBy(unknown, ada.id, ids), new Map());
      assert.deepEqual(await store.messages.reactionsBy(roomId, unknown, ids), new Map());
      for (const [room, id] of [[unknown, message!.id], [roomId, unknown]] as const) {
        assert.deepEqual(await store.messages.earlierTexts(room, id), []);
        assert.deepEqual(await store.messages.reactors(room, id, "👍", 9), []);
        assert.deepEqual(await store.messages.reactorsAmong(room, id, "👍", [ada.id]), new Set());
        assert.deepEqual(await store.messages.answersAfter(room, id, LOG_START, 9), []);
        assert.deepEqual(await store.messages.answersBefore(room, id, LOG_LIMIT, 9), []);
      }
    }
  });
}

/** A room with its opening and messages of Ada. */
export async function roomWithMessages(store: Store, count: number) {
  const { room: { id: roomId }, ada } = await createRoomWithAda(store);
  const entries = await write(store, roomId, ...drafts(ada, count).map((each) => creation(each)));
  const messages = entries.map(({ message }) => message);
  assert.deepEqual(seqs(messages), range(2, count + 1));
  return { roomId, ada, messages };
}

/** Appends a change of the message as it is now, after whatever other instances append meanwhile. */
export async function appendChange(
  store: Store,
  roomId: string,
  id: string,
  decide: (message: Message) => ChangeDraft,
): Promise<Entry[]> {
  for (;;) {
    const basis = await store.log.end(roomId);
    const [message] = await store.messages.find(roomId, [id]);
    const entries = await store.log.append(roomId, basis, [decide(message!)]);
    if (entries.length > 0) return entries;
  }
}

/** The change of that kind; null if it is not one, or not of this message. */
function changeOf(kind: string, message: Message, by: User): ChangeDraft | null {
  if (kind === "create" || message.system || message.deletedAt) return null;
  const { changedSeq } = message;
  if (kind === "edit") return edit(message, { text: `After ${changedSeq}` });
  if (kind === "metadata") return edit(message, { metadata: { after: changedSeq } });
  if (kind === "react") return reaction(message, `after_${changedSeq}`, [by]);
  if (kind === "pin") return (message.pinned ? unpin : pin)(message, by);
  return deletion(message, by);
}

function minutesLater(minutes: number): Date {
  return new Date(CREATED.getTime() + minutes * 60_000);
}

function textOf({ message }: Entry): string {
  return message.text;
}

/** The entry without the reactions it added and removed, which may go with its message. */
function withoutUses(entry: Entry): Entry {
  return entry.kind === "reacted" ? { ...entry, added: [], removed: [] } : entry;
}
