/** Reactions: what counts as one emoji, whose they are, and their limits. */
// @slow: over both transports
import assert from "node:assert/strict";
import { type Chat, type Person, publicOf, testInRoom, testOverBoth } from "./harness/chat.ts";

function people(chat: Chat, count: number): Promise<Person[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => chat.newPerson(`Person ${i}`)));
}

testOverBoth("a reaction counts its user once, until it is taken back", async (chat) => {
  const { ada, bob } = chat;
  const messageId = await chat.send(ada);
  const reaction = { messageId, emoji: "party_parrot" };
  for (const person of [bob, bob, ada]) await chat.do(person, "reaction:add", reaction);
  const users = [bob.account.id, ada.account.id];
  const both = await chat.message(messageId);
  assert.deepEqual(both.reactions, [{ emoji: "party_parrot", count: 2, users }]);
  assert.deepEqual([both.changedSeq, both.editedAt], [4, null]);
  for (const person of [bob, bob]) await chat.do(person, "reaction:remove", reaction);
  const one = await chat.message(messageId);
  assert.deepEqual(one.reactions, [{ emoji: "party_parrot", count: 1, users: [ada.account.id] }]);
  await chat.do(ada, "reaction:remove", reaction);
  assert.deepEqual((await chat.message(messageId)).reactions, []);
});

testOverBoth("emoji are in the order of their first use", async (chat) => {
  const { ada, bob } = chat;
  const messageId = await chat.send(ada);
  const react = (person: Person, emoji: string, event = "reaction:add") => {
    return chat.do(person, event, { messageId, emoji });
  };
  const shown = async () => {
    const { reactions } = await chat.message(messageId);
    return reactions.map(({ emoji }: { emoji: string }) => emoji);
  };
  for (const emoji of ["b", "a"]) await react(ada, emoji);
  await react(bob, "b");
  await react(ada, "b", "reaction:remove");
  assert.deepEqual(await shown(), ["b", "a"]);
  await react(bob, "b", "reaction:remove");
  await react(ada, "b");
  assert.deepEqual(await shown(), ["a", "b"]);
});

testOverBoth("emoji are compared without U+FE0F", async (chat) => {
  const messageId = await chat.send(chat.ada);
  await chat.do(chat.ada, "reaction:add", { messageId, emoji: "❤️" });
  await chat.do(chat.bob, "reaction:add", { messageId, emoji: "\u2764" });
  const { reactions: [heart, ...others] } = await chat.message(messageId);
  assert.deepEqual([heart.count, others], [2, []]);
  await chat.do(chat.bob, "reaction:remove", { messageId, emoji: "❤️" });
  assert.equal((await chat.message(messageId)).reactions[0].count, 1);
});

testOverBoth(
  "every emoji that is one for its reader is one, and so is a short name",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    const emoji = ["👍", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "👁️‍🗨️", "☝🏽", "+1", "a".repeat(32), "-_"];
    for (const each of emoji) await chat.do(chat.ada, "reaction:add", { messageId, emoji: each });
    const { reactions } = await chat.message(messageId);
    const shown = reactions.map((each: { emoji: string }) => each.emoji);
    assert.deepEqual(shown, emoji.map((each) => each.replaceAll("\ufe0f", "")));
  },
);

testOverBoth("what is not one emoji, nor a short name, is refused", async (chat) => {
  const messageId = await chat.send(chat.ada);
  const wrong = [
    ...["😀😀", "😀a", "A", "ünïcode", "a b", "<b>", "a/b", "../pin", "💩\u0000", "\ufe0f", "🏽🏽"],
    ...["a".repeat(33), "a".repeat(129), "\u{1f3f4}\u200d\u{1f3f4}"],
  ];
  for (const emoji of wrong) {
    for (const event of ["reaction:add", "reaction:remove"]) {
      await chat.refuses(chat.ada, event, { messageId, emoji }, "validation_failed");
    }
  }
  assert.deepEqual((await chat.message(messageId)).reactions, []);
});

