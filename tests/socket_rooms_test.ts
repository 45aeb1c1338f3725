/** Rooms over the WebSocket: joining and leaving, who is there, and who types. */
// @slow: hundreds of sockets
import assert from "node:assert/strict";
import type { Account } from "./harness/account.ts";
import { playInTime, playWithin } from "./harness/patience.ts";
import { shareStage } from "./harness/shared_server.ts";
import type { TestSocket } from "./harness/socket.ts";
import { sleep, type Stage, until } from "./harness/stage.ts";

const onSharedStage = shareStage();
/** Typing ends by itself so long after its start. */
const TYPING_MS = 6_000;

interface PublicUser {
  id: string;
  displayName: string;
  avatarUrl: string | null;
}

function publicUser(account: Account, displayName: string): PublicUser {
  return { id: account.id, displayName, avatarUrl: null };
}

/** Sends `count` messages and waits for their acks. */
function sendMany(socket: TestSocket, roomId: string, count: number) {
  const sends = Array.from({ length: count }, (_, i) => {
    return socket.call("message:send", { roomId, text: `Message ${i + 1}` });
  });
  return Promise.all(sends);
}

/** Waits until a socket has got all that the server sent it before now. */
async function settle(socket: TestSocket) {
  await socket.call("room:leave", { roomId: "no-such-room" });
}

async function expectError(socket: TestSocket, event: string, data: unknown, code: string) {
  const answer = await socket.call(event, data);
  assert.equal(answer.event, "error", `${event} ${JSON.stringify(data)}`);
  assert.equal(answer.data.code, code);
  assert.equal(answer.data.event, event);
  return answer.data;
}

Deno.test("joining by id shows the room, its messages and who is online", () =>
  onSharedStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("Room");
    const a = await stage.connect(ada);
    await a.call("message:send", { roomId: room.id, text: "Hello" });
    const b = await stage.connect(bob);
    const { event, data } = await b.call("room:join", { roomId: room.id });
    assert.equal(event, "room:joined");
    const { body } = await bob.request("GET", `/rooms/${room.id}`);
    const { lastMessageAt, ...described } = body.room;
    assert.equal(typeof lastMessageAt, "string");
    assert.deepEqual(data.room, described);
    const history = await ada.request("GET", `/rooms/${room.id}/messages`);
    assert.deepEqual(data.messages, history.body.messages);
    assert.deepEqual(data.online, [publicUser(bob, "Bob")]);
    assert.equal(data.onlineCount, 1);
    assert.equal(data.lastSeq, 2);
  }));

Deno.test("joining by slug answers with the id", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Book Club");
    const socket = await stage.connect(ada);
    const { data } = await socket.call("room:join", { roomId: "book-club" });
    assert.equal(data.room.id, room.id);
    await socket.call("message:send", { roomId: room.id, text: "Hello" });
    const live = await socket.event("message:new");
    assert.equal(live.data.roomId, room.id);
  }));

Deno.test("joining shows the last 50 messages, oldest first", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const socket = await stage.connect(ada);
    await sendMany(socket, room.id, 60);
    const { data } = await socket.call("room:join", { roomId: room.id });
    const seqs = data.messages.map(({ seq }: { seq: number }) => seq);
    assert.deepEqual(seqs, Array.from({ length: 50 }, (_, i) => i + 12));
    assert.equal(data.lastSeq, 61);
  }));

Deno.test("entries after the join arrive live, and none from before", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const sender = await stage.connect(ada);
    await sendMany(sender, room.id, 3);
    const socket = await stage.join(ada, room.id);
    await sendMany(sender, room.id, 3);
    await socket.event("message:new", ({ seq }) => seq === 7);
    assert.deepEqual(socket.all("message:new").map(({ seq }) => seq), [5, 6, 7]);
  }));

Deno.test("joining twice answers twice, and entries arrive once", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const socket = await stage.join(ada, room.id);
    const { event, data } = await socket.call("room:join", { roomId: room.id });
    assert.equal(event, "room:joined");
    assert.equal(data.onlineCount, 1);
    await sendMany(socket, room.id, 1);
    await socket.event("message:new", ({ seq }) => seq === 2);
    await settle(socket);
    assert.equal(socket.all("message:new").length, 1);
    await socket.call("room:leave", { roomId: room.id });
    const again = await socket.call("room:join", { roomId: room.id });
    assert.equal(again.data.onlineCount, 1);
  }));

Deno.test("a room that does not exist is room_not_found", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.connect(ada);
    for (const event of ["room:join", "room:leave", "typing:start", "typing:stop"]) {
      const { roomId } = await expectError(socket, event, { roomId: "nowhere" }, "room_not_found");
      assert.equal(roomId, "nowhere");
    }
  }));

