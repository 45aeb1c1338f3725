/** The results as a page of Markdown. */
import type { PeerResult, Result } from "./results.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Ratio } from "./statistics.ts";

/** From this share on the generator's core is the limit. */
const FULL_CORE = 0.9;

/** Writes a table for each scenario. */
export function writeTables(results: Result[]): string {
  const parts = [INTRODUCTION, ...results.map(writeScenario), ...writeMissing(results)];
  return `${parts.join("\n\n")}\n`;
}

function writeMissing(results: Result[]): string[] {
  const seen = new Set(results.map(({ scenario }) => scenario.name));
  const missing = SCENARIOS.filter(({ name }) => !seen.has(name));
  if (missing.length === 0) return [];
  const names = missing.map(({ name }) => `\`${name}\``).join(", ");
  return [`## Not measured`, `No run of these scenarios is recorded here: ${names}.`];
}

const INTRODUCTION = `# Results

Made by \`deno task bench\`; [README.md](../README.md) says how to read it. Figures are medians over
the rounds and belong to one machine: compare them within a table only. "× better" is the median of
the ratios of each round, with the least and the most of them; above 1 is better than the base. Each
table says on which day it was measured: a newer EchoRoom may differ.

![How many times better than the old stack](ratios.svg)

![Resident memory over time](memory.svg)`;

function writeScenario(result: Result): string {
  const { scenario, day, rounds, pinned, peers } = result;
  const columns = [scenario.metric, ...scenario.columns];
  const head = ["peer", `× better than ${scenario.base}`, ...columns.map(({ label }) => label)];
  const rows = peers.map((peer) => [
    peer.peer,
    showRatio(peer.ratio),
    ...columns.map(({ key }) => showNumber(peer.figure(key))),
  ]);
  const pins = pinned ? "server and generator each on a core of its own" : "not pinned to cores";
  const conditions = `${day}, ${rounds} ${rounds === 1 ? "round" : "rounds"}, ${pins}.`;
  return [
    `## ${scenario.title}`,
    `\`${scenario.name}\`: ${scenario.about} ${conditions}`,
    [head, head.map((_, at) => at === 0 ? "---" : "--:"), ...rows].map(writeRow).join("\n"),
    ...remarks(result),
  ].join("\n\n");
}

function writeRow(cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Notes beside the figures. */
function remarks({ peers, failures, scenario }: Result): string[] {
  const lines = peers.filter(isBoundByGenerator).map(({ peer }) =>
    `The generator was the limit of \`${peer}\`: the server could do more.`
  );
  for (const { peer, round, failed } of failures) {
    lines.push(`\`${peer}\`, round ${round} failed: ${failed!.replaceAll(/\s+/g, " ")}`);
  }
  const seen = new Set([...peers, ...failures].map(({ peer }) => peer));
  const missing = scenario.peers.filter((peer) => !seen.has(peer));
  if (missing.length > 0) {
    lines.push(`Not run: ${missing.map((peer) => `\`${peer}\``).join(", ")}.`);
  }
  return lines.length === 0 ? [] : [lines.map((line) => `- ${line}`).join("\n")];
}

function isBoundByGenerator({ figure }: PeerResult): boolean {
  const [generator, server] = [figure("failed_generator_cpu"), figure("failed_server_cpu")];
  return generator !== undefined && server !== undefined && generator >= FULL_CORE &&
    server < generator;
}

/** A ratio with its extremes, such as `1.42 (1.38–1.44)`. */
export function showRatio(ratio: Ratio | undefined): string {
  if (!ratio) return "–";
  const { median, least, most, rounds } = ratio;
  const range = rounds > 1 && least !== most ? ` (${showNumber(least)}–${showNumber(most)})` : "";
  return `${showNumber(median)}${range}`;
}

/** A number to three digits, whole from a hundred on. */
export function showNumber(number: number | undefined): string {
  if (number === undefined) return "–";
  if (Math.abs(number) >= 99.95) return Math.round(number).toLocaleString("en-US");
  return String(Number(number.toPrecision(3)));
}
