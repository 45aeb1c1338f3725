/** The first of several workers migrates the store, which may take minutes. */
import assert from "node:assert/strict";
import { readConfig } from "../src/config.ts";

const { setTimeout } = globalThis;
/** Whatever waits for so long has waited in vain. */
const LONG_MS = 30_000;

// Before the supervisor is imported: what it imports keeps the function.
globalThis.setTimeout = ((callback: () => void, milliseconds = 0) =>
  setTimeout(
    callback,
    milliseconds < LONG_MS ? milliseconds : 0,
  )) as typeof globalThis.setTimeout;
const { startWorkers } = await import("../src/workers/supervisor.ts");

Deno.test("workers: a start may take as long as it needs", async () => {
  const dataDir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dataDir}/script`, "migrate serve");
  const config = await readConfig({ DATA_DIR: dataDir, WORKERS: "2" });
  const script = import.meta.resolve("./harness/scripted_worker.ts");
  const running = await startWorkers(config, { script });
  await running.end();
  assert.equal(await Deno.readTextFile(`${dataDir}/starts`), "migrate serve ");
});
