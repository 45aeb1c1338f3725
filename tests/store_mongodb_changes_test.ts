/** The MongoDB store when those who change messages die between their writes, or write late. */
import assert from "node:assert/strict";
import type { Collection, Document, FindOptions } from "mongodb";
import type { Collections } from "../src/adapters/store/mongodb/collections.ts";
import type {
  EntryDocument,
  MessageDocument,
} from "../src/adapters/store/mongodb/entry_documents.ts";
import { EntryReader } from "../src/adapters/store/mongodb/entry_reader.ts";
import { MongoLog } from "../src/adapters/store/mongodb/log.ts";
import { LogEnds } from "../src/adapters/store/mongodb/log_ends.ts";
import { RoomChanges } from "../src/adapters/store/mongodb/room_changes.ts";
import { Operations } from "../src/adapters/store/mongodb/operations.ts";
import { PendingChanges } from "../src/adapters/store/mongodb/pending_changes.ts";
import type { MongoStore } from "../src/adapters/store/mongodb/store.ts";
import {
  type ChangeDraft,
  type Entry,
  type EntryDraft,
  LOG_LIMIT,
  LOG_START,
} from "../src/domain/entry.ts";
import type { Message } from "../src/domain/message.ts";
import { publicUser, type User } from "../src/domain/user.ts";
import {
  deletion,
  edit,
  pin,
  reaction,
  reactionRemoval,
  unpin,
} from "./conformance/store/change_drafts.ts";
import { roomWithMessages } from "./conformance/store/changes.ts";
import { createUser, creation, draft, write } from "./conformance/store/fixtures.ts";
import { HANG_LIMITS } from "./harness/deadline.ts";
import { allOf, onOwnStore } from "./harness/mongodb_database.ts";

/** Dies when it has announced its changes. */
class DyingBeforeAppend extends PendingChanges {
  override async announce(...args: Parameters<PendingChanges["announce"]>): Promise<void> {
    await super.announce(...args);
    throw new Error("died");
  }
}

/** Dies when its entries are in the log. */
class DyingBeforeApply extends PendingChanges {
  override apply(): Promise<void> {
    return Promise.resolve();
  }
}

/** Hangs when its entries are in the log, until `applyLate`. */
class Late extends PendingChanges {
  readonly #calls: Parameters<PendingChanges["apply"]>[] = [];

  override apply(...args: Parameters<PendingChanges["apply"]>): Promise<void> {
    this.#calls.push(args);
    return Promise.resolve();
  }

