/** Entries of a room's log as the client takes them: every kind moves the cursor, only once. */
import assert from "node:assert/strict";
import { createClient, type Room } from "../src/client/mod.ts";
import { becomes, QUICK, reaches } from "./harness/client.ts";
import { seqs } from "./harness/client_world.ts";

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
  #socket: WebSocket | null = null;

  constructor(script: Script) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "echoroom.batch" });
      this.#socket = socket;
      socket.onmessage = ({ data }) => {
        const command: Command = JSON.parse(data);
        this.received.push(command);
        const [answer, ...others] = answerTo(command, script);
        if (answer) this.send({ ...answer, ref: command.ref } as Frame, ...others);
      };
      return response;
    });
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
function message(seq: number, log = "log") {
  const id = `${log} ${seq}`;
  const times = { createdAt: TIME, updatedAt: TIME };
  return {
    ...{ id, roomId: "room", seq, sender: ADA, text: id, system: false, clientMessageId: id },
    ...times,
  };
}

function joined(seqs: number[], lastSeq = seqs.at(-1)!, log = "log"): Frame {
  const messages = seqs.map((seq) => message(seq, log));
  const end = { lastSeq, lastEntryId: `${log} ${lastSeq}` };
  const room = { id: "room", name: "Room", slug: "room" };
  return { event: "room:joined", data: { room, messages, online: [], onlineCount: 0, ...end } };
}

function missed(seqs: number[], lastSeq: number, log = "log", reset = false): Frame {
  const messages = seqs.map((seq) => message(seq, log));
  const end = { lastSeq, lastEntryId: `${log} ${lastSeq}`, hasMore: false, reset };
  return { event: "connection:missed", data: { roomId: "room", messages, ...end } };
}

function created(seq: number, log = "log"): Frame {
  const data = { roomId: "room", seq, entryId: `${log} ${seq}`, message: message(seq, log) };
  return { event: "message:new", data };
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
    const recovery = missed([...restored, last + 1], last + 1, "restored", true);
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
