/** How several workers of one process serve a crowd; run on each store by a file of its own. */
import assert from "node:assert/strict";
import { spawnServer } from "../harness/server.ts";
import { Stage, typeUntilShown, until } from "../harness/stage.ts";
import type { StoreSetting } from "../harness/stores.ts";

const CROWD = 24;
const SENDS_EACH = 5;

export function testWorkers({ name, fresh }: StoreSetting): void {
  const test = (sentence: string, act: (stage: Stage) => Promise<void>) =>
    Deno.test(`${name}, three workers: ${sentence}`, async () => onWorkers(act, await fresh()));

  test("everyone in a crowd sees all concurrent sends in one order, without a gap", async (stage) => {
    const { roomId, sockets } = await crowd(stage);
    const texts = Array.from({ length: SENDS_EACH }, (_, i) => `${i}`);
    await Promise.all(texts.flatMap((text) =>
      sockets.map((socket) => {
        return socket.acked("message:send", { roomId, text, clientMessageId: crypto.randomUUID() });
      })
    ));
    const last = 1 + CROWD * SENDS_EACH;
    const seen = await Promise.all(sockets.map(async (socket) => {
      await socket.event("message:new", ({ seq }) => seq === last);
      return socket.all("message:new").map(({ seq, message }) => `${seq} ${message.id}`);
    }));
    const seqs = seen[0]!.map((entry) => Number.parseInt(entry));
    assert.deepEqual(seqs, Array.from({ length: last - 1 }, (_, i) => i + 2));
    for (const each of seen) assert.deepEqual(each, seen[0]);
  });

  test("everyone in a crowd is online, for everyone", async (stage) => {
    const { roomId, sockets } = await crowd(stage);
    for (const socket of sockets) {
      await until(async () => {
        const { data } = await socket.call("room:join", { roomId });
        return data.onlineCount === CROWD && data.online.length === CROWD;
      }, "all are online");
    }
  });

  test("everyone else sees who is typing", async (stage) => {
    const { roomId, sockets } = await crowd(stage);
    const [typist, ...others] = sockets;
    for (const other of others) await typeUntilShown(typist!, other, roomId);
    assert.deepEqual(typist!.all("typing:update"), []);
  });
}

/** A room, and two dozen people who have joined it on sockets of their own. */
export async function crowd(stage: Stage) {
  const names = Array.from({ length: CROWD }, (_, i) => `Person ${i}`);
  const people = await stage.people(...names);
  const { id: roomId } = await people[0]!.createRoom("General");
  const sockets = await Promise.all(people.map((person) => stage.join(person, roomId)));
  return { people, roomId, sockets };
}

/** Runs `act` on a process of three workers. */
export async function onWorkers(
  act: (stage: Stage) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const stage = new Stage(await spawnServer({ ...settings, WORKERS: "3" }));
  try {
    await act(stage);
  } finally {
    await stage.end();
  }
}
