/** The client of the fault tests keeps to the protocol, and notices when a server does not. */
import assert from "node:assert/strict";
import { type Message, NEW_MESSAGE } from "../src/protocol/wire/messages.ts";
import { ChatClient } from "./faults/client.ts";
import { Random } from "./faults/random.ts";
import { until } from "./harness/stage.ts";

/** What a server may do about a frame of the client. */
interface Scripted {
  /** Of the frame of the client; on those of the server, too. */
  ref?: string;
  send(event: string, data: unknown): void;
  close(code: number): void;
}

type Script = (event: string, data: Record<string, unknown>, server: Scripted) => void;

function message(seq: number): Message {
  const text = `message ${seq}`;
  const sender = { id: "bob", displayName: "Bob", avatarUrl: null };
  const [createdAt, updatedAt] = [new Date().toISOString(), new Date().toISOString()];
  const fields = { id: text, roomId: "room", seq, changedSeq: seq, clientMessageId: text, text };
  return { ...NEW_MESSAGE, ...fields, sender, createdAt, updatedAt };
}

function missed(seqs: number[], hasMore: boolean, lastSeq = seqs.at(-1)) {
  const messages = seqs.map(message);
  const lastEntryId = `message ${lastSeq}`;
  return { roomId: "room", messages, lastSeq, lastEntryId, hasMore, reset: false };
}

function news(seq: number) {
  return { roomId: "room", seq, entryId: `message ${seq}`, message: message(seq) };
}

const HELLO = { type: "send", text: "Hello", replyTo: null } as const;

/** Runs a client against a server that does what the script says after `auth:ok`. */
async function onScript(script: Script, act: (client: ChatClient) => Promise<void>): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "echoroom.v1" });
    const scripted: Scripted = {
      send: (event, data) => socket.send(JSON.stringify({ event, data, ref: scripted.ref })),
      close: (code) => socket.close(code),
    };
    socket.onmessage = ({ data: text }) => {
      const { event, data, ref } = JSON.parse(text);
      scripted.ref = ref;
      if (event === "auth:identify") scripted.send("auth:ok", {});
      else script(event, data, scripted);
    };
    return response;
  });
  const client = new ChatClient({
    name: "Ada",
    userId: "ada",
    token: "a token",
    urls: [`http://127.0.0.1:${server.addr.port}`],
    roomIds: ["room"],
    joins: false,
    protocol: "echoroom.v1",
    random: new Random(1),
  });
  try {
    client.start();
    await act(client);
  } finally {
    await client.end();
    await server.shutdown();
  }
}

/** A server whose log has three entries, two of which go on a page. */
const inTwoPages: Script = (event, data, server) => {
  if (event !== "connection:recover") return;
  const [first] = data.rooms as { lastSeenSeq: number }[] ?? [data];
  if (first!.lastSeenSeq === 0) server.send("connection:missed", missed([1, 2], true));
  else server.send("connection:missed", missed([3], false));
};

Deno.test("the client recovers page by page, then takes live entries, and reports no error", () =>
  onScript((event, data, server) => {
    inTwoPages(event, data, server);
    if (data.lastSeenSeq !== 2) return;
    server.send("message:new", news(4));
  }, async (client) => {
    await until(() => client.views[0]!.cursor === 4, "it has four entries");
    const steps = client.views[0]!.steps.map(({ after, upTo }) => [after, upTo]);
    assert.deepEqual(steps, [[0, 2], [2, 3], [3, 4]]);
    assert.deepEqual(client.messages("room").map(({ seq }) => seq), [1, 2, 3, 4]);
    assert.deepEqual(client.breaches, []);
  }));

Deno.test("the client reconnects with its cursor, and resends what was not acked", () => {
  const asked: unknown[] = [];
  const sent: unknown[] = [];
  return onScript((event, data, server) => {
    if (event === "connection:recover") asked.push(data);
    if (event === "message:send") sent.push(data.clientMessageId);
    inTwoPages(event, data, server);
    if (event === "message:send" && sent.length === 1) server.close(1012);
    else if (event === "message:send") {
      server.send("message:ack", { ...data, id: "message 4", seq: 4 });
    }
  }, async (client) => {
    await until(() => client.live, "it is live");
    client.do("room", HELLO);
    await until(() => client.commands[0]!.ack !== null, "the message is acked");
    assert.deepEqual(sent, ["Ada-1", "Ada-1"]);
    assert.deepEqual(asked.at(-1), { roomId: "room", lastSeenSeq: 3 });
    assert.deepEqual([client.closes, client.unacked], [[1012], []]);
  });
});

Deno.test("the client repeats a send that was unavailable, and counts it", () => {
  let tries = 0;
  return onScript((event, data, server) => {
    inTwoPages(event, data, server);
    if (event !== "message:send") return;
    const refusal = { code: "unavailable", event, ...data, retryAfter: 1 };
    if (tries++ === 0) server.send("error", refusal);
    else server.send("message:ack", { ...data, id: "message 4", seq: 4 });
  }, async (client) => {
    await until(() => client.live, "it is live");
    client.do("room", HELLO);
    await until(() => client.commands[0]!.ack !== null, "the message is acked");
    assert.deepEqual([client.unavailable, client.breaches], [1, []]);
  });
});

