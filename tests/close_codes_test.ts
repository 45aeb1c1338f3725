/** The close code reaches a peer that goes on sending, whatever the reason of the close. */
// @slow: starts processes
import assert from "node:assert/strict";
import { playWithin } from "./harness/patience.ts";
import { OPCODE, type RawSocket } from "./harness/raw_socket.ts";
import { playShutdown } from "./harness/server.ts";
import { onStage, Stage } from "./harness/stage.ts";

/** After which a socket that has not identified itself is closed. */
const IDENTIFY_MS = 10_000;
const ATTEMPTS = 30;
const BROKEN = "{".repeat(200);

/**
 * Sends the same frame again and again, and answers only the close frame; the code in that.
 * @param atOnce how many frames are sent without a pause
 */
async function flood(
  socket: RawSocket,
  payload: string | Uint8Array,
  opcode: number = OPCODE.text,
  atOnce = 1,
) {
  let closed = false;
  const code = socket.readToEnd().finally(() => closed = true);
  while (!closed) {
    for (let i = 0; i < atOnce && !closed; i++) {
      // A connection that has ended refuses more; its code tells why.
      await socket.sendFrame(payload, { opcode }).catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return await code;
}

/** Like a browser's socket: it sends until its close event. */
async function floodFromClient(url: string, payload: string): Promise<number> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
  await new Promise((resolve) => socket.onopen = resolve);
  return await new Promise((resolve) => {
    socket.onclose = ({ code }) => {
      clearInterval(sending);
      resolve(code);
    };
    const sending = setInterval(() => {
      for (let i = 0; i < 20 && socket.readyState === WebSocket.OPEN; i++) socket.send(payload);
    });
  });
}

/** Floods get a code; anew if the server has closed the socket first, which does not identify itself. */
function getsCode(code: number, attempt: () => Promise<number | null>): Promise<void> {
  return playWithin(IDENTIFY_MS, async () => assert.equal(await attempt(), code));
}

Deno.test("a client that keeps sending malformed frames always gets 4400", () =>
  onStage(async (stage) => {
    for (let i = 0; i < ATTEMPTS; i++) {
      await getsCode(4400, async () => flood(await stage.raw(), BROKEN));
      await getsCode(4400, () => floodFromClient(stage.server.url, BROKEN));
    }
    await stage.servesANewcomer();
  }));

Deno.test("a client that keeps flooding always gets 4429", () =>
  onStage(async (stage) => {
    const frame = '{"event":"nonsense","data":{}}';
    for (let i = 0; i < 5; i++) {
      // So many that the limit comes before the end of the 10 s to identify, however busy the machine.
      await getsCode(4429, async () => flood(await stage.raw(), frame, OPCODE.text, 20));
      await getsCode(4429, () => floodFromClient(stage.server.url, frame));
    }
  }, { RATE_LIMIT: "on" }));

Deno.test("a client that keeps sending binary or oversized frames gets 1003 or 1009", () =>
  onStage(async (stage) => {
    const large = "x".repeat(65 * 1024);
    for (let i = 0; i < ATTEMPTS; i++) {
      await getsCode(1003, async () => flood(await stage.raw(), new Uint8Array(9), OPCODE.binary));
      await getsCode(1009, async () => flood(await stage.raw(), large));
      await getsCode(1009, () => floodFromClient(stage.server.url, large));
    }
  }));

Deno.test("a client that is sending when its session ends gets 4401", () =>
  onStage(async (stage) => {
    for (let i = 0; i < 10; i++) {
      const [ada] = await stage.people("Ada");
      const socket = await stage.raw();
      await socket.sendEvent("auth:identify", { token: ada.token });
      await socket.readEvent("auth:ok");
      const code = flood(socket, '{"event":"room:leave","data":{"roomId":"nowhere"}}');
      assert.equal((await ada.logOut()).status, 204);
      assert.equal(await code, 4401);
    }
  }));

Deno.test("clients that are sending when the server shuts down get 1012", () =>
  playShutdown(async (server) => {
    const stage = new Stage(server);
    const sockets = await Promise.all(Array.from({ length: 10 }, () => stage.raw()));
    const codes = sockets.map((socket) => flood(socket, '{"event":"nonsense","data":{}}'));
    server.kill("SIGTERM");
    assert.deepEqual(new Set(await Promise.all(codes)), new Set([1012]));
    assert.equal((await server.ended).code, 0);
  }));

Deno.test("a client that ignores the close frame and keeps sending is disconnected", () =>
  onStage(async (stage) => {
    const socket = await stage.raw();
    let sending = true;
    while (sending) {
      sending = await socket.sendFrame(BROKEN).then(() => true, () => false);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await stage.servesANewcomer();
  }));

Deno.test("a client that vanishes during its close does no harm", () =>
  onStage(async (stage) => {
    for (let i = 0; i < 20; i++) {
      const socket = await stage.raw();
      for (let frames = 0; frames < 50; frames++) await socket.sendFrame(BROKEN);
      socket.drop();
    }
    await stage.servesANewcomer();
  }));
