/** What people notice when Redis goes away between two instances, and when it comes back. */
import assert from "node:assert/strict";
import { adaAndBob, onPair, type Pair } from "./conformance/instances.ts";
import { request } from "./harness/account.ts";
import { RedisServer } from "./harness/redis_server.ts";
import { PRODUCT_LIMITS, startServer } from "./harness/server.ts";
import { Stage, typeUntilShown, until } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

for (
  const [outage, begin, end] of [
    ["is killed", (redis: RedisServer) => redis.kill(), (redis: RedisServer) => redis.start()],
    ["hangs", (redis: RedisServer) => redis.suspend(), (redis: RedisServer) => redis.resume()],
  ] as const
) {
  const test = (
    sentence: string,
    act: (pair: Pair, redis: RedisServer) => Promise<void>,
    extra?: Record<string, string>,
  ) =>
    Deno.test(`when Redis ${outage} ${sentence}`, async () => {
      const redis = new RedisServer();
      await redis.start();
      const fresh = async () => ({ ...await SQLITE.fresh(), REDIS_URL: redis.url });
      try {
        await onPair({ name: "Redis", fresh }, (pair) => act(pair, redis), extra, PRODUCT_LIMITS);
      } finally {
        await redis.remove();
      }
    });

  test("sends are acked, and reach the other instance's sockets", async (pair, redis) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const here = await pair.a.join(ada, roomId);
    const there = await pair.b.join(bob, roomId);
    await begin(redis);
    const texts = ["one", "two", "three"];
    for (const text of texts) {
      const { event } = await here.call("message:send", { roomId, text });
      assert.equal(event, "message:ack");
    }
    const seen = () => there.all("message:new").map(({ message }) => message.text);
    await until(() => seen().length === texts.length, "they arrive");
    assert.deepEqual(seen(), texts);
  });

  test("both instances report it, until it is back", async (pair, redis) => {
    const states = () =>
      Promise.all([pair.a, pair.b].map(async ({ server }) => {
        const { status, body } = await request(server.url, "GET", "/ready");
        return `${status} store ${body.checks.store} bus ${body.checks.bus}`;
      }));
    const all = async (state: string) => (await states()).every((each) => each === state);
    await until(() => all("200 store ok bus ok"), "both are ready");
    await begin(redis);
    await until(() => all("503 store ok bus unavailable"), "both are unready");
    await end(redis);
    await until(() => all("200 store ok bus ok"), "both are ready");
  });

  test(
    "a session that signs out on one instance loses its sockets on the other",
    async (pair, redis) => {
      const { ada, roomId } = await adaAndBob(pair);
      const there = await pair.b.join(ada, roomId);
      await begin(redis);
      assert.equal((await ada.logOut()).status, 204);
      assert.equal(await there.closeCode(), 4401);
    },
  );

  test("events travel again once it is back", async (pair, redis) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const [here, there] = [await pair.a.join(ada, roomId), await pair.b.join(bob, roomId)];
    await begin(redis);
    await allUnready(pair);
    await end(redis);
    await allReady(pair);
    // Nothing but the bus carries this.
    await typeUntilShown(here, there, roomId);
    await typeUntilShown(there, here, roomId);
    assert.equal(here.all("typing:update")[0].user.displayName, "Bob");
  });

  test("a room that is opened meanwhile gets events once it is back", async (pair, redis) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const here = await pair.a.join(ada, roomId);
    await begin(redis);
    const there = await pair.b.join(bob, roomId);
    await allUnready(pair);
    await end(redis);
    await allReady(pair);
    await typeUntilShown(here, there, roomId);
  });

  test("users who came and went meanwhile are known once it is back", async (pair, redis) => {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const [carol] = await pair.b.people("Carol");
    const here = await pair.a.join(ada, roomId);
    const there = await pair.b.join(bob, roomId);
    await untilOnline(["Ada", "Bob"], roomId, here, there);
    await begin(redis);
    await allUnready(pair);
    const newcomer = await pair.b.join(carol, roomId);
    await there.close();
    await end(redis);
    await untilOnline(["Ada", "Carol"], roomId, here, newcomer);
  });

  test("people sign in as before, although limits are on", async (pair, redis) => {
    const { ada, bob } = await adaAndBob(pair);
    await begin(redis);
    for (const { email, password, url } of [ada, bob]) {
      const answer = await request(url, "POST", "/auth/login", { body: { email, password } });
      assert.equal(answer.status, 200);
    }
    const [carol] = await pair.a.people("Carol");
    assert.equal((await carol.request("GET", "/auth/me")).status, 200);
  }, { RATE_LIMIT: "on" });
}

Deno.test("instances that start before Redis serve, and work together once it is there", async () => {
  const redis = new RedisServer();
  const settings = { ...await SQLITE.fresh(), REDIS_URL: redis.url };
  const start = () => startServer(settings, PRODUCT_LIMITS);
  const servers = await Promise.all([start(), start()]);
  const [a, b] = servers.map((server) => new Stage(server)) as [Stage, Stage];
  const pair = { a, b, settings };
  try {
    const { ada, bob, roomId } = await adaAndBob(pair);
    const [here, there] = [await a.join(ada, roomId), await b.join(bob, roomId)];
    const { event } = await here.call("message:send", { roomId, text: "Hello" });
    assert.equal(event, "message:ack");
    await redis.start();
    await allReady(pair);
    await untilOnline(["Ada", "Bob"], roomId, here, there);
    await typeUntilShown(here, there, roomId);
    const seen = () => there.all("message:new").map(({ message }) => message.text);
    await until(() => seen().includes("Hello"), "what was sent before is seen");
  } finally {
    await Promise.all([a.end(), b.end()]);
    await redis.remove();
  }
});

async function allReady({ a, b }: Pair): Promise<void> {
  for (const { server } of [a, b]) {
    const isReady = async () => (await request(server.url, "GET", "/ready")).status === 200;
    await until(isReady, "an instance is ready");
  }
}

async function allUnready({ a, b }: Pair): Promise<void> {
  for (const { server } of [a, b]) {
    const isUnready = async () => (await request(server.url, "GET", "/ready")).status === 503;
    await until(isUnready, "an instance is unready");
  }
}

/** Resolves once each of these sockets, joining again, is shown that these are in the room. */
async function untilOnline(
  names: string[],
  roomId: string,
  ...sockets: Awaited<ReturnType<Stage["join"]>>[]
): Promise<void> {
  for (const socket of sockets) {
    await until(
      async () => {
        const { data } = await socket.call("room:join", { roomId });
        const online = data.online.map(({ displayName }: { displayName: string }) => displayName);
        return online.toSorted().join() === names.join() && data.onlineCount === names.length;
      },
      `${names.join(" and ")} are online`,
    );
  }
}
