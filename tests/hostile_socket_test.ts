/** Sockets that violate the protocol, by mistake or on purpose: each is answered, none does harm. */
// @slow: hundreds of sockets, and processes
import assert from "node:assert/strict";
import { request } from "./harness/account.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { playInTime, playWithin } from "./harness/patience.ts";
import { encodeHeader, OPCODE, type RawSocket } from "./harness/raw_socket.ts";
import { playShutdown, type ServerProcess, spawnServer } from "./harness/server.ts";
import type { TestSocket } from "./harness/socket.ts";
import { onStage, sleep, Stage, until } from "./harness/stage.ts";

const MIB = 1024 * 1024;
/** After which a socket that has not identified itself is closed. */
const IDENTIFY_MS = 10_000;
/** In which one may send so many messages to a room. */
const MESSAGE_WINDOW_MS = 10_000;

/** Runs `act` on a server that is a process of its own, whose memory can be measured. */
async function onProcess(
  act: (stage: Stage, server: ServerProcess) => Promise<void>,
  settings: Record<string, string> = {},
) {
  const server = await spawnServer(settings);
  const stage = new Stage(server);
  try {
    await act(stage, server);
  } finally {
    await stage.end();
  }
}

async function metric(url: string, name: string): Promise<number> {
  const { body } = await request(url, "GET", "/metrics");
  return Number(body.match(new RegExp(`^${name} (.*)$`, "m"))?.[1]);
}

/** Sends a text frame as it stands and resolves with the error that answers it. */
async function errorFor(socket: TestSocket, frame: string) {
  const before = socket.received.length;
  socket.socket.send(frame);
  // Presence may arrive at any time.
  const answer = await socket.find((received) =>
    received.event !== "presence:update" && socket.received.indexOf(received) >= before
  );
  assert.equal(answer.event, "error", frame.slice(0, 200));
  assert.equal(typeof answer.data.message, "string");
  assert.doesNotMatch(JSON.stringify(answer), /\.ts|node_modules|at async/);
  return answer;
}

Deno.test("an unreadable frame is an invalid_frame, and the socket stays open", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const frames = [
      "",
      " ",
      "\0",
      "hello",
      "{",
      "null",
      "true",
      "0",
      '"room:join"',
      "[]",
      '[{"event":"room:join","data":{}}]',
      "{}",
      '{"event":"room:join"}',
      '{"data":{}}',
      '{"event":null,"data":{}}',
      '{"event":7,"data":{}}',
      '{"event":["room:join"],"data":{}}',
      '{"event":{"$ne":null},"data":{}}',
      '{"event":"room:join","data":null}',
      '{"event":"room:join","data":[]}',
      '{"event":"room:join","data":"general"}',
      '{"event":"room:join","data":1}',
      '{"event":"room:join","data":{},"ref":null}',
      '{"event":"room:join","data":{},"ref":{}}',
      '{"event":"room:join","data":{},"ref":["a"]}',
      '{"event":"room:join","data":{},"ref":true}',
      '{"event":"room:join","data":{},"ref":1e999}',
      '{"event":"room:join","data":{"roomId":"general"}}garbage',
      "[".repeat(60_000),
      '{"a":'.repeat(10_000),
    ];
    let socket = await stage.connect(ada);
    for (const [i, frame] of frames.entries()) {
      // More than 10 a minute would close it.
      if (i % 10 === 9) socket = await stage.connect(ada);
      const { data, ref } = await errorFor(socket, frame);
      assert.equal(data.code, "invalid_frame", frame.slice(0, 200));
      assert.equal(ref, undefined);
    }
    await stage.servesANewcomer();
  }));

Deno.test("a broken frame is answered with its event and its ref where it has them", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.connect(ada);
    const { data, ref } = await errorFor(socket, '{"event":"room:join","data":7,"ref":"r1"}');
    assert.equal(data.code, "invalid_frame");
    assert.equal(data.event, "room:join");
    assert.equal(ref, "r1");
    assert.equal((await errorFor(socket, "{")).data.event, null);
  }));

