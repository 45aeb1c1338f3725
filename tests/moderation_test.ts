/** Members, roles, bans, mutes, settings: who may do what, and what it does at once. */
import assert from "node:assert/strict";
import { type Chat, type Person, testInRoom, testOverBoth } from "./harness/chat.ts";
import { patiently } from "./harness/patience.ts";
import { until } from "./harness/stage.ts";

/** Outlasts some commands on a busy machine. */
const MUTE_MS = 10 * 60_000;

/** Sends a request below the room's path. */
async function ask(chat: Chat, { account }: Person, method: string, path: string, body?: unknown) {
  const answer = await account.request(method, `/rooms/${chat.roomId}${path}`, body);
  return { status: answer.status, code: answer.body.code, body: answer.body };
}

/** A request that succeeds. */
async function done(chat: Chat, person: Person, method: string, path: string, body?: unknown) {
  const answer = await ask(chat, person, method, path, body);
  assert.ok(answer.status < 300, `${method} ${path} ${JSON.stringify(answer)}`);
  return answer.body;
}

async function refused(
  code: string,
  chat: Chat,
  person: Person,
  [method, path, body]: [method: string, path: string, body?: unknown],
) {
  const answer = await ask(chat, person, method, path, body);
  assert.equal(answer.code, code, `${method} ${path} ${JSON.stringify(answer)}`);
}

function memberPath({ account }: Person): string {
  return `/members/${account.id}`;
}

async function removalOf(person: Person) {
  return (await person.socket.event("room:removed")).data;
}

testInRoom("who sends to a public room becomes a member, and its list shows them", async (chat) => {
  const { ada, bob } = chat;
  await chat.send(bob);
  const { members, nextCursor } = await done(chat, ada, "GET", "/members");
  assert.equal(nextCursor, null);
  assert.deepEqual(
    // deno-lint-ignore no-explicit-any -- an answer
    members.map(({ user, role, mutedUntil }: any) => [user.displayName, role, mutedUntil]),
    [["Ada", "owner", null], ["Bob", "member", null]],
  );
  const found = await done(chat, ada, "GET", "/members?q=b&role=member&limit=1");
  assert.equal(found.members[0].user.id, bob.account.id);
});

testInRoom("members are listed page by page", async (chat) => {
  const { ada, bob } = chat;
  await chat.send(bob);
  const first = await done(chat, ada, "GET", "/members?limit=1");
  const second = await done(chat, ada, "GET", `/members?limit=1&cursor=${first.nextCursor}`);
  assert.equal(second.members[0].user.id, bob.account.id);
  assert.equal(second.nextCursor, null);
  await refused("validation_failed", chat, ada, ["GET", "/members?cursor=nonsense"]);
});

testInRoom("one joins and leaves a public room as a member, without an entry", async (chat) => {
  const { ada, bob } = chat;
  const { member } = await done(chat, bob, "PUT", "/members/me");
  assert.equal(member.role, "member");
  await done(chat, bob, "DELETE", "/members/me");
  assert.equal((await removalOf(bob)).reason, "left");
  assert.equal((await done(chat, ada, "GET", "/members")).members.length, 1);
  await done(chat, bob, "DELETE", "/members/me");
  const { messages } = await chat.get(ada, "/messages");
  assert.equal(messages.length, 1);
});

for (
  const [how, join] of [
    ["joins", (chat: Chat) => done(chat, chat.bob, "PUT", "/members/me")],
    ["sends to a public room", (chat: Chat) => chat.send(chat.bob)],
  ] as const
) {
  testInRoom(`who ${how} is shown what members may do, though no entry says so`, async (chat) => {
    await join(chat);
    const { data: { room } } = await chat.bob.socket.event(
      "room:updated",
      ({ capabilities }) => capabilities.includes("message.edit_own"),
    );
    assert.equal(room.memberCount, 2);
  });
}

