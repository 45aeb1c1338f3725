/** What people notice when the database dies under a running server, and when it comes back. */
import assert from "node:assert/strict";
import { request } from "./harness/account.ts";
import { MongodbServer } from "./harness/mongodb_server.ts";
import { PRODUCT_LIMITS, startServer } from "./harness/server.ts";
import { type Stage, until, withStage } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";

for (
  const [outage, begin, end] of [
    ["is killed", (db: MongodbServer) => db.kill(), (db: MongodbServer) => db.start()],
    ["hangs", (db: MongodbServer) => db.suspend(), (db: MongodbServer) => db.resume()],
  ] as const
) {
  testOutage(
    `a database that ${outage} makes the server unready, until it is back`,
    async (stage, db) => {
      const ready = () => request(stage.server.url, "GET", "/ready");
      await until(async () => (await ready()).status === 200, "it is ready");
      await begin(db);
      const down = await ready();
      assert.deepEqual([down.status, down.body.checks.store], [503, "unavailable"]);
      assert.equal((await request(stage.server.url, "GET", "/health")).status, 200);
      await end(db);
      await until(async () => (await ready()).status === 200, "it is ready");
    },
  );

  testOutage(
    `while the database ${outage} sends are unavailable, and the same sends succeed afterwards`,
    async (stage, db) => {
      const [ada, bob] = await stage.people("Ada", "Bob");
      const room = await ada.createRoom("General");
      const a = await stage.join(ada, room.id);
      const b = await stage.join(bob, room.id);
      const message = (text: string) => {
        return { roomId: room.id, text, clientMessageId: `id of ${text}` };
      };
      const send = (text: string) => a.callOnce("message:send", message(text));
      await a.acked("message:send", message("before"));

      await begin(db);
      const refusals = await Promise.all(["one", "two", "three"].map(send));
      for (const { event, data } of refusals) {
        assert.deepEqual([event, data.code], ["error", "unavailable"]);
        assert.match(data.clientMessageId, /^id of (one|two|three)$/);
        assert.ok(data.retryAfter > 0);
      }
      const { status, body } = await ada.requestOnce("GET", "/rooms");
      assert.deepEqual([status, body.code], [503, "unavailable"]);

      await end(db);
      const ids = new Set();
      for (const text of ["one", "two", "three"]) {
        await until(
          async () => {
            const { event, data } = await send(text);
            ids.add(data.id);
            return event === "message:ack";
          },
          `"${text}" is acked`,
        );
      }
      const seen = () => b.all("message:new");
      await until(() => seen().length >= 4, "all are seen");
      assert.deepEqual(seen().map(({ seq }) => seq), [2, 3, 4, 5], "each once, without a hole");
      assert.deepEqual(
        seen().map(({ message }) => message.text).toSorted(),
        ["before", "one", "three", "two"],
      );
    },
  );
}

/** Registers a test of a server whose database is its own. */
function testOutage(
  sentence: string,
  act: (stage: Stage, database: MongodbServer) => Promise<void>,
): void {
  Deno.test({ name: sentence, ignore: !MongodbServer.available }, async () => {
    const database = new MongodbServer();
    try {
      await database.start();
      const settings = { ...await SQLITE.fresh(), MONGODB_URI: database.uri };
      const server = await startServer(settings, PRODUCT_LIMITS);
      await withStage(server, (stage) => act(stage, database));
    } finally {
      await database.remove();
    }
  });
}
