/** Workers that die, hang, or cannot be started again: each is replaced, for as often as it takes. */
import assert from "node:assert/strict";
import { ConfigError, readConfig } from "../src/config.ts";
import { startWorkers } from "../src/workers/supervisor.ts";
import { until } from "./harness/stage.ts";

const SCRIPT = import.meta.resolve("./harness/scripted_worker.ts");
const QUICK = { heartbeatMs: 50, restartMs: 10, maxRestartMs: 40 };
/** A worker that hangs is noticed soon; where none does, one that a busy machine holds up is left alone. */
const MISSED_HEARTBEATS = { hanging: 20, others: 200 };

/** @param script what becomes of each start, in their order */
async function supervise(script: string, workers = "1") {
  const dataDir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dataDir}/script`, script);
  const config = await readConfig({ DATA_DIR: dataDir, WORKERS: workers });
  const starts = async () => (await Deno.readTextFile(`${dataDir}/starts`)).trim();
  const missedHeartbeats = MISSED_HEARTBEATS[script.includes("hang") ? "hanging" : "others"];
  const supervision = { script: SCRIPT, missedHeartbeats, ...QUICK };
  return { starting: startWorkers(config, supervision), starts };
}

async function replacesUntilItServes(script: string): Promise<void> {
  const { starting, starts } = await supervise(script);
  const running = await starting;
  // On a busy machine the last one may be replaced as well.
  await until(async () => (await starts()).startsWith(script), `starts: ${script}`);
  await running.end();
}

Deno.test("workers: one that dies is replaced", () => replacesUntilItServes("die serve"));

Deno.test("workers: one that hangs is noticed and replaced", () =>
  replacesUntilItServes("hang serve"));

Deno.test("workers: one that cannot be replaced at once is tried again until it serves", () =>
  replacesUntilItServes("die refuse throw refuse refuse throw die serve"));

Deno.test("workers: a first start that is refused refuses all, with its faults", async () => {
  const { starting } = await supervise("refuse", "3");
  await assert.rejects(starting, (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.faults, ["PORT is taken"]);
    return true;
  });
});

Deno.test({
  name: "workers: the end leaves nothing behind, also while one cannot be replaced",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { starting, starts } = await supervise("die refuse");
    const running = await starting;
    await until(async () => (await starts()).includes("refuse"), "a replacement was refused");
    await running.end();
  },
});