Deno.test("nothing arrives from a room after leaving it", () =>
  onSharedStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("Room");
    const a = await stage.join(ada, room.id);
    const b = await stage.join(bob, room.id);
    const { event, data } = await b.call("room:leave", { roomId: room.slug });
    assert.equal(event, "room:left");
    assert.deepEqual(data, { roomId: room.id });
    b.received.length = 0;
    await sendMany(a, room.id, 2);
    await a.event("message:new", ({ seq }) => seq === 3);
    await settle(b);
    assert.deepEqual(b.all("message:new"), []);
  }));

Deno.test("leaving a room that was not joined is answered, too", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const socket = await stage.connect(ada);
    const { event, data } = await socket.call("room:leave", { roomId: room.id });
    assert.equal(event, "room:left");
    assert.deepEqual(data, { roomId: room.id });
  }));

Deno.test("the 201st room of a socket is limit_reached, by join and by recover", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const names = Array.from({ length: 201 }, (_, i) => `Room ${i}`);
    const rooms = await Promise.all(names.map((name) => ada.createRoom(name)));
    const last = rooms.pop()!;
    const socket = await stage.connect(ada);
    const joins = await Promise.all(
      rooms.map(({ id }) => socket.call("room:join", { roomId: id })),
    );
    assert.ok(joins.every(({ event }) => event === "room:joined"));
    const { roomId } = await expectError(
      socket,
      "room:join",
      { roomId: last.id },
      "limit_reached",
    );
    assert.equal(roomId, last.id);
    const stale = { roomId: last.id, lastSeenSeq: 0 };
    await expectError(socket, "connection:recover", stale, "limit_reached");
    const again = await socket.call("room:join", { roomId: rooms[0]!.id });
    assert.equal(again.event, "room:joined");
    await socket.call("room:leave", { roomId: rooms[0]!.id });
    const { event } = await socket.call("room:join", { roomId: last.id });
    assert.equal(event, "room:joined");
  }));

Deno.test("a joiner also gets the presence:update that names it", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const socket = await stage.join(ada, room.id);
    const { data } = await socket.event("presence:update");
    const joined = [publicUser(ada, "Ada")];
    assert.deepEqual(data, { roomId: room.id, joined, left: [], count: 1 });
  }));

Deno.test("presence:update names a user for their first socket and their last, not for those between", () =>
  onSharedStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("Room");
    const a = await stage.join(ada, room.id);
    const first = await stage.join(bob, room.id);
    const joined = await a.event("presence:update", ({ count }) => count === 2);
    assert.deepEqual(joined.data.joined, [publicUser(bob, "Bob")]);
    const second = await stage.join(bob, room.id);
    await first.call("room:leave", { roomId: room.id });
    await sleep(600);
    assert.equal(a.all("presence:update").length, 2);
    await second.close();
    const left = await a.event("presence:update", ({ left }) => left.length > 0);
    const users = [publicUser(bob, "Bob")];
    assert.deepEqual(left.data, { roomId: room.id, joined: [], left: users, count: 1 });
  }));

Deno.test("presence is gathered: a room gets at most 4 updates a second, and none is lost", () =>
  onSharedStage(async (stage) => {
    const [ada, ...others] = await stage.people("Ada", "B", "C", "D", "E", "F", "G", "H");
    const room = await ada!.createRoom("Room");
    const watcher = await stage.join(ada!, room.id);
    await watcher.event("presence:update");
    const sockets = await Promise.all(others.map((other) => stage.connect(other)));
    const start = Date.now();
    for (let round = 0; round < 8; round++) {
      await Promise.all(sockets.map((s) => s.call("room:join", { roomId: room.id })));
      await sleep(100);
      if (round === 7) break;
      await Promise.all(sockets.map((s) => s.call("room:leave", { roomId: room.id })));
      await sleep(100);
    }
    const isAll = () => watcher.all("presence:update").at(-1).count === 8;
    await until(isAll, "all are shown in the end");
    const online = new Set<string>();
    const seconds = (Date.now() - start) / 1000;
    const updates = watcher.all("presence:update");
    for (const { joined, left } of updates) {
      for (const { id } of left) online.delete(id);
      for (const { id } of joined) online.add(id);
    }
    assert.equal(online.size, 8);
    assert.equal(updates.at(-1).count, 8);
    assert.ok(updates.length - 1 <= 4 * seconds + 1, `${updates.length} in ${seconds} s`);
  }));

