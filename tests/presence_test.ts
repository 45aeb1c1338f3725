/** Who is online: whatever the bus loses, repeats or reorders, in the end all instances agree. */
// @slow: thousands of histories
import assert from "node:assert/strict";
import fc from "fast-check";
import type { PublicUser } from "../src/domain/user.ts";
import type { Bus, BusEvent, BusListener } from "../src/ports/bus.ts";
import { Presence } from "../src/rooms/presence.ts";
import { RecentProfiles } from "../src/rooms/recent_profiles.ts";

const INSTANCES = 3;
/** Thousands of instances are made; more would take most of the time. */
const MAX_PROFILES = 10;
const ROOMS = ["general", "random"];
const [ADA, BOB, CAROL, DAVE] = ["ada", "bob", "carol", "dave"].map((id): PublicUser => {
  return { id, displayName: id, avatarUrl: null };
}) as [PublicUser, PublicUser, PublicUser, PublicUser];
/** Past the silence after which an instance counts as dead, and the heartbeat after that. */
const HEARTBEATS_MS = 25_000;
/** Enough for questions, answers and the updates that follow. */
const ANSWERS_MS = 2_000;

/** What becomes of one event on its way to one instance. */
const fate = fc.record({ copies: fc.nat({ max: 2 }), delay: fc.nat({ max: 400 }) });
const place = { instance: fc.nat({ max: INSTANCES - 1 }), room: fc.constantFrom(...ROOMS) };
const enter = fc.record({
  kind: fc.constant("enter"),
  ...place,
  user: fc.constantFrom(ADA, BOB, CAROL, DAVE),
  reading: fc.nat({ max: 300 }),
});
const leave = fc.record({ kind: fc.constant("leave"), ...place });
const wait = fc.record({ kind: fc.constant("wait"), milliseconds: fc.nat({ max: 700 }) });
const interruption = fc.record({ kind: fc.constant("interrupt"), ...place });
const restart = fc.record({ kind: fc.constant("restart"), ...place });
const crash = fc.record({ kind: fc.constant("crash"), ...place });

const steady = [
  { weight: 6, arbitrary: enter },
  { weight: 4, arbitrary: leave },
  { weight: 5, arbitrary: wait },
  { weight: 1, arbitrary: interruption },
] as const;
const peaceful = fc.oneof(...steady);
/** An instance whose farewell is lost is only missed after a while, as one that crashed. */
const violent = fc.oneof(
  ...steady,
  { weight: 1, arbitrary: restart },
  { weight: 1, arbitrary: crash },
);

type Step = typeof violent extends fc.Arbitrary<infer T> ? T : never;
type Fate = typeof fate extends fc.Arbitrary<infer T> ? T : never;

Deno.test("heartbeats make all instances agree on who is online, whatever was lost", () =>
  holdsAfter(violent, byHeartbeats));

Deno.test("after an interruption all instances agree on who is online", () =>
  holdsAfter(peaceful, byInterruption));

Deno.test("a roster that arrives after its instance has left is not kept", () => {
  const twice = [{ copies: 2, delay: 1 }];
  return play(
    [
      { kind: "enter", instance: 0, room: "general", user: ADA, reading: 0 },
      { kind: "enter", instance: 0, room: "general", user: BOB, reading: 0 },
      { kind: "wait", milliseconds: 250 },
      { kind: "restart", instance: 0, room: "general" },
      { kind: "enter", instance: 1, room: "general", user: ADA, reading: 0 },
    ],
    twice,
    byHeartbeats,
  );
});

Deno.test("a user who joins while another moves to another instance gets an update with them", () => {
  const none = [{ copies: 0, delay: 0 }];
  return play(
    [
      { kind: "enter", instance: 0, room: "general", user: BOB, reading: 0 },
      { kind: "enter", instance: 0, room: "general", user: ADA, reading: 0 },
      { kind: "enter", instance: 1, room: "general", user: BOB, reading: 0 },
      { kind: "leave", instance: 0, room: "general" },
      { kind: "enter", instance: 0, room: "general", user: ADA, reading: 0 },
    ],
    none,
    byInterruption,
  );
});

