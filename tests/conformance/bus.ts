/** What every bus must do, as one suite that each adapter is run through. */
import assert from "node:assert/strict";
import { type Entry, entryAfter, type EntryDraft, LOG_START } from "../../src/domain/entry.ts";
import type { Mention } from "../../src/domain/mention.ts";
import { PLAIN } from "../../src/domain/message.ts";
import { newAttachment } from "./store/fixtures.ts";
import type { AccountEvent, Bus, BusEvent, InstanceEvent, RoomEvent } from "../../src/ports/bus.ts";
import { sleep, until } from "../harness/stage.ts";

/** The buses of one deployment, opened for one test. */
export interface Deployment {
  /** One for each instance. */
  buses: Bus[];
  /**
   * Puts an entry into a room's log through the first instance, which then publishes what a room log
   * does: `appended`, or `append_uncertain` if the outcome is unknown.
   */
  append(roomId: string, outcome?: "known" | "unknown"): Promise<Entry>;
  /** Gives an account's stream an item through the first instance, which then says so. */
  changeAccount(userId: string): Promise<void>;
  /** Sends an unreadable event to the buses; the room is followed. */
  spoil(roomId: string, text: string): Promise<void>;
  /** Closes everything that was opened. */
  close(): Promise<void>;
}

export interface BusSetting {
  name: string;
  /** How many instances a deployment has; tests between instances need two. */
  instances: 1 | 2;
  open(): Promise<Deployment>;
}

/** A bus with its own name and the events received from it so far. */
class Instance {
  readonly bus: Bus;
  readonly received: { event: BusEvent; from: string }[] = [];

  constructor(bus: Bus) {
    this.bus = bus;
    bus.subscribe((event, from) => this.received.push({ event, from }));
  }

  /** The events of this kind received so far. */
  readonly all = (kind: BusEvent["kind"]) =>
    this.received.filter(({ event }) => event.kind === kind);

  /** Resolves with the first event, past or to come, for which `matches` holds. */
  async receives(matches: (event: BusEvent) => boolean, what: string) {
    const find = () => this.received.find(({ event }) => matches(event));
    await until(() => find() !== undefined, `${what} is received`);
    return find()!;
  }
}

type Act = (instances: { a: Instance; b: Instance }, deployment: Deployment) => Promise<void>;

const LEAKLESS = { sanitizeOps: true, sanitizeResources: true };

export function testBus(setting: BusSetting): void {
  testOneInstance(setting);
  if (setting.instances > 1) testTwoInstances(setting);
}

function testOneInstance(setting: BusSetting): void {
  const test = (sentence: string, act: (a: Instance, deployment: Deployment) => Promise<void>) =>
    register(setting, sentence, ({ a }, deployment) => act(a, deployment));

  test("every kind of event reaches its own listeners before publish returns", async ({ bus, received }) => {
    for (const event of EVENTS) {
      bus.publish(event);
      assert.deepEqual(received.pop(), { event, from: bus.instanceId });
    }
    await bus.ping();
  });

  test("every listener of an instance is notified", async (a) => {
    const another = new Instance(a.bus);
    a.bus.publish(LEFT);
    assert.deepEqual(another.received, a.received);
    await a.bus.ping();
  });

  test("a listener that throws disturbs neither the others nor who publishes", async ({ bus }) => {
    bus.subscribe(() => {
      throw new Error("It has a fault.");
    });
    const after = new Instance(bus);
    bus.publish(LEFT);
    assert.deepEqual(after.received, [{ event: LEFT, from: bus.instanceId }]);
    await bus.ping();
  });

  test("a working bus is connected, answers a ping and describes itself", async ({ bus }) => {
    assert.equal(bus.connected, true);
    await bus.ping();
    assert.match(bus.description, /^\w+/);
  });

  test("following a room again after leaving it works", async (a, { append }) => {
    const roomId = newId();
    await a.bus.follow(roomId);
    a.bus.unfollow(roomId);
    await a.bus.follow(roomId);
    await append(roomId);
    await a.receives((event) => isHint(event, roomId), "the entry");
  });

  test("a room that was never followed can be left", async ({ bus }) => {
    bus.unfollow(newId());
    await bus.ping();
  });

  test("a closed bus notifies nobody, rejects nothing and can be closed again", async (a) => {
    const { bus, received } = a;
    await bus.close();
    for (const event of EVENTS) bus.publish(event);
    await bus.follow(newId());
    bus.unfollow(newId());
    await bus.close();
    assert.deepEqual(received, []);
  });
}

