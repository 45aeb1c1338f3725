/** The quick comparison with bare Deno and bare Hono, and how much worse EchoRoom may be. */
import type { PeerName } from "./peers.ts";
import type { Result } from "./results.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";
import { showNumber, showRatio } from "./table.ts";

/**
 * The least ratios of EchoRoom, by scenario and peer, to bare Deno, and for REST to bare Hono that
 * answers constants: two thirds of what was measured when they were set (0.77, 0.51 and 0.65; 0.3
 * and 0.42), since rounds differ by a fifth or so.
 */
const LIMITS: { scenario: string; peer: PeerName; atLeast: number }[] = [
  { scenario: "room-1000", peer: "echoroom", atLeast: 0.52 },
  { scenario: "room-1000", peer: "echoroom-batch", atLeast: 0.52 },
  { scenario: "rooms-200", peer: "echoroom", atLeast: 0.34 },
  { scenario: "rooms-200", peer: "echoroom-batch", atLeast: 0.34 },
  { scenario: "storm-1000", peer: "echoroom", atLeast: 0.42 },
  { scenario: "storm-1000", peer: "echoroom-batch", atLeast: 0.42 },
  { scenario: "rest-health", peer: "echoroom", atLeast: 0.2 },
  { scenario: "rest-history", peer: "echoroom", atLeast: 0.28 },
];

const NAMES = [...new Set(LIMITS.map(({ scenario }) => scenario))];

/** Fixed rates rather than searches: CPU time varies less than the rate at which a server gives up. */
export const QUICK: Scenario[] = SCENARIOS
  .filter(({ name }) => NAMES.includes(name))
  .map((scenario) => scenario.load[0] === "rest" ? quickRest(scenario) : quickFanOut(scenario));

function quickFanOut(scenario: Scenario): Scenario {
  return {
    ...scenario,
    peers: ["echoroom", "echoroom-batch", "deno"],
    base: "deno",
    load: [...scenario.load, "--warm-up", "0.5", "--secs", "2", "--rest", "0.5"],
    estimate: 5,
  };
}

function quickRest(scenario: Scenario): Scenario {
  return {
    ...scenario,
    peers: ["echoroom", "hono"],
    base: "hono",
    load: [...scenario.load, "--warm-up-requests", "5000", "--requests", "5000"],
    estimate: 4,
  };
}

/** Prints the ratios beside their limits; returns whether all were met and nothing was lost. */
export function judge(results: Result[]): boolean {
  const verdicts = LIMITS.map((limit) => {
    const result = results.find(({ scenario }) => scenario.name === limit.scenario);
    const peer = result?.peers.find(({ peer }) => peer === limit.peer);
    const isKept = peer?.ratio !== undefined && peer.ratio.median >= limit.atLeast;
    const label = `${limit.scenario}, ${limit.peer}`.padEnd(28);
    const ratio = showRatio(peer?.ratio).padEnd(22);
    console.log(
      `${isKept ? "ok  " : "FAIL"} ${label} ${ratio} at least ${showNumber(limit.atLeast)}`,
    );
    return isKept;
  });
  const losses = results.flatMap(({ scenario, peers, failures }) => [
    ...failures.map((run) => `${scenario.name}, ${run.peer}: ${run.failed}`),
    ...peers.flatMap(({ runs }) => runs).filter(({ figures }) => figures.lost !== 0)
      .map(({ peer, figures }) => `${scenario.name}, ${peer}: ${figures.lost} lost`),
  ]);
  for (const loss of losses) console.log(`FAIL ${loss}`);
  return losses.length === 0 && verdicts.every((isKept) => isKept);
}
