/** Two tabs with one unsent message, storage that is forbidden, and a room that is open for days. */
import assert from "node:assert/strict";
import type { Api } from "../src/client/api.ts";
import type { CameWith } from "../src/client/log_entry.ts";
import type { ClientOptions, OutboxStorage, Room, ServerEvents } from "../src/client/mod.ts";
import { Pins } from "../src/client/pins.ts";
import { TestServer, waitFor } from "../src/client/testing/mod.ts";
import { Timeline } from "../src/client/timeline.ts";
import { type Message, NEW_MESSAGE } from "../src/protocol/wire/messages.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { ADA, BOB } from "./harness/room_model.ts";

const TIME = "2026-01-01T00:00:00.000Z";

/** Clients in one browser of Ada's, in a room of Bob's. */
async function withTabs(
  act: (world: {
    server: TestServer;
    bob: ReturnType<TestServer["createUser"]>;
    open: (options?: ClientOptions) => Promise<Room>;
    storage: OutboxStorage;
  }) => Promise<void>,
): Promise<void> {
  const server = new TestServer();
  const [ada, bob] = [server.createUser("Ada"), server.createUser("Bob")];
  bob.createRoom("General");
  const browser = server.openBrowser(ada);
  const open = async (options: ClientOptions = {}) => {
    const room = server.createClient(ada, { ...browser, ...options }).join("general");
    await waitFor(room.state, ({ status }) => status === "live", HANG_MS);
    return room;
  };
  try {
    await act({ server, bob, open, storage: browser.storage });
  } finally {
    server.close();
  }
}

/** The texts of the messages that users have written, and whether all of them are the server's. */
function shown(room: Room): string[] {
  return room.messages.get().filter(({ system }) => !system).map(({ text, state }) => {
    return state === "sent" ? text : `${state}: ${text}`;
  });
}

function settled(room: Room): Promise<unknown> {
  return waitFor(room.messages, (all) => {
    return all.length > 1 && all.every(({ state, isChanging }) => state === "sent" && !isChanging);
  }, HANG_MS);
}

Deno.test("a draft that two tabs edit is one message with one of both texts, the same in both", () =>
  withTabs(async ({ server, open, storage }) => {
    const first = await open();
    const letGo = server.hold("message:send");
    const sent = first.send("Draft").catch(({ code }) => code);
    // The other tab finds it in the storage that they share.
    const second = await open();
    assert.deepEqual(shown(second).map((text) => text.replace(/^\w+: /, "")), ["Draft"]);
    server.goOffline();
    const edits = [first, second].map((room, i) => {
      return room.edit(room.messages.get().at(-1)!, `Edited in tab ${i + 1}`)
        .then(() => "done", ({ code }) => code);
    });
    letGo();
    server.goOnline();
    const results = await Promise.all([sent, ...edits]);
    await Promise.all([first, second].map(settled));
    assert.equal(shown(first).length, 1);
    assert.deepEqual(shown(first), shown(second));
    assert.match(shown(first)[0]!, /^Edited in tab [12]$/, `${results}`);
    assert.equal((storage as Storage).length, 0);
  }));

Deno.test("a message that two tabs edit at once is the same in both", () =>
  withTabs(async ({ open, storage }) => {
    const [first, second] = [await open(), await open()];
    await first.send("Sent");
    await Promise.all([first, second].map(settled));
    const edits = [first, second].map((room, i) => {
      return room.edit(room.messages.get().at(-1)!, `Edited in tab ${i + 1}`);
    });
    await Promise.all(edits);
    await Promise.all([first, second].map(settled));
    assert.deepEqual(shown(first), shown(second));
    assert.match(shown(first)[0]!, /^Edited in tab [12]$/);
    assert.equal((storage as Storage).length, 0);
  }));

Deno.test("a storage that the browser forbids costs no more than the reload", () =>
  withTabs(async ({ server, open }) => {
    const forbid = (): never => {
      throw new DOMException("The operation is insecure.", "SecurityError");
    };
    const storage = {
      get length() {
        return forbid();
      },
      key: forbid,
      getItem: forbid,
      setItem: forbid,
      removeItem: forbid,
    };
    const room = await open({ storage });
    server.goOffline();
    const sent = room.send("Hello");
    room.edit(room.messages.get().at(-1)!, "Hello again").catch(() => {});
    server.goOnline();
    await sent;
    await settled(room);
    assert.deepEqual(shown(room), ["Hello again"]);
  }));

Deno.test("a room that is open for 10,000 messages keeps what it shows, and no more", () => {
  const timeline = new Timeline(() => ADA, () => {});
  const message = (seq: number, change: Partial<Message> = {}): Message => ({
    ...{ ...NEW_MESSAGE, id: `message ${seq}`, roomId: "room", seq, changedSeq: seq, sender: BOB },
    ...{ text: `Message ${seq}`, clientMessageId: `${seq}`, createdAt: TIME, updatedAt: TIME },
    ...change,
  });
  const receive = (seq: number, message: Message, related: CameWith = {}) => {
    assert.ok(timeline.receive({ seq, id: `entry ${seq}` }, message, related));
  };
  const thread = timeline.open("message 1");
  const pins = new Pins({
    api: { readPins: () => Promise.resolve({ messages: [], mine: {} }) } as unknown as Api,
    timeline,
    roomId: () => "room",
    isLive: () => true,
    self: () => ADA,
  });
  timeline.join(
    {
      messages: [message(1)],
      lastSeq: 1,
      lastEntryId: "entry 1",
    } as ServerEvents["room:joined"],
  );
  // An entry of two creates a message, that before it is edited or pinned, or answers the first.
  for (let seq = 2; seq <= 20_000; seq += 2) {
    const reply = seq % 100 === 0 ? { replyTo: "message 1", threadId: "message 1" } : {};
    const created = message(seq, reply);
    receive(seq, created, { referenced: [message(Math.max(1, seq - 5_000))] });
    const pinned = seq % 300 === 0;
    receive(seq + 1, { ...created, changedSeq: seq + 1, pinned }, {
      change: { type: pinned ? "pinned" : "edited", by: BOB },
    });
    if (seq % 1_000 === 0) timeline.main.forgetOlder(100);
  }
  const sizes = [timeline.main.set.size, thread.messages.get().length, pins.set.size];
  assert.deepEqual(sizes, [100, 200, 66]);
  assert.equal(timeline.find("message 1")!.text, "Message 1");
  assert.equal(timeline.find("message 12002"), undefined);
});
