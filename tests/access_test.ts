/** Who may do what: every use case gets its room through the same gate. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { Dependencies } from "../src/application/dependencies.ts";
import { readHistory } from "../src/application/messages/read_history.ts";
import { sendMessage } from "../src/application/messages/send_message.ts";
import { getRoom } from "../src/application/rooms/get_room.ts";
import { joinRoom } from "../src/application/rooms/join_room.ts";
import { recoverRoom } from "../src/application/rooms/recover_room.ts";
import { setTyping } from "../src/application/rooms/set_typing.ts";
import type { Participant } from "../src/domain/actor.ts";
import { capabilitiesOf, type Capability } from "../src/domain/permissions.ts";
import type { Room } from "../src/domain/room.ts";
import type { Store } from "../src/ports/store/store.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { Access } from "../src/services/access.ts";
import { RateLimits } from "../src/services/rate_limits.ts";
import { RoomCache } from "../src/services/room_cache.ts";

const ADA: Participant = {
  userId: "ada",
  sessionId: "session",
  user: { id: "ada", displayName: "Ada", avatarUrl: null },
};
const ROOM: Room = {
  id: "room-id",
  name: "General",
  slug: "general",
  description: null,
  createdBy: ADA.user,
  lastSeq: 1,
  createdAt: new Date(),
  updatedAt: new Date(),
};
const SUBSCRIBER = { open: true } as Subscriber;

/** Access to one room by this table, and how often the store was asked. */
function openAccess(table = capabilitiesOf) {
  const asked: string[] = [];
  const find = (idOrSlug: string) => {
    asked.push(idOrSlug);
    return Promise.resolve([ROOM.id, ROOM.slug].includes(idOrSlug) ? ROOM : null);
  };
  const store = { rooms: { find, describe: find } } as unknown as Store;
  return { access: new Access(new RoomCache(store, new InProcessBus()), table), asked };
}

/** Use cases whose room lets everybody do just this: what lies behind the gate must not be reached. */
function behindGate(...capabilities: Capability[]) {
  const { access } = openAccess(() => new Set(capabilities));
  const rateLimits = new RateLimits(true);
  const reached: string[] = [];
  const appended = Promise.resolve({ message: { text: "Hello" } });
  const log = {
    append() {
      reached.push("log");
      return appended;
    },
  };
  const typing = { end: () => {} };
  const dependencies = { access, rateLimits, log, rooms: { typing } } as unknown as Dependencies;
  const send = (room: string, clientMessageId: string = crypto.randomUUID()) =>
    sendMessage(ADA, dependencies, { room, text: "Hello", clientMessageId });
  return { dependencies, rateLimits, reached, send };
}

Deno.test("everybody signed in may read every room and send to it, by its id or slug", async () => {
  const { access } = openAccess();
  for (const idOrSlug of ["general", "room-id"]) {
    const { roomId, capabilities } = await access.find(ADA, idOrSlug);
    assert.equal(roomId, "room-id");
    assert.deepEqual([...capabilities], ["room.read", "message.send"]);
  }
  await assert.rejects(access.find(ADA, "nowhere"), { code: "room_not_found" });
});

Deno.test("access to a cached room makes no store call", async () => {
  const { access, asked } = openAccess();
  assert.equal(access.known(ADA, "general"), undefined);
  await access.find(ADA, "general");
  assert.equal(access.known(ADA, "general")?.roomId, "room-id");
  assert.deepEqual(asked, ["general"]);
});

Deno.test("no use case reveals a room's existence to an actor who may not read it", async () => {
  const { dependencies, reached, send } = behindGate();
  const page = { limit: 50, before: undefined, after: undefined };
  const cursor = { seq: 0 };
  const earlier = Promise.resolve();
  const subscriber = SUBSCRIBER;
  for (const room of ["room-id", "general"]) {
    const attempts = [
      () => getRoom(ADA, dependencies, room),
      () => readHistory(ADA, dependencies, room, page),
      () => send(room),
      () => joinRoom(ADA, dependencies, { room, subscriber }, () => {}),
      () => recoverRoom(ADA, dependencies, { room, cursor, subscriber, earlier }, () => {}),
      () => setTyping(ADA, dependencies, { room, subscriber, isTyping: true }),
    ];
    for (const attempt of attempts) await assert.rejects(attempt, { code: "room_not_found" });
  }
  assert.deepEqual(reached, []);
});

Deno.test("an actor who may only read a room is forbidden to send to it", async () => {
  const { reached, send } = behindGate("room.read");
  await assert.rejects(send("general"), { code: "forbidden" });
  assert.deepEqual(reached, []);
});

Deno.test("sends are limited for each user and room, whatever transport they come by", async () => {
  const { reached, send } = behindGate("room.read", "message.send");
  for (let i = 0; i < 60; i++) await send(i % 2 === 0 ? "general" : "room-id");
  await assert.rejects(send("general"), { code: "rate_limited" });
  assert.equal(reached.length, 60);
});

Deno.test("a limit reveals nothing about a room that the actor may not read", async () => {
  const { send } = behindGate();
  for (let i = 0; i < 61; i++) await assert.rejects(send("general"), { code: "room_not_found" });
});