function testTwoInstances(setting: BusSetting): void {
  const test = (sentence: string, act: Act) => register(setting, sentence, act);

  test("instances have names of their own", async ({ a, b }) => {
    assert.notEqual(a.bus.instanceId, b.bus.instanceId);
    await a.bus.ping();
  });

  test("events reach the other instance whole, with their sender", async ({ a, b }) => {
    await Promise.all([b.bus.follow("room"), b.bus.follow("user")]);
    for (const event of EVENTS.filter(({ kind }) => !LOG_KINDS.has(kind))) {
      a.bus.publish(event);
      const received = await b.receives(({ kind }) => kind === event.kind, event.kind);
      assert.deepEqual(received, { event, from: a.bus.instanceId });
    }
  });

  test("an entry reaches the other instance, whole or as the log's head", async ({ a, b }, {
    append,
  }) => {
    const roomId = newId();
    await b.bus.follow(roomId);
    const entry = await append(roomId);
    const { event, from } = await b.receives((event) => shows(event, entry), "the entry");
    if (event.kind !== "appended") return;
    assert.deepEqual(event.entries, [entry]);
    assert.equal(from, a.bus.instanceId);
  });

  test("a change of an account reaches the other instance, which follows its user", async ({ b }, {
    changeAccount,
  }) => {
    const userId = newId();
    await b.bus.follow(userId);
    await changeAccount(userId);
    await b.receives(
      (event) => event.kind === "account_changed" && event.accountId === userId,
      "that the account has changed",
    );
  });

  test("an append with an uncertain outcome reaches the other instance as a hint", async ({ b }, {
    append,
  }) => {
    const roomId = newId();
    await b.bus.follow(roomId);
    const entry = await append(roomId, "unknown");
    await b.receives(
      (event) => shows(event, entry) || event.kind === "append_uncertain",
      "that the log may have grown",
    );
  });

  test("an instance's own events do not come back to it", async ({ a, b }) => {
    const roomId = newId();
    await Promise.all([a.bus.follow(roomId), b.bus.follow(roomId)]);
    const question: RoomEvent = { kind: "presence", roomId, version: 1, users: [] };
    a.bus.publish(question);
    a.bus.publish(ALIVE);
    await b.receives(({ kind }) => kind === "presence", "a room event");
    await b.receives(({ kind }) => kind === "alive", "an instance event");
    // An echo would arrive before the answers.
    b.bus.publish({ ...question, version: 2 });
    b.bus.publish(LEFT);
    await a.receives((event) => event.kind === "presence" && event.version === 2, "the answer");
    await a.receives(({ kind }) => kind === "instance_left", "that the other has left");
    const own = a.received.filter(({ from }) => from === a.bus.instanceId);
    assert.deepEqual(own.map(({ event }) => event.kind), ["presence", "alive"]);
  });

  test("a hundred events in a row all arrive", async ({ a, b }) => {
    const roomId = newId();
    await b.bus.follow(roomId);
    const versions = Array.from({ length: 100 }, (_, i) => i);
    for (const version of versions) {
      a.bus.publish({ kind: "presence", roomId, version, users: [ADA] });
    }
    const arrived = () =>
      b.all("presence").map(({ event }) => event.kind === "presence" && event.version);
    await until(() => arrived().length >= versions.length, "all arrive");
    assert.deepEqual(new Set(arrived()), new Set(versions));
  });

  test("events of two rooms are kept apart", async ({ a, b }) => {
    const [one, two] = [newId(), newId()];
    await Promise.all([b.bus.follow(one), b.bus.follow(two)]);
    a.bus.publish({ kind: "append_uncertain", roomId: newId() });
    a.bus.publish({ kind: "presence", roomId: two, version: 2, users: [] });
    a.bus.publish({ kind: "presence", roomId: one, version: 1, users: [] });
    await until(() => b.all("presence").length === 2, "both are received");
    const versions = b.all("presence").map(({ event }) => {
      return event.kind === "presence" && [event.roomId, event.version];
    });
    assert.deepEqual(versions.toSorted(), [[one, 1], [two, 2]].toSorted());
  });

  test("leaving one room keeps the others", async ({ a, b }) => {
    const [left, kept] = [newId(), newId()];
    await Promise.all([b.bus.follow(left), b.bus.follow(kept)]);
    b.bus.unfollow(left);
    a.bus.publish({ kind: "presence", roomId: left, version: 1, users: [] });
    a.bus.publish({ kind: "presence", roomId: kept, version: 1, users: [] });
    await b.receives(
      (event) => "roomId" in event && event.roomId === kept,
      "the room that was kept",
    );
  });

  test("a room that is left and followed at once is followed", async ({ a, b }) => {
    const roomId = newId();
    await b.bus.follow(roomId);
    b.bus.unfollow(roomId);
    await b.bus.follow(roomId);
    a.bus.publish({ kind: "presence", roomId, version: 1, users: [ADA] });
    await b.receives(({ kind }) => kind === "presence", "the room");
  });

  test("a room that one instance leaves stays with the other", async ({ a, b }) => {
    const roomId = newId();
    await Promise.all([a.bus.follow(roomId), b.bus.follow(roomId)]);
    a.bus.unfollow(roomId);
    a.bus.publish({ kind: "presence", roomId, version: 1, users: [ADA] });
    await b.receives(({ kind }) => kind === "presence", "the room");
  });

  test("unreadable events are ignored", async ({ a, b }, { spoil }) => {
    const roomId = newId();
    await b.bus.follow(roomId);
    for (const text of JUNK) await spoil(roomId, text);
    a.bus.publish({ kind: "presence", roomId, version: 1, users: [] });
    a.bus.publish(ALIVE);
    await b.receives(({ kind }) => kind === "presence", "a room event");
    await b.receives(({ kind }) => kind === "alive", "an instance event");
    assert.deepEqual(new Set(b.received.map(({ from }) => from)), new Set([a.bus.instanceId]));
  });

  test("a closed instance receives nothing, and the other keeps working", async ({ a, b }) => {
    await b.bus.close();
    a.bus.publish(ALIVE);
    await a.bus.ping();
    await sleep(100);
    assert.deepEqual(b.received, []);
  });

  test("what is published just before closing still arrives", async ({ a, b }) => {
    a.bus.publish(LEFT);
    await a.bus.close();
    await b.receives(({ kind }) => kind === "instance_left", "that the other has left");
  });
}