Deno.test("with more than 200 online only the count speaks, and a join names 200", () =>
  onSharedStage(async (stage) => {
    const crowd = await register(stage, 205);
    const room = await crowd[0]!.createRoom("Stadium");
    const watcher = await stage.join(crowd[0]!, room.id);
    const sockets = await Promise.all(crowd.slice(1).map((one) => stage.join(one, room.id)));
    const { data } = await watcher.event("presence:update", ({ count }) => count === 205);
    assert.deepEqual(data, { roomId: room.id, joined: [], left: [], count: 205 });
    const again = await watcher.call("room:join", { roomId: room.id });
    assert.equal(again.data.online.length, 200);
    assert.equal(again.data.onlineCount, 205);
    await sockets[0]!.close();
    const fewer = await watcher.event("presence:update", ({ count }) => count === 204);
    assert.deepEqual(fewer.data, { roomId: room.id, joined: [], left: [], count: 204 });
    await Promise.all(sockets.slice(1, 10).map((socket) => socket.close()));
    await watcher.event("presence:update", ({ count }) => count === 195);
    await sockets[10]!.close();
    const named = await watcher.event("presence:update", ({ count }) => count === 194);
    assert.deepEqual(named.data.left.map(({ id }: PublicUser) => id), [crowd[11]!.id]);
  }));

/** Registers many people, a few at a time. */
async function register(stage: Stage, count: number): Promise<Account[]> {
  const accounts: Account[] = [];
  while (accounts.length < count) {
    const names = Array.from({ length: Math.min(20, count - accounts.length) }, () => "Fan");
    accounts.push(...await stage.people(...names));
  }
  return accounts;
}

/** Ada on two sockets and Bob on one, all in one room. */
async function typists(stage: Stage) {
  const [ada, bob] = await stage.people("Ada", "Bob");
  const room = await ada.createRoom("Room");
  const a1 = await stage.join(ada, room.id);
  const a2 = await stage.join(ada, room.id);
  const b = await stage.join(bob, room.id);
  return { ada, bob, roomId: room.id, slug: room.slug, a1, a2, b };
}

/** Runs `act`, anew if typing has ended by itself meanwhile. */
function whileTyping(act: (stage: Stage) => Promise<void>): Promise<void> {
  return playWithin(TYPING_MS, () => onSharedStage(act));
}

const isTyping = (typing: boolean) => (data: { isTyping: boolean }) => data.isTyping === typing;

Deno.test("others get typing:update, and no socket of the typist does", () =>
  whileTyping(async (stage) => {
    const { ada, roomId, slug, a1, a2, b } = await typists(stage);
    a1.send("typing:start", { roomId: slug });
    const { data } = await b.event("typing:update");
    assert.deepEqual(data, { roomId, user: publicUser(ada, "Ada"), isTyping: true });
    a1.send("typing:start", { roomId });
    a1.send("typing:stop", { roomId });
    await b.event("typing:update", isTyping(false));
    await Promise.all([a1, a2].map(settle));
    assert.deepEqual([...a1.all("typing:update"), ...a2.all("typing:update")], []);
    assert.equal(b.all("typing:update").length, 2);
  }));

Deno.test("sockets outside the room get no typing:update", () =>
  onSharedStage(async (stage) => {
    const { roomId, a1, b } = await typists(stage);
    const [eve] = await stage.people("Eve");
    const outsider = await stage.connect(eve);
    a1.send("typing:start", { roomId });
    await b.event("typing:update");
    await settle(outsider);
    assert.deepEqual(outsider.all("typing:update"), []);
  }));

Deno.test("typing ends when the typist sends, from whichever socket", () =>
  onSharedStage(async (stage) => {
    const { roomId, a1, a2, b } = await typists(stage);
    a1.send("typing:start", { roomId });
    await b.event("typing:update", isTyping(true));
    await a2.call("message:send", { roomId, text: "Done" });
    await b.event("typing:update", isTyping(false));
  }));

Deno.test("typing ends when the typing socket leaves", () =>
  onSharedStage(async (stage) => {
    const { roomId, a1, b } = await typists(stage);
    a1.send("typing:start", { roomId });
    await b.event("typing:update", isTyping(true));
    await a1.call("room:leave", { roomId });
    await b.event("typing:update", isTyping(false));
  }));

Deno.test("typing ends when the typing socket disconnects", () =>
  onSharedStage(async (stage) => {
    const { roomId, a1, b } = await typists(stage);
    a1.send("typing:start", { roomId });
    await b.event("typing:update", isTyping(true));
    await a1.close();
    await b.event("typing:update", isTyping(false));
  }));

