/** What people notice when the embedded database cannot be written, and when it can be again. */
// @slow: waits for outages
import assert from "node:assert/strict";
import { join } from "node:path";
import { request } from "./harness/account.ts";
import { DatabaseLock } from "./harness/database_lock.ts";
import { playInTime, playWithin } from "./harness/patience.ts";
import { PRODUCT_LIMITS, runMain, spawnServer, startServer } from "./harness/server.ts";
import { Stage, until, withStage } from "./harness/stage.ts";

/** Catches a hang; nothing here is measured. */
const HANG_MS = 60_000;

/**
 * A little less than 5 s, for which writes wait for a lock, and a failed one outweighs probes: a busy
 * machine may take longer.
 */
const LATE_MS = 4_500;

Deno.test("while a stopped process holds the write lock reads work, and sends are unavailable", async () => {
  await withStage(await startServer({}, PRODUCT_LIMITS), async (stage) => {
    const [ada] = await stage.people("Ada");
    const room = await ada.createRoom("General");
    const socket = await stage.join(ada, room.id);
    const send = (text: string) =>
      socket.callOnce("message:send", { roomId: room.id, text, clientMessageId: `id of ${text}` });
    await socket.acked("message:send", { roomId: room.id, text: "before" });

    await using lock = await DatabaseLock.take(databaseOf(stage));
    lock.suspend();
    let readsMs = 0;
    await playInTime(async () => {
      const begun = performance.now();
      const order: string[] = [];
      const sends = ["one", "two", "three"].map((text) =>
        send(text).finally(() => order.push(text))
      );
      const patch = ada.requestOnce("PATCH", "/auth/me", { displayName: "Countess" });
      const reads = await Promise.all([
        ada.request("GET", "/rooms"),
        ada.request("GET", `/rooms/${room.slug}/messages`),
        ada.request("GET", "/auth/me"),
      ]);
      order.push("reads");
      readsMs = performance.now() - begun;
      assert.deepEqual(reads.map(({ status }) => status), [200, 200, 200]);
      for (const { event, data } of await Promise.all(sends)) {
        assert.deepEqual([event, data.code], ["error", "unavailable"]);
      }
      const { status, body } = await patch;
      assert.deepEqual([status, body.code], [503, "unavailable"]);
      assert.equal(order[0], "reads", "no read waited for a write");
    }, () => readsMs > LATE_MS);
    await isUnready(stage.server.url, /another process holds a lock/i);

    await lock.release();
    await becomesReady(stage.server.url);
    const acks = await Promise.all(["one", "two", "three"].map(send));
    assert.deepEqual(acks.map(({ data }) => data.seq), [3, 4, 5], "each once, without a hole");
  });
});

Deno.test("a server starts while another process holds the write lock, and serves reads", async () => {
  const first = await spawnServer();
  await first.stop();
  await using _lock = await DatabaseLock.take(join(first.settings.DATA_DIR!, "echoroom.db"));
  const second = await spawnServer(first.settings);
  assert.equal((await request(second.url, "GET", "/health")).status, 200);
  await isUnready(second.url, /another process holds a lock/i);
  second.kill("SIGKILL");
  await second.ended;
});

Deno.test("a start that has to write and cannot says so in one line", async () => {
  const first = await spawnServer();
  await first.stop();
  await using _lock = await DatabaseLock.take(join(first.settings.DATA_DIR!, "echoroom.db"));
  const admin = { ADMIN_EMAIL: "ada@example.com", ADMIN_PASSWORD: "correct horse" };
  const { code, output } = await runMain({ ...first.settings, ...admin });
  assert.equal(code, 1);
  assert.match(
    output,
    /^EchoRoom cannot start: Another process holds a lock on the database\.\n$/m,
  );
  assert.doesNotMatch(output, /^ +at /m);
});