/** A deployment whose buses have a server of their own. */
export interface ServedDeployment<Server> extends Deployment {
  server: Server;
}

/** How a server becomes unavailable, and available again. */
export interface Outage<Server> {
  /** What happens to the server. */
  name: string;
  begin(server: Server): Promise<void> | void;
  end(server: Server): Promise<void> | void;
}

interface Away {
  a: Instance;
  b: Instance;
  /** Makes the server unavailable. */
  begin(): Promise<void>;
  /** Resolves once both instances have noticed that it is disconnected. */
  noticed(): Promise<void>;
  /** Makes it available again, and resolves once both were notified of the interruption. */
  end(): Promise<void>;
}

/**
 * Registers the suite for buses whose server goes away and comes back.
 * @param open opens two buses on a server of their own
 */
export function testBusOutages<Server>(
  name: string,
  open: () => Promise<ServedDeployment<Server>>,
  outages: readonly Outage<Server>[],
): void {
  for (const outage of outages) {
    const title = `${name}, ${outage.name}`;
    testOutage((sentence, act) =>
      Deno.test({ name: `${title}: ${sentence}`, ...LEAKLESS }, async () => {
        const deployment = await open();
        const [a, b] = deployment.buses.map((bus) => new Instance(bus)) as [Instance, Instance];
        const all = [a, b];
        try {
          await act({
            a,
            b,
            async begin() {
              // A server on a busy machine may have been away before.
              for (const { received } of all) received.length = 0;
              await outage.begin(deployment.server);
            },
            noticed: () => until(() => all.every(({ bus }) => !bus.connected), "both notice"),
            async end() {
              await outage.end(deployment.server);
              for (const each of all) {
                await each.receives(({ kind }) => kind === "interrupted", "it");
              }
            },
          });
        } finally {
          await deployment.close();
        }
      })
    );
  }
}

/** Publishes events, once more only if another interruption, on a busy machine, may have lost them. */
async function arrive(all: Instance[], publish: () => void, areReceived: () => boolean) {
  const interruptions = () => all.flatMap((each) => each.all("interrupted")).length;
  while (!areReceived()) {
    const before = interruptions();
    publish();
    await until(() => areReceived() || interruptions() > before, "the events are received");
  }
}

