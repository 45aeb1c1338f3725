/** The checker of the fault tests complains of every kind of broken promise, and of nothing else. */
import assert from "node:assert/strict";
import { findLaggards, findViolations } from "./faults/checker.ts";
import type {
  Action,
  Change,
  Command,
  Glance,
  Memory,
  RoomRecord,
  State,
  Step,
} from "./faults/record.ts";
import type { KnownLog } from "./faults/known_log.ts";
import { faultsOfLists, type ShownList } from "./faults/shown_lists.ts";
import type { Violation } from "./faults/violation.ts";

/** A run that may be damaged: a room of eight entries, and two people in it. */
interface Run {
  room: Mutable<RoomRecord> & {
    recovered: State[];
    history: State[];
    pins: State[];
    joined: { lastSeq: number; messages: State[] }[];
    online: number[];
  };
  ada: Person;
  bob: Person;
}

interface Person extends Mutable<Memory> {
  commands: Command[];
  views: [{ roomId: string; from: number | null; cursor: number; steps: Damageable[] }];
  glances: Glance[];
  breaches: string[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Damageable = Step & { messages: State[]; referenced: State[] };

const ROOM = "room";
const NOBODY = { ack: null, refusal: null };

function state(seq: number, changes: Partial<State> = {}): State {
  const [id, clientMessageId] = [`message ${seq}`, `Ada-${seq}`];
  const none = { pinned: false, reactions: [], isEdited: false, isDeleted: false };
  return { id, seq, changedSeq: seq, clientMessageId, text: `text ${seq}`, ...none, ...changes };
}

/** The messages as they are made by the entries 1 to 4, and what 5 to 8 make of them. */
const [FIRST, SECOND, THIRD, FOURTH] = [1, 2, 3, 4].map((seq) => state(seq)) as [
  State,
  State,
  State,
  State,
];
const EDITED = state(2, { changedSeq: 5, text: "edited", isEdited: true });
const DELETED = state(3, { changedSeq: 6, text: "", isDeleted: true });
const THUMB = { emoji: "👍", count: 1, users: ["bob"] };
const LIKED = state(4, { changedSeq: 7, reactions: [THUMB] });
const PINNED = { ...LIKED, changedSeq: 8, pinned: true };

function change(type: Change["type"], seq: number, by: string | null, more = {}): Change {
  return { type, messageId: `message ${seq}`, by, added: [], removed: [], ...more };
}

const THUMB_ADDED = { added: [{ emoji: "👍", userId: "bob" }] };
const CHANGES: [change: Change, state: State][] = [
  [change("created", 1, "ada"), FIRST],
  [change("created", 2, "ada"), SECOND],
  [change("created", 3, "ada"), THIRD],
  [change("created", 4, "ada"), FOURTH],
  [change("edited", 2, "ada"), EDITED],
  [change("deleted", 3, "ada"), DELETED],
  [change("reactions", 4, null, THUMB_ADDED), LIKED],
  [change("pinned", 4, "ada"), PINNED],
];

function live(seq: number): Damageable {
  const [change, state] = CHANGES[seq - 1]!;
  return {
    ...{ kind: "entry", asked: null, after: seq - 1, upTo: seq, entryId: `entry ${seq}` },
    ...{ change: structuredClone(change), messages: [structuredClone(state)], referenced: [] },
  };
}

function page(
  kind: "joined" | "missed",
  [after, upTo]: [number, number],
  asked: number,
  messages: State[],
): Damageable {
  const entryId = `entry ${upTo}`;
  return { kind, asked, after, upTo, entryId, change: null, messages, referenced: [] };
}

/** A command that was sent once, when its entry was made, and acked at once. */
function done(seq: number, action: Action, messageId = `message ${seq}`): Command {
  const ack = { id: messageId, seq, isChanged: true, at: seq + 0.1 };
  return { name: `Ada-${seq}`, roomId: ROOM, action, posts: 1, postedAt: seq, ack, refusal: null };
}

function send(seq: number): Command {
  return done(seq, { type: "send", text: `text ${seq}`, replyTo: null });
}

function flawlessRun(): Run {
  const recovered = [FIRST, EDITED, DELETED, PINNED];
  const edit = {
    type: "edit",
    messageId: "message 2",
    text: "edited",
    ifChangedSeq: null,
  } as const;
  const thumb = { type: "react", messageId: "message 4", emoji: "👍", isOn: true } as const;
  const ada: Person = {
    name: "Ada",
    userId: "ada",
    commands: [
      ...[2, 3, 4].map(send),
      done(5, edit, "message 2"),
      done(6, { type: "delete", messageId: "message 3" }, "message 3"),
      done(8, { type: "pin", messageId: "message 4", isOn: true }, "message 4"),
    ],
    views: [{
      roomId: ROOM,
      from: 0,
      cursor: 8,
      steps: [
        page("missed", [0, 4], 4.5, [FIRST, SECOND, THIRD, FOURTH]),
        ...[5, 6, 7, 8].map(live),
      ],
    }],
    glances: [{ roomId: ROOM, asked: 5.5, upTo: 0, messages: [EDITED, THIRD], referenced: [] }],
    live: true,
    breaches: [],
  };
  const bob: Person = {
    ...ada,
    name: "Bob",
    userId: "bob",
    commands: [done(7, thumb, "message 4")],
    views: [{
      roomId: ROOM,
      from: 4,
      cursor: 8,
      steps: [
        page("joined", [4, 4], 4.5, [FIRST, SECOND, THIRD, FOURTH]),
        live(5),
        page("missed", [5, 8], 8.5, [DELETED, PINNED]),
      ],
    }],
    glances: [],
    breaches: [],
  };
  const joined = [1, 2].map(() => ({ lastSeq: 8, messages: recovered }));
  const online = [2, 2];
  const room = { roomId: ROOM, head: 8, recovered, history: recovered, pins: [PINNED] };
  // Not cloned as structures, in which what is the same object stays the same.
  return JSON.parse(JSON.stringify({ room: { ...room, joined, online }, ada, bob }));
}

function violationsOf({ room, ada, bob }: Run): Violation[] {
  return findViolations([room], [ada, bob]);
}

function swap<T>(items: T[], i: number, k: number): void {
  [items[i], items[k]] = [items[k]!, items[i]!];
}

/** Makes all that shows a message in the end show it otherwise. */
function everywhere({ room, ada, bob }: Run, id: string, changes: Partial<State>): void {
  const steps = [...ada.views[0].steps, ...bob.views[0].steps, ...ada.glances];
  const shown = [room.recovered, room.history, room.pins, ...room.joined.map((j) => j.messages)];
  for (const states of [...shown, ...steps.map(({ messages }) => messages)]) {
    const last = room.recovered.find((state) => state.id === id)!.changedSeq;
    for (const state of states) {
      if (state.id === id && state.changedSeq === last) Object.assign(state, changes);
    }
  }
}

/** Another entry at the end, of which everybody is told. */
function append(run: Run, change: Change, state: State): void {
  const { room, ada, bob } = run;
  const seq = ++room.head;
  const newest = { ...state, changedSeq: seq };
  const others = (states: State[]) => states.filter(({ id }) => id !== state.id);
  room.recovered = [...others(room.recovered), newest];
  room.history = room.recovered.toSorted((a, b) => a.seq - b.seq);
  room.pins = room.recovered.filter(({ pinned }) => pinned);
  room.joined = room.joined.map(() => ({ lastSeq: seq, messages: room.history }));
  for (const { views: [view] } of [ada, bob]) {
    view.cursor = seq;
    const entry = { asked: null, after: seq - 1, upTo: seq, entryId: `entry ${seq}`, change };
    view.steps.push({ kind: "entry", ...entry, messages: [newest], referenced: [] });
  }
}

const reply: Command = {
  ...{ name: "Ada-reply", roomId: ROOM, posts: 1, postedAt: 6, ...NOBODY },
  action: { type: "send", text: "A reply", replyTo: "message 3" },
};

/** What is done to the run, and what the checker has to find for it, no more and no less. */
const DAMAGES: [sentence: string, damage: (run: Run) => void, found: Violation["kind"][]][] = [
  ["a send that was never acked", ({ ada }) => ada.commands[2]!.ack = null, ["lost"]],
  ["a change that was never acked", ({ ada }) => {
    ada.commands.push({ ...done(9, { type: "delete", messageId: "message 3" }), ack: null });
  }, ["lost"]],
  ["an acked message that is not in the log", ({ ada }) => {
    ada.commands.push(send(9));
  }, ["lost"]],
  ["an ack with another seq", ({ ada }) => ada.commands[0]!.ack!.seq = 3, ["changed"]],
  ["an ack with another id", ({ ada }) => ada.commands[2]!.ack!.id = "message 1", [
    "changed",
    "changed",
  ]],
  ["a text that was stored other than sent", (run) => {
    run.ada.commands[2]!.action = { type: "send", text: "4", replyTo: null };
  }, ["changed"]],
  ["an acked edit that is not in the text", (run) => {
    everywhere(run, "message 2", { text: "text 2" });
  }, ["changed"]],
  ["an edit that is not shown as one", (run) => {
    everywhere(run, "message 2", { isEdited: false });
  }, ["changed"]],
  ["an acked edit whose entry is another's", ({ ada }) => {
    ada.commands[3]!.ack!.seq = 7;
  }, ["changed", "invented", "lost"]],
  ["an edit that was done twice", (run) => append(run, change("edited", 2, "ada"), EDITED), [
    "invented",
  ]],
  ["an acked deletion that left the text", (run) => {
    everywhere(run, "message 3", { isDeleted: false, text: "text 3" });
  }, ["leaked", "leaked", "lost"]],
  ["a deletion that left the text in a tombstone", (run) => {
    everywhere(run, "message 3", { text: "text 3" });
  }, ["leaked", "leaked", "leaked"]],
  ["a deletion that nobody asked for", (run) => {
    append(run, change("deleted", 2, "ada"), { ...EDITED, text: "", isDeleted: true });
  }, ["invented", "invented"]],
  ["a change of a deleted message", (run) => {
    append(run, change("edited", 3, "ada"), DELETED);
  }, ["changed", "invented"]],
  ["a deletion that was acked as at two entries", ({ ada }) => {
    const again = done(9, { type: "delete", messageId: "message 3" }, "message 3");
    again.ack!.seq = 5;
    ada.commands.push(again);
  }, ["changed", "changed"]],
  ["an acked reaction that is not there", (run) => {
    everywhere(run, "message 4", { reactions: [] });
  }, ["lost"]],
  ["a reaction of somebody else", (run) => {
    everywhere(run, "message 4", { reactions: [{ ...THUMB, users: ["ada"] }] });
  }, ["invented", "lost"]],
  ["a reaction that counts one too many", (run) => {
    everywhere(run, "message 4", { reactions: [{ ...THUMB, count: 2 }] });
  }, ["invented"]],
  ["a reaction that was removed, and is there", ({ bob }) => {
    const removal = { ...bob.commands[0]!, name: "Bob-2" };
    const off = { type: "react", messageId: "message 4", emoji: "👍", isOn: false } as const;
    const ack = { ...removal.ack!, isChanged: false };
    bob.commands.push({ ...removal, action: off, ack });
  }, ["invented"]],
  ["a reaction that nobody asked for", (run) => {
    const added = [{ emoji: "👍", userId: "ada" }];
    const reactions = [{ emoji: "👍", count: 2, users: ["bob", "ada"] }];
    append(run, change("reactions", 4, null, { added }), { ...PINNED, reactions });
  }, ["invented", "invented"]],
  ["an acked pin that is not there", (run) => {
    everywhere(run, "message 4", { pinned: false });
    run.room.pins = [];
  }, ["lost"]],
  ["a pin that nobody asked for", (run) => {
    append(run, change("pinned", 2, "ada"), { ...EDITED, pinned: true });
  }, ["invented", "invented"]],
  ["a list of pins that lacks one", ({ room }) => room.pins.pop(), ["changed"]],
  ["a refusal for a deletion that was not", ({ ada }) => {
    const refusal = { code: "message_deleted", at: 7 };
    const action = { type: "send", text: "A reply", replyTo: "message 2" } as const;
    ada.commands.push({ ...reply, action, refusal });
  }, ["breach"]],
  ["a refusal for a deletion that came later", ({ ada }) => {
    ada.commands.push({ ...reply, refusal: { code: "message_deleted", at: 5.9 } });
  }, ["breach"]],
  ["a conflict of an edit with none", ({ ada }) => {
    const edit = { type: "edit", messageId: "message 2", text: "again", ifChangedSeq: 5 } as const;
    const refusal = { code: "edit_conflict", at: 9 };
    ada.commands.push({ ...done(9, edit), ack: null, refusal });
  }, ["breach"]],
  ["a refused message that is in the log", ({ ada }) => {
    ada.commands[2]!.ack = null;
    ada.commands[2]!.refusal = { code: "message_deleted", at: 7 };
  }, ["breach", "invented"]],
  ["an entry that nobody sent", (run) => {
    append(run, change("created", 9, "ada"), state(9));
  }, ["invented"]],
  ["a message that is stored twice", (run) => {
    append(
      run,
      change("created", 9, "ada"),
      state(9, { clientMessageId: "Ada-4", text: "text 4" }),
    );
  }, ["repeated"]],
  ["a hole in the log", ({ room, ada, bob }) => {
    const shift = (state: State) => {
      if (state.changedSeq === 8) state.changedSeq = 9;
    };
    room.head = 9;
    for (const states of [room.recovered, room.history, room.pins]) states.forEach(shift);
    for (const view of room.joined) {
      view.lastSeq = 9;
      view.messages.forEach(shift);
    }
    for (const { views: [view] } of [ada, bob]) {
      view.cursor = 9;
      const last = view.steps.at(-1)!;
      Object.assign(last, { upTo: 9, entryId: "entry 9" });
      last.messages.forEach(shift);
    }
    ada.commands.at(-1)!.ack!.seq = 9;
  }, ["hole"]],
  ["recovery that ends before the log", ({ room }) => {
    room.head = 9;
    for (const view of room.joined) view.lastSeq = 9;
  }, ["hole", "hole", "lost", "lost"]],
  ["two messages that one entry has changed", ({ room, ada }) => {
    for (const states of [room.recovered, room.history, ...room.joined.map((j) => j.messages)]) {
      states.find(({ id }) => id === "message 1")!.changedSeq = 5;
    }
    ada.views[0].steps[0]!.messages[0]!.changedSeq = 5;
  }, ["differs", "disorder", "repeated"]],
  ["history that lacks a message", ({ room }) => room.history.pop(), ["changed"]],
  ["history that shows an older state", ({ room }) => room.history[1] = SECOND, ["changed"]],
  ["history in another order", ({ room }) => swap(room.history, 1, 2), ["changed"]],
  ["an instance that shows a joiner less", ({ room }) => {
    room.joined[1]!.lastSeq = 7;
  }, ["lost"]],
  ["an instance that shows a joiner an older state", ({ room }) => {
    room.joined[1]!.messages[1] = SECOND;
  }, ["changed"]],
  ["an entry that a client never got", ({ ada }) => ada.views[0].steps.splice(2, 1), [
    "differs",
    "lost",
  ]],
  ["a last entry that a client never got", ({ ada: { views: [view] } }) => {
    view.steps.pop();
    view.cursor = 7;
  }, ["differs", "lost"]],
  ["a recovered page that a client never got", ({ bob }) => bob.views[0].steps.pop(), [
    "differs",
    "differs",
    "lost",
  ]],
  ["recovery that leaves out a change", ({ bob }) => bob.views[0].steps[2]!.messages.shift(), [
    "differs",
  ]],
  ["recovery that leaves out a message", ({ ada }) => {
    ada.views[0].steps[0]!.messages.shift();
  }, ["lost"]],
  ["recovery that shows an older state", ({ bob }) => {
    bob.views[0].steps[2]!.messages[1] = LIKED;
  }, ["differs"]],
  ["recovery that shows what was seen already", ({ bob }) => {
    bob.views[0].steps[2]!.messages.unshift(EDITED);
  }, ["repeated"]],
  ["recovery that shows a message twice", ({ bob }) => {
    bob.views[0].steps[2]!.messages.push(PINNED);
  }, ["disorder"]],
  ["an entry that came twice", ({ ada: { views: [{ steps }] } }) => {
    steps.splice(2, 0, steps[1]!);
  }, ["repeated"]],
  ["two entries that came in the wrong order", ({ ada }) => {
    swap(ada.views[0].steps, 1, 2);
  }, ["disorder"]],
  ["an entry that came with a state before it", ({ ada }) => {
    ada.views[0].steps[1]!.messages[0] = SECOND;
  }, ["changed", "differs"]],
  ["an entry that came to one as another change", ({ ada }) => {
    ada.views[0].steps[1]!.change!.type = "pinned";
  }, ["changed"]],
  ["an entry that has two ids", ({ ada }) => {
    ada.views[0].steps[1]!.entryId = "entry 50";
  }, ["changed", "changed"]],
  ["a change that came as a new message", ({ ada, bob }) => {
    ada.views[0].steps[1]!.change!.type = "created";
    bob.views[0].steps[1]!.change!.type = "created";
  }, ["changed", "changed", "changed"]],
  ["a state that came other than to others", ({ ada }) => {
    ada.views[0].steps[1]!.messages[0]!.text = "else";
  }, ["changed", "differs"]],
  ["a message that is in no log", ({ bob }) => {
    bob.views[0].steps[0]!.referenced.push(state(9));
  }, ["invented"]],
  ["a joiner who is not shown the last messages", ({ bob }) => {
    bob.views[0].steps[0]!.messages.shift();
  }, ["lost", "lost"]],
  ["a joiner who is shown what was not to be", (run) => {
    run.bob.views[0].steps[0] = page("joined", [4, 4], 4.5, [FIRST, SECOND, THIRD, FOURTH]);
    run.bob.views[0].from = 3;
  }, ["lost", "lost"]],
  ["a deleted text in an answer that was asked for after the ack", ({ bob }) => {
    bob.views[0].steps[0]!.asked = 6.5;
  }, ["leaked"]],
  ["a deleted text in an answer to a reader", ({ ada }) => {
    ada.glances[0]!.asked = 6.5;
  }, ["leaked"]],
  ["a deleted text that a later entry refers to", ({ ada }) => {
    ada.views[0].steps.at(-1)!.referenced.push(THIRD);
  }, ["leaked"]],
  ["a room that a client could not enter", ({ bob }) => bob.views[0].from = null, ["lost"]],
  ["a wrong number of people online", ({ room }) => room.online[1] = 1, ["miscount"]],
  ["a client that stayed offline", ({ bob }) => bob.live = false, ["lost"]],
  ["what a client complained of itself", ({ bob }) => bob.breaches.push("closed"), ["breach"]],
];

Deno.test("the checker finds nothing wrong with a flawless run", () => {
  assert.deepEqual(violationsOf(flawlessRun()), []);
});

/** What must not be taken for a fault. */
const INNOCENT: [sentence: string, change: (run: Run) => void][] = [
  ["a reply to what was deleted meanwhile that is refused", ({ ada }) => {
    ada.commands.push({ ...reply, refusal: { code: "message_deleted", at: 7 } });
  }],
  ["an edit of a text that was edited meanwhile that is refused", ({ ada }) => {
    const edit = { type: "edit", messageId: "message 2", text: "again", ifChangedSeq: 2 } as const;
    const refusal = { code: "edit_conflict", at: 9 };
    ada.commands.push({ ...done(9, edit), ack: null, refusal });
  }],
  ["a state later than the page that shows it", ({ ada: { views: [{ steps }] } }) => {
    steps[0]!.messages = [FIRST, THIRD, FOURTH, EDITED];
  }],
  ["a deleted text in an answer that was asked for before the ack", ({ bob }) => {
    bob.views[0].steps[0]!.asked = 6.05;
  }],
  ["an unseen entry of a reaction that was sent twice", (run) => {
    const { room, bob } = run;
    append(run, change("reactions", 4, null, THUMB_ADDED), PINNED);
    append(run, change("pinned", 4, "ada"), PINNED);
    for (const { views: [{ steps }] } of [run.ada, bob]) {
      steps.splice(-2, 2, page("missed", [8, 10], 10.5, [{ ...PINNED, changedSeq: 10 }]));
    }
    assert.equal(room.head, 10);
    bob.commands[0]!.posts = 2;
  }],
];

for (const [sentence, change] of INNOCENT) {
  Deno.test(`the checker allows ${sentence}`, () => {
    const run = flawlessRun();
    change(run);
    assert.deepEqual(violationsOf(run), []);
  });
}

for (const [sentence, damage, kinds] of DAMAGES) {
  Deno.test(`the checker finds ${sentence}`, () => {
    const run = flawlessRun();
    damage(run);
    const found = violationsOf(run);
    const sentences = found.map(({ kind, sentence }) => `${kind}: ${sentence}`).join("\n");
    assert.deepEqual(found.map(({ kind }) => kind).toSorted(), kinds.toSorted(), sentences);
  });
}

/** Lists that a client of another make has shown, flawless until they are damaged. */
function flawlessLists(): Mutable<ShownList & { messages: State[] }>[] {
  const list = (upTo: number, messages: State[]) => {
    return { roomId: ROOM, asked: null, upTo, messages, referenced: [] };
  };
  const lists = [
    list(4, [FIRST, SECOND, THIRD, FOURTH]),
    list(5, [FIRST, EDITED, THIRD, FOURTH]),
    list(8, [FIRST, EDITED, DELETED, PINNED]),
  ];
  return JSON.parse(JSON.stringify(lists));
}

const LIST_DAMAGES: [
  sentence: string,
  damage: (lists: ReturnType<typeof flawlessLists>) => void,
  found: Violation["kind"][],
][] = [
  ["nothing at all", (lists) => lists.splice(0), ["lost"]],
  ["a list that ends before the log", (lists) => lists.pop(), ["differs", "differs", "lost"]],
  ["a gap", ([list]) => list!.messages.splice(2, 1), []],
  ["a gap that no later change explains", ([, list]) => list!.messages.splice(1, 1), ["lost"]],
  ["a message twice", ([list]) => list!.messages.push(FOURTH), ["repeated"]],
  ["messages in the wrong order", ([list]) => swap(list!.messages, 0, 1), ["disorder"]],
  ["an older state after a newer", ([, , list]) => list!.messages[1] = SECOND, [
    "differs",
    "differs",
  ]],
  ["a cursor that goes back", ([, list]) => list!.upTo = 3, ["disorder"]],
  ["a deleted text in the end", ([, , list]) => list!.messages[2] = THIRD, ["differs", "leaked"]],
];

function listFaults(lists: ShownList[]): Violation["kind"][] {
  const { room, ada, bob } = flawlessRun();
  const guest = { ...bob, name: "Guest", commands: [], views: [], glances: lists };
  const violations = (log: KnownLog) => faultsOfLists(lists, log);
  return findViolations([room], [ada, bob], { ...guest, violations }).map(({ kind }) => kind);
}

Deno.test("the checker finds nothing wrong with the flawless lists of a client of another make", () => {
  const lists = flawlessLists();
  assert.deepEqual(listFaults(lists), []);
  for (const { messages } of lists) messages.shift();
  lists.at(-1)!.messages.splice(1, 1);
  assert.deepEqual(listFaults(lists), [], "without the first, and without the deleted one");
});

for (const [sentence, damage, kinds] of LIST_DAMAGES) {
  Deno.test(`the checker judges a list of a client of another make that shows ${sentence}`, () => {
    const lists = flawlessLists();
    damage(lists);
    assert.deepEqual(listFaults(lists).toSorted(), kinds.toSorted());
  });
}

Deno.test("no client lags in a flawless run", () => {
  const { ada, bob } = flawlessRun();
  assert.deepEqual(findLaggards([ada, bob]), []);
});

Deno.test("a client without the last entry that another has seen lags", () => {
  const { ada, bob } = flawlessRun();
  bob.views[0].cursor = 7;
  assert.match(findLaggards([ada, bob])[0]!.sentence, /^Bob: room: stays at 7 of 8$/);
});

Deno.test("a client without an entry that only an ack names lags", () => {
  const { ada, bob } = flawlessRun();
  for (const { views: [view] } of [ada, bob]) view.cursor = 7;
  assert.deepEqual(findLaggards([ada, bob]).map(({ kind }) => kind), ["lost", "lost"]);
});
