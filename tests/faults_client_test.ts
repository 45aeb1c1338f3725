/** The client of the fault tests keeps to the protocol, and notices when a server does not. */
import assert from "node:assert/strict";
import { ChatClient } from "./faults/client.ts";
import { Random } from "./faults/random.ts";
import { until } from "./harness/stage.ts";

/** What a server may do about a frame of the client. */
interface Scripted {
  send(event: string, data: unknown): void;
  close(code: number): void;
}

type Script = (event: string, data: Record<string, unknown>, server: Scripted) => void;

function message(seq: number) {
  const text = `message ${seq}`;
  return { roomId: "room", seq, id: text, clientMessageId: text, text };
}

function missed(seqs: number[], hasMore: boolean, lastSeq = seqs.at(-1)) {
  return { roomId: "room", messages: seqs.map(message), lastSeq, hasMore, reset: false };
}

/** Runs a client against a server that does what the script says after `auth:ok`. */
async function onScript(script: Script, act: (client: ChatClient) => Promise<void>): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "echoroom.v1" });
    const scripted: Scripted = {
      send: (event, data) => socket.send(JSON.stringify({ event, data })),
      close: (code) => socket.close(code),
    };
    socket.onmessage = ({ data: text }) => {
      const { event, data } = JSON.parse(text);
      if (event === "auth:identify") scripted.send("auth:ok", {});
      else script(event, data, scripted);
    };
    return response;
  });
  const client = new ChatClient({
    name: "Ada",
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
    server.send("message:new", { roomId: "room", seq: 4, message: message(4) });
  }, async (client) => {
    await until(() => client.views[0]!.entries.length === 4, "it has four entries");
    assert.deepEqual(client.views[0]!.entries.map(({ seq }) => seq), [1, 2, 3, 4]);
    assert.deepEqual(client.breaches, []);
  }));

Deno.test("the client reconnects with its cursor, and resends what was not acked", () => {
  const asked: unknown[] = [];
  const sent: unknown[] = [];
  return onScript((event, data, server) => {
    if (event === "connection:recover") asked.push(data.rooms ?? data);
    if (event === "message:send") sent.push(data.clientMessageId);
    inTwoPages(event, data, server);
    if (event === "message:send" && sent.length === 1) server.close(1012);
    else if (event === "message:send") {
      server.send("message:ack", { ...data, id: "message 4", seq: 4 });
    }
  }, async (client) => {
    await until(() => client.live, "it is live");
    client.say("room", "Hello");
    await until(() => client.sends[0]!.ack !== null, "the message is acked");
    assert.deepEqual(sent, ["Ada-1", "Ada-1"]);
    assert.deepEqual(asked.at(-1), [{ roomId: "room", lastSeenSeq: 3 }]);
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
    client.say("room", "Hello");
    await until(() => client.sends[0]!.ack !== null, "the message is acked");
    assert.deepEqual([client.unavailable, client.breaches], [1, []]);
  });
});

/** What a server does instead of an honest answer to the first recovery, and the complaint. */
const BREACHES: [sentence: string, misbehave: (server: Scripted) => void, complaint: RegExp][] = [
  ["a live entry during recovery", (server) => {
    server.send("connection:missed", missed([1, 2], true));
    server.send("message:new", { roomId: "room", seq: 3, message: message(3) });
  }, /entry 3 came live/],
  ["a live entry that skips one", (server) => {
    server.send("connection:missed", missed([1, 2], false));
    server.send("message:new", { roomId: "room", seq: 4, message: message(4) });
  }, /entry 4 came after 2/],
  ["a live entry that repeats one", (server) => {
    server.send("connection:missed", missed([1, 2], false));
    server.send("message:new", { roomId: "room", seq: 2, message: message(2) });
  }, /entry 2 came after 2/],
  ["recovery that skips an entry", (server) => {
    server.send("connection:missed", missed([1, 3], false));
  }, /entry 3 came after 1/],
  ["recovery that ends elsewhere than it says", (server) => {
    server.send("connection:missed", missed([1, 2], false, 3));
  }, /ended at 2, not 3/],
  ["a log that has become shorter", (server) => {
    server.send("connection:missed", { ...missed([1], false), reset: true });
  }, /the log of room ended/],
  ["an ack of what was never sent", (server) => {
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
