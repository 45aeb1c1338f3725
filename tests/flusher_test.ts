/** The order in which pending frames are sent. */
import assert from "node:assert/strict";
import { Flusher } from "../src/rooms/flusher.ts";
import { until } from "./harness/stage.ts";

/** Something that notes when it is flushed. */
function noting(name: string, notes: string[], onFlush = () => {}) {
  return {
    flush() {
      notes.push(name);
      onFlush();
    },
  };
}

Deno.test("nothing is sent in the turn in which it is added", async () => {
  const notes: string[] = [];
  new Flusher(() => 0).addSocket(noting("socket", notes));
  await Promise.resolve();
  assert.deepEqual(notes, []);
  await until(() => notes.length > 0, "it goes out");
});

Deno.test("rooms pass on what they gathered before sockets send, each once", async () => {
  const notes: string[] = [];
  const flusher = new Flusher(() => 0);
  const socket = noting("socket", notes);
  const room = noting("room", notes, () => flusher.addSocket(socket));
  flusher.addSocket(socket);
  flusher.addRoom(room);
  flusher.addRoom(room);
  await until(() => notes.length > 1, "they go out");
  assert.deepEqual(notes, ["room", "socket"]);
});

Deno.test("what is added while sockets send is sent next, also after a long flush", async () => {
  const notes: string[] = [];
  const flusher = new Flusher(() => 0);
  const last = noting("last", notes);
  const slow = noting("slow", notes, () => {
    const end = performance.now() + 20;
    while (performance.now() < end);
    flusher.addSocket(last);
  });
  flusher.addSocket(slow);
  await until(() => notes.includes("last"), "it goes out");
  assert.deepEqual(notes, ["slow", "last"]);
});

Deno.test("under load what is added after a flush waits for more, and is sent in the end", async () => {
  const notes: string[] = [];
  const flusher = new Flusher(() => 1);
  const first = noting("first", notes, () =>
    setImmediate(() => {
      flusher.addSocket(noting("second", notes));
      setImmediate(() => {
        notes.push("a turn later");
        flusher.addSocket(noting("third", notes));
      });
    }));
  flusher.addSocket(first);
  await until(() => notes.includes("third"), "it goes out");
  assert.deepEqual(notes, ["first", "a turn later", "second", "third"]);
});
