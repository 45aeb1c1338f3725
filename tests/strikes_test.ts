/** Strikes are counted in a sliding window. */
import assert from "node:assert/strict";
import { Strikes } from "../src/sockets/strikes.ts";

Deno.test("the offence after the limit within the window exceeds it", () => {
  const strikes = new Strikes(2, 1_000);
  assert.deepEqual([0, 1, 999].map((now) => strikes.add(now)), [false, false, true]);
});

Deno.test("offences further apart than the window do not add up", () => {
  const strikes = new Strikes(2, 1_000);
  assert.deepEqual([0, 500, 1_000, 1_500].map((now) => strikes.add(now)), Array(4).fill(false));
});

Deno.test("the window slides: late offences count with those that follow", () => {
  const strikes = new Strikes(2, 1_000);
  assert.deepEqual([0, 900, 1_100, 1_200].map((now) => strikes.add(now)), [
    false,
    false,
    false,
    true,
  ]);
});
