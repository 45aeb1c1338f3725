/** The runs of a scenario brought together: what tables and plots show. */
import type { Run } from "./measurement.ts";
import type { PeerName } from "./peers.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";
import { compare, median, type Ratio } from "./statistics.ts";

/** The combined rounds of one peer. */
export interface PeerResult {
  peer: PeerName;
  rounds: number;
  /** How many times better than the base, by the scenario's metric; the base itself is 1. */
  ratio: Ratio | undefined;
  /** The median of a figure. */
  figure(key: string): number | undefined;
  runs: Run[];
}

export interface Result {
  scenario: Scenario;
  /** The day on which the session of its runs began, such as `2026-01-31`. */
  day: string;
  pinned: boolean;
  rounds: number;
  peers: PeerResult[];
  failures: Run[];
}

/**
 * Takes, for each scenario, the runs of the newest session that has some: figures of different
 * sessions were not taken side by side.
 */
export function summarise(runs: Run[], scenarios: Scenario[] = SCENARIOS): Result[] {
  return scenarios.flatMap((scenario) => {
    const all = runs.filter((run) => run.scenario === scenario.name);
    const newest = all.map(({ session }) => session).sort().at(-1);
    const latest = all.filter(({ session }) => session === newest);
    return latest.length === 0 ? [] : [summariseScenario(scenario, latest)];
  });
}

function summariseScenario(scenario: Scenario, runs: Run[]): Result {
  const good = runs.filter(({ failed }) => failed === undefined);
  const base = byRound(good.filter(({ peer }) => peer === scenario.base), scenario);
  const peers = scenario.peers.flatMap((peer) => {
    const own = good.filter((run) => run.peer === peer);
    if (own.length === 0) return [];
    const figure = (key: string) => median(own.flatMap((run) => numberIn(run, key)));
    const ratio = compare(byRound(own, scenario), base, scenario.metric.better);
    return [{ peer, rounds: own.length, ratio, figure, runs: own }];
  });
  return {
    scenario,
    day: runs[0]!.session.slice(0, 10),
    pinned: runs.every(({ pinned }) => pinned),
    rounds: Math.max(...runs.map(({ round }) => round)),
    peers,
    failures: runs.filter(({ failed }) => failed !== undefined),
  };
}

function byRound(runs: Run[], { metric }: Scenario): Map<number, number> {
  return new Map(
    runs.flatMap((run) => numberIn(run, metric.key).map((figure) => [run.round, figure])),
  );
}

function numberIn({ figures }: Run, key: string): number[] {
  const value = figures[key];
  return typeof value === "number" ? [value] : [];
}
