/** How the load of the event loop is told. */
import assert from "node:assert/strict";
import { LoopLoad } from "../src/application/loop_load.ts";
import { until } from "./harness/stage.ts";

Deno.test("a loop that works is busy, and one that rests is not", async () => {
  using load = new LoopLoad();
  assert.equal(load.level, 0);
  const working = setInterval(() => {
    const end = performance.now() + 20;
    while (performance.now() < end);
  }, 1);
  await until(() => load.level > 0.1, "work is seen");
  clearInterval(working);
  await until(() => load.level === 0, "rest is seen");
});
