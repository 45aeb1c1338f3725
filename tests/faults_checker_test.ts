/** The checker of the fault tests complains of every kind of broken promise, and of nothing else. */
import assert from "node:assert/strict";
import { findLaggards, findViolations, type RoomRecord, type Violation } from "./faults/checker.ts";
import type { Entry, Memory, Send, View } from "./faults/client.ts";

/** A run that may be damaged: a room of four entries, and two people in it. */
interface Run {
  room: { roomId: string; recovered: Entry[]; history: Entry[]; online: number[] };
  ada: Person;
  bob: Person;
}

interface Person {
  name: string;
  sends: Send[];
  views: [View];
  live: boolean;
  breaches: string[];
}

function flawlessRun(): Run {
  const entries = ["Ada's room", "one", "two", "three"].map((text, i): Entry => {
    return { seq: i + 1, id: `message ${i + 1}`, clientMessageId: `id of ${text}`, text };
  });
  const send = ({ id, seq, clientMessageId, text }: Entry): Send => {
    return { roomId: "room", clientMessageId, text, ack: { id, seq } };
  };
  const view = (from: number): View => {
    return { roomId: "room", from, entries: structuredClone(entries.slice(from)) };
  };
  return {
    room: { roomId: "room", recovered: entries, history: structuredClone(entries), online: [2, 2] },
    ada: person("Ada", entries.slice(1, 3).map(send), view(0)),
    bob: person("Bob", entries.slice(3).map(send), view(2)),
  };
}

function person(name: string, sends: Send[], view: View): Person {
  return { name, sends, views: [view], live: true, breaches: [] };
}

function violationsOf({ room, ada, bob }: Run): Violation[] {
  const rooms: RoomRecord[] = [room];
  const memories: Memory[] = [ada, bob];
  return findViolations(rooms, memories);
}

function swap(entries: Entry[], i: number, k: number): void {
  [entries[i], entries[k]] = [entries[k]!, entries[i]!];
}

const STRANGE = { seq: 5, id: "message 5", clientMessageId: "id of nothing", text: "never sent" };

/** What is done to the run, and what the checker has to find for it, no more and no less. */
const DAMAGES: [sentence: string, damage: (run: Run) => void, found: Violation["kind"][]][] = [
  ["an acked message that is not in the log", ({ room }) => {
    room.recovered.pop();
    room.history.pop();
  }, ["lost", "invented", "invented"]],
  ["a send that was never acked", ({ ada }) => ada.sends[0]!.ack = null, ["lost"]],
  ["an ack with another seq", ({ ada }) => ada.sends[0]!.ack!.seq = 3, ["changed"]],
  ["an ack with another id", ({ ada }) => ada.sends[0]!.ack!.id = "message 3", ["changed"]],
  ["a text that was stored other than sent", ({ ada }) => ada.sends[0]!.text = "1", ["changed"]],
  ["an entry that nobody sent", ({ room, ada, bob }) => {
    const everywhere = [room.recovered, room.history, ada.views[0].entries, bob.views[0].entries];
    for (const entries of everywhere) entries.push(STRANGE);
  }, ["invented"]],
  ["a message that is stored twice", ({ room, ada, bob }) => {
    const again = { ...room.recovered[3]!, seq: 5 };
    const everywhere = [room.recovered, room.history, ada.views[0].entries, bob.views[0].entries];
    for (const entries of everywhere) entries.push(again);
  }, ["repeated", "changed"]],
  ["a hole in the log", ({ room, ada, bob }) => {
    const last = { ...room.recovered[3]!, seq: 5 };
    for (const entries of [room.recovered, room.history]) entries[3] = last;
    ada.views[0].entries[3] = last;
    bob.views[0].entries[1] = last;
    bob.sends[0]!.ack!.seq = 5;
  }, ["hole"]],
  ["history that lacks an entry", ({ room }) => room.history.pop(), ["changed"]],
  ["history in another order", ({ room }) => swap(room.history, 1, 2), ["changed"]],
  ["an entry that a client never got", ({ ada }) => ada.views[0].entries.splice(1, 1), ["lost"]],
  ["a last entry that a client never got", ({ bob }) => bob.views[0].entries.pop(), ["lost"]],
  ["a first entry that a client never got", ({ bob }) => bob.views[0].entries.shift(), ["lost"]],
  ["an entry that came twice", ({ ada: { views: [{ entries }] } }) => {
    entries.splice(2, 0, entries[1]!);
  }, ["repeated"]],
  ["two entries that came in the wrong order", ({ ada }) => {
    swap(ada.views[0].entries, 1, 2);
  }, ["disorder"]],
  ["an entry that came other than stored", ({ bob }) => {
    bob.views[0].entries[0]!.text = "2";
  }, ["changed"]],
  ["an entry that is in no log", ({ bob }) => bob.views[0].entries.push(STRANGE), ["invented"]],
  ["an entry from before the join", ({ room, bob }) => {
    bob.views[0].entries.unshift(room.recovered[1]!);
  }, ["invented"]],
  ["a room that a client could not enter", ({ bob }) => bob.views[0].from = null, ["lost"]],
  ["a wrong number of people online", ({ room }) => room.online[1] = 1, ["miscount"]],
  ["a client that stayed offline", ({ bob }) => bob.live = false, ["lost"]],
  ["what a client complained of itself", ({ bob }) => bob.breaches.push("closed"), ["breach"]],
];

Deno.test("the checker finds nothing wrong with a flawless run", () => {
  assert.deepEqual(violationsOf(flawlessRun()), []);
});

for (const [sentence, damage, kinds] of DAMAGES) {
  Deno.test(`the checker finds ${sentence}`, () => {
    const run = flawlessRun();
    damage(run);
    assert.deepEqual(violationsOf(run).map(({ kind }) => kind).toSorted(), kinds.toSorted());
  });
}

Deno.test("no client lags in a flawless run", () => {
  const { ada, bob } = flawlessRun();
  assert.deepEqual(findLaggards([ada, bob]), []);
});

Deno.test("a client without the last entry that another has seen lags", () => {
  const { ada, bob } = flawlessRun();
  bob.views[0].entries.pop();
  assert.match(findLaggards([ada, bob])[0]!.sentence, /^Bob: room: stays at 3 of 4$/);
});

Deno.test("a client without an entry that only an ack names lags", () => {
  const { ada, bob } = flawlessRun();
  for (const { views: [{ entries }] } of [ada, bob]) entries.pop();
  assert.deepEqual(findLaggards([ada, bob]).map(({ kind }) => kind), ["lost", "lost"]);
});
