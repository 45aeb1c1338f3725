/** What happens in a room as events, the frames behind it, and hooks: on a server in memory. */
import assert from "node:assert/strict";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { type FrameRecord, watchFrames } from "../src/client/debug.ts";
import type { Client, Room, RoomEvents } from "../src/client/mod.ts";
import {
  EchoRoomProvider,
  useClient,
  useMentions,
  usePins,
  useReplies,
  useThread,
  useThreadRoot,
} from "../src/client/react.ts";
import { TestServer, waitFor } from "../src/client/testing/mod.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { inRoom } from "./harness/memory_world.ts";

const TYPES = [
  "message",
  "edited",
  "deleted",
  "reactions",
  "pinned",
  "unpinned",
  "changed",
] as const;

/** Records all events of a room or of all rooms, as their names and the message's text. */
function record(source: Room | Client): string[] {
  const seen: string[] = [];
  const add = (text: string) => void seen.push(text);
  for (const type of TYPES) source.on(type, (...[{ text }]) => add(`${type} ${text || "gone"}`));
  source.on("reset", () => add("reset"));
  return seen;
}

/** Events come in turns of their own. */
async function turn(): Promise<void> {
  for (let i = 0; i < 100; i++) await null;
}

Deno.test("each entry is one event, in the order of the log, once the room shows it", () =>
  inRoom(async ({ bob, room }) => {
    const seen = record(room);
    room.on("edited", (message) => {
      assert.ok(room.find(message.id)!.changedSeq! >= message.changedSeq);
    });
    const { id } = bob.send("general", "One");
    bob.edit("general", id, { text: "First" });
    bob.react("general", id, "👍");
    bob.pin("general", id);
    bob.unpin("general", id);
    bob.delete("general", id);
    await turn();
    assert.deepEqual(seen.map((event) => event.split(" ")[0]), [
      ...["message", "edited", "reactions", "pinned", "unpinned", "deleted"],
    ]);
    await room.send("Own");
    await turn();
    assert.equal(seen.at(-1), "message Own");
  }));

Deno.test("an event says who did it, and which reactions came or went", () =>
  inRoom(async ({ bob, room }) => {
    const events: Partial<RoomEvents> = {};
    room.on("deleted", (...event) => events.deleted = event);
    room.on("edited", (...event) => events.edited = event);
    room.on("reactions", (...event) => events.reactions = event);
    const { id } = bob.send("general", "One");
    bob.edit("general", id, { text: "First" });
    bob.react("general", id, "👍");
    bob.delete("general", id);
    await turn();
    const [edited, where, { by }] = events.edited!;
    assert.deepEqual([edited.id, where, by.displayName], [id, room, "Bob"]);
    assert.equal(events.deleted![2].by.displayName, "Bob");
    const { added: [added], removed } = events.reactions![2];
    assert.deepEqual([added!.emoji, added!.user.displayName, removed], ["👍", "Bob", []]);
  }));

Deno.test("what was missed while away comes as new messages and as messages that changed, once", () =>
  inRoom(async ({ server, bob, room }) => {
    const { id } = bob.send("general", "Before");
    const seen = record(room);
    server.goOffline();
    bob.edit("general", id, { text: "Since" });
    for (let i = 1; i <= 3; i++) bob.send("general", `Missed ${i}`);
    server.goOnline();
    await waitFor(room.messages, (all) => all.at(-1)!.text === "Missed 3", HANG_MS);
    bob.send("general", "After");
    await turn();
    const missed = ["changed Since", "message Missed 1", "message Missed 2", "message Missed 3"];
    assert.deepEqual(seen, [...missed, "message After"]);
  }));

Deno.test("messages that are there when the room is joined are no events, nor is a second look at them", () =>
  inRoom(async ({ server, ada, bob }) => {
    for (let i = 0; i < 5; i++) bob.send("general", `Message ${i}`);
    const room = server.createClient(ada).join("general");
    const seen = record(room);
    await waitFor(room.state, ({ status }) => status === "live", HANG_MS);
    server.goOffline();
    server.goOnline();
    await waitFor(room.state, ({ status }) => status === "live", HANG_MS);
    await turn();
    assert.deepEqual(seen, []);
  }));

Deno.test("a restored backup is one event, and the end of the session none", () =>
  inRoom(async ({ server, bob, client, room }) => {
    for (let i = 0; i < 5; i++) bob.send("general", `Message ${i}`);
    const seen = record(room);
    server.restore("general", 2);
    await waitFor(room.recovery, (recovery) => recovery?.reset === true, HANG_MS);
    await turn();
    assert.deepEqual(seen, ["reset"]);
    await client.logout();
    await turn();
    assert.deepEqual(seen, ["reset"]);
  }));

Deno.test("a subscription that has ended gets nothing more, also of what has happened already", () =>
  inRoom(async ({ bob, room }) => {
    const seen: string[] = [];
    const end = room.on("message", (message) => seen.push(message.text));
    bob.send("general", "One");
    await turn();
    bob.send("general", "Two");
    end();
    await turn();
    assert.deepEqual(seen, ["One"]);
  }));

Deno.test("a client tells the events of all its rooms, once for a room that it has joined under two names", () =>
  inRoom(async ({ bob, client, room }) => {
    const other = bob.createRoom("Other");
    const byId = client.join(room.id);
    const rooms = [byId, client.join(other.slug)];
    for (const { state } of rooms) await waitFor(state, ({ status }) => status === "live", HANG_MS);
    const seen = record(client);
    bob.send("general", "One");
    bob.send("other", "Two");
    await turn();
    assert.deepEqual(seen, ["message One", "message Two"]);
    room.leave();
    bob.send("general", "Three");
    await turn();
    assert.deepEqual(seen.slice(2), ["message Three"]);
  }));

Deno.test("frames are shown in both directions, without tokens, and connections as they open and close", async () => {
  const server = new TestServer();
  const ada = server.createUser("Ada");
  const records: FrameRecord[] = [];
  const browser = server.openBrowser(ada);
  const WebSocket = watchFrames((record) => records.push(record), browser.WebSocket);
  const client = server.createClient(ada, { ...browser, WebSocket });
  await waitFor(client.connection, ({ status }) => status === "online", HANG_MS);
  server.dropConnections(1012);
  const types = records.map(({ type }) => type);
  assert.deepEqual(types.slice(0, 3), ["opened", "sent", "received"]);
  assert.deepEqual(records[1]!.frame, { event: "auth:identify", data: { token: "…" }, ref: 1 });
  assert.deepEqual(records.at(-1), { type: "closed", code: 1012 });
  server.close();
});

Deno.test("hooks show pins, mentions and threads of the provider's client", () =>
  inRoom(async ({ bob, client, room }) => {
    const { id } = bob.send("general", "Root");
    await room.send("Own");
    bob.pin("general", id);
    bob.send("general", "Ada?", { mentions: [client.user.get()!.id] });
    room.pins.subscribe(() => {});
    await waitFor(room.pins, (pins) => pins !== null, HANG_MS);
    await waitFor(room.unread, ({ mentions }) => mentions === 1, HANG_MS);

    function Pins() {
      assert.equal(useClient(), client);
      const thread = useThread(room, id);
      assert.deepEqual([thread, useReplies(thread), useThreadRoot(thread)], [null, [], null]);
      return createElement("p", null, `${usePins(room)![0]!.text} ${useMentions(room)}`);
    }
    const provided = createElement(EchoRoomProvider, { client, children: createElement(Pins) });
    assert.equal(renderToString(provided), "<p>Root 1</p>");
    assert.throws(() => renderToString(createElement(Pins)), /EchoRoomProvider/);
  }));
