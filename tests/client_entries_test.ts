/**
 * Entries of a room's log as the client takes them: every kind moves the cursor, only once, and each
 * message is shown in its newest state.
 */
import assert from "node:assert/strict";
import { createClient, type Message, type Room } from "../src/client/mod.ts";
import { NEW_MESSAGE } from "../src/protocol/wire/messages.ts";
import { becomes, QUICK, reaches } from "./harness/client.ts";
import { seqs } from "./harness/client_world.ts";
import { until } from "./harness/stage.ts";

const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };
const TIME = "2026-01-01T00:00:00.000Z";
/** Neither a sign of life nor a second attempt within a test. */
const TIMING = { ...QUICK, answerMs: 60_000, silenceMs: 60_000 };

interface Command {
  event: string;
  data: Record<string, unknown>;
  ref: number;
}

interface Frame {
  event: string;
  data: unknown;
}

/** What a server answers; also what it sends by itself behind an answer. */
type Script = (command: Command) => Frame[] | undefined;

class ScriptedServer {
  readonly received: Command[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** What a request for older messages is answered. */
  page: () => Promise<Message[]> = () => Promise.resolve([]);
  #socket: WebSocket | null = null;

  constructor(script: Script) {
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        if (request.headers.get("upgrade") === null) {
          return Response.json({ messages: await this.page(), hasMore: false });
        }
        const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "echoroom.batch" });
        this.#socket = socket;
        socket.onmessage = ({ data }) => {
          const command: Command = JSON.parse(data);
          this.received.push(command);
          const [answer, ...others] = answerTo(command, script);
          if (answer) this.send({ ...answer, ref: command.ref } as Frame, ...others);
        };
        return response;
      },
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The cursors that the client has recovered from. */
  get recoveries(): unknown[] {
    return this.received.filter(({ event }) => event === "connection:recover")
      .map(({ data }) => data);
  }

  /** Sends all in one frame. */
  send(...frames: Frame[]): void {
    this.#socket!.send(JSON.stringify(frames));
  }

  cut(): void {
    this.#socket!.close(1012);
  }

  async end(): Promise<void> {
    await this.#server.shutdown();
  }
}

function answerTo(command: Command, script: Script): Frame[] {
  if (command.event !== "auth:identify") return script(command) ?? [];
  return [{ event: "auth:ok", data: { user: ADA, expiresAt: TIME } }];
}

async function onScript(
  script: Script,
  act: (server: ScriptedServer, room: Room) => Promise<void>,
): Promise<void> {
  const server = new ScriptedServer(script);
  const token = () => Promise.resolve("a token");
  const client = createClient(server.url, { token, timing: TIMING });
  client.connect();
  const room = client.join("room");
  try {
    await reaches(room.state, "live");
    await act(server, room);
  } finally {
    client.close();
    await server.end();
  }
}

/** The message that entry `seq` has created; each log has its own. */
function message(seq: number, log = "log", change: Partial<Message> = {}): Message {
  const id = `${log} ${seq}`;
  const times = { createdAt: TIME, updatedAt: TIME };
  return {
    ...NEW_MESSAGE,
    ...{ id, roomId: "room", seq, changedSeq: seq, sender: ADA, text: id, clientMessageId: id },
    ...times,
    ...change,
  };
}

/** The same message after entry `changedSeq`, which has changed its text, or deleted it. */
function edited(seq: number, changedSeq: number, text = `edited by ${changedSeq}`): Message {
  return message(seq, "log", { changedSeq, text, editedAt: TIME });
}

function deleted(seq: number, changedSeq: number): Message {
  return message(seq, "log", { changedSeq, text: "", deletedAt: TIME });
}

/** Messages as they are, or as they were created by these entries. */
function messagesOf(states: (number | Message)[], log: string): Message[] {
  return states.map((state) => typeof state === "number" ? message(state, log) : state);
}

function joined(states: (number | Message)[], lastSeq?: number, log = "log"): Frame {
  const messages = messagesOf(states, log);
  lastSeq ??= messages.at(-1)!.seq;
  const end = { lastSeq, lastEntryId: `${log} ${lastSeq}` };
  const room = { id: "room", name: "Room", slug: "room" };
  return { event: "room:joined", data: { room, messages, online: [], onlineCount: 0, ...end } };
}

function missed(
  states: (number | Message)[],
  lastSeq: number,
  log = "log",
  { reset = false, hasMore = false } = {},
): Frame {
  const messages = messagesOf(states, log);
  const end = { lastSeq, lastEntryId: `${log} ${lastSeq}`, hasMore, reset };
  return { event: "connection:missed", data: { roomId: "room", messages, ...end } };
}

