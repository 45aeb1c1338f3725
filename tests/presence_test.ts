/** Who is online: however the bus mangles what it carries, in the end all instances agree. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { PublicUser } from "../src/domain/user.ts";
import type { Bus, BusEvent, BusListener } from "../src/ports/bus.ts";
import { Presence } from "../src/realtime/presence.ts";

const INSTANCES = 3;
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

Deno.test("a list that arrives after its instance's farewell does not stay", () => {
  const twice = [{ copies: 2, delay: 1 }];
  return play(
    [
      { kind: "enter", instance: 0, room: "general", user: ADA },
      { kind: "enter", instance: 0, room: "general", user: BOB },
      { kind: "wait", milliseconds: 250 },
      { kind: "restart", instance: 0, room: "general" },
      { kind: "enter", instance: 1, room: "general", user: ADA },
    ],
    twice,
    byHeartbeats,
  );
});

Deno.test("who joins while someone moves to another instance is told of them", () => {
  const none = [{ copies: 0, delay: 0 }];
  return play(
    [
      { kind: "enter", instance: 0, room: "general", user: BOB },
      { kind: "enter", instance: 0, room: "general", user: ADA },
      { kind: "enter", instance: 1, room: "general", user: BOB },
      { kind: "leave", instance: 0, room: "general" },
      { kind: "enter", instance: 0, room: "general", user: ADA },
    ],
    none,
    byInterruption,
  );
});

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
  readonly #instances: Instance[];

  constructor(clock: Clock, fates: Fate[]) {
    this.#clock = clock;
    this.network = new Network(fates);
    this.#instances = Array.from({ length: INSTANCES }, () => new Instance(this.network));
  }

  wait(milliseconds: number): Promise<void> {
    return this.#clock.advance(milliseconds);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === "wait") return await this.wait(step.milliseconds);
    const { instance: index, room } = step;
    const instance = this.#instances[index]!;
    if (step.kind === "enter") instance.enter(room, step.user);
    if (step.kind === "leave") instance.leave(room);
    if (step.kind === "interrupt") {
      instance.bus.hear({ kind: "interrupted" }, instance.bus.instanceId);
    }
    if (step.kind === "crash") this.network.buses.delete(instance.bus);
    if (step.kind === "crash" || step.kind === "restart") {
      instance.end();
      this.#instances[index] = new Instance(this.network);
    }
    await this.wait(0);
  }

  interruptAll(): void {
    for (const { bus } of this.#instances) bus.hear({ kind: "interrupted" }, bus.instanceId);
  }

  /** Holds what everybody is told against who is really there. */
  check(): void {
    for (const room of ROOMS) {
      const here = this.#instances.flatMap((instance) => instance.members(room));
      const online = [...new Set(here)].toSorted();
      for (const instance of this.#instances) {
        for (const told of instance.told(room)) assert.deepEqual(told.toSorted(), online);
      }
    }
  }

  end(): void {
    for (const instance of this.#instances) instance.end();
  }
}

/** A socket, and whom its client shows as online: those it was told of, and what came since. */
interface Socket {
  userId: string;
  shown: Set<string>;
}

/** Opens and closes rooms with their first and last socket, as the hub does. */
class Instance {
  readonly bus: LossyBus;
  readonly #presence: Presence;
  readonly #sockets = new Map<string, Socket[]>();
  readonly #opened = new Map<string, Promise<void>>();

  constructor(network: Network) {
    this.bus = new LossyBus(network);
    this.#presence = new Presence(this.bus, (roomId, text) => this.#update(roomId, text));
    this.bus.subscribe((event, from) => this.#presence.receive(event, from));
  }

  enter(roomId: string, user: PublicUser): void {
    const opened = this.#opened.get(roomId) ?? this.#presence.open(roomId);
    this.#opened.set(roomId, opened);
    void opened.then(() => {
      // Meanwhile the last socket may have left, or the instance ended.
      if (this.#opened.get(roomId) !== opened) return;
      this.#presence.enter(roomId, user);
      const socket = { userId: user.id, shown: new Set(this.#online(roomId)) };
      this.#sockets.set(roomId, [...this.#sockets.get(roomId) ?? [], socket]);
    });
  }

  leave(roomId: string): void {
    const [socket, ...others] = this.#sockets.get(roomId) ?? [];
    if (!socket) return;
    this.#sockets.set(roomId, others);
    if (others.length === 0) {
      this.#opened.delete(roomId);
      this.#presence.close(roomId);
    }
    this.#presence.leave(roomId, socket.userId);
  }

  /** Whose sockets are in the room. */
  members(roomId: string): string[] {
    return (this.#sockets.get(roomId) ?? []).map(({ userId }) => userId);
  }

  /** What a newcomer would be told, and what those who are in the room show. */
  told(roomId: string): string[][] {
    const sockets = this.#sockets.get(roomId) ?? [];
    if (sockets.length === 0) return [];
    return [this.#online(roomId), ...sockets.map(({ shown }) => [...shown])];
  }

  end(): void {
    this.#opened.clear();
    this.#sockets.clear();
    this.#presence.end();
    this.bus.network.buses.delete(this.bus);
  }

  #online(roomId: string): string[] {
    const { named, count } = this.#presence.online(roomId);
    const ids: string[] = JSON.parse(named).map(({ id }: { id: string }) => id);
    assert.equal(ids.length, count);
    return ids;
  }

  #update(roomId: string, text: string): void {
    const { data } = JSON.parse(text);
    for (const { shown } of this.#sockets.get(roomId) ?? []) {
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

  calm(): void {
    this.#fates.splice(0, Infinity, { copies: 1, delay: 1 });
  }

  carry(event: BusEvent, from: LossyBus): void {
    if (!this.buses.has(from)) return;
    for (const bus of this.buses) {
      if (bus === from) continue;
      const { copies, delay } = this.#fates[this.#next++ % this.#fates.length]!;
      for (let copy = 0; copy < copies; copy++) {
        setTimeout(() => bus.hear(structuredClone(event), from.instanceId), delay * (1 + copy));
      }
    }
  }
}

class LossyBus implements Bus {
  readonly description = "lossy";
  readonly instanceId = crypto.randomUUID();
  readonly connected = true;
  readonly network: Network;
  readonly #listeners: BusListener[] = [];

  constructor(network: Network) {
    this.network = network;
    network.buses.add(this);
  }

  publish(event: Exclude<BusEvent, { kind: "interrupted" }>): void {
    this.hear(event, this.instanceId);
    this.network.carry(structuredClone(event), this);
  }

  hear(event: BusEvent, from: string): void {
    if (!this.network.buses.has(this)) return;
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
  #now = REAL.now();
  #lastId = 0;

  constructor() {
    const start = (repeating: boolean) => (run: () => void, milliseconds = 0) => {
      const every = repeating ? milliseconds : null;
      this.#timers.set(++this.#lastId, { at: this.#now + milliseconds, every, run });
      return this.#lastId;
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
    for (let next = this.#next(end); next; next = this.#next(end)) {
      const [id, timer] = next;
      this.#now = timer.at;
      if (timer.every === null) this.#timers.delete(id);
      else timer.at += timer.every;
      timer.run();
      await settlePromises();
    }
    this.#now = end;
  }

  [Symbol.dispose](): void {
    const { now, ...timers } = REAL;
    Date.now = now;
    Object.assign(globalThis, timers);
  }

  #next(end: number): [number, Timer] | undefined {
    let next: [number, Timer] | undefined;
    for (const entry of this.#timers) {
      if (entry[1].at <= end && (!next || entry[1].at < next[1].at)) next = entry;
    }
    return next;
  }
}

async function settlePromises(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}
