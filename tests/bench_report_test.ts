/** How the benchmark suite makes ratios and slopes out of runs. */
import assert from "node:assert/strict";
import type { Run } from "../bench/measurement.ts";
import { summarise } from "../bench/results.ts";
import { SCENARIOS } from "../bench/scenarios.ts";
import { compare, median, slope, summariseMemory } from "../bench/statistics.ts";

Deno.test("a median is the middle, or the mean of both middles", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.equal(median([]), undefined);
});

Deno.test("ratios are made round by round, and are above 1 for what is better", () => {
  const base = new Map([[1, 10], [2, 20], [3, 40]]);
  const twice = new Map([[1, 20], [2, 40], [3, 100]]);
  assert.deepEqual(compare(twice, base, "higher"), { median: 2, least: 2, most: 2.5, rounds: 3 });
  assert.deepEqual(compare(twice, base, "lower"), {
    median: 0.5,
    least: 0.4,
    most: 0.5,
    rounds: 3,
  });
});

Deno.test("a round without both figures gives no ratio", () => {
  const figures = new Map([[1, 10], [2, 0], [3, 30]]);
  assert.equal(compare(figures, new Map([[2, 5], [3, 10]]), "higher")?.rounds, 1);
  assert.equal(compare(figures, new Map(), "higher"), undefined);
});

Deno.test("a slope is that of the line that fits best", () => {
  assert.equal(slope([[0, 1], [1, 3], [2, 5]]), 2);
  assert.equal(slope([[5, 7]]), 0);
});

Deno.test("memory is averaged by thirds, and its slope excludes the first", () => {
  const samples = [[0, 10], [1, 50], [2, 100], [3, 100], [4, 100], [5, 100]];
  const figures = summariseMemory({ rss_samples: samples });
  assert.equal(figures.rss_first_mb, 30);
  assert.equal(figures.rss_last_mb, 100);
  assert.equal(figures.rss_slope_mb_h, 0);
});

Deno.test("of several sessions only the newest that ran a scenario counts", () => {
  const [scenario] = SCENARIOS;
  const run = (session: string, peer: Run["peer"], seconds: number): Run => ({
    session,
    scenario: scenario!.name,
    peer,
    round: 1,
    pinned: true,
    figures: { [scenario!.metric.key]: seconds },
  });
  const [result] = summarise([
    run("2026-01-01", "echoroom", 100),
    run("2026-01-02", "echoroom", 2),
    run("2026-01-02", scenario!.base, 3),
  ]);
  const own = result!.peers.find(({ peer }) => peer === "echoroom");
  assert.equal(own?.figure(scenario!.metric.key), 2);
  assert.equal(own?.ratio?.median, 1.5);
  assert.equal(result!.day, "2026-01-02");
});
