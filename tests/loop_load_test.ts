/** How the load of the event loop is measured. */
import assert from "node:assert/strict";
import { levelOf, LoopLoad } from "../src/services/loop_load.ts";
import { until } from "./harness/stage.ts";

Deno.test("a busy loop has a high load, an idle one a low load", async () => {
  using load = new LoopLoad();
  assert.equal(load.share, 0);
  const working = setInterval(() => {
    const end = performance.now() + 20;
    while (performance.now() < end);
  }, 1);
  // Other processes may leave this thread a small part of a core.
  await until(() => load.share > 0.05, "work is seen");
  clearInterval(working);
  await until(() => load.share < 0.01, "rest is seen");
});

Deno.test("below 40 % of a core the load is 0, from 80 % on it is 1", () => {
  assert.deepEqual([0, 0.4, 0.6, 0.8, 1.2].map(levelOf).map((level) => Math.round(level * 100)), [
    0,
    0,
    50,
    100,
    100,
  ]);
});