Deno.test("an update names a user who moved to another instance before any named them as joined", () => {
  const fates = [[0, 0], [1, 157], [2, 44], [0, 0], [2, 93]] as const;
  return play(
    [
      { kind: "wait", milliseconds: 201 },
      { kind: "enter", instance: 2, room: "general", user: CAROL, reading: 0 },
      { kind: "enter", instance: 0, room: "general", user: ADA, reading: 0 },
      { kind: "wait", milliseconds: 206 },
      { kind: "leave", instance: 2, room: "general" },
      { kind: "enter", instance: 1, room: "general", user: CAROL, reading: 0 },
    ],
    fates.map(([copies, delay]) => ({ copies, delay })),
    byHeartbeats,
  );
});

Deno.test("a lost roster among thousands of rooms is recovered with the next heartbeat", () =>
  inManyRooms(async ({ world, network, a, b, rooms }) => {
    const last = rooms.at(-1)!;
    network.loseEverything();
    a.enter(last, CAROL, 0);
    await world.wait(1_000);
    network.calm();
    await world.wait(6_000);
    assert.deepEqual(b.announced(last)[0]!.toSorted(), ["ada", "bob", "carol"]);
  }));

Deno.test("the users of an instance whose heartbeats were lost for a while are back within 30 s, in all rooms", () =>
  inManyRooms(async ({ world, a, b, rooms }) => {
    b.bus.deafTo = a.bus.instanceId;
    await world.wait(40_000);
    for (const room of rooms) assert.deepEqual(b.announced(room)[0], ["bob"]);
    b.bus.deafTo = null;
    await world.wait(30_000);
    for (const room of rooms) assert.deepEqual(b.announced(room)[0]!.toSorted(), ["ada", "bob"]);
  }));

Deno.test("the first socket in a room waits for no instance, and gets one update with all users", async () => {
  using clock = new Clock();
  const world = new World(clock, [{ copies: 1, delay: 20 }]);
  const [a, b, c] = world.instances;
  await world.wait(100);
  a!.enter("general", ADA, 0);
  c!.enter("general", CAROL, 0);
  await world.wait(1_000);
  b!.enter("general", BOB, 0);
  await world.wait(0);
  assert.deepEqual(b!.announced("general")[0], ["bob"]);
  await world.wait(100);
  assert.deepEqual(b!.announced("general")[1]!.toSorted(), ["ada", "bob", "carol"]);
  world.end();
});

Deno.test("an instance that has died but still counts delays no join", async () => {
  using clock = new Clock();
  const world = new World(clock, [{ copies: 1, delay: 1 }]);
  const [a, b, c] = world.instances;
  await world.wait(100);
  a!.enter("general", ADA, 0);
  world.network.buses.delete(c!.bus);
  b!.enter("general", BOB, 0);
  await world.wait(0);
  assert.deepEqual(b!.members("general"), ["bob"]);
  await world.wait(300);
  assert.deepEqual(b!.announced("general")[1]!.toSorted(), ["ada", "bob"]);
  world.end();
});

Deno.test("a roster published before a profile change shows the new profile", async () => {
  using clock = new Clock();
  const world = new World(clock, [{ copies: 1, delay: 1 }]);
  const [a, b] = world.instances as [Instance, Instance];
  await world.wait(100);
  a.enter("general", ADA, 0);
  b.enter("general", BOB, 0);
  await world.wait(1_000);
  b.bus.receive({ kind: "profile_changed", user: { ...DAVE, displayName: "David" } }, "elsewhere");
  const list = { kind: "presence", roomId: "general", version: 1_000, users: [ADA, DAVE] } as const;
  b.bus.receive({ ...list, users: [...list.users] }, a.bus.instanceId);
  assert.ok(b.names("general").includes("David"));
  world.end();
});

