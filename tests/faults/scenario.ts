/**
 * The course of a fault test: a site, users who chat on it, faults, and the check of the result.
 *
 * `FAULTS_SEED` repeats the plan of a run, which prints its own. `FAULTS_SECONDS` makes the chaos
 * longer; if the database is a stand-in that gets slow as logs grow, lower the rate of commands
 * with `FAULTS_COMMANDS_A_SECOND`.
 */
import assert from "node:assert/strict";
import { Account, request } from "../harness/account.ts";
import { MongodbServer } from "../harness/mongodb_server.ts";
import { RedisServer } from "../harness/redis_server.ts";
import { sleep } from "../harness/stage.ts";
import { type Fault, inject, planFaults, type Site } from "./chaos.ts";
import { findLaggards, findViolations } from "./checker.ts";
import { ChatClient } from "./client.ts";
import { CommandClient } from "./command_client.ts";
import { Instance } from "./instances.ts";
import { LOSS } from "./loss.ts";
import { Random } from "./random.ts";
import { printFigures } from "./report.ts";
import { RoomReader } from "./room_reader.ts";
import { talk } from "./talk.ts";
import { mayPass, type Violation } from "./violation.ts";

export interface SiteOptions {
  instances: number;
  mongodb?: boolean;
  redis?: boolean;
  /** The bus loses one event in this many. */
  lossy?: number;
  /** Environment variables of the instances. */
  settings?: Record<string, string>;
  /** A client of another make that takes part (see `check_client.ts`). */
  command?: string;
}

/** Disrupts the chat; returns the faults that were injected. */
export type Disruption = (site: Site, random: Random) => Promise<Fault[]>;

const CLIENTS = 50;
const ROOMS = 6;
const ROOMS_OF_CLIENT = [2, 3, 4];
/**
 * Of all clients together. The stand-in for MongoDB writes some 700 documents a second on a machine of
 * its own; here it shares two cores, and a change takes four commands.
 */
const COMMANDS_A_SECOND = { sqlite: 80, mongodb: 30 } as const;
const CHAOS_SECONDS = Number(Deno.env.get("FAULTS_SECONDS") || 20);
/** How long the chat runs without faults, before and after the disruption. */
const CALM_MS = 2_000;
const SETTLE_MS = 300_000;
const POLL_MS = 500;
const MAX_TRIES = 60;
const SHOWN_VIOLATIONS = 20;

/** Faults of every kind, for `FAULTS_SECONDS`. */
export function chaos(site: Site, random: Random): Promise<Fault[]> {
  const milliseconds = CHAOS_SECONDS * 1_000;
  return inject(planFaults(site, milliseconds, random), site, milliseconds);
}

/** Restarts the instances gracefully, one after the other, as a deployment does. */
export function rollingRestart(site: Site): Promise<Fault[]> {
  const plan = site.instances.map((_, index): Fault => {
    return { at: index * CALM_MS, harm: "restart", target: "instance", index, lasts: 0 };
  });
  return inject([plan], site);
}

/** Lets users chat during the disruption, and fails if a guarantee was violated for any of them. */
export async function chatThrough(disruption: Disruption, options: SiteOptions): Promise<void> {
  const seed = Number(Deno.env.get("FAULTS_SEED") || Math.floor(Math.random() * 1e9));
  console.log(`  seed: FAULTS_SEED=${seed}`);
  const random = new Random(seed);
  const clients: ChatClient[] = [];
  await using cleanup = new AsyncDisposableStack();
  using _interruption = endIfInterrupted(cleanup);
  // Ended last: an instance that hangs would not let them go.
  cleanup.defer(() => endAll(clients));
  const site = await build(options, seed, cleanup);
  const people = await gather(site, random.fork());
  clients.push(...people.map(({ client }) => client));

  const guest = options.command ? invite(options.command, site, clients[0]!) : null;
  if (guest) cleanup.defer(() => guest.end());

  const interval = 1_000 * CLIENTS / commandsASecond(site);
  const faults = await chat(people, interval, random.fork(), () => {
    return disruption(site, random.fork());
  });

  const end = performance.now();
  const violations = await judge(site, clients, guest);
  console.log(`  settled and checked in ${((performance.now() - end) / 1_000).toFixed(1)} s`);
  await guest?.end();
  await endAll(clients);
  await Promise.all(site.instances.map((instance) => instance.stop()));
  violations.push(...complaintsOf(site));
  printFigures(clients, faults, violations);
  if (violations.length > 0) printOutput(site);
  const sentences = violations.map(({ kind, sentence }) => `${kind}: ${sentence}`);
  assert.deepEqual(sentences.slice(0, SHOWN_VIOLATIONS), [], `${violations.length} violations`);
  assertSomethingHappened(site, clients, options);
}

