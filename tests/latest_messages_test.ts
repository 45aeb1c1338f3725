/** What everybody who joins a room is shown of its latest messages. */
import assert from "node:assert/strict";
import { creationOf } from "../src/domain/entry.ts";
import { type Message, PLAIN } from "../src/domain/message.ts";
import { LatestMessages } from "../src/rooms/latest_messages.ts";
import { Window } from "../src/rooms/window.ts";
import type { RelatedSources } from "../src/services/related.ts";

const ROOM = "room";
const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };

function message(seq: number, more: Partial<Message> = {}): Message {
  const now = new Date(seq);
  return {
    ...PLAIN,
    id: `message ${seq}`,
    roomId: ROOM,
    seq,
    changedSeq: seq,
    textSeq: seq,
    sender: ADA,
    text: `Text ${seq}`,
    system: false,
    clientMessageId: `${seq}`,
    createdAt: now,
    updatedAt: now,
    ...more,
  };
}

/** The latest messages of a room that shows these, and what was asked of the store. */
function latestOf(messages: Message[]) {
  const window = new Window();
  const entries = messages.map((each) => creationOf(each, each.seq, null));
  window.load({ entries, messages, threads: new Map() });
  const asked: string[] = [];
  const sources = {
    store: {
      messages: {
        find: (_room: string, ids: string[]) => {
          asked.push(`messages ${ids}`);
          return Promise.resolve(ids.map((id) => message(1, { id })));
        },
        reactionsBy: (_room: string, userId: string) => {
          asked.push(`reactions of ${userId}`);
          return Promise.resolve(new Map([["message 2", [userId]]]));
        },
      },
    },
    publicUsers: {
      find: (ids: string[]) => {
        asked.push(`users ${ids}`);
        return Promise.resolve(ids.map((id) => ({ ...ADA, id })));
      },
    },
  } as unknown as RelatedSources;
  return { latest: new LatestMessages(ROOM, window, sources), window, asked };
}

Deno.test("a reader of messages that nothing goes with asks the store for nothing", async () => {
  const { latest, asked } = latestOf([message(1), message(2)]);
  const related = { referenced: [], users: [], threads: {}, mine: {} };
  assert.deepEqual(await latest.related("ada"), related);
  assert.deepEqual(asked, []);
});

Deno.test("what goes with the messages is read once for all who join at once, but for their own reactions", async () => {
  const reactions = [{ emoji: "👍", count: 1, users: ["bob"] }];
  const { latest, asked } = latestOf([message(2, { replyTo: "message 1", reactions })]);
  const readers = ["ada", "bob", "eve"];
  const related = await Promise.all(readers.map((reader) => latest.related(reader)));
  assert.deepEqual(asked.toSorted(), [
    "messages message 1",
    "reactions of ada",
    "reactions of bob",
    "reactions of eve",
    "users bob",
  ]);
  for (const [i, { referenced, users, mine }] of related.entries()) {
    assert.deepEqual(referenced.map(({ id }) => id), ["message 1"]);
    assert.deepEqual(users.map(({ id }) => id), ["bob"]);
    assert.deepEqual(mine, { "message 2": [readers[i]] });
  }
});

Deno.test("the messages are serialised once, and again after each change of what is shown", () => {
  const { latest, window } = latestOf([message(1)]);
  const texts = () => JSON.parse(latest.text).map(({ text }: Message) => text);
  const names = () => JSON.parse(latest.text).map(({ sender }: Message) => sender.displayName);
  assert.deepEqual(texts(), ["Text 1"]);
  window.apply(creationOf(message(2), 2, null));
  assert.deepEqual(texts(), ["Text 1", "Text 2"]);
  window.refresh([message(2, { text: "", changedSeq: 3 })]);
  assert.deepEqual(texts(), ["Text 1", ""]);
  window.showProfile({ ...ADA, displayName: "Ada L." });
  assert.deepEqual(names(), ["Ada L.", "Ada L."]);
});

Deno.test("an answer or a reaction that comes after a join is there for the next one", async () => {
  const { latest, window } = latestOf([message(1)]);
  assert.deepEqual((await latest.related("ada")).threads, {});
  window.apply(
    creationOf(message(2, { replyTo: "message 1", threadId: "message 1" }), 2, null),
  );
  const { threads } = await latest.related("ada");
  assert.deepEqual(threads, { "message 1": { count: 1, lastSeq: 2 } });
});