function created(seq: number, log = "log"): Frame {
  const data = { roomId: "room", seq, entryId: `${log} ${seq}`, message: message(seq, log) };
  return { event: "message:new", data };
}

/** An entry that has changed a message: its number is the state's, unless another is given. */
function changed(state: Message, seq = state.changedSeq): Frame {
  const data = { roomId: "room", seq, entryId: `log ${seq}`, message: state };
  if (state.deletedAt !== null) {
    return { event: "message:deleted", data: { ...data, messageId: state.id, by: ADA } };
  }
  return { event: "message:updated", data: { ...data, change: { type: "edited", by: ADA } } };
}

/** An entry of a kind that does not exist yet. */
function unknown(seq: number): Frame {
  return { event: "message:framed", data: { roomId: "room", seq, entryId: `log ${seq}` } };
}

/** Answers joins, the first and the later ones, and recoveries. */
function answering(first: Frame, later: Frame[], recovery?: Frame): Script {
  let joins = 0;
  return ({ event }) => {
    if (event === "room:join") return joins++ === 0 ? [first] : later;
    if (event === "connection:recover" && recovery) return [recovery];
  };
}

Deno.test("an entry of an unknown event moves the cursor, and leaves no gap", () =>
  onScript(answering(joined([1]), [joined([1, 4], 4)]), async (server, room) => {
    server.send(unknown(2), unknown(3), created(4));
    await becomes(room.messages, () => room.cursor === 4);
    assert.deepEqual(seqs(room), [1, 4]);
    server.cut();
    await becomes(room.recovery, (recovery) => recovery !== null);
    assert.deepEqual(room.recovery.get(), { messages: 0, reset: false });
    assert.deepEqual(server.recoveries, []);
  }));

Deno.test("an entry of an unknown event that skips others has them recovered from the cursor", () =>
  onScript(
    answering(joined([1]), [], missed([5], 6)),
    async (server, room) => {
      server.send(unknown(2), unknown(6));
      await becomes(room.messages, () => room.cursor === 6);
      assert.deepEqual(seqs(room), [1, 5]);
      const cursor = { roomId: "room", lastSeenSeq: 2, lastSeenEntryId: "log 2" };
      assert.deepEqual(server.recoveries, [cursor]);
      server.send(created(7));
      await becomes(room.messages, () => room.cursor === 7);
      assert.deepEqual(seqs(room), [1, 5, 7]);
    },
  ));

Deno.test("an entry that is sent twice, or in a room that was not joined, changes nothing", () =>
  onScript(answering(joined([1]), []), async (server, room) => {
    const elsewhere = { roomId: "elsewhere", seq: 3, entryId: "elsewhere 3" };
    server.send(unknown(2), unknown(2), { event: "message:framed", data: elsewhere }, created(3));
    await becomes(room.messages, () => room.cursor === 3);
    assert.deepEqual(seqs(room), [1, 3]);
    assert.deepEqual(server.recoveries, []);
  }));

Deno.test("entries that changed messages while the client was away are recovered", () =>
  // Five entries since, of which two created a message.
  onScript(
    answering(joined([1, 2]), [joined([1, 2, 4, 6], 7)], missed([2, 4, 6], 7)),
    async (server, room) => {
      server.cut();
      await becomes(room.recovery, (recovery) => recovery !== null);
      assert.deepEqual([room.recovery.get()?.messages, room.cursor], [2, 7]);
      assert.deepEqual(seqs(room), [1, 2, 4, 6]);
    },
  ));

Deno.test("a recovered change of a message older than the first one shown leaves no gap", () =>
  onScript(
    answering(joined([101, 102]), [joined([103, 104], 106)], missed([7, 103, 104], 106)),
    async (server, room) => {
      server.cut();
      await becomes(room.recovery, (recovery) => recovery !== null);
      assert.deepEqual([room.cursor, seqs(room)], [106, [101, 102, 103, 104]]);
    },
  ));

/** What a join of a restored log shows to a client that is at entry 3 of the lost one. */
const RESTORED = [
  { end: "at the cursor", restored: [1, 2, 3] },
  { end: "just after the cursor", restored: [1, 2, 3, 4] },
  { end: "so far after the cursor that its entry is not shown", restored: [4, 5] },
];

