/** Who may do what: every use case gets its room through the same gate. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { Dependencies } from "../src/application/dependencies.ts";
import type { Accepted } from "../src/application/messages/accept.ts";
import { deleteMessage } from "../src/application/messages/delete_message.ts";
import { editMessage } from "../src/application/messages/edit_message.ts";
import { getMessage } from "../src/application/messages/get_message.ts";
import { listEdits } from "../src/application/messages/list_edits.ts";
import { listPins } from "../src/application/messages/list_pins.ts";
import { listReactors } from "../src/application/messages/list_reactors.ts";
import { readChanges } from "../src/application/messages/read_changes.ts";
import { readAround, readHistory } from "../src/application/messages/read_history.ts";
import { sendMessage } from "../src/application/messages/send_message.ts";
import { setPin } from "../src/application/messages/set_pin.ts";
import { setReaction } from "../src/application/messages/set_reaction.ts";
import { getRoom } from "../src/application/rooms/get_room.ts";
import { joinRoom } from "../src/application/rooms/join_room.ts";
import { recoverRoom } from "../src/application/rooms/recover_room.ts";
import { setRead } from "../src/application/rooms/set_read.ts";
import { setTyping } from "../src/application/rooms/set_typing.ts";
import type { Participant } from "../src/domain/actor.ts";
import { LOG_START } from "../src/domain/entry.ts";
import { type Message, PLAIN } from "../src/domain/message.ts";
import { CAPABILITIES, type Capability } from "../src/domain/permissions.ts";
import { type Standing, STRANGER } from "../src/domain/membership.ts";
import { OPEN_RULES, OPEN_SETTINGS, type Room } from "../src/domain/room.ts";
import type { MessageStore } from "../src/ports/store/messages.ts";
import type { Store } from "../src/ports/store/store.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { Access } from "../src/services/access.ts";
import type { Table } from "../src/services/room_access.ts";
import { Standings } from "../src/services/standings.ts";
import { type Attempt, type Command, decide } from "../src/services/decision.ts";
import { RoomState } from "../src/services/room_state.ts";
import { RateLimits } from "../src/services/rate_limits.ts";
import { RequestHashes } from "../src/services/request_hashes.ts";
import { RoomCache } from "../src/services/room_cache.ts";

const ADA: Participant = {
  userId: "ada",
  sessionId: "session",
  user: { id: "ada", displayName: "Ada", avatarUrl: null },
};
const ROOM: Room = {
  ...OPEN_SETTINGS,
  memberCount: 1,
  id: "room-id",
  name: "General",
  slug: "general",
  description: null,
  createdBy: ADA.user,
  lastSeq: 1,
  lastMessageAt: null,
  createdAt: new Date(),
  updatedAt: new Date(),
};
const BOB: Participant = {
  userId: "bob",
  sessionId: "session of Bob",
  user: { id: "bob", displayName: "Bob", avatarUrl: null },
};
const OTHERS = ["message.react", "message.send", "room.read"];
const OWNED = [...CAPABILITIES].sort();
/** A message of Bob's in the room of Ada's. */
const MESSAGE: Message = {
  ...PLAIN,
  id: "message",
  roomId: ROOM.id,
  seq: 2,
  changedSeq: 2,
  textSeq: 2,
  sender: BOB.user,
  text: "Hello",
  system: false,
  clientMessageId: "c1",
  createdAt: new Date(),
  updatedAt: new Date(),
};
const MESSAGES = {
  find: () => Promise.resolve([MESSAGE]),
  earlierTexts: () => Promise.resolve([]),
  countPinned: () => Promise.resolve(0),
  reactors: () => Promise.resolve([]),
  reactorsAmong: () => Promise.resolve(new Set()),
} as Partial<MessageStore> as MessageStore;
const STANDINGS = new Map<string, Standing>([[ADA.userId, { ...STRANGER, role: "owner" }]]);
const SUBSCRIBER = { open: true } as Subscriber;

