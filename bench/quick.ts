/** The quick comparison with bare Deno, and how much worse EchoRoom may be. */
import type { PeerName } from "./peers.ts";
import type { Result } from "./results.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";
import { showNumber, showRatio } from "./table.ts";

/**
 * How good EchoRoom has to be, bare Deno being 1, by scenario and peer: two thirds of what was
 * measured when they were set (0.77, 0.51 and 0.65), since rounds differ by a fifth or so.
 */
const LIMITS: { scenario: string; peer: PeerName; atLeast: number }[] = [
  { scenario: "room-1000", peer: "echoroom", atLeast: 0.52 },
  { scenario: "room-1000", peer: "echoroom-batch", atLeast: 0.52 },
  { scenario: "rooms-200", peer: "echoroom", atLeast: 0.34 },
  { scenario: "rooms-200", peer: "echoroom-batch", atLeast: 0.34 },
  { scenario: "storm-1000", peer: "echoroom", atLeast: 0.42 },
  { scenario: "storm-1000", peer: "echoroom-batch", atLeast: 0.42 },
];

const NAMES = [...new Set(LIMITS.map(({ scenario }) => scenario))];

/** Fixed rates rather than searches: CPU time varies less than the rate at which a server gives up. */
export const QUICK: Scenario[] = SCENARIOS
  .filter(({ name }) => NAMES.includes(name))
  .map((scenario) => ({
    ...scenario,
    peers: ["echoroom", "echoroom-batch", "deno"],
    base: "deno",
    load: [...scenario.load, "--warm-up", "0.5", "--secs", "2", "--rest", "0.5"],
    estimate: 5,
  }));

/** Prints the ratios beside their limits; returns whether all are kept and nothing was lost. */
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
