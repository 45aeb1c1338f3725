/** The bus on MongoDB: change streams of the log and of a collection of events. */
import assert from "node:assert/strict";
import { MongoBus } from "../src/adapters/bus/mongodb.ts";
import { LOG_START } from "../src/domain/entry.ts";
import { connect } from "../src/adapters/store/mongodb/connection.ts";
import type { AccountItemDocument } from "../src/adapters/store/mongodb/account_documents.ts";
import { type Deployment, newDraft, testBus, testBusOutages } from "./conformance/bus.ts";
import { HANG_LIMITS, HANG_MS } from "./harness/deadline.ts";
import { openStore } from "./harness/mongodb_database.ts";
import { MongodbServer } from "./harness/mongodb_server.ts";
import { until } from "./harness/stage.ts";
import { MONGODB } from "./harness/stores.ts";

testBus({
  name: "change streams",
  instances: 2,
  open: async () => deploy((await MONGODB.fresh()).MONGODB_URI!),
});

if (MongodbServer.available) {
  testBusOutages("change streams", async () => {
    const server = new MongodbServer();
    await server.start();
    const { close, ...rest } = await deploy(server.uri, "/?serverSelectionTimeoutMS=500");
    return {
      ...rest,
      server,
      async close() {
        await close();
        await server.remove();
      },
    };
  }, [{ name: "killed and restarted", begin: (s) => s.kill(), end: (s) => s.start() }]);
}

Deno.test({
  name: "change streams: a bus whose server hangs is not connected until it goes on",
  ignore: !MongodbServer.available,
  async fn() {
    const server = new MongodbServer();
    await server.start();
    const { buses: [bus], close } = await deploy(server.uri);
    await server.suspend();
    assert.equal(bus!.connected, true);
    bus!.publish({ kind: "instance_left" });
    await until(() => !bus!.connected, "it is noticed");
    await assert.rejects(bus!.ping(), { name: "ChatError", code: "unavailable" });
    server.resume();
    await until(() => bus!.connected, "it is connected again");
    await close();
    await server.remove();
  },
});

/** Connects once the server answers: what shortens an outage leaves a busy machine 500 ms to do so. */
async function connectPatiently(uri: string): ReturnType<typeof connect> {
  for (const end = performance.now() + HANG_MS;;) {
    try {
      return await connect(uri, HANG_LIMITS);
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

/**
 * Opens two instances, each with a store and a bus, on one database.
 * @param busOptions end the URI of the buses
 */
async function deploy(uri: string, busOptions = ""): Promise<Deployment> {
  const stores = [await openStore(uri, HANG_LIMITS), await openStore(uri, HANG_LIMITS)];
  const busUri = uri + busOptions;
  const connections = await Promise.all([connectPatiently(busUri), connectPatiently(busUri)]);
  // Side by side: a stream that has just been opened says so after 1 s.
  const buses = await Promise.all(connections.map(({ db }) => MongoBus.open(db)));
  const [store, bus] = [stores[0]!, buses[0]!];
  return {
    buses,
    async append(roomId, outcome = "known") {
      const entries = await store.log.append(roomId, LOG_START, [newDraft()]);
      bus.publish(
        outcome === "known"
          ? { kind: "appended", roomId, entries }
          : { kind: "append_uncertain", roomId },
      );
      return entries[0]!;
    },
    async changeAccount(userId) {
      const items = connections[0].db.collection<AccountItemDocument>("account_items");
      const numberedAt = new Date();
      await items.insertOne({ _id: `${userId} 1`, userId, seq: 1, key: "profile", numberedAt });
      bus.publish({ kind: "account_changed", accountId: userId });
    },
    async spoil(_, text) {
      const { db } = connections[0];
      await db.collection("events").insertMany([
        { event: text, at: new Date() },
        { event: [text], at: new Date() },
        { event: null, at: new Date() },
        { at: new Date() },
      ]);
    },
    async close() {
      await Promise.all(buses.map((bus) => bus.close()));
      await Promise.all(connections.map(({ client }) => client.close()));
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}