Deno.test("an event that does not exist is an unknown_event", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.connect(ada);
    const events = ["", "room:Join", "message:new", "auth:ok", "__proto__", "constructor"];
    for (
      const event of [...events, "toString", "hasOwnProperty", "\0", "\ud800", "x".repeat(9_999)]
    ) {
      const answer = await socket.call(event, {});
      assert.equal(answer.data.code, "unknown_event", event);
      assert.equal(answer.data.event, event);
    }
    await stage.servesANewcomer();
  }));

const BAD_ROOM_IDS = [
  undefined,
  null,
  7,
  -0.5,
  true,
  [],
  ["general"],
  {},
  { $ne: null },
  { $gt: "" },
  "",
  "x".repeat(129),
];

Deno.test("data of the wrong shape is validation_failed, for every event", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("General");
    const socket = await stage.join(ada, room.id);
    const roomId = room.id;
    const table: [event: string, path: string, data: unknown[]][] = [
      ["auth:identify", "token", [{}, { token: null }, { token: { $ne: null } }, { token: [] }]],
      ...["room:join", "room:leave", "typing:start", "typing:stop"].map((event) =>
        [event, "roomId", BAD_ROOM_IDS.map((roomId) => ({ roomId }))] as [string, string, unknown[]]
      ),
      ["message:send", "roomId", BAD_ROOM_IDS.map((roomId) => ({ roomId, text: "Hi" }))],
      [
        "message:send",
        "text",
        [undefined, null, 7, [], ["Hi"], {}, { $ne: null }, "", "a\0b", "\udfff"].map((text) => (
          { roomId, text }
        )),
      ],
      [
        "message:send",
        "clientMessageId",
        [null, 7, [], {}, { $ne: null }, "", "\0", "ü", "x".repeat(65)].map((clientMessageId) => (
          { roomId, text: "Hi", clientMessageId }
        )),
      ],
      [
        "connection:recover",
        "roomId",
        BAD_ROOM_IDS.map((roomId) => ({ roomId, lastSeenSeq: 0 })),
      ],
      [
        "connection:recover",
        "lastSeenSeq",
        [undefined, null, "0", [], {}, { $gt: 0 }, true, -1, 0.5, 1e300, 2 ** 53].map((
          lastSeenSeq,
        ) => ({ roomId, lastSeenSeq })),
      ],
      ["connection:recover", "rooms", [{ rooms: null }, { rooms: {} }, { rooms: "general" }]],
      [
        "connection:recover",
        "rooms.0.roomId",
        BAD_ROOM_IDS.map((roomId) => ({ rooms: [{ roomId, lastSeenSeq: 0 }] })),
      ],
    ];
    for (const [event, path, bodies] of table) {
      for (const data of bodies) {
        const answer = await socket.call(event, data);
        const what = `${event} ${JSON.stringify(data)}`;
        assert.equal(answer.event, "error", what);
        assert.equal(answer.data.code, "validation_failed", what);
        assert.equal(answer.data.event, event);
        const paths = answer.data.errors.map(({ path }: { path: string }) => path);
        assert.ok(paths.includes(path), `${what}: ${paths}`);
      }
    }
    await stage.servesANewcomer();
  }));

Deno.test("a prototype in the data is ignored", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id } = await ada.createRoom("General");
    const socket = await stage.connect(ada);
    const missing = `{"event":"room:join","data":{"__proto__":{"roomId":"${id}"}}}`;
    assert.equal((await errorFor(socket, missing)).data.code, "validation_failed");
    const outside = `{"event":"room:join","__proto__":{"data":{"roomId":"${id}"}}}`;
    assert.equal((await errorFor(socket, outside)).data.code, "invalid_frame");
    const data = `{"roomId":"${id}","__proto__":{"polluted":1},"constructor":1,"toString":null}`;
    socket.socket.send(`{"event":"room:join","data":${data},"ref":"r"}`);
    await socket.event("room:joined");
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  }));

Deno.test("an impossible room id is room_not_found", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    await ada.createRoom("General");
    const socket = await stage.connect(ada);
    const ids = [
      "__proto__",
      "general\0",
      "\0",
      "\ud800",
      "gene%",
      "' OR 1=1 --",
      "$ne",
      "😀",
      " ",
    ];
    for (const roomId of [...ids, "x".repeat(128)]) {
      const { data } = await socket.call("room:join", { roomId });
      assert.equal(data.code, "room_not_found", JSON.stringify(roomId));
      assert.equal(data.roomId, roomId);
    }
    await stage.servesANewcomer();
  }));