testOverBoth(
  "a message takes 20 different emoji, and any number of users of each",
  async (chat) => {
    const { ada, bob } = chat;
    const messageId = await chat.send(ada);
    const add = (emoji: string) => ({ messageId, emoji });
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => chat.do(ada, "reaction:add", add(`e${i}`))),
    );
    await chat.refuses(ada, "reaction:add", add("e20"), "limit_reached");
    await chat.refuses(bob, "reaction:add", add("e20"), "limit_reached");
    await chat.do(bob, "reaction:add", add("e7"));
    await chat.do(ada, "reaction:add", add("e7"));
    await chat.do(ada, "reaction:remove", add("e20"));
    await chat.do(ada, "reaction:remove", add("e0"));
    await chat.do(bob, "reaction:add", add("e20"));
    const { reactions } = await chat.message(messageId);
    assert.equal(reactions.length, 20);
    assert.deepEqual(reactions.at(-1), { emoji: "e20", count: 1, users: [bob.account.id] });
  },
);

testOverBoth("of many at the same time the 21st different emoji is refused", async (chat) => {
  const messageId = await chat.send(chat.ada);
  const outcomes = await Promise.all(
    Array.from(
      { length: 25 },
      (_, i) =>
        chat.try(i % 2 ? chat.ada : chat.bob, "reaction:add", { messageId, emoji: `e${i}` }),
    ),
  );
  assert.equal(outcomes.filter(({ code }) => code === "limit_reached").length, 5);
  assert.equal((await chat.message(messageId)).reactions.length, 20);
});

testOverBoth(
  "a reaction names its first ten users, in the order in which they came",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    const all = await people(chat, 12);
    const reaction = { messageId, emoji: "👍" };
    for (const person of all) await chat.do(person, "reaction:add", reaction);
    const ids = all.map(({ account }) => account.id);
    const [full] = (await chat.message(messageId)).reactions;
    assert.deepEqual([full.count, full.users], [12, ids.slice(0, 10)]);
    await chat.do(all[0]!, "reaction:remove", reaction);
    await chat.do(all[3]!, "reaction:remove", reaction);
    await chat.do(all[0]!, "reaction:add", reaction);
    const order = [...ids.slice(1, 3), ...ids.slice(4), ids[0]!];
    const [after] = (await chat.message(messageId)).reactions;
    assert.deepEqual([after.count, after.users], [11, order.slice(0, 10)]);
    const { users } = await chat.get(chat.ada, `/messages/${messageId}/reactions/%F0%9F%91%8D`);
    assert.deepEqual(users.map(({ id }: { id: string }) => id), order);
  },
);

testInRoom(
  "the users of a reaction are listed page by page, whoever reacts meanwhile",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    const all = await people(chat, 60);
    const reaction = { messageId, emoji: "+1" };
    await Promise.all(all.map((person) => chat.do(person, "reaction:add", reaction)));
    const path = `/messages/${messageId}/reactions/%2B1`;
    const [{ count, users }] = (await chat.message(messageId)).reactions;
    assert.equal(count, 60);
    const pages = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const from = cursor && `&cursor=${cursor}`;
      const page = await chat.get(chat.bob, `${path}?limit=25${from}`);
      pages.push(page.users);
      cursor = page.nextCursor;
      if (pages.length === 1) await chat.do(chat.ada, "reaction:add", reaction);
    }
    assert.deepEqual(pages.map(({ length }) => length), [25, 25, 11]);
    const ids = pages.flat().map(({ id }: { id: string }) => id);
    assert.deepEqual(ids.slice(0, 10), users);
    const expected = [...all, chat.ada].map(({ account }) => account.id);
    assert.deepEqual(ids.toSorted(), expected.toSorted());
    assert.deepEqual(pages.flat().at(-1), publicOf(chat.ada, "Ada"));
    assert.equal((await chat.get(chat.bob, path)).users.length, 50);
    for (const query of ["cursor=junk", "cursor=W10", "limit=0", "limit=101"]) {
      const url = `/rooms/${chat.roomId}${path}?${query}`;
      const { status, body } = await chat.ada.account.request("GET", url);
      assert.deepEqual([status, body.code], [400, "validation_failed"], query);
    }
  },
);