for (const { end, restored } of RESTORED) {
  Deno.test(`a restored log that ends ${end} replaces the lost one, whatever comes meanwhile`, () => {
    const last = restored.at(-1)!;
    // In the frame of the answer: before the client can ask what it has missed.
    const rejoined = [joined(restored, last, "restored"), created(last + 1, "restored")];
    const recovery = missed([...restored, last + 1], last + 1, "restored", { reset: true });
    return onScript(answering(joined([1, 2, 3]), rejoined, recovery), async (server, room) => {
      server.cut();
      await becomes(room.recovery, (recovery) => recovery !== null);
      assert.equal(room.recovery.get()?.reset, true);
      const cursor = { roomId: "room", lastSeenSeq: 3, lastSeenEntryId: "log 3" };
      assert.deepEqual(server.recoveries, [cursor]);
      const ids = room.messages.get().map(({ id }) => id);
      assert.deepEqual(ids, [...restored, last + 1].map((seq) => `restored ${seq}`));
      server.send(created(last + 2, "restored"));
      await becomes(room.messages, () => room.cursor === last + 2);
    });
  });
}

/** The numbers and texts of all messages shown. */
function shown(room: Room): string[] {
  return room.messages.get().map(({ seq, text, deletedAt }) => {
    return `${seq}: ${deletedAt === null ? text : "(deleted)"}`;
  });
}

Deno.test("a change replaces the message, a deletion leaves its tombstone, and both tell the app", () =>
  onScript(answering(joined([1, 2, 3]), []), async (server, room) => {
    const before = room.messages.get()[0]!;
    server.send(changed(edited(1, 4)), changed(deleted(2, 5)));
    const messages = await becomes(room.messages, () => room.cursor === 5);
    assert.deepEqual(shown(room), ["1: edited by 4", "2: (deleted)", "3: log 3"]);
    const { key, id, changedSeq, editedAt, state } = messages[0]!;
    assert.deepEqual([key, id, changedSeq, editedAt], [before.key, before.id, 4, TIME]);
    assert.equal(state, "sent");
    assert.deepEqual(server.recoveries, []);
  }));

Deno.test("reactions, pins and metadata are shown as they are now", () =>
  onScript(answering(joined([1]), []), async (server, room) => {
    const state = {
      reactions: [{ emoji: "+1", count: 1, users: ["bob"] }],
      pinned: true,
      metadata: { colour: "red" },
    };
    server.send(changed(message(1, "log", { ...state, changedSeq: 2 })));
    const [first] = await becomes(room.messages, () => room.cursor === 2);
    const { reactions, pinned, metadata } = first!;
    assert.deepEqual({ reactions, pinned, metadata }, state);
  }));

Deno.test("an older state never replaces a newer one, and its entry still moves the cursor", () =>
  onScript(answering(joined([1, deleted(2, 5)], 3), []), async (server, room) => {
    // The join has shown what entry 5 did.
    server.send(changed(edited(2, 4)));
    await becomes(room.messages, () => room.cursor === 4);
    assert.deepEqual(shown(room), ["1: log 1", "2: (deleted)"]);
    server.send(changed(deleted(2, 5)), changed(edited(1, 7), 6), changed(edited(1, 7)));
    await becomes(room.messages, () => room.cursor === 7);
    assert.deepEqual(shown(room), ["1: edited by 7", "2: (deleted)"]);
    assert.deepEqual(server.recoveries, []);
  }));

Deno.test("a change that skips an entry, of whatever kind, has what is missing recovered", () =>
  onScript(
    answering(joined([1, 2]), [], missed([4, edited(1, 5), deleted(2, 6)], 6)),
    async (server, room) => {
      server.send(changed(edited(2, 3)), changed(deleted(2, 6)));
      await becomes(room.messages, () => room.cursor === 6);
      assert.deepEqual(shown(room), ["1: edited by 5", "2: (deleted)", "4: log 4"]);
      const cursor = { roomId: "room", lastSeenSeq: 3, lastSeenEntryId: "log 3" };
      assert.deepEqual(server.recoveries, [cursor]);
      server.send(changed(deleted(2, 6)), created(7));
      await becomes(room.messages, () => room.cursor === 7);
      assert.equal(room.messages.get().length, 4);
    },
  ));

Deno.test("what changed while the client was away is shown, and only new messages are counted", () =>
  onScript(
    answering(
      joined([1, 2, 3]),
      [joined([1, edited(2, 5), deleted(3, 4), 6], 6)],
      missed([deleted(3, 4), edited(2, 5), 6], 6),
    ),
    async (server, room) => {
      server.cut();
      await becomes(room.recovery, (recovery) => recovery !== null);
      assert.deepEqual(room.recovery.get(), { messages: 1, reset: false });
      const expected = ["1: log 1", "2: edited by 5", "3: (deleted)", "6: log 6"];
      assert.deepEqual([room.cursor, shown(room)], [6, expected]);
    },
  ));

