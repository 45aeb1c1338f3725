/** What sockets are shown of deleted messages on an instance whose bus loses the event, or is late. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { Entry } from "../src/domain/entry.ts";
import type { Message } from "../src/domain/message.ts";
import { publicUser } from "../src/domain/user.ts";
import type { Store } from "../src/ports/store/store.ts";
import { Flusher } from "../src/rooms/flusher.ts";
import { Hub } from "../src/rooms/hub.ts";
import type { Entered, Missed } from "../src/rooms/catch_up.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { Metrics } from "../src/services/metrics.ts";
import { PublicUsers } from "../src/services/public_users.ts";
import { RoomLog } from "../src/services/room_log.ts";
import { deletion, edit } from "./conformance/store/change_drafts.ts";
import { createRoomWithAda, creation, draft, write } from "./conformance/store/fixtures.ts";
import { openSqlite } from "./harness/sqlite_database.ts";
import { SQLITE } from "./harness/stores.ts";

const SECRET = "The secret words";

/** A socket that remembers what it was sent. */
class Socket implements Partial<Subscriber> {
  readonly userId = "bob";
  readonly open = true;
  readonly batching = false;
  congested = false;
  readonly frames: string[] = [];
  /** Called while an answer waits because the socket is slow. */
  onDrain = () => Promise.resolve();

  send(text: string): void {
    this.frames.push(text);
  }

  async drain(): Promise<void> {
    await this.onDrain();
    this.congested = false;
  }
}