for (const [count, updates] of [[10, 8], [1_000, 2]] as const) {
  Deno.test(`a room of ${count} is notified ${updates} times in 1.9 s`, async () => {
    using clock = new Clock();
    const world = new World(clock, [{ copies: 1, delay: 1 }]);
    const shown: number[] = [];
    const presence = new Presence(world.instances[0]!.bus, (_, text) => {
      shown.push(JSON.parse(text).data.count);
    });
    presence.open("general");
    for (let i = 0; i < count; i++) presence.enter("general", { ...ADA, id: `user-${i}` });
    await world.wait(3_000);
    shown.length = 0;
    for (let i = 0; i < 38; i++) {
      presence.enter("general", { ...ADA, id: `another-${i}` });
      await world.wait(50);
    }
    assert.equal(shown.length, updates);
    await world.wait(1_000);
    assert.equal(shown.at(-1), count + 38);
    presence.end();
    world.end();
  });
}

/** Lets two instances, with Ada on one and Bob on the other, share thousands of rooms. */
async function inManyRooms(
  act: (scene: {
    world: World;
    network: Network;
    a: Instance;
    b: Instance;
    rooms: string[];
  }) => Promise<void>,
): Promise<void> {
  using clock = new Clock();
  const world = new World(clock, [{ copies: 1, delay: 1 }]);
  const [a, b] = world.instances as [Instance, Instance];
  const rooms = Array.from({ length: 6_500 }, (_, i) => `room-${i}`);
  await world.wait(100);
  for (const room of rooms) {
    a.enter(room, ADA, 0);
    b.enter(room, BOB, 0);
  }
  await world.wait(60_000);
  await act({ world, network: world.network, a, b, rooms });
  world.end();
}