Deno.test("deep nesting and long lists in unknown fields are ignored", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const { id } = await ada.createRoom("General");
    const socket = await stage.connect(ada);
    const deep = "[".repeat(30_000) + "]".repeat(30_000);
    const long = `[${"0,".repeat(30_000)}0]`;
    for (const junk of [deep, long]) {
      socket.received.length = 0;
      socket.socket.send(`{"event":"room:join","data":{"roomId":"${id}","junk":${junk}}}`);
      await socket.event("room:joined");
    }
    const field = `{"event":"message:send","data":{"roomId":"${id}","text":${deep}}}`;
    assert.equal((await errorFor(socket, field)).data.code, "validation_failed");
  }));

Deno.test("the 11th broken frame within a minute closes the socket with 4400", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const socket = await stage.connect(ada);
    for (let i = 0; i < 10; i++) await errorFor(socket, "{");
    assert.equal((await socket.call("room:join", { roomId: "x" })).event, "error");
    socket.socket.send("{");
    assert.equal((await socket.closed).code, 4400);
    assert.equal(socket.all("error").filter(({ code }) => code === "invalid_frame").length, 11);
    await stage.servesANewcomer();
  }));

Deno.test("broken frames close a socket that has not identified itself, too", () =>
  onStage(async (stage) => {
    const socket = await stage.open();
    for (let i = 0; i < 50; i++) socket.socket.send("{");
    assert.equal((await socket.closed).code, 4400);
  }));

Deno.test("a binary frame closes the socket with 1003, whatever it holds", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('{"event":"x","data":{}}')]) {
      const socket = await stage.connect(ada);
      socket.socket.send(bytes);
      assert.equal((await socket.closed).code, 1003);
    }
    await stage.servesANewcomer();
  }));

Deno.test("a frame of 64 KiB is read, and one byte more closes the socket with 1009", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    for (const filler of ["x", "é", "漢", "😀"]) {
      const socket = await stage.connect(ada);
      const bytes = new TextEncoder().encode(filler).length;
      const start = '{"event":"room:join","data":{"roomId":"x"},"junk":"';
      const room = 64 * 1024 - start.length - 2;
      const frame = `${start}${filler.repeat(room / bytes)}${"x".repeat(room % bytes)}"}`;
      assert.equal(new TextEncoder().encode(frame).length, 64 * 1024);
      assert.equal((await errorFor(socket, frame)).data.code, "room_not_found");
      socket.socket.send(`${frame} `);
      assert.equal((await socket.closed).code, 1009);
    }
    await stage.servesANewcomer();
  }));

Deno.test("text that is not UTF-8 ends the socket, and no other", () =>
  onStage(async (stage) => {
    const broken = [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98]];
    for (const bytes of broken) {
      const socket = await stage.raw();
      await socket.sendFrame(new Uint8Array(bytes));
      const code = await socket.readToEnd();
      assert.ok(code === null || code === 1007 || code === 1002, `${bytes}: ${code}`);
    }
    await stage.servesANewcomer();
  }));