function testOutage(test: (sentence: string, act: (away: Away) => Promise<void>) => void): void {
  test("the bus reports that it is disconnected, and when it is back", async (away) => {
    const { a: { bus }, begin, noticed, end } = away;
    await begin();
    const refusals: { code?: string }[] = [];
    await until(
      () => bus.ping().then(() => false, (error) => refusals.push(error) > 0),
      "a ping fails",
    );
    assert.deepEqual(refusals.map(({ code }) => code), ["unavailable"]);
    await noticed();
    await assert.rejects(bus.ping(), UNAVAILABLE);
    await end();
    const answers = () => bus.ping().then(() => bus.connected, () => false);
    await until(answers, "it is connected, and answers a ping");
  });

  test("it is noticed as well by who goes on publishing", async ({ a, b, begin, noticed, end }) => {
    const timer = setInterval(() => {
      for (const { bus } of [a, b]) bus.publish({ kind: "alive", versions: [] });
    }, 100);
    try {
      await begin();
      const [pending, codes] = [new Set<Promise<unknown>>(), new Set<string>()];
      const ask = () => {
        const ping: Promise<unknown> = a.bus.ping().catch(({ code }) => codes.add(code))
          .finally(() => pending.delete(ping));
        pending.add(ping);
      };
      ask();
      await noticed();
      ask();
      await until(() => pending.size === 0, "each ping settles");
      assert.deepEqual([...codes], ["unavailable"]);
      await end();
    } finally {
      clearInterval(timer);
    }
  });

  test("listeners are notified of the interruption by their own bus", async (away) => {
    const { a, b, begin, noticed, end } = away;
    await begin();
    await noticed();
    assert.deepEqual([...a.received, ...b.received], []);
    await end();
    for (const { all, bus } of [a, b]) {
      assert.ok(all("interrupted").every(({ from }) => from === bus.instanceId));
    }
  });

  test("the bus is connected when it notifies of the interruption", async (away) => {
    const { a, begin, noticed, end } = away;
    let connected = false;
    a.bus.subscribe(({ kind }) => {
      if (kind === "interrupted") connected = a.bus.connected;
    });
    await begin();
    await noticed();
    await end();
    assert.ok(connected, "what listeners publish when they are notified would be lost");
  });

  test("publishing never throws, and notifies the own listeners", async ({ a, begin, noticed, end }) => {
    await begin();
    for (const event of EVENTS) a.bus.publish(event);
    await noticed();
    for (const event of EVENTS) a.bus.publish(event);
    assert.deepEqual(a.received.map(({ event }) => event), [...EVENTS, ...EVENTS]);
    await end();
  });

  test("events travel again afterwards, both ways", async ({ a, b, begin, noticed, end }) => {
    const roomId = newId();
    await Promise.all([a.bus.follow(roomId), b.bus.follow(roomId)]);
    await begin();
    await noticed();
    await end();
    for (const [from, to] of [[a, b], [b, a]] as const) {
      const publish = () => {
        from.bus.publish({ kind: "presence", roomId, version: 1, users: [ADA] });
        from.bus.publish(ALIVE);
      };
      const isReceived = () => to.all("presence").length > 0 && to.all("alive").length > 0;
      await arrive([a, b], publish, isReceived);
    }
  });

  test("a room that was followed meanwhile is received afterwards", async (away) => {
    const { a, b, begin, noticed, end } = away;
    const roomId = newId();
    await begin();
    await b.bus.follow(roomId);
    await noticed();
    await end();
    const publish = () => a.bus.publish({ kind: "presence", roomId, version: 1, users: [ADA] });
    await arrive([a, b], publish, () => b.all("presence").length > 0);
  });

  test("a room that was left meanwhile disturbs no other room", async (away) => {
    const { a, b, begin, noticed, end } = away;
    const [left, kept] = [newId(), newId()];
    await Promise.all([b.bus.follow(left), b.bus.follow(kept)]);
    await begin();
    b.bus.unfollow(left);
    await noticed();
    await end();
    const publish = () => {
      a.bus.publish({ kind: "presence", roomId: kept, version: 1, users: [ADA] });
    };
    await arrive([a, b], publish, () => b.all("presence").length > 0);
  });

  test("a bus can be closed meanwhile", async ({ a, begin }) => {
    await begin();
    a.bus.publish(ALIVE);
    await a.bus.close();
    assert.equal(a.bus.connected, false);
  });
}

const UNAVAILABLE = { name: "ChatError", code: "unavailable" };

