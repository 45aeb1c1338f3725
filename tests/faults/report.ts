/** The figures of a run, as they are printed. */
import type { Fault } from "./chaos.ts";
import type { ChatClient } from "./client.ts";
import type { Violation } from "./violation.ts";

/** What happened, regardless of the result. */
export function printFigures(
  clients: readonly ChatClient[],
  faults: readonly Fault[],
  violations: readonly Violation[],
): void {
  const commands = clients.flatMap((client) => client.commands);
  const steps = clients.flatMap(({ views }) => views.flatMap((view) => view.steps));
  const count = (...kinds: Violation["kind"][]) =>
    violations.filter(({ kind }) => kinds.includes(kind)).length;
  const figures = {
    commands: `${commands.length}: ${listCounts(commands.map(({ action }) => action.type))}`,
    acked: commands.filter(({ ack }) => ack).length,
    refused: listCounts(commands.flatMap(({ refusal }) => refusal ? [refusal.code] : [])),
    entries: total(steps.map(({ after, upTo }) => upTo - after)),
    "read over REST in between": total(clients.map(({ glances }) => glances.length)),
    faults: listCounts(faults.map(({ harm, target }) => `${harm} ${target}`)),
    "connections lost, by close code": listCounts(clients.flatMap(({ closes }) => closes)),
    "connections refused": total(clients.map(({ failures }) => failures)),
    "unavailable answers": total(clients.map(({ unavailable }) => unavailable)),
    "lost, repeated, out of order, holes": [
      count("lost"),
      count("repeated"),
      count("disorder"),
      count("hole"),
    ].join(", "),
    "shown otherwise than the server does, shown after deletion": [
      count("differs"),
      count("leaked"),
    ].join(", "),
    "other violations": count("invented", "changed", "miscount", "breach"),
    "offline until live again": listSpans(clients.flatMap(({ outages }) => outages)),
    "live entries on their way": listSpans(clients.flatMap(({ delays }) => delays)),
    "longest silence of a client": listSpans(clients.map(({ longestSilence }) => longestSilence)),
  };
  for (const [name, value] of Object.entries(figures)) console.log(`  ${name}: ${value}`);
}

function listCounts(names: (string | number)[]): string {
  const counts = [...Map.groupBy(names, String)].map(([name, same]) => `${name} ×${same.length}`);
  return counts.length > 0 ? counts.toSorted().join(", ") : "none";
}

/** Durations in milliseconds, printed in seconds: count, median and high quantiles. */
function listSpans(spans: number[]): string {
  if (spans.length === 0) return "never";
  const sorted = spans.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]! / 1_000).toFixed(2);
  return `${spans.length} times, p50 ${at(0.5)} s, p99 ${at(0.99)} s, max ${at(1)} s`;
}

function total(numbers: number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