Deno.test("a message that a page of recovery has left to a later entry takes its place then", () => {
  const pages = [missed([1, 3], 3, "log", { hasMore: true }), missed([edited(2, 5)], 5)];
  const script: Script = ({ event }) => {
    if (event === "room:join") return [joined([1])];
    if (event === "connection:recover") return [pages.shift() ?? missed([], 7)];
  };
  return onScript(script, async (server, room) => {
    server.send(unknown(5));
    await becomes(room.messages, () => room.cursor === 5);
    assert.deepEqual(shown(room), ["1: log 1", "2: edited by 5", "3: log 3"]);
    server.send(changed(edited(4, 6)));
    await becomes(room.messages, () => room.cursor === 6);
    assert.deepEqual(seqs(room), [1, 2, 3, 4]);
    assert.equal(server.recoveries.length, 2);
  });
});

Deno.test("a change of a message older than the first one shown only moves the cursor", () =>
  onScript(answering(joined([101, 102]), []), async (server, room) => {
    server.send(changed(edited(7, 103)), changed(deleted(8, 104)), created(105));
    await becomes(room.messages, () => room.cursor === 105);
    assert.deepEqual(seqs(room), [101, 102, 105]);
  }));

Deno.test("a change that overtakes the page of older messages with its message is not lost", () =>
  onScript(
    answering(
      joined([101, 102]),
      [],
      missed([edited(3, 103), deleted(8, 104), edited(101, 105)], 105),
    ),
    async (server, room) => {
      const page = [message(7), message(8), message(9)];
      server.page = async () => {
        server.send(changed(edited(7, 103)), unknown(105));
        // Of the recovered ones, one is even older than the page.
        await becomes(room.messages, () => room.cursor === 105);
        return page;
      };
      assert.equal(await room.loadOlder(), false);
      assert.deepEqual(shown(room), [
        "7: edited by 103",
        "8: (deleted)",
        "9: log 9",
        "101: edited by 105",
        "102: log 102",
      ]);
      assert.equal(room.hasOlder.get(), false);
    },
  ));

Deno.test("a page of older messages in a later state keeps it when their entries come", () =>
  onScript(answering(joined([101, 102]), []), async (server, room) => {
    server.page = () => Promise.resolve([deleted(7, 104)]);
    await room.loadOlder();
    server.send(changed(edited(7, 103)));
    await becomes(room.messages, () => room.cursor === 103);
    assert.deepEqual(shown(room), ["7: (deleted)", "101: log 101", "102: log 102"]);
  }));

Deno.test("a page of older messages from before a reset is dropped", () =>
  onScript(
    answering(joined([101, 102]), [], missed([101, 102], 102, "log", { reset: true })),
    async (server, room) => {
      server.page = async () => {
        server.send(unknown(104));
        await becomes(room.recovery, (recovery) => recovery?.reset === true);
        return [deleted(7, 103)];
      };
      await room.loadOlder();
      assert.deepEqual(seqs(room), [101, 102]);
    },
  ));

for (const kind of ["edited", "deleted"] as const) {
  Deno.test(`a message on its way becomes the sent one although it is ${kind} in the first news of it`, () => {
    const unsent: Command[] = [];
    const script: Script = (command) => {
      if (command.event === "room:join") return [joined([1])];
      if (command.event === "message:send") unsent.push(command);
    };
    return onScript(script, async (server, room) => {
      const sent = room.send("Hello");
      await until(() => unsent.length === 1, "the server has the message");
      const { key } = room.messages.get().at(-1)!;
      const { ref, data: { clientMessageId } } = unsent[0]!;
      const state = { ...(kind === "edited" ? edited(2, 3) : deleted(2, 3)), clientMessageId };
      server.send(unknown(2), changed(state as Message));
      await becomes(room.messages, () => room.cursor === 3);
      const ack = { roomId: "room", clientMessageId, id: "log 2", seq: 2, createdAt: TIME };
      server.send({ event: "message:ack", data: ack, ref } as Frame);
      assert.equal((await sent).seq, 2);
      const text = kind === "edited" ? "edited by 3" : "(deleted)";
      assert.deepEqual(shown(room), ["1: log 1", `2: ${text}`]);
      const { key: sameKey, state: progress, changedSeq } = room.messages.get().at(-1)!;
      assert.deepEqual([sameKey, progress, changedSeq], [key, "sent", 3]);
    });
  });
}