/** Ends what was started if the run is interrupted. */
function endIfInterrupted(cleanup: AsyncDisposableStack): Disposable {
  const end = () =>
    void cleanup.disposeAsync().finally(() => {
      throw new Error("interrupted");
    });
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, end);
  return {
    [Symbol.dispose]: () => signals.forEach((signal) => Deno.removeSignalListener(signal, end)),
  };
}

/** Starts a site, whose parts `cleanup` ends. */
export async function build(options: SiteOptions, seed: number, cleanup: AsyncDisposableStack) {
  const { instances: count, mongodb = false, redis = false, lossy, settings } = options;
  const site: Site = {
    database: mongodb ? new MongodbServer() : null,
    redis: redis ? new RedisServer() : null,
    instances: [],
  };
  for (const server of [site.database, site.redis]) {
    if (!server) continue;
    cleanup.defer(() => server.remove());
    await server.start();
  }
  const env = {
    ...(site.database && { MONGODB_URI: site.database.uri }),
    ...(site.redis && { REDIS_URL: site.redis.url }),
    ...(lossy && { LOSSY_ONE_IN: String(lossy), LOSSY_SEED: String(seed) }),
    ...settings,
  };
  for (let n = 1; n <= count; n++) {
    const instance = new Instance(`instance ${n}`, env);
    site.instances.push(instance);
    cleanup.defer(() => instance.remove());
  }
  await Promise.all(site.instances.map((instance) => instance.start()));
  return site;
}

/** A user with a client, and the rooms that the user owns. */
interface Person {
  client: ChatClient;
  owned: Set<string>;
}

/** Registers users, each with a client that is not connected yet. Each room has another owner. */
async function gather(site: Site, random: Random): Promise<Person[]> {
  const urls = site.instances.map(({ url }) => url);
  const accounts: Account[] = [];
  for (let n = 1; n <= CLIENTS; n++) {
    accounts.push(await Account.register(random.pick(urls), `Client ${n}`));
  }
  const roomIds: string[] = [];
  for (let n = 0; n < ROOMS; n++) {
    roomIds.push((await accounts[n]!.createRoom(`Room ${n + 1}`)).id);
  }
  return accounts.map(({ id: userId, token }, n) => {
    const owned = new Set(roomIds.slice(n, n + 1));
    const others = random.shuffled(roomIds.filter((roomId) => !owned.has(roomId)));
    const client = new ChatClient({
      name: `client-${n + 1}`,
      userId,
      token,
      urls,
      roomIds: [...owned, ...others].slice(0, random.pick(ROOMS_OF_CLIENT)),
      joins: n % 2 === 0,
      protocol: n % 3 === 0 ? "echoroom.batch" : "echoroom.v1",
      random: random.fork(),
    });
    return { client, owned };
  });
}

/** Starts a command as another client of a user: so that it does not change the presence. */
function invite(command: string, { instances }: Site, { userId, token, views }: ChatClient) {
  const roomIds = views.map(({ roomId }) => roomId);
  return new CommandClient(command, userId, { url: instances[0]!.url, token, roomIds });
}

