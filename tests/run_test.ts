/** The runner's count, which nothing else would notice if it were wrong. */
import assert from "node:assert/strict";
import { readCounts, servicesOf } from "./run.ts";

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

Deno.test("the words of a test file's name are the services that it needs", () => {
  assert.deepEqual(servicesOf("tests/store_mongodb_test.ts"), ["mongodb"]);
  assert.deepEqual(servicesOf("tests/bus_redis_mongodb_test.ts"), ["mongodb", "redis"]);
  assert.deepEqual(servicesOf("tests/mongodb/store_test.ts"), []);
  assert.deepEqual(servicesOf("tests/servers/mongodb.ts"), []);
});
