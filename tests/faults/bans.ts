/**
 * Bans under load: users write and read on all instances of a site while the room's owner bans them,
 * instances are killed and the bus loses events. Nothing by a banned user may come after the ban in the
 * log, and nothing after it may reach them, by whatever way they ask.
 */
import assert from "node:assert/strict";
import { Account, type Answer, request } from "../harness/account.ts";
import { START_MS } from "../harness/deadline.ts";
import { patiently } from "../harness/patience.ts";
import { TestSocket } from "../harness/socket.ts";
import { sleep, until } from "../harness/stage.ts";
import type { Site } from "./chaos.ts";
import { Random } from "./random.ts";
import { build, type SiteOptions } from "./scenario.ts";

const BANNED = 6;
/** Between the attempts of one user on one instance. */
const PAUSE_MS = 120;
/** Entries of others that have to come after a ban before the test looks for leaks. */
const ENTRIES_AFTER = 20;

/** What a user was shown of the room, or got acked: the last entry in it. */
interface Sighting {
  how: string;
  seq: number;
}

/** A user who writes, joins, recovers and reads on every instance, whatever they are answered. */
class Nuisance {
  readonly account: Account;
  readonly sightings: Sighting[] = [];
  readonly #site: Site;
  readonly #roomId: string;
  #stopped = false;
  readonly #loops: Promise<void>[];

  constructor(account: Account, site: Site, roomId: string, random: Random) {
    this.account = account;
    this.#site = site;
    this.#roomId = roomId;
    this.#loops = site.instances.map((_, i) => this.#live(i, random.fork()));
  }

  /** Ends it once each way to the room was tried after now. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    for (const i of this.#site.instances.keys()) await this.#useSocket(i, new Random(i), 1);
  }

  async #live(i: number, random: Random): Promise<void> {
    while (!this.#stopped) {
      // The instance may have been killed.
      await this.#useSocket(i, random, Infinity).catch(() => {});
      await sleep(PAUSE_MS);
    }
  }

  async #useSocket(i: number, random: Random, rounds: number): Promise<void> {
    const { url } = this.#site.instances[i]!;
    const socket = await TestSocket.connect({ url, token: this.account.token });
    const roomId = this.#roomId;
    try {
      for (let round = 0; round < rounds && !this.#stopped || round < 1; round++) {
        await socket.call("room:join", { roomId });
        await socket.call("message:send", { roomId, text: "Noise" });
        await socket.call("connection:recover", { roomId, lastSeenSeq: 0 });
        await this.#read(url);
        await sleep(random.next() * PAUSE_MS);
      }
    } finally {
      for (const { event, data } of socket.received) this.#note(event, data);
      await socket.close();
    }
  }

  // deno-lint-ignore no-explicit-any -- events of every shape
  #note(event: string, data: any): void {
    const seq = event === "room:joined" || event === "connection:missed" ? data.lastSeq : data?.seq;
    if (typeof seq === "number") this.sightings.push({ how: event, seq });
  }

  async #read(url: string): Promise<void> {
    const path = `/rooms/${this.#roomId}/changes?after=0`;
    const { status, body } = await request(url, "GET", path, { token: this.account.token });
    if (status === 200) this.sightings.push({ how: path, seq: body.lastSeq });
  }
}

/** Fails if anything by a banned user, or to them, comes after their ban. */
export async function banUnderLoad(options: SiteOptions): Promise<void> {
  const seed = Number(Deno.env.get("FAULTS_SEED") || Math.floor(Math.random() * 1e9));
  console.log(`  seed: FAULTS_SEED=${seed}`);
  const random = new Random(seed);
  await using cleanup = new AsyncDisposableStack();
  const site = await build(options, seed, cleanup);
  const [first] = site.instances;
  const owner = await Account.register(first!.url, "Owner");
  const { id: roomId } = await owner.createRoom("Room");
  const people = await Promise.all(Array.from({ length: BANNED }, (_, i) => {
    return Account.register(site.instances[i % site.instances.length]!.url, `Nuisance ${i}`);
  }));
  const nuisances = people.map((each) => new Nuisance(each, site, roomId, random.fork()));
  cleanup.defer(async () => void await Promise.allSettled(nuisances.map((each) => each.stop())));

  for (const [i, { account, sightings }] of nuisances.entries()) {
    // On a busy machine it takes them some time to come in.
    await until(() => sightings.length > 0, "they are in the room before their ban");
    const victim = site.instances[i % site.instances.length]!;
    const dying = i % 2 === 0 ? victim.kill().then(() => victim.start()) : Promise.resolve();
    await patiently(
      () => ban(site, owner, roomId, account, random),
      ({ status }) => status !== 204,
    );
    await dying;
  }
  await othersWriteOn(site, owner, roomId);
  await Promise.all(nuisances.map((each) => each.stop()));

  const log = await readLog(site, owner, roomId);
  for (const { account: { id }, sightings } of nuisances) {
    const bannedAt = log.find(({ systemType, systemData }) => {
      return systemType === "member_banned" && systemData?.users.includes(id);
    })?.seq;
    assert.ok(bannedAt !== undefined, "the ban is in the log");
    const written = log.filter(({ seq, sender }) => sender.id === id && seq > bannedAt);
    assert.deepEqual(written, [], "nothing by the banned comes after the ban");
    const seen = sightings.filter(({ seq }) => seq > bannedAt);
    assert.deepEqual(seen, [], "nothing after the ban goes to the banned");
    assert.ok(sightings.some(({ seq }) => seq < bannedAt), "they were in the room before");
  }
}

/** As a moderator's client does it: an instance that does not answer is left for another one. */
async function ban(
  site: Site,
  owner: Account,
  roomId: string,
  { id }: Account,
  random: Random,
): Promise<Pick<Answer, "status">> {
  const { url } = site.instances[Math.floor(random.next() * site.instances.length)]!;
  try {
    return await request(url, "PUT", `/rooms/${roomId}/bans/${id}`, {
      token: owner.token,
      body: { reason: "Noise" },
    });
  } catch {
    return { status: 503 };
  }
}

/** Lets the room's log grow on every instance. */
async function othersWriteOn(site: Site, owner: Account, roomId: string): Promise<void> {
  for (let i = 0; i < ENTRIES_AFTER; i++) {
    const { url } = site.instances[i % site.instances.length]!;
    await until(
      async () => {
        const body = { text: `After the bans ${i}`, clientMessageId: `after-${i}` };
        const path = `/rooms/${roomId}/messages`;
        const { status } = await request(url, "POST", path, { token: owner.token, body });
        return status < 300;
      },
      "the owner writes",
      START_MS,
    );
  }
}

interface Written {
  seq: number;
  sender: { id: string };
  systemType: string | null;
  systemData: { users: string[] } | null;
}

async function readLog(site: Site, owner: Account, roomId: string): Promise<Written[]> {
  const { url } = site.instances[0]!;
  const log: Written[] = [];
  for (let after = 0, hasMore = true; hasMore;) {
    const path = `/rooms/${roomId}/changes?after=${after}`;
    const { body } = await patiently(
      () => request(url, "GET", path, { token: owner.token }),
      ({ status }) => status === 503,
    );
    log.push(...body.messages);
    ({ lastSeq: after, hasMore } = body);
  }
  return log;
}