const ADA = { id: "ada", displayName: "Ada", avatarUrl: "https://example.org/ada.png" };
const LEFT: InstanceEvent = { kind: "instance_left" };
const ALIVE: InstanceEvent = {
  kind: "alive",
  versions: [["room", 1], ["other room", 2]],
  status: {
    version: "0.1.0",
    startedAt: 1_700_000_000_000,
    sockets: 3,
    rooms: 2,
    memoryBytes: 1e8,
  },
};

/** Told of a room's log, which some buses read themselves. */
const LOG_KINDS: ReadonlySet<string> = new Set([
  "appended",
  "head_advanced",
  "append_uncertain",
  "account_changed",
]);

const MENTION: Mention = { roomId: "room", messageId: "message", by: ADA, reason: "reply" };

/** One of each kind. */
const EVENTS: (RoomEvent | AccountEvent | InstanceEvent)[] = [
  { kind: "appended", roomId: "room", entries: [newEntry("room"), newEntry("room")] },
  { kind: "head_advanced", roomId: "room", head: 7 },
  { kind: "append_uncertain", roomId: "room" },
  { kind: "account_changed", accountId: "user" },
  { kind: "mentioned", accountId: "user", mention: MENTION },
  { kind: "everybody_mentioned", mention: { ...MENTION, reason: "room" }, notified: ["user"] },
  { kind: "append_contended", roomId: "room" },
  { kind: "member_joined", roomId: "room", userId: "user" },
  { kind: "member_left", leftRoomId: "room", userId: "user" },
  { kind: "typing", roomId: "room", user: ADA, state: "started" },
  { kind: "read_moved", roomId: "room", userId: "user", seq: 7 },
  { kind: "presence", roomId: "room", version: 3, users: [ADA, { ...ADA, avatarUrl: null }] },
  ALIVE,
  LEFT,
  { kind: "presence_wanted", roomIds: ["room", "other room"], of: null },
  { kind: "role_changed", userId: "ada", role: "admin" },
  { kind: "session_revoked", sessionId: "session" },
  { kind: "profile_changed", user: { ...ADA, displayName: 'Ada 💫 "the" Countess\u2028\n' } },
];

/** Unreadable events: malformed, of a later version, or of a kind that only the bus itself emits. */
const JUNK = [
  "",
  "junk",
  "null",
  "{}",
  "[]",
  "[[[[",
  '["somebody"]',
  '["somebody",null]',
  '["somebody",7]',
  '["somebody",{}]',
  '[7,{"kind":"instance_left"}]',
  '["somebody",{"kind":"of a later version"}]',
  '["somebody",{"kind":"interrupted"}]',
  '["somebody",{"kind":"__proto__"}]',
  '["somebody",{"kind":"appended","roomId":"room"}]',
  '["somebody",{"kind":"appended","roomId":"room","entries":[null]}]',
  '["somebody",{"kind":"appended","roomId":"room","entries":[{"seq":1,"n":1,"message":{"createdAt":"?","updatedAt":"?"}}]}]',
];

/** Registers a test that gets the buses of a deployment, and closes them. */
function register({ name, open }: BusSetting, sentence: string, act: Act): void {
  Deno.test({ name: `${name}: ${sentence}`, ...LEAKLESS }, async () => {
    const deployment = await open();
    const [a, b = a] = deployment.buses.map((bus) => new Instance(bus)) as [Instance, Instance];
    try {
      await act({ a, b }, deployment);
    } finally {
      await deployment.close();
    }
  });
}

/** Whether the event announces this entry. */
function shows(event: BusEvent, { roomId, seq }: Entry): boolean {
  if (event.kind === "appended") return event.entries.some((each) => each.seq === seq);
  return event.kind === "head_advanced" && event.roomId === roomId && event.head >= seq;
}

/** Whether the event says that the room has new entries. */
function isHint(event: BusEvent, roomId: string): boolean {
  return LOG_KINDS.has(event.kind) && "roomId" in event && event.roomId === roomId;
}

/** The first entry of a room's log. */
export function newEntry(roomId: string): Entry {
  return entryAfter(LOG_START, roomId, newDraft());
}

export function newDraft(): EntryDraft {
  const message = {
    ...PLAIN,
    id: newId(),
    sender: ADA,
    text: "Hello",
    system: false,
    clientMessageId: newId(),
    createdAt: new Date("2026-01-01T12:34:56.789Z"),
    attachments: [newAttachment()],
  };
  return { kind: "created", message, request: null, answered: null };
}

function newId(): string {
  return crypto.randomUUID();
}