Deno.test("the client folds changes, and keeps the newer state of a message", () =>
  onScript((event, _data, server) => {
    if (event !== "connection:recover") return;
    server.send("connection:missed", missed([1, 2], false));
    const by = { id: "bob" };
    const edited = { ...message(1), changedSeq: 4, text: "edited" };
    const pinned = { ...edited, pinned: true };
    const change = (type: string) => ({ change: { type, by }, entryId: type });
    server.send("message:updated", { ...news(3), ...change("pinned"), message: pinned });
    server.send("message:updated", { ...news(4), ...change("edited"), message: edited });
  }, async (client) => {
    await until(() => client.views[0]!.cursor === 4, "it has four entries");
    const [first] = client.messages("room");
    assert.deepEqual([first!.text, first!.pinned], ["edited", true]);
    assert.deepEqual(client.views[0]!.steps.at(-1)!.change, {
      type: "edited",
      messageId: "message 1",
      by: "bob",
      added: [],
      removed: [],
    });
    assert.deepEqual(client.breaches, []);
  }));

Deno.test("the client repeats a change until it is answered, and records a refusal", () => {
  const asked: unknown[] = [];
  return onScript((event, data, server) => {
    inTwoPages(event, data, server);
    if (!event.startsWith("reaction:") && event !== "message:edit") return;
    asked.push(event);
    if (asked.length === 1) return server.close(1012);
    if (event === "reaction:add") {
      const ack = { roomId: "room", id: "message 1", seq: 4, changed: false };
      return server.send("message:ack", ack);
    }
    server.send("error", { code: "message_deleted", event, roomId: "room" });
  }, async (client) => {
    await until(() => client.live, "it is live");
    const of = { messageId: "message 1" };
    client.do("room", { type: "react", ...of, emoji: "👍", isOn: true });
    await until(() => client.commands[0]!.ack !== null, "the reaction is acked");
    client.do("room", { type: "edit", ...of, text: "edited", ifChangedSeq: null });
    await until(() => client.unacked.length === 0, "the edit is refused");
    const [reaction, edit] = client.commands;
    assert.deepEqual(asked, ["reaction:add", "reaction:add", "message:edit"]);
    assert.deepEqual([reaction!.posts, reaction!.ack!.isChanged], [2, false]);
    assert.deepEqual([edit!.refusal!.code, edit!.ack, client.breaches], [
      "message_deleted",
      null,
      [],
    ]);
  });
});

/** What a server does instead of an honest answer to the first recovery, and the complaint. */
const BREACHES: [sentence: string, misbehave: (server: Scripted) => void, complaint: RegExp][] = [
  ["a live entry during recovery", (server) => {
    server.send("connection:missed", missed([1, 2], true));
    server.send("message:new", news(3));
  }, /entry 3 came live/],
  ["a live entry that skips one", (server) => {
    server.send("connection:missed", missed([1, 2], false));
    server.send("message:new", news(4));
  }, /entry 4 came after 2/],
  ["a live entry that repeats one", (server) => {
    server.send("connection:missed", missed([1, 2], false));
    server.send("message:new", news(2));
  }, /entry 2 came after 2/],
  ["recovery that ends before it begins", (server) => {
    server.send("connection:missed", missed([], false, -1));
  }, /recovery after 0 ended at -1/],
  ["recovery that has more and covers nothing", (server) => {
    server.send("connection:missed", missed([], true, 0));
  }, /has more, and covers nothing/],
  ["a change of another message than its frame names", (server) => {
    server.send("connection:missed", missed([1, 2], false));
    const deleted = { ...message(1), changedSeq: 3, deletedAt: new Date().toISOString(), text: "" };
    const by = { id: "bob" };
    server.send("message:deleted", { ...news(3), messageId: "message 2", by, message: deleted });
  }, /entry 3 is of message 2, not message 1/],
  ["a log that has become shorter", (server) => {
    server.send("connection:missed", { ...missed([1], false), reset: true });
  }, /the log of room ended/],
  ["an ack of what was never sent", (server) => {
    server.ref = "x";
    server.send("message:ack", { roomId: "room", clientMessageId: "x", id: "y", seq: 1 });
  }, /x, never sent/],
  ["a refusal for another reason than unavailability", (server) => {
    server.send("error", { code: "internal", event: "connection:recover", roomId: "room" });
  }, /refused: .*internal/],
  ["a close that blames the client", (server) => server.close(4400), /closed with 4400/],
];

for (const [sentence, misbehave, complaint] of BREACHES) {
  Deno.test(`the client reports ${sentence}`, () => {
    let misbehaved = false;
    return onScript((_event, _data, server) => {
      if (!misbehaved) misbehave(server);
      misbehaved = true;
    }, async (client) => {
      await until(() => client.breaches.length > 0, "it complains");
      assert.match(client.breaches[0]!, complaint);
    });
  });
}