testInRoom("a request that says nothing of a body has none", async (chat) => {
  const { account } = chat.bob;
  const { hostname, port } = new URL(account.url);
  const lines = [
    `PUT /rooms/${chat.roomId}/members/me HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${account.token}`,
    "Connection: close",
  ];
  const put = async () => {
    using connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
    return await new Response(connection.readable).text();
  };
  const answer = await patiently(put, (answer) => answer.startsWith("HTTP/1.1 503 "));
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

testInRoom("who has left is a member again with the next message", async (chat) => {
  const { ada, bob } = chat;
  await chat.send(bob);
  await done(chat, bob, "DELETE", "/members/me");
  await chat.send(bob);
  assert.equal((await done(chat, ada, "GET", "/members")).members.length, 2);
});

testInRoom("a moderator adds members, and only an owner gives roles", async (chat) => {
  const { ada, bob } = chat;
  const carl = await chat.newPerson("Carl");
  await refused("forbidden", chat, bob, ["PUT", memberPath(carl)]);
  await done(chat, ada, "PUT", memberPath(bob), { role: "moderator" });
  await ada.socket.event("message:new", ({ message }) => message.systemType === "member_added");
  await done(chat, bob, "PUT", memberPath(carl));
  await refused("forbidden", chat, bob, ["PUT", memberPath(carl), { role: "moderator" }]);
  const { data: { message } } = await ada.socket.event(
    "message:new",
    ({ message }) => message.text === "Bob added Carl",
  );
  assert.deepEqual(message.systemData, { users: [carl.account.id], role: "member" });
  await refused("not_found", chat, ada, ["PUT", "/members/nobody"]);
});

testInRoom("a new role is shown to its user, with what they may do", async (chat) => {
  const { ada, bob } = chat;
  await done(chat, ada, "PUT", memberPath(bob), { role: "moderator" });
  const { data: { room, capabilities } } = await bob.socket.event(
    "room:updated",
    ({ capabilities }) => capabilities.includes("member.ban"),
  );
  assert.equal(room.id, chat.roomId);
  assert.ok(!capabilities.includes("room.delete"));
  const { capabilities: joined } = await chat.joined();
  assert.deepEqual(joined, capabilities);
});

testInRoom(
  "the last owner neither leaves nor steps down while others are members",
  async (chat) => {
    const { ada, bob } = chat;
    await chat.send(bob);
    const steps: [string, string, unknown?][] = [
      ["DELETE", "/members/me"],
      ["PUT", "/members/me", { role: "member" }],
    ];
    for (const step of steps) await refused("last_owner", chat, ada, step);
    await done(chat, ada, "PUT", memberPath(bob), { role: "owner" });
    await done(chat, ada, "PUT", "/members/me", { role: "member" });
    await refused("last_owner", chat, bob, ["DELETE", "/members/me"]);
  },
);

testInRoom("two owners who step down at once leave one", async (chat) => {
  const { ada, bob } = chat;
  await done(chat, ada, "PUT", memberPath(bob), { role: "owner" });
  const answers = await Promise.all([ada, bob].map((person) => {
    return ask(chat, person, "PUT", "/members/me", { role: "member" });
  }));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
});

testOverBoth("who is removed gets no more of the room, and may come back", async (chat) => {
  const { ada, bob } = chat;
  await chat.send(bob);
  await done(chat, ada, "DELETE", memberPath(bob));
  const { reason } = await removalOf(bob);
  assert.equal(reason, "kicked");
  const last = bob.socket.all("message:new").at(-1);
  assert.equal(last.message.systemType, "member_removed");
  await chat.send(ada, "Without Bob");
  await bob.socket.call("room:join", { roomId: chat.roomId });
  assert.equal(bob.socket.all("message:new").at(-1).seq, last.seq);
});

testOverBoth(
  "nothing of a banned user comes after the ban, and nothing goes to them",
  async (chat) => {
    const { ada, bob } = chat;
    await chat.send(bob);
    const sends = Array.from({ length: 20 }, () => chat.try(bob, "message:send", { text: "More" }));
    const ban = done(chat, ada, "PUT", `/bans/${bob.account.id}`, { reason: "Noise" });
    const outcomes = await Promise.all(sends);
    await ban;
    assert.equal((await removalOf(bob)).reason, "banned");
    const { messages } = await chat.get(ada, "/messages");
    const end = messages.findIndex(({ systemType }: { systemType: string }) => {
      return systemType === "member_banned";
    });
    const after = messages.slice(end + 1);
    assert.ok(
      after.every(({ sender }: { sender: { id: string } }) => sender.id !== bob.account.id),
    );
    const codes = new Set(outcomes.map(({ code }) => code));
    codes.delete(undefined);
    assert.ok(codes.size === 0 || codes.has("forbidden") && codes.size === 1, [...codes].join());
    await chat.send(ada, "After the ban");
    await chat.refuses(bob, "message:send", { text: "Again" }, "forbidden");
    for (const path of ["", "/messages", "/members", "/changes?after=0"]) {
      await refused("forbidden", chat, bob, ["GET", path]);
    }
    const { event, data } = await bob.socket.call("room:join", { roomId: chat.roomId });
    assert.deepEqual([event, data.code], ["error", "forbidden"]);
    const seqs = bob.socket.all("message:new").map(({ seq }) => seq);
    assert.equal(seqs.at(-1), messages[end].seq);
  },
);

testInRoom("a ban is listed, lifted, and does not restore the membership", async (chat) => {
  const { ada, bob } = chat;
  await chat.send(bob);
  await refused("forbidden", chat, bob, ["GET", "/bans"]);
  await done(chat, ada, "PUT", `/bans/${bob.account.id}`, { reason: "Noise" });
  const { bans } = await done(chat, ada, "GET", "/bans");
  assert.deepEqual(bans.map(({ user, until, reason }: Ban) => [user.id, until, reason]), [
    [bob.account.id, null, "Noise"],
  ]);
  await refused("forbidden", chat, ada, ["PUT", memberPath(bob)]);
  await done(chat, ada, "DELETE", `/bans/${bob.account.id}`);
  assert.deepEqual((await done(chat, ada, "GET", "/bans")).bans, []);
  assert.equal((await done(chat, ada, "GET", "/members")).members.length, 1);
  await chat.send(bob);
  assert.equal((await done(chat, ada, "GET", "/members")).members.length, 2);
});

testInRoom("a ban ends by its time", async (chat) => {
  const { ada, bob } = chat;
  // Longer each time: a request may take until then to arrive.
  for (let milliseconds = 500;; milliseconds *= 2) {
    const ban = { until: new Date(Date.now() + milliseconds).toISOString() };
    const { code } = await ask(chat, ada, "PUT", `/bans/${bob.account.id}`, ban);
    if (code !== "validation_failed") break;
  }
  await bob.socket.event("room:removed");
  await until(async () => {
    const { code } = await chat.try(bob, "message:send", { text: "Hello" });
    assert.ok(code === undefined || code === "forbidden", String(code));
    return code === undefined;
  }, "the ban has ended");
  const past = { until: new Date(Date.now() - 1_000).toISOString() };
  await refused("validation_failed", chat, ada, ["PUT", `/bans/${bob.account.id}`, past]);
});

testInRoom("a ban may delete what was written lately, at most by that user", async (chat) => {
  const { ada, bob } = chat;
  const ids = [await chat.send(bob), await chat.send(bob)];
  const kept = await chat.send(ada);
  await done(chat, ada, "PUT", `/bans/${bob.account.id}`, { deleteSeconds: 3_600 });
  for (const id of ids) assert.notEqual((await chat.message(id)).deletedAt, null);
  assert.equal((await chat.message(kept)).deletedAt, null);
});

testInRoom("nobody acts on a higher role, or bans themselves", async (chat) => {
  const { ada, bob } = chat;
  await done(chat, ada, "PUT", memberPath(bob), { role: "moderator" });
  for (const person of [ada, bob]) {
    const { id } = person.account;
    for (const path of [`/bans/${id}`, `/mutes/${id}`]) {
      await refused("forbidden", chat, bob, ["PUT", path]);
    }
  }
  await refused("forbidden", chat, bob, ["DELETE", memberPath(ada)]);
  await refused("forbidden", chat, ada, ["PUT", `/bans/${ada.account.id}`]);
});

testOverBoth("the muted neither send nor react, and may delete what they said", async (chat) => {
  const { ada, bob } = chat;
  const messageId = await chat.send(bob);
  const mute = { until: new Date(Date.now() + MUTE_MS).toISOString() };
  await done(chat, ada, "PUT", `/mutes/${bob.account.id}`, mute);
  await chat.refuses(bob, "message:send", { text: "Hello" }, "muted");
  await chat.refuses(bob, "reaction:add", { messageId, emoji: "tada" }, "muted");
  await chat.refuses(bob, "message:edit", { messageId, text: "Hi" }, "muted");
  await chat.do(bob, "message:delete", { messageId });
  const { members } = await done(chat, ada, "GET", "/members?role=member");
  assert.equal(members[0].mutedUntil, mute.until);
  assert.equal((await done(chat, ada, "GET", "/mutes")).mutes.length, 1);
  await done(chat, ada, "DELETE", `/mutes/${bob.account.id}`);
  await chat.send(bob);
});

testInRoom("a refusal of who is muted says when to try again", async (chat) => {
  const { ada, bob } = chat;
  const mute = { until: new Date(Date.now() + MUTE_MS).toISOString() };
  await done(chat, ada, "PUT", `/mutes/${bob.account.id}`, mute);
  const send = { roomId: chat.roomId, text: "Hello" };
  const { data } = await bob.socket.call("message:send", send);
  assert.ok(data.retryAfter > 0 && data.retryAfter <= MUTE_MS / 1000, JSON.stringify(data));
  const path = `/rooms/${chat.roomId}/messages`;
  const { status, headers, body } = await bob.account.request("POST", path, { text: "Hello" });
  assert.deepEqual([status, body.code], [403, "muted"]);
  assert.ok(body.retryAfter > 0 && body.retryAfter <= MUTE_MS / 1000, JSON.stringify(body));
  assert.equal(headers.get("retry-after"), String(body.retryAfter));
});

testOverBoth(
  "slow mode makes members wait, counts what was deleted, and exempts moderators",
  async (chat) => {
    const { ada, bob } = chat;
    await chat.send(bob, "Before slow mode, which does not count");
    await done(chat, ada, "PATCH", "", { slowModeSeconds: 600 });
    const messageId = await chat.send(bob);
    await chat.refuses(bob, "message:send", { text: "Too soon" }, "slow_mode");
    await chat.do(bob, "message:delete", { messageId });
    await chat.refuses(bob, "message:send", { text: "Too soon" }, "slow_mode");
    await done(chat, bob, "DELETE", "/members/me");
    await chat.refuses(bob, "message:send", { text: "Too soon" }, "slow_mode");
    await chat.send(ada);
    await chat.send(ada);
    await done(chat, ada, "PATCH", "", { slowModeSeconds: 0 });
    await chat.send(bob);
  },
);

testInRoom("of a user's sends at once slow mode lets one through", async (chat) => {
  const { ada, bob } = chat;
  await done(chat, ada, "PATCH", "", { slowModeSeconds: 600 });
  const sends = Array.from({ length: 10 }, () => chat.try(bob, "message:send", { text: "Hello" }));
  const codes = (await Promise.all(sends)).map(({ code }) => code);
  assert.equal(codes.filter((code) => code === undefined).length, 1);
  assert.equal(codes.filter((code) => code === "slow_mode").length, 9);
});

testOverBoth("only moderators write where the settings say so", async (chat) => {
  const { ada, bob } = chat;
  await done(chat, ada, "PATCH", "", { postPolicy: "moderators" });
  await chat.refuses(bob, "message:send", { text: "Hello" }, "forbidden");
  await done(chat, ada, "PUT", memberPath(bob), { role: "moderator" });
  await chat.send(bob);
});

testOverBoth("nobody writes in an archived room, and all read it", async (chat) => {
  const { ada, bob } = chat;
  const messageId = await chat.send(bob);
  await done(chat, ada, "PATCH", "", { archived: true });
  await chat.refuses(bob, "message:send", { text: "Hello" }, "room_archived");
  await chat.refuses(ada, "message:send", { text: "Hello" }, "room_archived");
  await chat.refuses(bob, "reaction:add", { messageId, emoji: "tada" }, "room_archived");
  assert.equal((await chat.get(bob, "/messages")).messages.length, 3);
  await done(chat, ada, "PATCH", "", { archived: false });
  await chat.send(bob);
});

testInRoom(
  "settings are changed by owners, slow mode by moderators, and shown to all",
  async (chat) => {
    const { ada, bob } = chat;
    await done(chat, ada, "PUT", memberPath(bob), { role: "moderator" });
    for (const body of [{ name: "Tea" }, { archived: true }, { postPolicy: "moderators" }]) {
      await refused("forbidden", chat, bob, ["PATCH", "", body]);
    }
    await done(chat, bob, "PATCH", "", { slowModeSeconds: 5 });
    const { room } = await done(chat, ada, "PATCH", "", { name: "Tea", description: "Hot" });
    assert.deepEqual([room.name, room.description, room.slug.startsWith("room")], [
      "Tea",
      "Hot",
      true,
    ]);
    await bob.socket.event("room:updated", ({ room }) => room.name === "Tea");
    const { data: { message } } = await bob.socket.event(
      "message:new",
      ({ message }) => message.text.includes("renamed"),
    );
    assert.deepEqual(message.systemData, {
      users: [],
      changes: { name: "Tea", description: "Hot" },
    });
    const { messages } = await chat.get(ada, "/messages");
    await done(chat, ada, "PATCH", "", { name: "Tea" });
    assert.equal((await chat.get(ada, "/messages")).messages.length, messages.length);
    for (const body of [{ slowModeSeconds: 21_601 }, { postPolicy: "nobody" }]) {
      await refused("validation_failed", chat, ada, ["PATCH", "", body]);
    }
  },
);

testInRoom("what is no setting, or fixed at creation, is ignored", async (chat) => {
  const { ada, bob } = chat;
  const { room: before } = await done(chat, ada, "GET", "");
  for (const body of [{}, { type: "private", slug: "tea", memberCount: 7 }]) {
    const { room } = await done(chat, ada, "PATCH", "", body);
    assert.deepEqual([room.type, room.slug, room.lastSeq], ["public", before.slug, before.lastSeq]);
    await refused("forbidden", chat, bob, ["PATCH", "", body]);
  }
});

testOverBoth(
  "a deleted room does not exist any more, and its sockets are taken out",
  async (chat) => {
    const { ada, bob } = chat;
    await chat.send(bob);
    await refused("forbidden", chat, bob, ["DELETE", ""]);
    await done(chat, ada, "DELETE", "");
    for (const person of [ada, bob]) assert.equal((await removalOf(person)).reason, "deleted");
    await chat.refuses(ada, "message:send", { text: "Hello" }, "room_not_found");
    for (const path of ["", "/messages", "/members", "/changes?after=0", "/pins"]) {
      await refused("room_not_found", chat, ada, ["GET", path]);
    }
    const { event, data } = await bob.socket.call("room:join", { roomId: chat.roomId });
    assert.deepEqual([event, data.code], ["error", "room_not_found"]);
  },
);

interface Ban {
  user: { id: string };
  until: string | null;
  reason: string | null;
}
