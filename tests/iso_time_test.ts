import assert from "node:assert/strict";
import { isoTime } from "../src/protocol/iso_time.ts";

Deno.test("times are written as toISOString writes them, whatever the day and the order", () => {
  const times = [
    0,
    -1,
    1,
    Date.UTC(2024, 1, 29, 23, 59, 59, 999),
    Date.UTC(2024, 2, 1),
    Date.UTC(2024, 1, 29, 1, 2, 3, 4),
    Date.UTC(10_000, 0, 1),
    -8.64e15,
    8.64e15,
  ];
  for (const time of [...times, ...times.toReversed()]) {
    assert.equal(isoTime(new Date(time)), new Date(time).toISOString());
  }
  assert.throws(() => isoTime(new Date(NaN)), RangeError);
});