Deno.test("frames against RFC 6455 end the socket, and no other", () =>
  onStage(async (stage) => {
    const ping = "x".repeat(126);
    const violations: Record<string, (socket: RawSocket) => Promise<void>> = {
      "reserved opcode": (socket) => socket.sendFrame("{}", { opcode: 3 }),
      "reserved control opcode": (socket) => socket.sendFrame("", { opcode: 11 }),
      "reserved bits": (socket) => socket.sendBytes(new Uint8Array([0xf1, 0x80, 0, 0, 0, 0])),
      "continuation of nothing": (socket) => socket.sendFrame("{}", { opcode: 0 }),
      "fragmented ping": (socket) => socket.sendFrame("", { opcode: OPCODE.ping, final: false }),
      "long ping": (socket) => socket.sendFrame(ping, { opcode: OPCODE.ping }),
      "close of one byte": (socket) => socket.sendFrame("x", { opcode: OPCODE.close }),
      "forbidden close code": (socket) => {
        return socket.sendFrame(new Uint8Array([3, 0xed]), { opcode: OPCODE.close });
      },
      "text within text": async (socket) => {
        await socket.sendFrame("{", { final: false });
        await socket.sendFrame("}");
      },
      "length of 2^63": (socket) => {
        return socket.sendBytes(
          new Uint8Array([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        );
      },
    };
    for (const [name, violate] of Object.entries(violations)) {
      const socket = await stage.raw();
      await violate(socket);
      const code = await Promise.race([socket.readToEnd(), sleep(HANG_MS).then(() => "open")]);
      assert.notEqual(code, "open", name);
    }
    await stage.servesANewcomer();
  }));

Deno.test("an unmasked frame does no harm", () =>
  onStage(async (stage) => {
    const socket = await stage.raw();
    await socket.sendFrame('{"event":"room:join","data":{}}', { masked: false });
    // RFC 6455 wants it refused; the runtime reads it all the same.
    const frame = await socket.read();
    assert.ok(frame === null || [OPCODE.close, OPCODE.text].includes(frame.opcode as 1 | 8));
    await stage.servesANewcomer();
  }));

Deno.test("connections that end in the middle of a frame or a handshake are forgotten", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("Room");
    const watcher = await stage.join(ada, room.id);
    const socket = await stage.raw();
    await socket.sendEvent("auth:identify", { token: bob.token });
    await socket.sendEvent("room:join", { roomId: room.id });
    await watcher.event("presence:update", ({ count }) => count === 2);
    await socket.sendBytes(encodeHeader(1_000));
    await socket.sendBytes(new Uint8Array(10));
    socket.drop();
    await watcher.event("presence:update", ({ left }) => left[0]?.id === bob.id);

    const { hostname, port, host } = new URL(stage.server.url);
    const half = await Deno.connect({ hostname, port: Number(port) });
    await half.write(new TextEncoder().encode(`GET /ws HTTP/1.1\r\nHost: ${host}\r\nUpgr`));
    half.close();
    const handshakeOnly = await stage.raw();
    handshakeOnly.drop();
    const { url } = stage.server;
    await until(async () => await metric(url, "echoroom_connections") === 1, "one socket left");
    await stage.servesANewcomer();
  }));

Deno.test("an endless message harms no other socket, and its memory is freed once it is dropped", () =>
  onProcess(async (stage, { url }) => {
    const socket = await stage.raw();
    const before = await metric(url, "process_resident_memory_bytes");
    const part = new Uint8Array(MIB).fill(32);
    await socket.sendFrame(part, { final: false });
    // The runtime gathers a message's parts whatever their size: a proxy has to bound them.
    for (let i = 1; i < 100; i++) {
      await socket.sendFrame(part, { opcode: OPCODE.continuation, final: false });
    }
    await stage.servesANewcomer();
    socket.drop();
    await until(async () => await metric(url, "echoroom_connections") === 0, "it is forgotten");
    await until(async () => {
      return await metric(url, "process_resident_memory_bytes") - before < 100 * MIB;
    }, "less than 100 MiB are kept");
  }));

Deno.test("a flood of frames is rate_limited with a time to wait, then closed with 4429", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const room = await ada.createRoom("Room");
    const flooder = await stage.join(ada, room.id);
    const other = await stage.join(bob, room.id);
    for (let i = 0; i < 2_000; i++) flooder.send("typing:start", { roomId: room.id });
    assert.equal((await flooder.closed).code, 4429);
    const limited = flooder.all("error").filter(({ code }) => code === "rate_limited");
    assert.ok(limited.length > 0 && limited.length < 2_000);
    for (const { retryAfter, event } of limited) {
      assert.ok(retryAfter >= 1 && retryAfter <= 10);
      assert.equal(event, "typing:start");
    }
    const { event } = await other.call("message:send", { roomId: room.id, text: "Still here" });
    assert.equal(event, "message:ack");
    await stage.servesANewcomer();
  }, { RATE_LIMIT: "on" }));

Deno.test("frames that pile up faster than they are served close the socket with 4429", () =>
  onStage(async (stage) => {
    const [ada] = await stage.people("Ada");
    const many = await stage.connect(ada);
    for (let i = 0; i < 20_000; i++) many.send("room:join", { roomId: "nowhere" });
    assert.equal((await many.closed).code, 4429);
    const large = await stage.connect(ada);
    const junk = "x".repeat(60_000);
    for (let i = 0; i < 500; i++) large.send("room:join", { roomId: "nowhere", junk });
    assert.equal((await large.closed).code, 4429);
    await stage.servesANewcomer();
  }));

