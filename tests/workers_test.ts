/** Several workers in one process: as a whole they behave like a single instance. */
// @slow: starts many processes
import assert from "node:assert/strict";
import { crowd, onWorkers, testWorkers } from "./conformance/workers.ts";
import { request } from "./harness/account.ts";
import { playInTime } from "./harness/patience.ts";
import { playShutdown, runMain, spawnMain, spawnServer } from "./harness/server.ts";
import { TestSocket } from "./harness/socket.ts";
import { until } from "./harness/stage.ts";
import { SQLITE } from "./harness/stores.ts";
import { freePort } from "./servers/service.ts";

/** A worker waits so long for the count of all before it counts alone. */
const SHARED_COUNT_MS = 1_000;
/** For a scene of twenty logins within that time. */
const SCENES = 20;

testWorkers(SQLITE);

Deno.test("workers: a log-out closes the session's sockets, whichever worker has them", () =>
  onWorkers(async (stage) => {
    const [ada, bob] = await stage.people("Ada", "Bob");
    const sockets = await Promise.all(Array.from({ length: 12 }, () => stage.connect(ada)));
    const other = await stage.connect(bob);
    assert.equal((await ada.logOut()).status, 204);
    const codes = await Promise.all(sockets.map((socket) => socket.closeCode()));
    assert.deepEqual(codes, Array(12).fill(4401));
    const { event } = await other.call("room:leave", { roomId: "nowhere" });
    assert.equal(event, "error", "another session's socket still answers");
  }));

Deno.test("workers: a changed profile shows on every worker", () =>
  onWorkers(async (stage) => {
    const { people, roomId, sockets } = await crowd(stage);
    const ada = people[0]!;
    await ada.request("PATCH", "/auth/me", { displayName: "Countess" });
    for (const socket of sockets) {
      await until(async () => {
        const { data } = await socket.call("room:join", { roomId });
        return data.online.some(({ displayName }: { displayName: string }) =>
          displayName === "Countess"
        );
      }, "the new name is shown");
    }
  }));

Deno.test("workers: the metrics of all are added up, whichever is asked", () =>
  onWorkers(async (stage) => {
    const { roomId, sockets } = await crowd(stage);
    await Promise.all(sockets.map((socket) => socket.call("message:send", { roomId, text: "Hi" })));
    // Requests at once are on connections of their own, which the workers share.
    const ask = () => request(stage.server.url, "GET", "/metrics");
    const sums = [
      new RegExp(`^echoroom_connections ${sockets.length}$`, "m"),
      new RegExp(`^echoroom_messages_appended_total ${sockets.length}$`, "m"),
    ];
    // A worker that is too busy to answer in a second is left out.
    await until(async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, ask));
      return answers.every(({ body }) => sums.every((sum) => sum.test(body)));
    }, "every answer has all of them");
  }));

Deno.test("workers: an admin is shown every one, whichever answers", () =>
  onWorkers(async (stage) => {
    const [admin] = await stage.people("Grace");
    await stage.connect(admin);
    await until(async () => {
      const { body } = await admin.request("GET", "/instances");
      const sockets = body.instances.map(({ status }: { status: { sockets: number } | null }) => {
        return status?.sockets;
      });
      return sockets.length === 3 && sockets.toSorted().join() === "0,0,1";
    }, "all three are listed, with the socket");
  }));

Deno.test("workers: ten wrong passwords are one count, whichever worker answers", () =>
  onWorkers(async (stage) => {
    let begun = 0;
    await playInTime(
      async () => {
        const [{ email }] = await stage.people("Ada");
        const body = { email, password: "wrong password" };
        const logIn = () => request(stage.server.url, "POST", "/auth/login", { body });
        begun = performance.now();
        // Requests at once are on connections of their own, which the workers share.
        const first = await Promise.all(Array.from({ length: 10 }, logIn));
        assert.deepEqual(first.map(({ status }) => status), Array(10).fill(401));
        const more = await Promise.all(Array.from({ length: 10 }, logIn));
        assert.deepEqual(more.map(({ status }) => status), Array(10).fill(429));
      },
      () => performance.now() - begun > SHARED_COUNT_MS,
      SCENES,
    );
  }, { RATE_LIMIT: "on" }));

Deno.test("workers: SIGTERM closes every socket with 1012 and ends the process with 0", () =>
  playShutdown(async (server) => {
    const sockets = await Promise.all(
      Array.from({ length: 12 }, () => TestSocket.open(server.url)),
    );
    server.kill("SIGTERM");
    const codes = await Promise.all(sockets.map((socket) => socket.closeCode()));
    assert.deepEqual(codes, Array(12).fill(1012));
    assert.equal((await server.ended).code, 0);
  }, { WORKERS: "3" }));

Deno.test("workers: SIGTERM while some of them still start ends the process with 0", async () => {
  const PORT = String(freePort());
  const { child, ended } = spawnMain({ WORKERS: "3", PORT, ...await SQLITE.fresh() });
  const url = `http://127.0.0.1:${PORT}`;
  await until(() => request(url, "GET", "/health").then(() => true, () => false), "one serves");
  child.kill("SIGTERM");
  assert.equal((await ended).code, 0);
});

for (const [first, second] of [["3", "3"], ["3", "1"], ["1", "3"]] as const) {
  Deno.test(`workers: a port that ${first} serve is refused to ${second} more`, async () => {
    const server = await spawnServer({ WORKERS: first });
    const { port } = new URL(server.url);
    const { code, output } = await runMain({
      ...await SQLITE.fresh(),
      WORKERS: second,
      PORT: port,
    });
    await server.stop();
    assert.equal(code, 1);
    assert.equal(
      output.trimEnd(),
      `EchoRoom cannot start: PORT is ${port}, which is taken; set it to another, or 0 for a free one`,
    );
  });
}

Deno.test("workers: a setting that they cannot use stops the start with one line", async () => {
  const file = await Deno.makeTempFile();
  const { code, output } = await runMain({
    WORKERS: "3",
    DATA_DIR: `${file}/data`,
    JWT_SECRET: "a".repeat(32),
    JWT_REFRESH_SECRET: "b".repeat(32),
  });
  assert.equal(code, 1);
  assert.match(output.trimEnd(), /^EchoRoom cannot start: DATA_DIR is [^\n]+$/);
});
