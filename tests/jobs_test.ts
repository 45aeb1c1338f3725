/** Jobs in the background: that they are repeated, whatever a run comes to, until they are stopped. */
import assert from "node:assert/strict";
import { RepeatingJob } from "../src/jobs/repeating_job.ts";

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