Deno.test("a user who sends too much to a room is rate_limited there, and not elsewhere", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const socket = await stage.connect(ada);
    let begun = 0;
    await playInTime(async () => {
      const room = await ada.createRoom("Room");
      const other = await ada.createRoom("Other");
      const send = (i: number) => ({ roomId: room.id, text: "Hello", clientMessageId: `c${i}` });
      begun = performance.now();
      const sends = Array.from({ length: 80 }, (_, i) => socket.call("message:send", send(i)));
      const refused = (await Promise.all(sends)).slice(60);
      for (const [i, { event, data }] of refused.entries()) {
        assert.equal(event, "error");
        assert.equal(data.code, "rate_limited");
        assert.equal(data.roomId, room.id);
        assert.equal(data.clientMessageId, `c${60 + i}`);
        assert.ok(data.retryAfter >= 1 && data.retryAfter <= 10);
      }
      const elsewhere = await socket.call("message:send", { roomId: other.id, text: "Hello" });
      assert.equal(elsewhere.event, "message:ack");
      const others = await (await stage.connect(bob)).call("message:send", send(60));
      assert.equal(others.event, "message:ack");
    }, () => performance.now() - begun > MESSAGE_WINDOW_MS);
  }, { RATE_LIMIT: "on" }));

Deno.test("a user's 21st socket is limit_reached, until one of the others goes", () =>
  onStage(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const sockets = await Promise.all(Array.from({ length: 20 }, () => stage.connect(ada)));
    const socket = await stage.open();
    const { event, data } = await socket.call("auth:identify", { token: ada.token });
    assert.equal(event, "error");
    assert.equal(data.code, "limit_reached");
    assert.equal((await sockets[0]!.call("auth:identify", { token: ada.token })).event, "auth:ok");
    await stage.connect(bob);
    await sockets[0]!.close();
    const again = await socket.call("auth:identify", { token: ada.token });
    assert.equal(again.event, "auth:ok");
  }, { RATE_LIMIT: "on" }));

/** Runs `act` on a server with limits, anew if that closes its sockets meanwhile: none identifies itself. */
function onSilentStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  return playWithin(IDENTIFY_MS, () => onStage(act, { RATE_LIMIT: "on" }));
}

/** Resolves once the server has so many sockets; fails if it has not before it closes silent ones. */
async function hasSockets({ url }: { url: string }, count: number): Promise<void> {
  const has = async () => await metric(url, "echoroom_connections") === count;
  await until(has, `${count} sockets`, IDENTIFY_MS);
}

Deno.test("an address's 201st socket is refused with 429, until one of the others goes", () =>
  onSilentStage(async (stage) => {
    const sockets: RawSocket[] = [];
    for (let i = 0; i < 200; i++) sockets.push(await stage.raw());
    await hasSockets(stage.server, 200);
    const { answer } = await stage.raw();
    assert.match(answer, /^HTTP\/1\.1 429 /);
    assert.match(answer, /retry-after: \d+/i);
    sockets[0]!.drop();
    await until(async () => (await stage.raw()).answer.includes(" 101 "), "a place is free");
  }));

Deno.test("sockets opened concurrently do not exceed the limit of their address", () =>
  onSilentStage(async (stage) => {
    const raws = await Promise.all(Array.from({ length: 300 }, () => stage.raw()));
    await hasSockets(stage.server, 200);
    for (const { answer } of raws) assert.match(answer, /^HTTP\/1\.1 (101|429) /);
  }));