Deno.test("typing ends by itself 6 s after the last start", async () => {
  let isLate = false;
  await playInTime(() =>
    onSharedStage(async (stage) => {
      const { roomId, a1, b } = await typists(stage);
      const first = performance.now();
      a1.send("typing:start", { roomId });
      await b.event("typing:update", isTyping(true));
      await sleep(1_500);
      const second = performance.now();
      a1.send("typing:start", { roomId });
      await settle(a1);
      isLate = performance.now() - first > 5_000;
      await b.event("typing:update", isTyping(false));
      assert.ok(performance.now() - second > 5_900, "it goes on for 6 s");
      assert.equal(b.all("typing:update").length, 2);
    }), () => isLate);
});

Deno.test("typing counts per user: it goes on while another socket of theirs types", () =>
  whileTyping(async (stage) => {
    const { roomId, a1, a2, b } = await typists(stage);
    a1.send("typing:start", { roomId });
    await settle(a1);
    a2.send("typing:start", { roomId });
    await settle(a2);
    a1.send("typing:stop", { roomId });
    await settle(a1);
    await settle(b);
    assert.deepEqual(b.all("typing:update").map(({ isTyping }) => isTyping), [true]);
    a2.send("typing:stop", { roomId });
    await b.event("typing:update", isTyping(false));
  }));

Deno.test("who may not send is not shown typing: the muted, plain members, anybody in an archive", () =>
  onSharedStage(async (stage) => {
    const { ada, bob, roomId, a1, b } = await typists(stage);
    const change = async (method: string, path: string, body?: unknown) => {
      const { status } = await ada.request(method, `/rooms/${roomId}${path}`, body);
      assert.ok(status < 300);
    };
    /** What others are shown once Bob has begun to type and ended it. */
    const shown = async () => {
      const before = a1.all("typing:update").length;
      b.send("typing:start", { roomId });
      b.send("typing:stop", { roomId });
      // It is handled after what was sent before it, in this room.
      await b.call("room:join", { roomId });
      await settle(a1);
      return a1.all("typing:update").slice(before).map(({ isTyping }) => isTyping);
    };
    assert.deepEqual(await shown(), [true, false], "strangers of a public room may send");
    await change("PUT", `/members/${bob.id}`);
    await change("PUT", `/mutes/${bob.id}`);
    assert.deepEqual(await shown(), []);
    await change("DELETE", `/mutes/${bob.id}`);
    await change("PATCH", "", { postPolicy: "moderators" });
    assert.deepEqual(await shown(), []);
    await change("PATCH", "", { postPolicy: "members", archived: true });
    assert.deepEqual(await shown(), []);
    await change("PATCH", "", { archived: false });
    assert.deepEqual(await shown(), [true, false]);
    assert.deepEqual(b.all("error"), []);
  }));

Deno.test("typing in a room not joined is not_joined", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("Room");
    const socket = await stage.connect(ada);
    for (const event of ["typing:start", "typing:stop"]) {
      const { roomId } = await expectError(socket, event, { roomId: room.slug }, "not_joined");
      assert.equal(roomId, room.id);
    }
  }));

Deno.test("a new name shows in presence, in who is online, and in messages", () =>
  onSharedStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("Room");
    const a = await stage.join(ada, room.id);
    const b = await stage.join(bob, room.id);
    await a.call("message:send", { roomId: room.id, text: "Before" });
    await ada.request("PATCH", "/auth/me", { displayName: "Countess" });
    const renamed = publicUser(ada, "Countess");
    await a.call("message:send", { roomId: room.id, text: "After" });
    const live = await b.event("message:new", ({ message }) => message.text === "After");
    assert.deepEqual(live.data.message.sender, renamed);
    const { data } = await b.call("room:join", { roomId: room.id });
    assert.deepEqual(data.online[0], renamed);
    const senders = data.messages.map(({ sender }: { sender: PublicUser }) => sender);
    assert.deepEqual(senders, [renamed, renamed, renamed]);
    const missed = await b.call("connection:recover", { roomId: room.id, lastSeenSeq: 1 });
    assert.deepEqual(missed.data.messages[0].sender, renamed);
    a.send("typing:start", { roomId: room.id });
    assert.deepEqual((await b.event("typing:update")).data.user, renamed);
    await a.close();
    const gone = await b.event("presence:update", ({ left }) => left.length > 0);
    assert.deepEqual(gone.data.left, [renamed]);
  }));

