/** The cost of the number of rooms: appends spread over them, and messages to their sockets. */
import { InProcessBus } from "../../src/adapters/bus/in_process.ts";
import type { CreatedDraft } from "../../src/domain/entry.ts";
import type { Command } from "../../src/services/decision.ts";
import { Metrics } from "../../src/services/metrics.ts";
import { RoomLog } from "../../src/services/room_log.ts";
import type { PublicUser } from "../../src/domain/user.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { Account } from "../../tests/harness/account.ts";
import { spawnServer } from "../../tests/harness/server.ts";
import { TestSocket } from "../../tests/harness/socket.ts";
import { draft, type Point } from "./log_length.ts";

const IN_FLIGHT = 64;
const APPEND_SECONDS = 4;
const SOCKETS = 100;
const MEMBERS = 2;
const MESSAGES_PER_SECOND = 500;
const TRAFFIC_SECONDS = 8;
const STEP_MS = 5;
const AT_ONCE = 50;

/** The command that sends a message. */
export function sendCommand(draft: CreatedDraft): Command {
  const { message: { sender: by, clientMessageId, text }, request } = draft;
  return { by, clientMessageId, request, text, decide: () => ({ draft }) };
}

/** Messages a second that are appended, 64 in flight, spread evenly over so many of the rooms. */
export async function measureAppends(
  store: Store,
  { rooms, creator }: { rooms: string[]; creator: PublicUser },
  counts: number[],
): Promise<Point[]> {
  const metrics = new Metrics();
  const log = new RoomLog(store, new InProcessBus(), metrics);
  const points: Point[] = [];
  for (const size of counts) {
    let appended = 0;
    const end = performance.now() + APPEND_SECONDS * 1_000;
    await Promise.all(Array.from({ length: IN_FLIGHT }, async (_, i) => {
      for (let turn = i; performance.now() < end; turn += IN_FLIGHT) {
        await log.append(rooms[turn % size]!, sendCommand(draft(creator)));
        appended++;
      }
    }));
    points.push({ size, figures: { "appends a second": appended / APPEND_SECONDS } });
  }
  metrics.close();
  return points;
}

/**
 * CPU time that a server takes for a message, in microseconds, by how many rooms are open on it:
 * two members each, 500 messages a second over all rooms in turn.
 */
export async function measureOpenRooms(
  counts: number[],
  onProgress: (words: string) => void,
): Promise<Point[]> {
  const points: Point[] = [];
  for (const size of counts) {
    onProgress(`${size} rooms`);
    points.push({ size, figures: { "CPU µs a message": await cpuOfMessage(size) } });
  }
  return points;
}

async function cpuOfMessage(roomCount: number): Promise<number> {
  const server = await spawnServer();
  const ada = await Account.register(server.url, "Ada");
  const sockets = await Promise.all(
    Array.from({ length: SOCKETS }, () => TestSocket.connect(ada)),
  );
  const rooms = await inTurns(roomCount, async (i) => (await ada.createRoom(`Room ${i}`)).id);
  const senderOf = (room: number) => sockets[room % SOCKETS]!;
  await inTurns(roomCount * MEMBERS, async (i) => {
    const room = Math.floor(i / MEMBERS);
    await sockets[(room + i % MEMBERS) % SOCKETS]!.call("room:join", { roomId: rooms[room] });
  });
  for (const socket of sockets) socket.socket.onmessage = null;
  let sent = 0;
  const send = (until: number) => {
    for (; sent < until; sent++) {
      const room = sent % roomCount;
      senderOf(room).send("message:send", { roomId: rooms[room], text: "Hello" });
    }
  };
  await keepPace(send, 0, 2);
  const [from, before] = [sent, await cpuSeconds(server.url)];
  await keepPace(send, sent, TRAFFIC_SECONDS);
  const cpu = await cpuSeconds(server.url) - before;
  const count = sent - from;
  await Promise.all(sockets.map((socket) => socket.close()));
  await server.stop();
  return cpu / count * 1e6;
}

/** Calls `send` with the number due by then, for so many seconds. */
async function keepPace(send: (until: number) => void, from: number, seconds: number) {
  const start = performance.now();
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - start) / 1_000) {
    send(from + Math.floor(elapsed * MESSAGES_PER_SECOND));
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

async function cpuSeconds(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(text.match(/^process_cpu_seconds\w* (.*)$/m)?.[1]);
}

/** The results of `count` calls, some of them under way at the same time. */
async function inTurns<T>(count: number, call: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = new Array(count);
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < count) {
      const i = next++;
      results[i] = await call(i);
    }
  }));
  return results;
}