Deno.test("stalled readers are closed; the others get everything, and memory is bounded", () =>
  onProcess(async (stage, { url }) => {
    const [ada, bob, eve] = await stage.people("Ada", "Bob", "Eve");
    const room = await ada.createRoom("Room");
    const reader = await stage.join(bob, room.id);
    const stalled = await Promise.all(Array.from({ length: 10 }, async () => {
      const socket = await stage.raw();
      await socket.sendEvent("auth:identify", { token: eve.token });
      await socket.readEvent("auth:ok");
      await socket.sendEvent("room:join", { roomId: room.id });
      await socket.readEvent("room:joined");
      return socket;
    }));
    const sender = await stage.connect(ada);
    const before = await metric(url, "process_resident_memory_bytes");
    const text = "😀".repeat(4_000);
    let sent = 0;
    const hasLeft = () => reader.all("presence:update").some(({ left }) => left[0]?.id === eve.id);
    while (!hasLeft() && sent < 5_000) {
      const sends = Array.from({ length: 20 }, () => {
        return sender.call("message:send", { roomId: room.id, text });
      });
      await Promise.all(sends);
      sent += sends.length;
    }
    assert.ok(hasLeft(), "the stalled user leaves the room");
    await until(async () => await metric(url, "echoroom_connections") === 2, "only two are left");
    await until(async () => {
      return await metric(url, "process_resident_memory_bytes") - before < 250 * MIB;
    }, "less than 250 MiB are kept");
    await reader.event("message:new", ({ seq }) => seq === sent + 1);
    const seqs = reader.all("message:new").map(({ seq }) => seq);
    assert.deepEqual(seqs, Array.from({ length: sent }, (_, i) => i + 2));
    for (const socket of stalled) assert.equal(await socket.readToEnd(), 1013);
    await stage.servesANewcomer();
  }));

Deno.test("a burst of large messages from several people closes no socket that reads", () =>
  onProcess(async (stage) => {
    const [ada, ...senders] = await stage.people("Ada", "B", "C", "D", "E");
    const room = await ada!.createRoom("Room");
    const readers = [
      await stage.join(ada!, room.id),
      await stage.join(ada!, room.id, { protocol: "echoroom.batch" }),
    ];
    const sockets = await Promise.all(senders.map((one) => stage.connect(one)));
    const text = "😀".repeat(4_000);
    const sends = sockets.flatMap((socket) =>
      Array.from({ length: 50 }, () => socket.call("message:send", { roomId: room.id, text }))
    );
    for (const { event } of await Promise.all(sends)) assert.equal(event, "message:ack");
    for (const reader of readers) await reader.event("message:new", ({ seq }) => seq === 201);
  }));

Deno.test("on SIGTERM sockets get 1012 and the process exits with 0, a stalled peer or not", () =>
  playShutdown(async (server) => {
    const stage = new Stage(server);
    const [ada, eve] = await stage.people("Ada", "Eve");
    const room = await ada.createRoom("Room");
    const a = await stage.join(ada, room.id);
    const stalled = await stage.raw();
    await stalled.sendEvent("auth:identify", { token: eve.token });
    await stalled.sendEvent("room:join", { roomId: room.id });
    await a.event("presence:update", ({ count }) => count === 2);
    const text = "😀".repeat(4_000);
    for (let i = 0; i < 10; i++) {
      const sends = Array.from({ length: 40 }, () => {
        return a.call("message:send", { roomId: room.id, text });
      });
      await Promise.all(sends);
    }
    // Last, for a socket that does not identify itself is closed after 10 s.
    const idle = await stage.open();
    server.kill("SIGTERM");
    assert.equal(await a.closeCode(), 1012);
    assert.equal(await idle.closeCode(), 1012);
    assert.equal((await server.ended).code, 0);
    assert.doesNotMatch(server.output(), /too long/);
    stalled.drop();
  }));

Deno.test("what was acked before SIGTERM is there after the restart, each once", async () => {
  const first = await spawnServer();
  const stage = new Stage(first);
  const [ada] = await stage.people("Ada");
  const room = await ada.createRoom("Room");
  const socket = await stage.connect(ada);
  for (let i = 0; i < 3_000; i++) {
    socket.send("message:send", { roomId: room.id, text: `Message ${i}`, clientMessageId: `${i}` });
  }
  await socket.event("message:ack");
  first.kill("SIGTERM");
  assert.equal((await socket.closed).code, 1012);
  assert.equal((await first.ended).code, 0);
  const acked = socket.all("message:ack");
  const second = new Stage(await spawnServer(first.settings));
  const back = await second.connect(ada);
  for (const { clientMessageId, id, seq } of acked) {
    const text = `Message ${clientMessageId}`;
    const { data } = await back.call("message:send", { roomId: room.id, text, clientMessageId });
    assert.deepEqual([data.id, data.seq], [id, seq]);
  }
  await second.end();
});
