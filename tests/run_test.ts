/** The runner's count, which nothing else would notice if it were wrong. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describeFailures } from "./failures.ts";
import { type FileRun, readCounts, runFiles, sumCounts } from "./file_runs.ts";
import { until } from "./harness/stage.ts";
import { isQuick, lanesOf, readArguments, servicesOf } from "./run.ts";

Deno.test("the count is that of the last summary", () => {
  const output = [
    "ok | 7 passed | 0 failed (1ms)",
    "FAILED | 2 passed (1 step) | 3 failed (4 steps) | 5 ignored (6 steps) | 8 filtered out (9ms)",
    "",
  ];
  assert.deepEqual(readCounts(output.join("\n")), { passed: 2, failed: 3, skipped: 5 });
});

Deno.test("colours do not hide the count", () => {
  const output = "\x1b[0m\x1b[32mok\x1b[0m | 1 passed | 0 failed \x1b[38;5;245m(6ms)\x1b[0m\n";
  assert.deepEqual(readCounts(output), { passed: 1, failed: 0, skipped: 0 });
});

Deno.test("a run without a summary has failed", () => {
  assert.deepEqual(readCounts("error: Type checking failed.\n"), {
    passed: 0,
    failed: 1,
    skipped: 0,
  });
});

Deno.test("the report names each failed test, with the beginning of its error and its place", () => {
  const output = [
    "\x1b[0m\x1b[31m ERRORS \x1b[0m",
    "",
    "adds \x1b[38;5;245m=> ./tests/sum_test.ts:2:6\x1b[0m",
    "error: AssertionError: Expected values to be strictly equal:",
    "",
    "1 !== 2",
    "",
    "  assert.equal(1, 2);",
    "         ^",
    "    at equal (file:///project/tests/harness/equal.ts:1:1)",
    "    at file:///project/tests/sum_test.ts:3:10",
    "",
    "many steps ... a step => ./tests/sum_test.ts:7:9",
    `error: Error: ${"x".repeat(1_000)}`,
    "",
    " FAILURES ",
    "",
    "adds => ./tests/sum_test.ts:2:6",
    "",
    "FAILED | 1 passed | 2 failed (140ms)",
  ].join("\n");
  assert.deepEqual(describeFailures([ran("tests/sum_test.ts", 2, output), ran("b_test.ts", 0)]), [
    "",
    "Failed:",
    "  tests/sum_test.ts: 2",
    "",
    "tests/sum_test.ts: adds",
    "  error: AssertionError: Expected values to be strictly equal:",
    "  1 !== 2",
    "    assert.equal(1, 2);",
    "           ^",
    "  at file:///project/tests/sum_test.ts:3:10",
    "",
    "tests/sum_test.ts: many steps ... a step",
    `  error: Error: ${"x".repeat(283)}…`,
  ]);
});

Deno.test("the report on a file that was killed ends with what it has written last", () => {
  const output = "running 1 test from ./tests/a_test.ts\nwaits ...\n";
  assert.deepEqual(describeFailures([ran("tests/a_test.ts", 1, output)]).slice(4), [
    "tests/a_test.ts: (no result)",
    "  running 1 test from ./tests/a_test.ts",
    "  waits ...",
  ]);
});

Deno.test("the report names no more than 20 tests", () => {
  const errors = Array.from({ length: 30 }, (_, i) => `test ${i} => ./a_test.ts:${i}:1\nerror: no`);
  const lines = describeFailures([ran("a_test.ts", 30, ` ERRORS \n\n${errors.join("\n\n")}`)]);
  assert.equal(lines.filter((line) => line.startsWith("a_test.ts: test")).length, 20);
  assert.equal(lines.at(-1), "… and 10 more");
});

Deno.test("words in a test file's name state which services it needs", () => {
  assert.deepEqual(servicesOf("tests/store_mongodb_test.ts"), ["mongodb"]);
  assert.deepEqual(servicesOf("tests/bus_redis_mongodb_test.ts"), ["mongodb", "redis"]);
  assert.deepEqual(servicesOf("tests/blobs_s3_test.ts"), ["s3"]);
  assert.deepEqual(servicesOf("tests/mongodb/store_test.ts"), []);
  assert.deepEqual(servicesOf("tests/servers/mongodb.ts"), []);
});

Deno.test("paths, options of deno test and --quick are distinguished", () => {
  assert.deepEqual(readArguments(["--quick", "tests/a_test.ts", "--filter", "a room"]), {
    paths: ["tests/a_test.ts"],
    flags: ["--filter", "a room"],
    quick: true,
  });
});

Deno.test("a file is quick that needs no service and is not marked as slow", async () => {
  const folder = await Deno.makeTempDir();
  const files = {
    "rooms_test.ts": "/** Rooms, @slow or not. */\n",
    "workers_test.ts": "/** Workers. */\n// @slow: starts processes\n",
    "store_mongodb_test.ts": "/** The store. */\n",
  };
  const quick: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await Deno.writeTextFile(path, text);
    if (isQuick(path)) quick.push(name);
  }
  assert.deepEqual(quick, ["rooms_test.ts"]);
});