  async applyLate(): Promise<void> {
    for (const args of this.#calls) await super.apply(...args);
  }
}

/** A room with a message of Ada, seen by a store, and the means to write to it in other ways. */
interface Scene {
  store: MongoStore;
  collections: Collections;
  roomId: string;
  ada: User;
  bob: User;
  message: Message;
  /** Appends at the end of the log; resolves once the changes are applied, or never will be. */
  write(changes: PendingChanges, ...drafts: EntryDraft[]): Promise<Entry[]>;
}

testScene("a change that died before its entry is never seen", async (scene) => {
  const { store, roomId, message, bob } = scene;
  const dying = new DyingBeforeAppend(scene.collections);
  for (const change of [edit(message, { text: "Lost" }), reaction(message, "👍", [bob])]) {
    await assert.rejects(scene.write(dying, change), /died/);
  }
  assert.deepEqual(await store.messages.find(roomId, [message.id]), [message]);
  await store.repair();
  assert.equal((await documentOf(scene))?.pending?.length, 2, "either may still be appended");

  const [pinned] = await write(store, roomId, pin(message, bob));
  assert.deepEqual(await store.messages.find(roomId, [message.id]), [pinned!.message]);
  assert.deepEqual(await store.messages.reactors(roomId, message.id, "👍", 9), []);
  assert.deepEqual(await store.messages.earlierTexts(roomId, message.id), []);
  await assertNothingPending(scene);
  await assertNowhere(scene, "Lost");
});

testScene("a change that died before its entry goes once another has its number", async (scene) => {
  const { store, roomId, ada, message } = scene;
  const dying = new DyingBeforeAppend(scene.collections);
  await assert.rejects(scene.write(dying, edit(message, { text: "Lost" })), /died/);
  await write(store, roomId, creation(draft(ada)));
  assert.deepEqual(await store.messages.find(roomId, [message.id]), [message]);
  await assertNothingPending(scene);
  await assertNowhere(scene, "Lost");
});

testScene("changes that lost a race are not pending afterwards", async (scene) => {
  const { store, roomId, ada, message } = scene;
  const basis = await store.log.end(roomId);
  await write(store, roomId, creation(draft(ada)), creation(draft(ada)));
  const lost = [edit(message, { text: "Lost" }), pin(message, ada)];
  assert.deepEqual(await store.log.append(roomId, basis, lost), []);
  await assertNothingPending(scene);
  await assertNowhere(scene, "Lost");
});

testScene(
  "an append that was tried again after its answer was lost keeps its changes",
  async (scene) => {
    const { store, collections, roomId, ada, bob, message } = scene;
    const twice = replaced(collections, "messages", (messages) => ({
      async insertMany(...args: Parameters<typeof messages.insertMany>) {
        await messages.insertMany(...args);
        return await messages.insertMany(...args);
      },
    }));
    const basis = await store.log.end(roomId);
    const reacted = reaction(message, "👍", [bob]);
    const pinned = pin({ ...reacted.message, changedSeq: basis.seq + 1 }, ada);
    const changes = new PendingChanges(twice);
    assert.deepEqual(await newLog(twice, changes).append(roomId, basis, [reacted, pinned]), []);
    await assertNothingPending(scene);
    const [found] = await store.messages.find(roomId, [message.id]);
    assert.deepEqual(found!.reactions, reacted.message.reactions);
    assert.ok(found!.pinned);
    const reactors = await store.messages.reactors(roomId, message.id, "👍", 9);
    assert.deepEqual(reactors.map(({ user }) => user.id), [bob.id]);
  },
);

testScene(
  "a change that a look-up in the log has missed is not lost by the next",
  async (scene) => {
    const { store, collections, roomId, ada, bob, message } = scene;
    const dying = new DyingBeforeApply(collections);
    const [reacted] = await scene.write(dying, reaction(message, "👍", [bob]));
    const [pinned] = await scene.write(dying, pin(reacted!.message, ada));
    const unseen = replaced(collections, "messages", (messages) => ({
      find: (match: Document, ...rest: [FindOptions]) => {
        const isLookUp = "seq" in match;
        return messages.find(isLookUp ? { ...match, seq: pinned!.seq } : match, ...rest);
      },
    }));
    await new PendingChanges(unseen).settleRoom(roomId);
    assert.deepEqual(await store.messages.find(roomId, [message.id]), [pinned!.message]);
    const reactors = await store.messages.reactors(roomId, message.id, "👍", 9);
    assert.deepEqual(reactors.map(({ user }) => user.id), [bob.id]);
    await assertNothingPending(scene);
  },
);

testScene(
  "what is taken out as lost is no other change of its number, committed meanwhile",
  async (scene) => {
    const { store, collections, roomId, ada, bob, message } = scene;
    const dying = new DyingBeforeAppend(collections);
    await assert.rejects(scene.write(dying, edit(message, { text: "Lost" })), /died/);
    const late = new Late(collections);
    let reacted: Entry | undefined;
    const interrupted = replaced(collections, "messages", (messages) => ({
      find: (match: Document, ...rest: [FindOptions]) => {
        if (!("seq" in match) || reacted) return messages.find(match, ...rest);
        return {
          async toArray() {
            [reacted] = await scene.write(late, reaction(message, "👍", [bob]));
            return await messages.find(match, ...rest).toArray();
          },
        };
      },
    }));
    await new PendingChanges(interrupted).settleRoom(roomId);
    assert.equal(reacted?.seq, message.seq + 1);
    assert.deepEqual(await store.messages.find(roomId, [message.id]), [reacted!.message]);
    const next = new PendingChanges(collections);
    const [pinned] = await scene.write(next, pin(reacted!.message, ada));
    assert.deepEqual(await store.messages.find(roomId, [message.id]), [pinned!.message]);
    await assertNothingPending(scene);
  },
);

/** What each way of reading must show of a message that was edited, reacted to by Bob and pinned. */
const READERS: Record<string, (scene: Scene, now: Message) => Promise<void>> = {
  find: async ({ store, roomId }, now) => {
    assert.deepEqual(await store.messages.find(roomId, [now.id]), [now]);
  },
  before: async ({ store, roomId }, now) => {
    assert.deepEqual(await store.messages.before(roomId, LOG_LIMIT, 1), [now]);
  },
  after: async ({ store, roomId }, now) => {
    assert.deepEqual((await store.messages.after(roomId, LOG_START, 9)).at(-1), now);
  },
  entriesAfter: async ({ store, roomId }, now) => {
    const entries = await store.log.entriesAfter(roomId, 2, 9);
    assert.deepEqual(entries.map(({ message }) => message), [now, now, now, now]);
  },
  findSent: async ({ store, roomId, ada }, now) => {
    const key = { senderId: ada.id, clientMessageId: now.clientMessageId };
    const [entry] = await store.log.findSent(roomId, [key]);
    assert.deepEqual(entry?.message, now);
  },
  answersAfter: async ({ store, roomId }, now) => {
    const answers = await store.messages.answersAfter(roomId, now.threadId!, LOG_START, 9);
    assert.deepEqual(answers, [now]);
  },
  answersBefore: async ({ store, roomId }, now) => {
    const answers = await store.messages.answersBefore(roomId, now.threadId!, LOG_LIMIT, 9);
    assert.deepEqual(answers, [now]);
  },
  pinned: async ({ store, roomId }, now) => {
    assert.deepEqual(await store.messages.pinned(roomId), [now]);
  },
  countPinned: async ({ store, roomId }) => {
    assert.equal(await store.messages.countPinned(roomId), 1);
  },
  earlierTexts: async ({ store, roomId }, now) => {
    const texts = await store.messages.earlierTexts(roomId, now.id);
    assert.deepEqual(texts, [{ seq: now.seq, text: "An answer", editedAt: null }]);
  },
  reactionsBy: async ({ store, roomId, bob }, now) => {
    const found = await store.messages.reactionsBy(roomId, bob.id, [now.id]);
    assert.deepEqual(found, new Map([[now.id, ["👍"]]]));
  },
  reactors: async ({ store, roomId, bob }, now) => {
    const reactors = await store.messages.reactors(roomId, now.id, "👍", 9);
    assert.deepEqual(reactors, [{ user: publicUser(bob), seq: 5 }]);
  },
  reactorsAmong: async ({ store, roomId, bob }, now) => {
    const found = await store.messages.reactorsAmong(roomId, now.id, "👍", [bob.id]);
    assert.deepEqual(found, new Set([bob.id]));
  },
};

for (const [name, check] of Object.entries(READERS)) {
  testScene(
    `${name} shows changes that were appended and not applied, and applies them`,
    async (scene) => {
      const { store, roomId, ada, bob, message } = scene;
      const sent = draft(ada, { text: "An answer", replyTo: message.id, threadId: message.id });
      const [answer] = await write(store, roomId, creation(sent));
      const dying = new DyingBeforeApply(scene.collections);
      const [edited] = await scene.write(dying, edit(answer!.message, { text: "New" }));
      const [reacted] = await scene.write(dying, reaction(edited!.message, "👍", [bob]));
      const [pinned] = await scene.write(dying, pin(reacted!.message, bob));
      assert.equal((await documentOf(scene, answer!.id))?.pending?.length, 3);
      await check(scene, pinned!.message);
      await assertNothingPending(scene);
      for (const each of Object.values(READERS)) await each(scene, pinned!.message);
    },
  );
}

testScene("who changes a message next applies what was left before", async (scene) => {
  const { store, roomId, bob, message } = scene;
  const dying = new DyingBeforeApply(scene.collections);
  const [edited] = await scene.write(dying, edit(message, { text: "New" }));
  const next = new PendingChanges(scene.collections);
  const [reacted] = await scene.write(next, reaction(edited!.message, "👍", [bob]));
  await assertNothingPending(scene);
  assert.equal((await documentOf(scene))?.text, "New");
  assert.deepEqual(await store.messages.find(roomId, [message.id]), [reacted!.message]);
  const texts = await store.messages.earlierTexts(roomId, message.id);
  assert.deepEqual(texts.map(({ text }) => text), [message.text]);
});

testScene("a repair applies what nobody reads", async (scene) => {
  const { store, message } = scene;
  const dying = new DyingBeforeApply(scene.collections);
  await scene.write(dying, edit(message, { text: "New" }));
  await store.repair();
  await assertNothingPending(scene);
  assert.equal((await documentOf(scene))?.text, "New");
});

testScene("a message that died with its changes unapplied shows them", async (scene) => {
  const { store, roomId, ada } = scene;
  const dying = new DyingBeforeApply(scene.collections);
  const { seq } = await store.log.end(roomId);
  const sent = draft(ada);
  const numbers = { seq: seq + 1, changedSeq: seq + 1, textSeq: seq + 1 };
  const created = { ...sent, ...numbers, roomId, updatedAt: sent.createdAt };
  const [, edited] = await scene.write(dying, creation(sent), edit(created, { text: "New" }));
  assert.deepEqual(await store.messages.find(roomId, [sent.id]), [edited!.message]);
  await assertNothingPending(scene);
});

testScene("what is applied late does not undo what came after it", async (scene) => {
  const { store, roomId, bob, message } = scene;
  const late = new Late(scene.collections);
  const [edited] = await scene.write(late, edit(message, { text: "Second" }));
  const [reacted] = await scene.write(late, reaction(edited!.message, "👍", [bob]));
  const [pinned] = await scene.write(late, pin(reacted!.message, bob));
  const outdated = await documentOf(scene);
  const [again] = await write(store, roomId, edit(pinned!.message, { text: "Third" }));
  const [removed] = await write(
    store,
    roomId,
    reactionRemoval(again!.message, "👍", publicUser(bob), []),
  );
  const [unpinned] = await write(store, roomId, unpin(removed!.message, bob));
  const check = async () => {
    assert.deepEqual(await store.messages.find(roomId, [message.id]), [unpinned!.message]);
    assert.deepEqual(await store.messages.reactors(roomId, message.id, "👍", 9), []);
    assert.deepEqual(await store.messages.pinned(roomId), []);
    const texts = await store.messages.earlierTexts(roomId, message.id);
    assert.deepEqual(texts.map(({ text }) => text), [message.text, "Second"]);
    await assertNothingPending(scene);
  };
  await check();
  await late.applyLate();
  await check();
  await late.settle(roomId, [outdated!]);
  await check();
});

testScene("nothing that is applied late brings back what was deleted", async (scene) => {
  const { store, roomId, ada, bob, message } = scene;
  const late = new Late(scene.collections);
  const [edited] = await scene.write(late, edit(message, { text: "Secret" }));
  const [again] = await scene.write(late, edit(edited!.message, { text: "Another secret" }));
  const [reacted] = await scene.write(late, reaction(again!.message, "👍", [bob]));
  const outdated = await documentOf(scene);
  const [deleted] = await write(store, roomId, deletion(reacted!.message, ada));
  const check = async () => {
    assert.deepEqual(await store.messages.find(roomId, [message.id]), [deleted!.message]);
    assert.deepEqual(await store.messages.earlierTexts(roomId, message.id), []);
    assert.deepEqual(await store.messages.reactors(roomId, message.id, "👍", 9), []);
    await assertNothingPending(scene);
    await assertNowhere(scene, "ecret");
  };
  await check();
  await late.applyLate();
  await check();
  await late.settle(roomId, [outdated!]);
  await check();
  // An announcement that was under way all the time.
  await assert.rejects(
    scene.write(new DyingBeforeAppend(scene.collections), edit(message, { text: "Secret" })),
    /died/,
  );
  await check();
});

testScene("a deletion that died before it was applied is one for every reader", async (scene) => {
  const { store, roomId, ada, message } = scene;
  const [edited] = await write(store, roomId, edit(message, { text: "Secret" }));
  const dying = new DyingBeforeApply(scene.collections);
  const [deleted] = await scene.write(dying, deletion(edited!.message, ada));
  assert.deepEqual(await store.messages.earlierTexts(roomId, message.id), []);
  assert.deepEqual(await store.messages.find(roomId, [message.id]), [deleted!.message]);
  await assertNothingPending(scene);
  await assertNowhere(scene, "Secret");
});

testScene("of several who apply the same at once none disturbs another", async (scene) => {
  const { store, roomId, bob, message } = scene;
  const dying = new DyingBeforeApply(scene.collections);
  const [edited] = await scene.write(dying, edit(message, { text: "New" }));
  const [reacted] = await scene.write(dying, reaction(edited!.message, "👍", [bob]));
  const found = await Promise.all(
    Array.from({ length: 8 }, () => store.messages.find(roomId, [message.id])),
  );
  for (const each of found) assert.deepEqual(each, [reacted!.message]);
  await assertNothingPending(scene);
  assert.equal((await store.messages.reactors(roomId, message.id, "👍", 9)).length, 1);
  assert.equal((await store.messages.earlierTexts(roomId, message.id)).length, 1);
});

testScene(
  "an append does not wait for its changes to be applied, and closing does",
  async (scene) => {
    const { store, roomId, message } = scene;
    const { collections, begun, release, updates } = withHeldEdits(scene);
    const operations = new Operations(HANG_LIMITS);
    const log = newLog(collections, new PendingChanges(collections), operations);
    const append = async (before: Message, text: string) => {
      const [entry] = await log.append(roomId, await log.end(roomId), [edit(before, { text })]);
      return entry!.message;
    };
    const second = await append(message, "Second");
    await begun;
    const third = await append(second, "Third");
    const last = await append(third, "Last");
    assert.deepEqual(await store.messages.find(roomId, [message.id]), [last]);
    const closed = operations.close();
    release();
    await closed;
    await assertNothingPending(scene);
    assert.equal((await documentOf(scene))?.text, "Last");
    const texts = await store.messages.earlierTexts(roomId, message.id);
    assert.deepEqual(texts.map(({ text }) => text), [message.text, "Second", "Third"]);
    assert.equal(updates.at(-1), 1, "the second and third were applied with one update");
  },
);

testScene("changes are refused while too many wait to be applied", async (scene) => {
  const { store, roomId, message } = scene;
  const { collections, begun, release } = withHeldEdits(scene);
  const operations = new Operations(HANG_LIMITS);
  const changes = new PendingChanges(collections, { slow: 9, full: 4 });
  const log = newLog(collections, changes, operations);
  const end = await log.end(roomId);
  const edits = editsInTurn(message, end.seq, 5);
  await log.append(roomId, end, edits);
  await begun;
  const next = edit(edits.at(-1)!.message, { text: "Next" });
  const after = { seq: end.seq + edits.length, n: end.n };
  await assert.rejects(log.append(roomId, after, [next]), { code: "unavailable" });
  release();
  await operations.close();
  await assertNothingPending(scene);
  const [entry] = await write(store, roomId, next);
  assert.deepEqual(await store.messages.find(roomId, [message.id]), [entry!.message]);
});

testScene(
  "a message whose edits have named very many counts for the last one named",
  async (scene) => {
    const { store, collections, roomId, ada, bob, message } = scene;
    await write(store, roomId, ...Array.from({ length: 110 }, () => creation(draft(ada))));
    let last = message;
    for (let i = 0; i < 6; i++) {
      const strangers = Array.from({ length: 25 }, () => crypto.randomUUID());
      const [entry] = await write(store, roomId, edit(last, { mentions: strangers }));
      last = entry!.message;
    }
    await write(store, roomId, edit(last, { mentions: [bob.id] }));
    const counts = await store.members.countUnread(bob.id, new Map([[roomId, 1]]));
    assert.deepEqual(counts.get(roomId), { unread: 100, mentions: 1 });
    const { keys } = (await collections.messages.findOne({ _id: message.id })) as MessageDocument;
    assert.ok(keys!.length < 150, `${keys!.length} keys`);
  },
);

testScene("a deleted text is gone from its message when the append resolves", async (scene) => {
  const { store, roomId, ada, message } = scene;
  const [edited] = await write(store, roomId, edit(message, { text: "Secret" }));
  await write(store, roomId, deletion(edited!.message, ada));
  await assertNothingPending(scene);
  await assertNowhere(scene, "Secret");
});

testScene("a plain send and a page of plain messages cost one command each", async (scene) => {
  const { roomId, ada, message } = scene;
  const { calls, log, operations } = countedLog(scene);
  const end = await log.end(roomId);
  calls.length = 0;
  await log.append(roomId, end, [creation(draft(ada))]);
  assert.deepEqual(calls, ["messages insertMany"]);
  calls.length = 0;
  await log.entriesAfter(roomId, 0, 9);
  assert.deepEqual(calls, ["messages aggregate"]);
  calls.length = 0;
  await log.append(roomId, { seq: end.seq + 1, n: end.n + 1 }, [edit(message, { text: "New" })]);
  await operations.close();
  assert.deepEqual(calls, [
    "messages bulkWrite",
    "messages insertMany",
    "edits insertMany",
    "messages bulkWrite",
  ]);
});

/** Registers a test that gets a room with a message. */
function testScene(sentence: string, run: (scene: Scene) => Promise<void>): void {
  Deno.test(`MongoDB: ${sentence}`, () =>
    onOwnStore(async ({ store, collections }) => {
      const { roomId, ada, messages: [message] } = await roomWithMessages(store, 1);
      const bob = await createUser(store, { displayName: "Bob" });
      const writeBy = async (changes: PendingChanges, ...drafts: EntryDraft[]) => {
        const operations = new Operations(HANG_LIMITS);
        const log = newLog(collections, changes, operations);
        const entries = await log.append(roomId, await log.end(roomId), drafts);
        await operations.close();
        return entries;
      };
      const scene = { store, collections, roomId, ada, bob, message: message!, write: writeBy };
      await run(scene);
    }));
}

/** Edits of a message, each decided on the one before, as entries after `end`. */
function editsInTurn(message: Message, end: number, count: number): ChangeDraft[] {
  const edits: ChangeDraft[] = [];
  for (let i = 1; i <= count; i++) {
    const [seq, before] = [end + i, edits.at(-1)?.message ?? message];
    const change = edit(before, { text: `Version ${i}` });
    const { createdAt: updatedAt } = change;
    edits.push({
      ...change,
      message: { ...change.message, changedSeq: seq, textSeq: seq, updatedAt },
    });
  }
  return edits;
}

function newLog(
  collections: Collections,
  changes: PendingChanges,
  operations = new Operations(HANG_LIMITS),
): MongoLog {
  const reader = new EntryReader(collections, changes);
  const ends = new LogEnds(collections);
  const all = { messages: changes, rooms: new RoomChanges(collections) };
  return new MongoLog(collections, reader, all, ends, operations);
}

/** The collections, with other methods in one. */
function replaced<Name extends Exclude<keyof Collections, "limits" | "readOptions">>(
  collections: Collections,
  name: Name,
  methods: (collection: Collections[Name]) => object,
): Collections {
  const own = methods(collections[name]);
  const collection = new Proxy(collections[name], {
    get: (target, method) => {
      if (method in own) return Reflect.get(own, method);
      const value = Reflect.get(target, method, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { ...collections, [name]: collection };
}

/** Collections that hold earlier texts back until `release`; `updates` counts those of messages. */
function withHeldEdits({ collections }: Scene) {
  const [held, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const updates: number[] = [];
  const withEdits = replaced(collections, "edits", (edits) => ({
    async insertMany(...args: Parameters<typeof edits.insertMany>) {
      begun.resolve();
      await held.promise;
      return await edits.insertMany(...args);
    },
  }));
  const both = replaced(withEdits, "messages", (messages) => ({
    bulkWrite(...args: Parameters<typeof messages.bulkWrite>) {
      updates.push(args[0].length);
      return messages.bulkWrite(...args);
    },
  }));
  return { collections: both, begun: begun.promise, release: held.resolve, updates };
}

/** A log that notes the commands it sends. */
function countedLog({ collections }: Scene) {
  const calls: string[] = [];
  const counted = { ...collections };
  for (const collection of allOf(collections)) {
    const proxy = new Proxy(collection, {
      get: (target, method) => {
        const value = Reflect.get(target, method, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          calls.push(`${collection.collectionName} ${String(method)}`);
          return value.apply(target, args);
        };
      },
    });
    Object.assign(counted, { [collection.collectionName]: proxy });
  }
  const operations = new Operations(HANG_LIMITS);
  return { calls, log: newLog(counted, new PendingChanges(counted), operations), operations };
}

async function documentOf(
  { collections, message }: Scene,
  id = message.id,
): Promise<MessageDocument | null> {
  const messages = collections.messages as unknown as Collection<MessageDocument>;
  return await messages.findOne({ _id: id });
}

async function assertNothingPending({ collections, roomId }: Scene): Promise<void> {
  const documents = await collections.messages.find({ roomId }).toArray();
  const pending = documents.filter((document: EntryDocument) => {
    return "pending" in document ||
      document.kind === undefined && document.keys?.includes("pending");
  });
  assert.deepEqual(pending, []);
}

/** No document of any collection holds the text. */
async function assertNowhere({ collections }: Scene, text: string): Promise<void> {
  for (const collection of allOf(collections)) {
    const documents = await collection.find().toArray();
    assert.ok(!JSON.stringify(documents).includes(text), collection.collectionName);
  }
}
