/** One socket's commands: in order within a room, concurrent in different rooms. */
import assert from "node:assert/strict";
import { RoomTurns } from "../src/sockets/room_turns.ts";
import { nextTurn } from "./harness/stage.ts";

/** Turns whose work is written down when it begins, and ends when the test says. */
function openTurns() {
  const turns = new RoomTurns();
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const take = (name: string, room: string | Promise<string>) => {
    const end = Promise.withResolvers<void>();
    ends.set(name, end);
    return turns.take(room, () => {
      begun.push(name);
      return end.promise;
    });
  };
  return { take, begun, ends };
}

Deno.test("a slow command delays the next one in its room, and none in other rooms", async () => {
  const { take, begun, ends } = openTurns();
  for (const [name, room] of [["join a", "a"], ["type a", "a"], ["join b", "b"]] as const) {
    await take(name, room).next;
  }
  await nextTurn();
  assert.deepEqual(begun, ["join a", "join b"]);
  ends.get("join a")!.resolve();
  await nextTurn();
  assert.deepEqual(begun, ["join a", "join b", "type a"]);
});

Deno.test("commands by id and by slug share one order, however long the look-up takes", async () => {
  const { take, begun, ends } = openTurns();
  const lookup = Promise.withResolvers<string>();
  const join = take("join by slug", lookup.promise);
  const leave = take("leave by id", "a");
  take("join other", "b");
  await Promise.all([join.next, leave.next]);
  lookup.resolve("a");
  await nextTurn();
  assert.deepEqual(begun, ["join by slug", "join other"]);
  ends.get("join by slug")!.resolve();
  await nextTurn();
  assert.deepEqual(begun, ["join by slug", "join other", "leave by id"]);
});

Deno.test("look-ups that do not answer delay the next one only briefly", async () => {
  const { take } = openTurns();
  const never = new Promise<string>(() => {});
  for (let i = 0; i < 10; i++) await take(`join ${i}`, never).next;
});

Deno.test("a command that fails, or whose room is unknown, lets the next one begin", async () => {
  const { take, begun, ends } = openTurns();
  const unknown = take("unknown", Promise.reject(new Error("no such room")));
  const failing = take("failing", "a");
  const next = take("next", "a");
  ends.get("failing")!.reject(new Error("failed"));
  ends.get("next")!.resolve();
  await assert.rejects(unknown.done, /no such room/);
  await assert.rejects(failing.done, /failed/);
  await next.done;
  assert.deepEqual(begun, ["failing", "next"]);
});

Deno.test("at most 200 commands of a socket are under way", async () => {
  const { take, ends } = openTurns();
  for (let i = 1; i < 200; i++) await take(`${i}`, `room ${i}`).next;
  let ready = false;
  const last = take("200", "room 200").next.then(() => ready = true);
  await nextTurn();
  assert.equal(ready, false);
  ends.get("7")!.resolve();
  await last;
});