Deno.test("a kind's files run one at a time, and its lane goes on with others", () => {
  const files = ["faults_a", "b", "faults_c", "d", "e"].map((name) => `tests/${name}_test.ts`);
  const [others, faults] = lanesOf(files, 1).map((lane) => lane[Symbol.iterator]());
  const taken = [others, faults, faults, faults, others, others].map((lane) => lane!.next().value);
  const names = ["b", "faults_a", "faults_c", "d", "e", undefined];
  assert.deepEqual(taken, names.map((name) => name && `tests/${name}_test.ts`));
});

for (const how of ["is interrupted", "ends"]) {
  Deno.test(`what a file has started ends when the file ${how}`, async () => {
    const folder = await Deno.makeTempDir();
    const [file, started] = [join(folder, "leaving_test.ts"), join(folder, "pid")];
    await Deno.writeTextFile(
      file,
      `Deno.test({ name: "leaves a process behind", sanitizeResources: false, async fn() {
        const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
        await Deno.writeTextFile(${JSON.stringify(started)}, String(child.pid));
        ${how === "ends" ? "child.unref();" : "await child.status;"}
      } });`,
    );
    const interruption = new AbortController();
    const running = runFiles([[file]], {
      flags: [],
      env: {},
      temporary: folder,
      signal: interruption.signal,
      onEnd() {},
    });
    const readPid = () => Deno.readTextFile(started).catch(() => "");
    await until(async () => await readPid() !== "", "the process has started");
    if (how !== "ends") interruption.abort();
    const [run] = await running;
    assert.equal(run?.counts.failed, how === "ends" ? 0 : 1);
    const pid = await readPid();
    await until(async () => !await isRunning(pid), "the process has ended");
  });
}

Deno.test("what a file leaves in the folder for temporary files goes with it", async () => {
  const [folder, temporary] = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  const [file, made] = [join(folder, "making_test.ts"), join(folder, "made")];
  await Deno.writeTextFile(
    file,
    `Deno.test("makes a folder", async () => {
      const folder = await Deno.makeTempDir();
      await Deno.writeTextFile(folder + "/left", "text");
      await Deno.writeTextFile(${JSON.stringify(made)}, folder);
    });`,
  );
  const { signal } = new AbortController();
  await runFiles([[file]], { flags: [], env: {}, temporary, signal, onEnd() {} });
  assert.ok((await Deno.readTextFile(made)).startsWith(temporary));
  assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary)), []);
});

Deno.test("counts add up", () => {
  const sum = sumCounts([
    { passed: 1, failed: 2, skipped: 3 },
    { passed: 10, failed: 20, skipped: 30 },
  ]);
  assert.deepEqual(sum, { passed: 11, failed: 22, skipped: 33 });
});

function ran(file: string, failed: number, output = ""): FileRun {
  return { file, counts: { passed: 1, failed, skipped: 0 }, output, seconds: 1 };
}

async function isRunning(pid: string): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", pid] }).output();
  const state = new TextDecoder().decode(stdout).trim();
  return state !== "" && !state.startsWith("Z");
}
