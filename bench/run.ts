/**
 * Compares EchoRoom with other chat servers: `deno task bench [options]`, see `bench/README.md`.
 *
 *   --scenarios a,b   only these scenarios
 *   --peers a,b       only these peers
 *   --rounds N        how often each peer is run, in turn with the others (3)
 *   --secs N          how long a run measures, unless its work decides that
 *   --quick           EchoRoom beside bare Deno and Hono, against limits, in about two minutes
 *   --report          only write table and plots again, from earlier runs
 *   --results FOLDER  where runs, table and plots are (bench/results)
 *   --source FOLDER   EchoRoom's source in another folder, as of an earlier commit
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type Part } from "./build.ts";
import { findDatabase, type StartDatabase } from "./database.ts";
import { canPin, measure, type Run, type Session } from "./measurement.ts";
import { drawMemory } from "./memory_plot.ts";
import { type PeerName, peerOf, PEERS, ROOT } from "./peers.ts";
import { judge, QUICK } from "./quick.ts";
import { drawRatios } from "./ratio_plot.ts";
import { summarise } from "./results.ts";
import { type Scenario, SCENARIOS, secondsOf } from "./scenarios.ts";
import { showNumber, writeTables } from "./table.ts";

const HERE = import.meta.dirname!;
const INTERRUPTED = 130;

/** One run that is to come. */
interface Turn {
  scenario: Scenario;
  peer: PeerName;
  round: number;
}

interface Options {
  scenarios: Scenario[];
  rounds: number;
  secs: number | undefined;
  quick: boolean;
  report: boolean;
  folder: string;
  source: string;
}

if (import.meta.main) {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interruption.abort(new Error("interrupted")));
  }
  try {
    const isGood = await bench(readOptions(Deno.args), interruption.signal);
    Deno.exit(isGood ? 0 : 1);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(interruption.signal.aborted ? INTERRUPTED : 1);
  }
}

/** Returns false if a limit of the quick comparison was not met. */
async function bench(options: Options, signal: AbortSignal): Promise<boolean> {
  if (options.report) {
    await report(options.folder);
    return true;
  }
  const { scenarios, startDatabase } = await prepare(options.scenarios, signal);
  const session: Session = {
    name: new Date().toISOString(),
    pins: await canPin(),
    load: options.secs === undefined ? [] : ["--secs", String(options.secs)],
    source: options.source,
    startDatabase,
    signal,
  };
  const turns = scenarios.flatMap((scenario) => turnsOf(scenario, options.rounds));
  if (options.quick) {
    const runs = await Array.fromAsync(carryOut(turns, session));
    return judge(summarise(runs, scenarios));
  }
  await Deno.mkdir(options.folder, { recursive: true });
  for await (const run of carryOut(turns, session)) {
    const line = `${JSON.stringify(run)}\n`;
    await Deno.writeTextFile(join(options.folder, "runs.jsonl"), line, { append: true });
  }
  await report(options.folder);
  return true;
}

/** Builds and finds what the peers need; skips those for which something is missing. */
async function prepare(
  scenarios: Scenario[],
  signal: AbortSignal,
): Promise<{ scenarios: Scenario[]; startDatabase: StartDatabase | null }> {
  const needs = new Set(scenarios.flatMap(({ peers }) => peers.flatMap((p) => peerOf(p).needs)));
  const parts = [...needs].filter((need) => need !== "database");
  const missing = new Set<string>(await build(new Set<Part>(["load", ...parts]), signal));
  let startDatabase: StartDatabase | null = null;
  try {
    if (needs.has("database")) startDatabase = await findDatabase(signal);
  } catch (error) {
    signal.throwIfAborted();
    console.log(
      `no MongoDB to be had, left out: ${error instanceof Error ? error.message : error}`,
    );
    missing.add("database");
  }
  const canRun = (peer: PeerName) => !peerOf(peer).needs.some((need) => missing.has(need));
  return {
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      peers: scenario.peers.filter(canRun),
    })),
    startDatabase,
  };
}