Deno.test("every error about a room that exists names its id, however the client named the room", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id, slug } = await ada.createRoom("General");
    const commands: [event: string, data: Record<string, unknown>, code: string][] = [
      ["message:send", { text: "" }, "validation_failed"],
      ["connection:recover", { lastSeenSeq: -1 }, "validation_failed"],
      ["nonsense", {}, "unknown_event"],
      ["typing:start", {}, "not_joined"],
      ["typing:stop", {}, "not_joined"],
    ];
    for (const [event, data, code] of commands) {
      // On a fresh socket, and a fresh server knows the slug of no room.
      const socket = await stage.connect(ada);
      const answer = await socket.call(event, { roomId: slug, ...data });
      assert.deepEqual([answer.data.code, answer.data.roomId], [code, id], event);
      await socket.close();
    }
  }));

/** A command of each kind about a room, and what refuses it to who is banned. */
const IN_A_ROOM: [event: string, data: Record<string, unknown>, code?: string][] = [
  ["room:join", {}],
  ["room:leave", {}],
  ["message:send", { text: "Hello" }],
  ["message:edit", { messageId: "m", text: "Hello" }],
  ["message:delete", { messageId: "m" }],
  ["reaction:add", { messageId: "m", emoji: "👍" }],
  ["message:pin", { messageId: "m" }],
  ["room:read", { seq: 1 }],
  ["typing:start", {}],
  ["connection:recover", { lastSeenSeq: 0 }],
  ["message:send", { text: "" }, "validation_failed"],
  ["nonsense", {}, "unknown_event"],
];

Deno.test("every error to who is banned from a public room names its id", () =>
  onSharedStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { id, slug } = await ada.createRoom("General");
    await ada.request("PUT", `/rooms/${id}/bans/${bob.id}`, {});
    const socket = await stage.connect(bob);
    for (const [event, data, code = "forbidden"] of IN_A_ROOM) {
      const { roomId } = await expectError(socket, event, { roomId: slug, ...data }, code);
      assert.equal(roomId, id, event);
    }
    const rooms = [{ roomId: slug, lastSeenSeq: 0 }];
    const { roomId } = await expectError(socket, "connection:recover", { rooms }, "forbidden");
    assert.equal(roomId, id, "rooms");
  }));

Deno.test("an error about a room that the user may not know of names it as they did", () =>
  onSharedStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const { body: { room: hidden } } = await ada.request("POST", "/rooms", {
      name: "Secret",
      type: "private",
    });
    const deleted = await ada.createRoom("Deleted");
    for (const { id } of [hidden, deleted]) {
      await ada.request("PUT", `/rooms/${id}/bans/${bob.id}`, {});
    }
    await ada.request("DELETE", `/rooms/${deleted.id}`);
    const socket = await stage.connect(bob);
    for (const slug of [hidden.slug, deleted.slug, "nowhere"]) {
      for (const [event, data, code = "room_not_found"] of IN_A_ROOM) {
        const { roomId } = await expectError(socket, event, { roomId: slug, ...data }, code);
        assert.equal(roomId, slug, event);
      }
    }
  }));

Deno.test("limit_reached names the room's id, and 201 joins at once leave a socket in 200 rooms", () =>
  onSharedStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.connect(ada);
    const rooms: { id: string; slug: string }[] = [];
    for (let i = 0; i < 201; i++) rooms.push(await ada.createRoom(`Room ${i}`));
    const answers = await Promise.all(rooms.map(({ slug }) => {
      return socket.call("room:join", { roomId: slug });
    }));
    const refused = answers.filter(({ event }) => event === "error");
    assert.equal(refused.length, 1);
    assert.equal(refused[0]!.data.code, "limit_reached");
    assert.ok(rooms.some(({ id }) => id === refused[0]!.data.roomId));
  }));

Deno.test("what a socket sends about one room without waiting happens in that order", () =>
  onSharedStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("General");
    const watcher = await stage.join(bob, room.id);
    const socket = await stage.connect(ada);
    socket.send("room:join", { roomId: room.slug }, 1);
    socket.send("typing:start", { roomId: room.id }, 2);
    socket.send("message:send", { roomId: room.slug, text: "Hello" }, 3);
    socket.send("room:leave", { roomId: room.id }, 4);
    socket.send("room:join", { roomId: room.id }, 5);
    await socket.find(({ ref }) => ref === 5);
    const answers = socket.received.filter(({ ref }) => ref !== undefined && ref !== 3);
    assert.deepEqual(answers.slice(1).map(({ event }) => event), [
      "room:joined",
      "room:left",
      "room:joined",
    ]);
    await watcher.event("typing:update", ({ isTyping }) => isTyping);
  }));