/** Lets any steps happen on a bus that mangles events, and ends as `play` does. */
async function holdsAfter(
  step: fc.Arbitrary<Step>,
  settle: (world: World) => Promise<void>,
): Promise<void> {
  const steps = fc.array(step, { maxLength: 30 });
  const fates = fc.array(fate, { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(steps, fates, (steps, fates) => play(steps, fates, settle)),
    { numRuns: 2_000 },
  );
}

/** Lets the steps happen, then `settle` while events travel well; then all has to be right. */
async function play(
  steps: Step[],
  fates: Fate[],
  settle: (world: World) => Promise<void>,
): Promise<void> {
  using clock = new Clock();
  const world = new World(clock, fates);
  await world.wait(0);
  for (const step of steps) await world.take(step);
  world.network.calm();
  await settle(world);
  world.check();
  world.end();
}

function byHeartbeats(world: World): Promise<void> {
  return world.wait(HEARTBEATS_MS);
}

function byInterruption(world: World): Promise<void> {
  world.interruptAll();
  return world.wait(ANSWERS_MS);
}

/** Three instances on one bus. */
class World {
  readonly network: Network;
  readonly #clock: Clock;
  readonly instances: Instance[];

  constructor(clock: Clock, fates: Fate[]) {
    this.#clock = clock;
    this.network = new Network(fates);
    this.instances = Array.from({ length: INSTANCES }, () => new Instance(this.network));
  }

  wait(milliseconds: number): Promise<void> {
    return this.#clock.advance(milliseconds);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === "wait") return await this.wait(step.milliseconds);
    const { instance: index, room } = step;
    const instance = this.instances[index]!;
    if (step.kind === "enter") instance.enter(room, step.user, step.reading);
    if (step.kind === "leave") instance.leave(room);
    if (step.kind === "interrupt") {
      instance.bus.receive({ kind: "interrupted" }, instance.bus.instanceId);
    }
    if (step.kind === "crash") this.network.buses.delete(instance.bus);
    if (step.kind === "crash" || step.kind === "restart") {
      instance.end();
      this.instances[index] = new Instance(this.network);
    }
    await this.wait(0);
  }

  interruptAll(): void {
    for (const { bus } of this.instances) bus.receive({ kind: "interrupted" }, bus.instanceId);
  }

  /** Compares what each instance announces with who is really online. */
  check(): void {
    for (const room of ROOMS) {
      const here = this.instances.flatMap((instance) => instance.members(room));
      const online = [...new Set(here)].toSorted();
      for (const instance of this.instances) {
        for (const names of instance.announced(room)) assert.deepEqual(names.toSorted(), online);
      }
    }
  }

  end(): void {
    for (const instance of this.instances) instance.end();
  }
}

/** A socket, and the users its client shows as online: those of the list, and later changes. */
interface Socket {
  userId: string;
  shown: Set<string>;
}

/** Opens and closes rooms with their first and last socket, as the hub does. */
class Instance {
  readonly bus: LossyBus;
  readonly #presence: Presence;
  readonly #rooms = new Map<string, { sockets: Socket[]; joining: number }>();

  constructor(network: Network) {
    this.bus = new LossyBus(network);
    const profiles = new RecentProfiles(MAX_PROFILES);
    const update = (roomId: string, text: string) => this.#update(roomId, text);
    this.#presence = new Presence(this.bus, update, profiles);
    this.bus.subscribe((event, from) => {
      profiles.receive(event);
      this.#presence.receive(event, from);
    });
  }

  /** @param reading how long the store takes to answer, in milliseconds */
  enter(roomId: string, user: PublicUser, reading: number): void {
    const room = this.#rooms.get(roomId) ?? { sockets: [], joining: 0 };
    if (!this.#rooms.has(roomId)) this.#presence.open(roomId);
    this.#rooms.set(roomId, room);
    room.joining++;
    setTimeout(() => {
      // Meanwhile the instance may have ended.
      if (this.#rooms.get(roomId) !== room) return;
      room.joining--;
      this.#presence.enter(roomId, user);
      room.sockets.push({ userId: user.id, shown: new Set(this.#online(roomId)) });
    }, reading);
  }

  leave(roomId: string): void {
    const room = this.#rooms.get(roomId);
    const socket = room?.sockets.shift();
    if (!room || !socket) return;
    if (room.sockets.length === 0 && room.joining === 0) {
      this.#rooms.delete(roomId);
      this.#presence.close(roomId);
    }
    this.#presence.leave(roomId, socket.userId);
  }

  /** Whose sockets are in the room. */
  members(roomId: string): string[] {
    return this.#sockets(roomId).map(({ userId }) => userId);
  }

  /** The names that a newcomer would get. */
  names(roomId: string): string[] {
    const users: PublicUser[] = JSON.parse(this.#presence.online(roomId).named);
    return users.map(({ displayName }) => displayName);
  }

  /** What a newcomer would get, and what the sockets in the room show. */
  announced(roomId: string): string[][] {
    const sockets = this.#sockets(roomId);
    if (sockets.length === 0) return [];
    return [this.#online(roomId), ...sockets.map(({ shown }) => [...shown])];
  }

  end(): void {
    this.#rooms.clear();
    this.#presence.end();
    this.bus.network.buses.delete(this.bus);
  }

  #sockets(roomId: string): Socket[] {
    return this.#rooms.get(roomId)?.sockets ?? [];
  }

  #online(roomId: string): string[] {
    const { named, count } = this.#presence.online(roomId);
    const ids: string[] = JSON.parse(named).map(({ id }: { id: string }) => id);
    assert.equal(ids.length, count);
    return ids;
  }

  #update(roomId: string, text: string): void {
    const { data } = JSON.parse(text);
    for (const { shown } of this.#sockets(roomId)) {
      for (const { id } of data.joined) shown.add(id);
      for (const { id } of data.left) shown.delete(id);
    }
  }
}

/** Loses, repeats, delays and so reorders events as the fates say, until it is calm. */
class Network {
  readonly buses = new Set<LossyBus>();
  readonly #fates: Fate[];
  #next = 0;

  constructor(fates: Fate[]) {
    this.#fates = [...fates];
  }

  loseEverything(): void {
    this.#fates.splice(0, Infinity, { copies: 0, delay: 0 });
  }

  calm(): void {
    this.#fates.splice(0, Infinity, { copies: 1, delay: 1 });
  }

  carry(event: BusEvent, from: LossyBus): void {
    if (!this.buses.has(from)) return;
    for (const bus of this.buses) {
      if (bus === from) continue;
      const { copies, delay } = this.#fates[this.#next++ % this.#fates.length]!;
      for (let copy = 0; copy < copies; copy++) {
        setTimeout(() => bus.receive(structuredClone(event), from.instanceId), delay * (1 + copy));
      }
    }
  }
}

class LossyBus implements Bus {
  readonly description = "lossy";
  readonly instanceId = crypto.randomUUID();
  readonly connected = true;
  readonly network: Network;
  /** The instance of which nothing arrives here. */
  deafTo: string | null = null;
  readonly #listeners: BusListener[] = [];

  constructor(network: Network) {
    this.network = network;
    network.buses.add(this);
  }

  publish(event: Exclude<BusEvent, { kind: "interrupted" }>): void {
    this.receive(event, this.instanceId);
    this.network.carry(structuredClone(event), this);
  }

  receive(event: BusEvent, from: string): void {
    if (!this.network.buses.has(this) || from === this.deafTo) return;
    for (const listener of this.#listeners) listener(event, from);
  }

  subscribe(listener: BusListener): void {
    this.#listeners.push(listener);
  }

  follow(): Promise<void> {
    return Promise.resolve();
  }

  unfollow(): void {}

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Timer {
  id: number;
  at: number;
  /** Milliseconds from one time to the next; null for a single time. */
  every: number | null;
  run: () => void;
}

const REAL = {
  now: Date.now,
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
};

/** The time of day and all timers, as the test moves them. */
class Clock {
  readonly #timers = new Map<number, Timer>();
  /** The timers of each time, and some that were cleared. */
  readonly #due = new Map<number, Timer[]>();
  /** Those times, the next one last. */
  readonly #times: number[] = [];
  #now = REAL.now();
  #lastId = 0;

  constructor() {
    const start = (repeating: boolean) => (run: () => void, milliseconds = 0) => {
      const every = repeating ? milliseconds : null;
      const timer = { id: ++this.#lastId, at: this.#now + milliseconds, every, run };
      this.#timers.set(timer.id, timer);
      this.#enqueue(timer);
      return timer.id;
    };
    const clear = (id: number) => this.#timers.delete(id);
    Date.now = () => this.#now;
    Object.assign(globalThis, {
      setTimeout: start(false),
      setInterval: start(true),
      clearTimeout: clear,
      clearInterval: clear,
    });
  }

  /** Lets time pass; what is due happens, in order. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settlePromises();
    while ((this.#times.at(-1) ?? Infinity) <= end) {
      this.#now = this.#times.at(-1)!;
      for (const timer of this.#due.get(this.#now)!) {
        if (!this.#timers.has(timer.id)) continue;
        if (timer.every === null) this.#timers.delete(timer.id);
        else this.#enqueue({ ...timer, at: timer.at + timer.every });
        timer.run();
        await settlePromises();
      }
      this.#due.delete(this.#times.pop()!);
    }
    this.#now = end;
  }

  [Symbol.dispose](): void {
    const { now, ...timers } = REAL;
    Date.now = now;
    Object.assign(globalThis, timers);
  }

  #enqueue(timer: Timer): void {
    const sameTime = this.#due.get(timer.at);
    if (sameTime) return void sameTime.push(timer);
    this.#due.set(timer.at, [timer]);
    const before = this.#times.findLastIndex((at) => at > timer.at);
    this.#times.splice(before + 1, 0, timer.at);
  }
}

async function settlePromises(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}