const CARL: Participant = { ...BOB, userId: "carl" };
STANDINGS.set(CARL.userId, { ...STRANGER, ban: { until: null, reason: null } });

/** Access to one room by this table, and how often the store was asked. */
function openAccess(table?: Table) {
  const asked: string[] = [];
  const find = (idOrSlug: string) => {
    asked.push(idOrSlug);
    return Promise.resolve([ROOM.id, ROOM.slug].includes(idOrSlug) ? ROOM : null);
  };
  const standings = (_roomId: string, userIds: readonly string[]) => {
    asked.push(...userIds);
    return Promise.resolve({ rules: OPEN_RULES, standings: STANDINGS });
  };
  const store = { rooms: { find, describe: find }, members: { standings }, epoch: 0 };
  const rooms = new RoomCache(store as unknown as Store, new InProcessBus());
  return { access: new Access(rooms, new Standings(store as unknown as Store, { table })), asked };
}

/** Use cases whose room lets everybody do just this: what lies behind the gate must not be reached. */
function behindGate(...capabilities: Capability[]) {
  const table = () => new Set(capabilities);
  const { access } = openAccess(table);
  const rateLimits = new RateLimits(true);
  const reached: string[] = [];
  const log = {
    async append(roomId: string, command: Command) {
      const needs = command.needs ? [command.needs] : [];
      const place = { rules: OPEN_RULES, standing: STRANGER };
      const authors = { places: new Map([[command.by.id, place]]), table };
      const state = await RoomState.read(
        { messages: MESSAGES } as Store,
        roomId,
        LOG_START,
        needs,
        authors,
      );
      const { drafts } = accepted(decide(state, [{ command }]));
      reached.push("log");
      return { entry: drafts[0] };
    },
    findSent: () => Promise.resolve([]),
  };
  const dependencies = {
    access,
    rateLimits,
    log,
    store: { log, messages: MESSAGES },
    requestHashes: new RequestHashes("x".repeat(32)),
    members: { add: () => Promise.resolve(), expect: () => {}, expected: () => {} },
    rooms: { typing: { end: () => {} } },
  } as unknown as Dependencies;
  const send = (room: string, clientMessageId: string = crypto.randomUUID()) =>
    sendMessage(ADA, dependencies, { room, text: "Hello", clientMessageId }).then(resultOf);
  return { dependencies, rateLimits, reached, send };
}

/** @throws what the only command of an attempt was refused for */
function accepted({ drafts, refused: [refusal] }: Attempt<unknown>) {
  if (refusal) throw refusal.error;
  return { drafts };
}

function resultOf({ result }: Accepted) {
  return result;
}

Deno.test("everybody signed in may read every room and send to it, by its id or slug", async () => {
  const { access } = openAccess();
  for (const idOrSlug of ["general", "room-id"]) {
    const { roomId, capabilities } = await access.find(ADA, idOrSlug);
    assert.equal(roomId, "room-id");
    assert.deepEqual([...capabilities].sort(), OWNED);
  }
  await assert.rejects(access.find(ADA, "nowhere"), { code: "room_not_found" });
});

Deno.test("who is no member of a public room reads it, sends to it and reacts", async () => {
  const { capabilities } = await openAccess().access.find(BOB, "general");
  assert.deepEqual([...capabilities].sort(), OTHERS);
});

Deno.test("access to a cached room makes no store call", async () => {
  const { access, asked } = openAccess();
  assert.equal(access.known(ADA, "general"), undefined);
  await access.find(ADA, "general");
  assert.equal(access.known(ADA, "general")?.roomId, "room-id");
  assert.deepEqual(asked, ["general", "ada"]);
});