Deno.test("on a full disk sends are unavailable and none is lost, until there is room again", async () => {
  // A write beyond the limit below is an error, and no signal that ends the process.
  const launcher = ["sh", "-c", 'trap \'\' XFSZ; exec "$0" "$@"'];
  const server = await spawnServer({ LOG_LEVEL: "info" }, undefined, [], launcher);
  const stage = new Stage(server);
  const [ada] = await stage.people("Ada");
  const room = await ada.createRoom("General");
  const socket = await stage.join(ada, room.id);
  const send = (i: number) =>
    socket.callOnce("message:send", {
      roomId: room.id,
      text: "x".repeat(3_000),
      clientMessageId: `send ${i}`,
    });
  const { size } = await Deno.stat(join(server.settings.DATA_DIR!, "echoroom.db-wal"));
  await limitFileSize(server.pid, size + 50_000);
  const outcomes = [];
  for (let i = 0; i < 30; i++) outcomes.push(await send(i));
  const refused = outcomes.filter(({ event }) => event !== "message:ack");
  assert.ok(refused.length > 0 && refused.length < 30, "it fills up while they are sent");
  for (const { event, data } of refused) {
    assert.deepEqual([event, data.code], ["error", "unavailable"]);
  }
  await playWithin(LATE_MS, async () => {
    assert.equal((await send(29)).event, "error");
    await isUnready(server.url, /disk/);
  });
  assert.equal((await ada.request("GET", `/rooms/${room.slug}/messages`)).status, 200);

  await limitFileSize(server.pid, "unlimited");
  await becomesReady(server.url);
  const again = await Promise.all(outcomes.map((_, i) => send(i)));
  outcomes.forEach(({ event, data }, i) => {
    assert.equal(again[i]!.event, "message:ack");
    if (event === "message:ack") assert.equal(again[i]!.data.id, data.id, "an ack was kept");
  });
  const seqs = again.map(({ data }) => data.seq as number).toSorted((a, b) => a - b);
  assert.deepEqual(seqs, seqs.map((_, i) => i + 2), "each once, without a hole");
  await stage.end();
  assert.match(server.output(), /cannot be used: The disk/);
  assert.match(server.output(), /can be used again/);
});

Deno.test("a data folder that is deleted under a running server is noticed, and nothing is acked into it", async () => {
  const server = await spawnServer();
  const stage = new Stage(server);
  const [ada] = await stage.people("Ada");
  const room = await ada.createRoom("General");
  const socket = await stage.join(ada, room.id);
  await Deno.remove(server.settings.DATA_DIR!, { recursive: true });
  const { event, data } = await socket.callOnce("message:send", { roomId: room.id, text: "Hello" });
  assert.deepEqual([event, data.code], ["error", "unavailable"]);
  await isUnready(server.url, /deleted or replaced/);
  await until(() => /deleted or replaced/.test(server.output()), "it is logged");
  await stage.end();
});

Deno.test("a data folder that is moved away and back works again", async () => {
  const server = await spawnServer();
  const folder = server.settings.DATA_DIR!;
  const stage = new Stage(server);
  const [ada] = await stage.people("Ada");
  const room = await ada.createRoom("General");
  const socket = await stage.join(ada, room.id);
  const send = () =>
    socket.callOnce("message:send", { roomId: room.id, text: "Hello", clientMessageId: "hello" });
  await Deno.rename(folder, `${folder}.away`);
  assert.equal((await send()).data.code, "unavailable");
  await Deno.rename(`${folder}.away`, folder);
  await becomesReady(server.url);
  const { event, data } = await send();
  assert.deepEqual([event, data.seq], ["message:ack", 2]);
  await stage.end();
});

function databaseOf(stage: Stage): string {
  return join(stage.server.settings.DATA_DIR!, "echoroom.db");
}

/**
 * Asserts that the server is not ready, and waits for this cause: on a busy machine the store may just
 * not answer a probe in time.
 */
async function isUnready(url: string, cause: RegExp): Promise<void> {
  await until(async () => {
    const { status, body } = await request(url, "GET", "/ready");
    assert.deepEqual([status, body.checks.store], [503, "unavailable"]);
    return cause.test(body.checks.storeCause);
  }, `the cause is ${cause}`);
}

function becomesReady(url: string): Promise<void> {
  return until(
    async () => (await request(url, "GET", "/ready")).status === 200,
    "it is ready",
    HANG_MS,
  );
}

/** Lets no file of the process grow beyond so many bytes: writes fail as on a full disk. */
async function limitFileSize(pid: number, bytes: number | "unlimited"): Promise<void> {
  const { success, stderr } = await new Deno.Command("prlimit", {
    args: [`--pid=${pid}`, `--fsize=${bytes}:unlimited`],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