function commandsASecond({ database }: Site): number {
  const set = Number(Deno.env.get("FAULTS_COMMANDS_A_SECOND"));
  return set || COMMANDS_A_SECOND[database ? "mongodb" : "sqlite"];
}

/**
 * Lets all users chat during the disruption, and shortly before and after.
 * @param interval milliseconds between two commands of one user
 */
async function chat<T>(
  people: Person[],
  interval: number,
  random: Random,
  disruption: () => Promise<T>,
) {
  const end = new AbortController();
  const clients = people.map(({ client }) => client);
  for (const client of clients) client.start();
  const talking = people.map(({ client, owned }) => {
    return talk(client, { interval, owned, random: random.fork() }, end.signal);
  });
  try {
    await sleep(CALM_MS);
    for (const client of clients) client.watchSilence(true);
    const result = await disruption();
    await sleep(CALM_MS);
    for (const client of clients) client.watchSilence(false);
    return result;
  } finally {
    end.abort();
    await Promise.all(talking);
  }
}

/** Waits until all clients have all entries, or the time is up, and compares them with the rooms. */
async function judge(
  site: Site,
  clients: ChatClient[],
  guest: CommandClient | null,
): Promise<Violation[]> {
  const deadline = Date.now() + SETTLE_MS;
  const underWay = () =>
    clients.some(({ unacked }) => unacked.length > 0) || findLaggards(clients).length > 0;
  while (underWay() && Date.now() < deadline) await sleep(POLL_MS);
  const laggards = findLaggards(clients);
  const readers = await patiently(site, () => openReaders(site, clients));
  try {
    while (true) {
      const rooms = await patiently(
        site,
        () => Promise.all(readers.map((reader) => reader.read())),
      );
      const violations = findViolations(rooms, clients, guest);
      if (!violations.some(mayPass) || Date.now() > deadline) return [...laggards, ...violations];
      await sleep(POLL_MS);
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

/** Retries while the restarted database is too slow for the servers. */
async function patiently<T>(site: Site, work: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!String(error).includes("unavailable")) throw error;
      if (tries === MAX_TRIES) {
        await printReadiness(site);
        printOutput(site);
        throw error;
      }
      await sleep(CALM_MS);
    }
  }
}

/** A reader for each room, as a user who is in it. */
async function openReaders({ instances }: Site, clients: ChatClient[]): Promise<RoomReader[]> {
  const urls = instances.map(({ url }) => url);
  const tokens = new Map(
    clients.flatMap(({ token, views }) => views.map(({ roomId }) => [roomId, token])),
  );
  const readers: RoomReader[] = [];
  try {
    // One after the other: each opens a socket on every instance.
    for (const [roomId, token] of tokens) {
      readers.push(await RoomReader.open(roomId, { urls, token }));
    }
    return readers;
  } catch (error) {
    await Promise.all(readers.map((reader) => reader.close()));
    throw error;
  }
}

/** What each instance says of what it depends on. */
async function printReadiness({ instances }: Site): Promise<void> {
  for (const { name, url } of instances) {
    const { status, body } = await request(url, "GET", "/ready");
    console.log(`${name} answers ${status} to GET /ready: ${JSON.stringify(body)}`);
  }
}

function complaintsOf({ instances }: Site): Violation[] {
  return instances.flatMap(({ name, complaints }) => {
    return complaints.map((text): Violation => ({ kind: "breach", sentence: `${name}: ${text}` }));
  });
}

function printOutput({ instances }: Site): void {
  for (const instance of instances) console.log(`${instance.name} wrote:\n${instance.tail()}`);
}

function assertSomethingHappened(site: Site, clients: ChatClient[], { lossy }: SiteOptions): void {
  assert.ok(clients.some(({ closes }) => closes.length > 0), "somebody lost their connection");
  if (!lossy) return;
  const losses = site.instances.filter(({ lines }) => lines.some((line) => line.includes(LOSS)));
  assert.equal(losses.length, site.instances.length, "each instance's bus has lost something");
}

async function endAll(clients: ChatClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.end()));
}