testInRoom(
  "an emoji that nobody has used has no users, one of no message is not found",
  async (chat) => {
    const messageId = await chat.send(chat.ada);
    const unused = await chat.get(chat.ada, `/messages/${messageId}/reactions/heart`);
    assert.deepEqual(unused, { users: [], nextCursor: null });
    const { account } = chat.ada;
    const missing = await account.request(
      "GET",
      `/rooms/${chat.roomId}/messages/no/reactions/heart`,
    );
    assert.deepEqual([missing.status, missing.body.code], [404, "message_not_found"]);
    for (const emoji of ["%", "%zz", "%ff", "%00"]) {
      const path = `/rooms/${chat.roomId}/messages/${messageId}/reactions/${emoji}`;
      for (const method of ["GET", "PUT", "DELETE"]) {
        const { status, body } = await account.request(method, path);
        assert.deepEqual([status, body.code], [400, "validation_failed"], `${method} ${emoji}`);
      }
    }
  },
);

testInRoom(
  "an ack of a reaction says whether it has changed something, and where",
  async (chat) => {
    const { ada, bob, roomId } = chat;
    const messageId = await chat.send(ada);
    const reaction = { messageId, emoji: "+1" };
    const added = await chat.do(bob, "reaction:add", reaction);
    assert.deepEqual(added, {
      ...{ roomId, id: messageId, seq: 3, changed: true },
      createdAt: added.createdAt,
    });
    assert.deepEqual(await chat.do(bob, "reaction:add", reaction), { ...added, changed: false });
    await chat.do(ada, "message:edit", { messageId, text: "Hi" });
    const again = await chat.do(bob, "reaction:add", reaction);
    assert.deepEqual([again.seq, again.changed], [4, false]);
    const removed = await chat.do(bob, "reaction:remove", reaction);
    assert.deepEqual([removed.seq, removed.changed], [5, true]);
    assert.equal((await chat.do(bob, "reaction:remove", reaction)).changed, false);
  },
);

testInRoom("everybody in the room gets a reaction, and its users with it", async (chat) => {
  const { ada, bob, roomId } = chat;
  const messageId = await chat.send(ada);
  await chat.do(bob, "reaction:add", { messageId, emoji: "👍" });
  const user = publicOf(bob, "Bob");
  const message = await chat.message(messageId);
  for (const { socket } of [ada, bob]) {
    const { data: { entryId: _, ...entry } } = await socket.event("message:updated");
    const change = { type: "reactions", added: [{ emoji: "👍", user }], removed: [] };
    assert.deepEqual(entry, { roomId, seq: 3, change, message, users: [user] });
  }
  await chat.do(bob, "reaction:remove", { messageId, emoji: "👍" });
  const { data } = await ada.socket.event("message:updated", ({ seq }) => seq === 4);
  assert.deepEqual(data.change, { type: "reactions", added: [], removed: [{ emoji: "👍", user }] });
  assert.equal("users" in data, false);
});

testInRoom(
  "a reader is shown their own reactions, beyond the ten that all are shown",
  async (chat) => {
    const [messageId, other] = [await chat.send(chat.ada), await chat.send(chat.ada)];
    const reaction = { messageId, emoji: "+1" };
    for (const person of await people(chat, 10)) await chat.do(person, "reaction:add", reaction);
    for (const emoji of ["+1", "heart"]) {
      await chat.do(chat.bob, "reaction:add", { messageId, emoji });
    }
    const answers = await Promise.all([
      chat.get(chat.bob, "/messages"),
      chat.get(chat.bob, `/messages/${messageId}`),
      chat.get(chat.bob, "/changes?after=0"),
      chat.joined(),
      chat.missed(0),
    ]);
    for (const { mine, users } of answers) {
      assert.deepEqual({ ...mine, [messageId]: mine[messageId].toSorted() }, {
        [messageId]: ["+1", "heart"],
      });
      assert.equal(users.length, 11);
    }
    const { mine } = await chat.get(chat.ada, `/messages/${other}`);
    assert.deepEqual(mine, {});
  },
);
