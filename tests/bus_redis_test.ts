/** The bus on Redis: on one server, in a cluster, and on servers that are away or refuse. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RedisBus, type RedisLimits } from "../src/adapters/bus/redis/bus.ts";
import { type Client, newClient } from "../src/adapters/bus/redis/channels.ts";
import { refusalReason } from "../src/adapters/bus/redis/refusals.ts";
import { redisLimiters } from "../src/adapters/rate_limiters.ts";
import {
  newEntry,
  type Outage,
  type ServedDeployment,
  testBus,
  testBusOutages,
} from "./conformance/bus.ts";
import { HANG_MS, REDIS_HANG_LIMITS } from "./harness/deadline.ts";
import { RedisServer } from "./harness/redis_server.ts";
import { runMain } from "./harness/server.ts";
import { sleep, until } from "./harness/stage.ts";
import { freePort } from "./servers/service.ts";

/** The client cannot break off its wait for the next attempt to connect. */
const LAST_RETRY_MS = 1_000;

/** For outages: a server counts as silent before the usual 3 s. */
const IN_OUTAGES: RedisLimits = { start: HANG_MS, silence: 1_500 };

const ALL_SLOTS = { start: 0, end: 16_383 };

/** A Redis server that is a cluster by itself. */
class ClusterNode extends RedisServer {
  readonly #folder: string;
  #created = false;

  constructor() {
    const folder = Deno.makeTempDirSync();
    // By default 10,000 above the other port, where something else may listen.
    const port = ["--cluster-port", String(freePort())];
    const announced = ["--cluster-announce-ip", "127.0.0.1"];
    super(["--cluster-enabled", "yes", ...port, ...announced, "--dir", folder]);
    this.#folder = folder;
  }