/** A room with a secret of Ada's in it, served by an instance whose bus carries nothing. */
async function openWorld() {
  const { DATA_DIR } = await SQLITE.fresh();
  const sqlite = await openSqlite(`${DATA_DIR}/echoroom.db`);
  const { room: { id: roomId }, ada } = await createRoomWithAda(sqlite);
  const world = {
    roomId,
    ada,
    sqlite,
    /** Called once messages were read by id, before they are handed on. */
    onFound: () => Promise.resolve(),
    [Symbol.asyncDispose]: async () => {
      hub.close();
      metrics.close();
      await sqlite.close();
    },
  };
  const messages: Store["messages"] = {
    ...sqlite.messages,
    async find(...asked) {
      const found = await sqlite.messages.find(...asked);
      const { onFound } = world;
      world.onFound = () => Promise.resolve();
      await onFound();
      return found;
    },
  };
  const store: Store = Object.create(sqlite, { messages: { value: messages } });
  const [bus, metrics] = [new InProcessBus(), new Metrics()];
  const publicUsers = new PublicUsers(store.users, bus);
  const log = new RoomLog(store, bus, metrics);
  const nothing = () => {};
  const life = {
    opened: nothing,
    closed: nothing,
    removed: nothing,
    changed: nothing,
    accessChanged: nothing,
  };
  const hub = new Hub({ store, bus, log, metrics, publicUsers }, new Flusher(() => 0), life);
  return Object.assign(world, { hub });
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** Appends as another instance does. */
async function send({ sqlite, roomId, ada }: World, text: string, replyTo: string | null = null) {
  const sent = draft(ada, { text, replyTo, threadId: replyTo });
  const [entry] = await write(sqlite, roomId, creation(sent));
  return entry!.message;
}

async function remove({ sqlite, roomId, ada }: World, { id }: Message): Promise<Entry[]> {
  const [message] = await sqlite.messages.find(roomId, [id]);
  return await write(sqlite, roomId, deletion(message!, publicUser(ada)));
}

function subscriber(socket: Socket): Subscriber {
  return socket as unknown as Subscriber;
}

/** What a socket is shown that joins. */
async function join({ hub, roomId }: World, socket = new Socket()): Promise<string> {
  let shown = "";
  await hub.join(roomId, subscriber(socket), () => true, (entered) => shown = textOf(entered));
  return shown;
}

/** What a socket is shown that recovers from an entry on. */
async function recover({ hub, roomId }: World, seq: number, socket = new Socket()) {
  let shown = "";
  const answer = (missed: Entered) => shown = textOf(missed);
  await hub.recover(roomId, { seq }, subscriber(socket), Promise.resolve(), () => true, answer);
  return shown;
}

function textOf({ messages, related, lastSeq }: Entered): string {
  return JSON.stringify([lastSeq, JSON.parse(messages), related]);
}

Deno.test("who joins or recovers is shown no text whose deletion the bus has lost", async () => {
  await using world = await openWorld();
  const secret = await send(world, SECRET);
  const watcher = new Socket();
  assert.match(await join(world, watcher), /secret/);
  const [entry] = await remove(world, secret);
  for (const shown of [await join(world), await recover(world, 1), await recover(world, 2)]) {
    assert.doesNotMatch(shown, /secret/);
    assert.match(shown, new RegExp(secret.id));
  }
  const { event, data } = JSON.parse(watcher.frames.at(-1)!);
  assert.deepEqual([event, data.seq, data.message.text], ["message:deleted", entry!.seq, ""]);
});

Deno.test("a deletion of a message before the window reaches who recovers, and shows no text", async () => {
  await using world = await openWorld();
  const secret = await send(world, SECRET);
  for (let i = 0; i < 200; i++) await send(world, `Message ${i}`);
  await join(world, new Socket());
  const { sqlite, roomId } = world;
  await write(sqlite, roomId, edit(secret, { text: `${SECRET}, again` }));
  await remove(world, secret);
  for (const seq of [1, 100, 202]) assert.doesNotMatch(await recover(world, seq), /secret/);
});

Deno.test("beside an answer that was deleted elsewhere no text of what it answers is left", async () => {
  await using world = await openWorld();
  const secret = await send(world, SECRET);
  for (let i = 0; i < 60; i++) await send(world, `Message ${i}`);
  await send(world, "An answer", secret.id);
  assert.match(await join(world, new Socket()), /secret/);
  await remove(world, secret);
  assert.doesNotMatch(await join(world), /secret/);
  assert.doesNotMatch(await recover(world, 61), /secret/);
});

Deno.test("a deletion that comes while what goes with an answer is read is in the answer", async () => {
  await using world = await openWorld();
  const secret = await send(world, SECRET);
  for (let i = 0; i < 60; i++) await send(world, `Message ${i}`);
  await send(world, "An answer", secret.id);
  const other = await send(world, "Another secret");
  await join(world, new Socket());
  const { hub, roomId } = world;
  world.onFound = async () => {
    const entries = [...await remove(world, secret), ...await remove(world, other)];
    hub.receive({ kind: "appended", roomId, entries });
  };
  assert.doesNotMatch(await join(world), /secret/);
});

Deno.test("a deletion that comes while a recovery is read is in the answer, or follows it", async () => {
  await using world = await openWorld();
  const secret = await send(world, SECRET);
  for (let i = 0; i < 60; i++) await send(world, `Message ${i}`);
  await send(world, "An answer", secret.id);
  await join(world, new Socket());
  const { hub, roomId } = world;
  world.onFound = async () => {
    hub.receive({ kind: "appended", roomId, entries: await remove(world, secret) });
  };
  assert.doesNotMatch(await recover(world, 61), /secret/);
  const third = await send(world, SECRET);
  await send(world, "An answer", secret.id);
  world.onFound = async () => {
    hub.receive({ kind: "appended", roomId, entries: await remove(world, third) });
  };
  assert.doesNotMatch(await recover(world, 61), /secret/);
});

Deno.test("a slow socket is shown nothing that was deleted while it was slow, lost event or not", async () => {
  await using world = await openWorld();
  const secret = await send(world, SECRET);
  await join(world, new Socket());
  for (const enter of [join, (each: World, socket: Socket) => recover(each, 1, socket)]) {
    const hidden = await send(world, SECRET);
    const socket = new Socket();
    socket.congested = true;
    socket.onDrain = async () => void await remove(world, hidden);
    const shown = await enter(world, socket);
    assert.equal(shown.match(/secret/g)?.length, 1, secret.id);
  }
});

Deno.test("a message that is deleted while a page waits for a slow socket comes last in the page", async () => {
  await using world = await openWorld();
  for (let i = 0; i < 150; i++) await send(world, `Message ${i}`);
  const secret = await send(world, SECRET);
  for (let i = 0; i < 60; i++) await send(world, `Message ${i}`);
  await join(world, new Socket());
  const { hub, roomId } = world;
  const socket = new Socket();
  socket.congested = true;
  socket.onDrain = async () => void await remove(world, secret);
  let shown: Missed | undefined;
  const answer = (missed: Missed) => shown = missed;
  await hub.recover(roomId, { seq: 1 }, subscriber(socket), Promise.resolve(), () => true, answer);
  const messages: { id: string; changedSeq: number }[] = JSON.parse(shown!.messages);
  const seqs = messages.map(({ changedSeq }) => changedSeq);
  assert.ok(shown!.hasMore);
  assert.equal(messages.at(-1)!.id, secret.id);
  assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b));
});

Deno.test("an event with an older state than the window's changes nothing in what is shown", async () => {
  await using world = await openWorld();
  const { hub, roomId, sqlite } = world;
  const secret = await send(world, SECRET);
  const watcher = new Socket();
  await join(world, watcher);
  const late = await write(sqlite, roomId, edit(secret, { text: `${SECRET}, again` }));
  const deleted = await remove(world, secret);
  assert.doesNotMatch(await join(world), /secret/);
  hub.receive({ kind: "appended", roomId, entries: [...late, ...deleted] });
  assert.doesNotMatch(await join(world), /secret/);
  const seqs = watcher.frames.map((frame) => JSON.parse(frame).data.seq);
  assert.deepEqual(seqs, [late[0]!.seq, deleted[0]!.seq]);
  assert.doesNotMatch(watcher.frames.join(), /secret/);
});