/** Interleaves the rounds of all peers, so that changes on the machine affect them alike. */
function turnsOf(scenario: Scenario, wanted: number): Turn[] {
  const rounds = Math.min(wanted, scenario.maxRounds ?? wanted);
  return Array.from({ length: rounds }, (_, at) => at + 1).flatMap((round) =>
    scenario.peers.map((peer) => ({ scenario, peer, round }))
  );
}

/** Performs all runs, with a line of progress for each. */
async function* carryOut(turns: Turn[], session: Session): AsyncGenerator<Run> {
  const estimates = turns.map((turn) => estimateOf(turn, session));
  const start = performance.now();
  let [expected, left] = [0, estimates.reduce((sum, seconds) => sum + seconds, 0)];
  for (const [at, { scenario, peer, round }] of turns.entries()) {
    // The estimates are rough, but their proportions are right.
    const pace = expected > 0 ? (performance.now() - start) / 1000 / expected : 1;
    const place = `[${at + 1}/${turns.length}, ${showTime(left * pace)} left]`;
    const run = await measure(session, scenario, peer, round);
    const { key, label } = scenario.metric;
    const figure = run.failed ?? `${showNumber(run.figures[key] as number)} ${label}`;
    console.log(`${place} ${scenario.name}, round ${round}, ${peer}: ${figure}`);
    expected += estimates[at]!;
    left -= estimates[at]!;
    yield run;
  }
}

function estimateOf({ scenario: { load, estimate } }: Turn, session: Session): number {
  const [usual, wanted] = [secondsOf(load), secondsOf(session.load)];
  return load[0] === "soak" && wanted ? estimate - usual! + wanted : estimate;
}

function showTime(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

async function report(folder: string): Promise<void> {
  const text = await Deno.readTextFile(join(folder, "runs.jsonl"));
  const runs: Run[] = text.split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line)
  );
  const results = summarise(runs);
  const files = Object.entries({
    "README.md": writeTables(results),
    "ratios.svg": drawRatios(results),
    "memory.svg": drawMemory(results),
  });
  for (const [name, content] of files) {
    if (content === undefined) continue;
    const path = join(folder, name);
    await Deno.writeTextFile(path, content);
    await format(path);
    console.log(`wrote ${path}`);
  }
}

/** The report may be committed, so it is formatted like other files. */
async function format(path: string): Promise<void> {
  const args = ["fmt", "--quiet", "--config", join(HERE, "..", "deno.json"), path];
  await new Deno.Command(Deno.execPath(), { args }).output();
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      scenarios: { type: "string" },
      peers: { type: "string" },
      rounds: { type: "string", default: "3" },
      secs: { type: "string" },
      quick: { type: "boolean", default: false },
      report: { type: "boolean", default: false },
      results: { type: "string", default: join(HERE, "results") },
      source: { type: "string", default: ROOT },
    },
  });
  const all = values.quick ? QUICK : SCENARIOS;
  const names = choose("scenario", values.scenarios, all.map(({ name }) => name));
  const peers = choose("peer", values.peers, Object.keys(PEERS));
  return {
    scenarios: all.filter(({ name }) => names.includes(name)).map((scenario) => ({
      ...scenario,
      peers: scenario.peers.filter((peer) => peers.includes(peer)),
    })),
    rounds: readNumber("rounds", values.rounds),
    secs: values.secs === undefined ? undefined : readNumber("secs", values.secs),
    quick: values.quick,
    report: values.report,
    folder: values.results,
    source: resolve(values.source),
  };
}

function choose(what: string, list: string | undefined, all: string[]): string[] {
  const chosen = list?.split(",") ?? all;
  const unknown = chosen.find((name) => !all.includes(name));
  if (unknown === undefined) return chosen;
  throw new Error(`no ${what} is called ${unknown}; there are ${all.join(", ")}`);
}

function readNumber(name: string, text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new Error(`--${name} is ${text}; it wants a number over 0`);
}