  override async start(): Promise<void> {
    await super.start();
    if (!this.#created) await this.assignSlots();
    this.#created = true;
    await onServer(this.url, (client) =>
      until(
        async () => (await client.clusterInfo()).includes("cluster_state:ok"),
        "it works",
      ));
  }

  /** Starts it as a server that belongs to no cluster yet. */
  async startWithoutSlots(): Promise<void> {
    await super.start();
    this.#created = true;
  }

  assignSlots(): Promise<void> {
    return onServer(this.url, (client) => client.clusterAddSlotsRange(ALL_SLOTS));
  }

  takeSlots(): Promise<void> {
    return onServer(this.url, (client) => client.clusterDelSlotsRange(ALL_SLOTS));
  }

  override async remove(): Promise<void> {
    await super.remove();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

const KILL: Outage<RedisServer> = {
  name: "killed and restarted",
  begin: (server) => server.kill(),
  end: (server) => server.start(),
};
const SUSPENSION: Outage<RedisServer> = {
  name: "suspended and resumed",
  begin: (server) => server.suspend(),
  end: (server) => server.resume(),
};

for (
  const [name, create, outages] of [
    ["Redis", () => new RedisServer(), [KILL, SUSPENSION]],
    ["Redis cluster", () => new ClusterNode(), [KILL]],
  ] as const
) {
  const shared = create();
  Deno.test.beforeAll(() => shared.start());
  Deno.test.afterAll(() => shared.remove());

  testBus({ name, instances: 2, open: () => deploy(shared, REDIS_HANG_LIMITS) });

  testBusOutages(name, async () => {
    const server = create();
    await server.start();
    const { close, ...rest } = await deploy(server, IN_OUTAGES);
    return {
      ...rest,
      async close() {
        const isRetrying = !rest.buses.every((bus) => bus.connected);
        await close();
        await server.remove();
        if (isRetrying) await sleep(LAST_RETRY_MS);
      },
    };
  }, outages);
}

Deno.test("Redis: a cluster is distinguished from a single server", async () => {
  const node = new ClusterNode();
  await node.start();
  const bus = await RedisBus.open(node.url, REDIS_HANG_LIMITS);
  assert.match(bus.description, /^Redis cluster \(127\.0\.0\.1:\d+\)$/);
  await bus.close();
  await node.remove();
});

Deno.test("Redis: a cluster is used once its slots are assigned", async () => {
  const node = new ClusterNode();
  await node.startWithoutSlots();
  const bus = await RedisBus.open(node.url, { start: 0 });
  await foundNoSlots(node);
  await assert.rejects(bus.ping(), { name: "ChatError", code: "unavailable" });
  await node.assignSlots();
  await until(() => bus.ping().then(() => true, () => false), "it answers");
  assert.equal(bus.connected, true);
  await bus.close();
  await node.remove();
});

Deno.test("Redis: a cluster whose slots were taken is used again once they are assigned", async () => {
  const node = new ClusterNode();
  await node.start();
  const open = () => RedisBus.open(node.url, REDIS_HANG_LIMITS);
  const [one, two] = await Promise.all([open(), open()]);
  const received: string[] = [];
  two.subscribe(({ kind }) => received.push(kind));
  await two.follow("room");
  await node.takeSlots();
  await until(() => !one.connected && !two.connected, "both know");
  await node.assignSlots();
  await until(() => one.connected && two.connected, "both are connected again");
  await until(() => {
    one.publish({ kind: "append_uncertain", roomId: "room" });
    return received.includes("append_uncertain");
  }, "events arrive");
  assert.ok(received.includes("interrupted"));
  await Promise.all([one.close(), two.close()]);
  await node.remove();
});

Deno.test("Redis: a bus that waits for the slots of a cluster ends when it is closed", async () => {
  const node = new ClusterNode();
  await node.startWithoutSlots();
  const bus = await RedisBus.open(node.url, { start: 0 });
  await foundNoSlots(node);
  await bus.close();
  await node.remove();
});

Deno.test("Redis: the description names the server and no credentials", async () => {
  const server = await startLocked();
  const bus = await RedisBus.open(withPassword(server, PASSWORD), REDIS_HANG_LIMITS);
  assert.match(bus.description, /^Redis [\d.]+ \(127\.0\.0\.1:\d+\)$/);
  await bus.close();
  await server.remove();
});

const REFUSED: [fault: string, url: (server: RedisServer) => string, reason: RegExp][] = [
  [
    "a wrong password",
    (server) => withPassword(server, "hush"),
    /the user or the password is wrong/,
  ],
  ["no password", ({ url }) => url, /the user or the password is wrong/],
  ["an unknown user", (server) => withPassword(server, "hush", "nobody"), /the password is wrong/],
  [
    "a database that the server lacks",
    (server) => `${withPassword(server, PASSWORD)}/99`,
    /names a database that its server lacks; write a lower number/,
  ],
  ...["mute", "deaf", "keyless", "dumb"].map((user) =>
    [
      `a user who is ${user}`,
      (server: RedisServer) => withPassword(server, PASSWORD, user),
      /names a user who may not do what is needed; allow it /,
    ] as [string, (server: RedisServer) => string, RegExp]
  ),
];

for (const [fault, url, reason] of REFUSED) {
  Deno.test(`Redis: ${fault} is refused at the start, without a name or password`, async () => {
    const server = await startLocked();
    const error = await RedisBus.open(url(server), REDIS_HANG_LIMITS).then(
      () => null,
      (error) => error,
    );
    assert.ok(error instanceof Error, "it was not refused");
    assert.match(refusalReason(error), reason);
    assert.doesNotMatch(refusalReason(error), /nobody|hush|sesame|mute|deaf|keyless|dumb/);
    await server.remove();
  });
}

Deno.test("Redis: a refusal by the server stops the start with one line", async () => {
  const server = await startLocked();
  const { code, output } = await runMain({
    DATA_DIR: await Deno.makeTempDir(),
    REDIS_URL: `${withPassword(server, PASSWORD)}/99`,
  });
  assert.equal(code, 1);
  assert.equal(
    output,
    "EchoRoom cannot start: REDIS_URL names a database that its server lacks; write a lower number, such as /0\n",
  );
  await server.remove();
});

Deno.test("Redis: a database of a cluster is refused", async () => {
  const node = new ClusterNode();
  await node.start();
  const error = await RedisBus.open(`${node.url}/1`, REDIS_HANG_LIMITS).then(
    () => null,
    (error) => error,
  );
  assert.match(refusalReason(error), /its server is a cluster, which has none but 0/);
  await node.remove();
});

Deno.test("Redis: changing the password and changing it back interrupts nothing", async () => {
  const server = await startLocked();
  const bus = await RedisBus.open(withPassword(server, PASSWORD), REDIS_HANG_LIMITS);
  const setPassword = (from: string, to: string) =>
    onServer(withPassword(server, from), async (client) => {
      await client.configSet("requirepass", to);
      await client.sendCommand(["CLIENT", "KILL", "TYPE", "normal"]);
      await client.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
    });
  await setPassword(PASSWORD, "another");
  await until(() => !bus.connected, "it is refused");
  await setPassword("another", PASSWORD);
  await until(() => bus.connected, "it is connected again");
  await bus.ping();
  await bus.close();
  await server.remove();
});

for (
  const [name, create] of [["one server", () => new RedisServer()], [
    "a cluster",
    () => new ClusterNode(),
  ]] as const
) {
  Deno.test(`Redis: limits of ${name} that was away at the start, and again later, are shared once it is there`, async () => {
    const server = create();
    const bus = await RedisBus.open(server.url);
    const limiter = redisLimiters(() => bus.commands, bus.prefix)({
      keyPrefix: "test",
      points: 1_000,
      duration: 600,
    });
    const counts = async () => await limiter.penalty("key", 1).then(() => true, () => false);
    assert.equal(await counts(), false);
    for (let outage = 0; outage < 2; outage++) {
      await server.start();
      await until(counts, "it counts");
      await server.kill();
      await until(async () => !await counts(), "it does not count");
    }
    await bus.close();
    await server.remove();
  });
}

Deno.test("Redis: databases of one server are separate deployments", async () => {
  const server = new RedisServer();
  await server.start();
  const buses = await Promise.all(
    ["/1", "/1", "/2"].map((path) => RedisBus.open(server.url + path, REDIS_HANG_LIMITS)),
  );
  const [one, sameOne, two] = buses as [RedisBus, RedisBus, RedisBus];
  const received: [string, string][] = [];
  sameOne.subscribe((_, from) => received.push(["the same", from]));
  two.subscribe((_, from) => received.push(["another", from]));
  await Promise.all(buses.map((bus) => bus.follow("room")));
  for (const bus of [two, one]) {
    bus.publish({ kind: "instance_left" });
    bus.publish({ kind: "append_uncertain", roomId: "room" });
  }
  await until(() => received.filter(([place]) => place === "the same").length === 2, "they arrive");
  assert.deepEqual(received.filter(([, from]) => from === one.instanceId), [
    ["the same", one.instanceId],
    ["the same", one.instanceId],
  ]);
  assert.ok(!received.some(([place, from]) => place === "the same" && from === two.instanceId));
  await Promise.all(buses.map((bus) => bus.close()));
  await server.remove();
});

Deno.test("Redis: a bus that is opened before its server finds it later", async () => {
  const server = new RedisServer();
  const early = await RedisBus.open(server.url, { silence: HANG_MS });
  const received: string[] = [];
  early.subscribe(({ kind }) => received.push(kind));
  assert.equal(early.connected, false);
  await assert.rejects(early.ping(), { name: "ChatError", code: "unavailable" });
  early.publish({ kind: "instance_left" });
  await early.follow("room");
  await early.follow("left again");
  early.unfollow("left again");

  await server.start();
  await until(() => received.includes("interrupted"), "the server is found");
  await early.ping();
  const late = await RedisBus.open(server.url, REDIS_HANG_LIMITS);
  late.publish({ kind: "append_uncertain", roomId: "left again" });
  late.publish({ kind: "append_uncertain", roomId: "room" });
  await until(() => received.includes("append_uncertain"), "events arrive");
  assert.deepEqual(received.filter((kind) => kind !== "interrupted"), [
    "instance_left",
    "append_uncertain",
  ]);
  await Promise.all([early.close(), late.close()]);
  await server.remove();
});

Deno.test("Redis: a bus that never found its server leaves nothing that keeps its process", async () => {
  const module = import.meta.resolve("../src/adapters/bus/redis/bus.ts");
  const code = `import { RedisBus } from ${JSON.stringify(module)};
    const bus = await RedisBus.open(${JSON.stringify(new RedisServer().url)});
    await bus.follow("room");
    await bus.close();
    console.log(bus.connected);`;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", fileURLToPath(import.meta.resolve("../deno.json")), code],
    signal: AbortSignal.timeout(60_000),
  }).output();
  assert.ok(success);
  assert.equal(new TextDecoder().decode(stdout).trim(), "false");
});

const PASSWORD = "open sesame";

/** Starts a server that wants a password. */
async function startLocked(): Promise<RedisServer> {
  const server = new RedisServer();
  await server.start();
  await onServer(server.url, async (client) => {
    // Each lacks one thing: to publish and listen, the other channels, keys, or any command.
    const rules = {
      mute: "+@all -publish -spublish ~* &*",
      deaf: "+@all ~* &other:*",
      keyless: "+@all ~other:* &*",
      dumb: "-@all ~* &*",
    };
    for (const [user, rule] of Object.entries(rules)) {
      await client.aclSetUser(user, ["on", `>${PASSWORD}`, ...rule.split(" ")]);
    }
    await client.configSet("requirepass", PASSWORD);
  });
  return server;
}

function withPassword({ port }: RedisServer, password: string, user = ""): string {
  return `redis://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
}

/** Opens the buses of two instances on a server. */
async function deploy(
  server: RedisServer,
  limits: RedisLimits,
): Promise<ServedDeployment<RedisServer>> {
  const open = () => RedisBus.open(server.url, limits);
  const buses = await Promise.all([open(), open()]);
  const [{ prefix }] = buses;
  return {
    server,
    buses: [...buses],
    append(roomId, outcome = "known") {
      const entry = newEntry(roomId);
      buses[0].publish(
        outcome === "known"
          ? { kind: "appended", roomId, entries: [entry] }
          : { kind: "append_uncertain", roomId },
      );
      return Promise.resolve(entry);
    },
    changeAccount(userId) {
      buses[0].publish({ kind: "account_changed", accountId: userId });
      return Promise.resolve();
    },
    spoil: (roomId, text) =>
      onServer(server.url, async (client) => {
        await client.sPublish(`${prefix}:instances`, text);
        await client.sPublish(`${prefix}:room:${roomId}`, text);
      }),
    async close() {
      await Promise.all(buses.map((bus) => bus.close()));
    },
  };
}

/** Does something on a server with a client of its own. */
async function onServer(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = newClient(url);
  await client.connect();
  await work(client);
  client.destroy();
}

/** Resolves once a bus has asked for the slots of a new cluster twice: for its kind, and to use it. */
async function foundNoSlots(node: ClusterNode): Promise<void> {
  const asked = /cmdstat_cluster\|slots:calls=(\d+)/;
  await onServer(node.url, (client) =>
    until(
      async () => Number((await client.info("commandstats")).match(asked)?.[1]) > 1,
      "it asks for slots",
    ));
}
