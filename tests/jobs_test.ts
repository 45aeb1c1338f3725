/** Jobs in the background: that they are repeated, whatever a run comes to, until they are stopped. */
import assert from "node:assert/strict";
import { configure, reset } from "@logtape/logtape";
import { RepeatingJob } from "../src/jobs/repeating_job.ts";
import { skip } from "./harness/time.ts";

Deno.test("a job is repeated, also after a run that fails, one run at a time", async () => {
  const done = Promise.withResolvers<void>();
  let [runs, running] = [0, 0];
  const job = new RepeatingJob({
    name: "Test",
    startMs: 1,
    intervalMs: 1,
    async run() {
      runs++;
      running++;
      assert.equal(running, 1);
      await Promise.resolve();
      running--;
      if (runs === 5) done.resolve();
      if (runs % 2 === 1) throw new Error("failed");
    },
  });
  await done.promise;
  job.stop();
});

Deno.test("a job that is stopped during a run is not repeated", async () => {
  const [started, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let runs = 0;
  const job = new RepeatingJob({
    name: "Test",
    startMs: 0,
    intervalMs: 0,
    async run() {
      runs++;
      started.resolve();
      await end.promise;
    },
  });
  await started.promise;
  job.stop();
  end.resolve();
  // A timer that is left is an error of the test.
  await end.promise;
  assert.equal(runs, 1);
});

Deno.test("a job that is stopped before its first run never runs", () => {
  const job = new RepeatingJob({
    name: "Test",
    startMs: 1_000,
    intervalMs: 1_000,
    run: () => assert.fail("it ran"),
  });
  job.stop();
});

Deno.test("the log warns of the first failure of a series", async () => {
  const levels: string[] = [];
  await configure({
    sinks: { kept: ({ level }) => levels.push(level) },
    loggers: [
      { category: ["echoroom", "jobs"], sinks: ["kept"], lowestLevel: "debug" },
      { category: ["logtape", "meta"], lowestLevel: "error" },
    ],
  });
  const done = Promise.withResolvers<void>();
  let runs = 0;
  const job = new RepeatingJob({
    name: "Test",
    startMs: 0,
    intervalMs: 0,
    run() {
      runs++;
      if (runs === 4) skip(11 * 60_000);
      if (runs === 6) done.resolve();
      if (runs === 2 || runs === 6) return Promise.resolve();
      return Promise.reject(new Error("failed"));
    },
  });
  await done.promise;
  job.stop();
  await reset();
  assert.deepEqual(levels, ["warning", "debug", "warning", "debug"]);
});