Deno.test("a cached room is named by its id, to who may know of it", async () => {
  const open = openAccess();
  assert.equal(open.access.nameOf(CARL, "general"), "general", "not cached");
  await open.access.find(ADA, "general");
  await assert.rejects(open.access.find(CARL, "general"), { code: "forbidden" });
  for (const actor of [ADA, CARL]) assert.equal(open.access.nameOf(actor, "general"), "room-id");
  const { access } = openAccess(() => new Set());
  await assert.rejects(access.find(ADA, "general"), { code: "room_not_found" });
  assert.equal(access.nameOf(ADA, "general"), "general");
});

Deno.test("no use case reveals a room's existence to an actor who may not read it", async () => {
  const { dependencies, reached, send } = behindGate();
  const page = { limit: 50, before: undefined, after: undefined };
  const { id: messageId } = MESSAGE;
  const cursor = { seq: 0 };
  const subscriber = SUBSCRIBER;
  const recovery = (room: string) => {
    return { room, cursor, subscriber, earlier: Promise.resolve(), present: true };
  };
  for (const room of ["room-id", "general"]) {
    const attempts = [
      () => getRoom(ADA, dependencies, room),
      () => readHistory(ADA, dependencies, room, page),
      () => readAround(ADA, dependencies, room, { around: messageId, limit: 50 }),
      () => readChanges(ADA, dependencies, room, { cursor, limit: 50, latest: 50 }),
      () => getMessage(ADA, dependencies, room, messageId),
      () => listEdits(ADA, dependencies, room, messageId),
      () => listPins(ADA, dependencies, room),
      () => listReactors(ADA, dependencies, room, { messageId, emoji: "+1", limit: 50 }),
      () => setRead(ADA, dependencies, { room, seq: 1, back: false }),
      () => send(room),
      ...changesOf(MESSAGE).map((change) => () => change(ADA, dependencies, room)),
      () => joinRoom(ADA, dependencies, { room, subscriber, present: true }, () => {}),
      () => recoverRoom(ADA, dependencies, recovery(room), () => {}),
      () => setTyping(ADA, dependencies, { room, subscriber, isTyping: true }),
    ];
    for (const attempt of attempts) await assert.rejects(attempt, { code: "room_not_found" });
  }
  assert.deepEqual(reached, []);
});

Deno.test("an actor who may only read a room is forbidden to send to it and to change anything", async () => {
  const { dependencies, reached, send } = behindGate("room.read");
  await assert.rejects(send("general"), { code: "forbidden" });
  for (const change of changesOf(MESSAGE)) {
    const changed = change(BOB, dependencies, "general").then(resultOf);
    await assert.rejects(changed, { code: "forbidden" });
  }
  assert.deepEqual(reached, []);
});

Deno.test("who may delete any message may read its earlier texts, and others only their own", async () => {
  const moderator = behindGate("room.read", "message.delete_any");
  assert.equal((await listEdits(ADA, moderator.dependencies, "general", "message")).length, 1);
  const reader = behindGate("room.read");
  assert.equal((await listEdits(BOB, reader.dependencies, "general", "message")).length, 1);
  const refused = listEdits(ADA, reader.dependencies, "general", "message");
  await assert.rejects(refused, { code: "forbidden" });
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

/** Every change of a message. */
function changesOf({ id: messageId }: Message) {
  type Change = (actor: Participant, all: Dependencies, room: string) => Promise<Accepted>;
  const clientMessageId = "c2";
  const changes: Change[] = [
    (actor, all, room) => editMessage(actor, all, { room, messageId, text: "Hi", clientMessageId }),
    (actor, all, room) => deleteMessage(actor, all, { room, messageId, clientMessageId }),
    (actor, all, room) => setReaction(actor, all, { room, messageId, emoji: "+1", isOn: true }),
    (actor, all, room) => setReaction(actor, all, { room, messageId, emoji: "+1", isOn: false }),
    (actor, all, room) => setPin(actor, all, { room, messageId, isPinned: true }),
    (actor, all, room) => setPin(actor, all, { room, messageId, isPinned: false }),
  ];
  return changes;
}
