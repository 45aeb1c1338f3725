/**
 * Runs the tests: `deno task test [--quick] [paths or options of deno test]`.
 *
 * A test file names the services that it needs as words of its own name, and reads how to reach
 * them from the environment:
 *
 * - `…_mongodb_test.ts`: `TEST_MONGODB_URI`, without a database; `TEST_MONGODB_COMMAND`, which starts
 *   a server of the test's own, a JSON array of arguments with `{port}` and `{dir}` to be filled in.
 *   The latter is missing where a URI is given and no server is installed.
 * - `…_redis_test.ts`: `TEST_REDIS_COMMAND`, the same for Redis, with `{port}`.
 * - `…_s3_test.ts`: `TEST_S3_COMMAND`, the same for S3, with `{port}`, `{dir}`, `{key}`, `{secret}`.
 * - `…_browser_test.ts`: `TEST_CHROMIUM`, the path of a Chromium.
 *
 * What the chosen files need is found or started once. Files whose service cannot be had are left
 * out and count as skipped, each as one; in CI (`CI` is set) as failed.
 *
 * Files run side by side, each in a process of its own; `TEST_CORES` says on how many cores, by
 * default all. A line `// @slow: why` marks a file that takes more than about 5 s of a core.
 * `--quick` runs the files that need no service and are not marked.
 */
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { describeFailures } from "./failures.ts";
import {
  type Counts,
  type FileRun,
  type FileRunOptions,
  runFiles,
  sumCounts,
} from "./file_runs.ts";
import { findChromium } from "./servers/chromium.ts";
import { findMongodb } from "./servers/mongodb.ts";
import { findRedis } from "./servers/redis.ts";
import { findS3 } from "./servers/s3.ts";
import type { FindService } from "./servers/service.ts";

const SERVICES: Record<string, FindService> = {
  mongodb: findMongodb,
  redis: findRedis,
  s3: findS3,
  browser: findChromium,
};

/**
 * On each two cores one file of each kind runs at a time, by words of their names, and one of the
 * others; where no more of a kind are left, another one. Fifty clients, or a browser, keep a core busy;
 * files about buses and outages hardly need one, and wait for long; the others are in between.
 */
const KINDS = [["faults"], ["browser"], ["bus", "outage"]];
const PROJECT = pathTo("..");
const ALL_TESTS = pathTo(".");
const SLOW = /^\/\/ @slow: \S/m;
/** How many of the slowest files the end names. */
const NAMED_FILES = 12;

/** Files that were not run, and why. */
interface LeftOut {
  service: string;
  reason: string;
  files: string[];
}

interface Choice {
  paths: string[];
  /** Options of `deno test`. */
  flags: string[];
  quick: boolean;
}

if (import.meta.main) {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interruption.abort(new Error("interrupted")));
  }
  const { passed, failed, skipped } = await runTests(Deno.args, interruption.signal);
  if (interruption.signal.aborted) console.log("\nInterrupted.");
  const skips = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(`\n${passed} passed, ${failed} failed${skips}`);
  Deno.exit(failed > 0 ? 1 : 0);
}

async function runTests(args: string[], signal: AbortSignal): Promise<Counts> {
  const { paths, flags, quick } = readArguments(args);
  const found = await Array.fromAsync(filesIn(paths));
  const files = quick ? found.filter(isQuick) : found;
  if (files.length === 0) return { passed: 0, failed: 1, skipped: 0 };
  if (!await typeCheck(paths.includes(ALL_TESTS) ? [PROJECT] : files, signal)) {
    return { passed: 0, failed: 1, skipped: 0 };
  }

  await using temporary = await makeTemporaryFolder();
  await using services = new AsyncDisposableStack();
  const { env, leftOut } = await findServices(files, services, signal);
  const without = new Set(leftOut.flatMap(({ files }) => files));
  const rest = files.filter((file) => !without.has(file));
  const onEnd = showing(rest.length);
  const runs = await runAll(rest, { flags, env, temporary: temporary.path, signal, onEnd });
  if (runs.length > 1) reportSlowest(runs);
  reportLeftOut(leftOut);
  // Last: of a long output often only the end is kept.
  for (const line of describeFailures(runs)) console.log(line);
  const counts = sumCounts(runs.map(({ counts }) => counts));
  counts[Deno.env.get("CI") ? "failed" : "skipped"] += without.size;
  return counts;
}

/** Makes a folder that goes with the run. */
async function makeTemporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "echoroom_tests_" });
  return {
    path,
    [Symbol.asyncDispose]: () =>
      Deno.remove(path, { recursive: true }).catch((error) => {
        console.log(`\nNot removed: ${path}, because: ${error.message}`);
      }),
  };
}

async function runAll(files: string[], options: FileRunOptions): Promise<FileRun[]> {
  const cores = Number(Deno.env.get("TEST_CORES")) || navigator.hardwareConcurrency;
  // What takes longest should not be the last to end.
  const slowFirst = files.toSorted((a, b) => quickness(a) - quickness(b));
  return await runFiles(lanesOf(slowFirst, Math.ceil(cores / 2)), options);
}

/** Files on services take longest, then those that are marked. */
function quickness(path: string): number {
  if (servicesOf(path).length > 0) return 0;
  return isQuick(path) ? 2 : 1;
}

/** As many lanes for each kind, and for the others: each takes the next file that no lane has taken. */
export function lanesOf(files: string[], lanesOfKind: number): Iterable<string>[] {
  const byKind = Map.groupBy(files, kindOf);
  const others = (byKind.get(undefined) ?? []).values();
  const kinds = KINDS.map((kind) => (byKind.get(kind) ?? []).values());
  return [others, ...kinds].flatMap((own) => {
    return Array.from({ length: lanesOfKind }, () => chain(own, others));
  });
}

function* chain(...parts: Iterable<string>[]): Generator<string> {
  for (const part of parts) yield* part;
}

function kindOf(path: string) {
  return KINDS.find((words) => words.some((word) => wordsOf(path).includes(word)));
}

/** From the working folder. */
function pathTo(folder: string): string {
  return relative(Deno.cwd(), join(import.meta.dirname!, folder)) || ".";
}

/** Separates paths (all tests if there are none) from options of `deno test` and their values. */
export function readArguments(args: string[]): Choice {
  const options = { filter: { type: "string" }, quick: { type: "boolean" } } as const;
  const { tokens } = parseArgs({ args, strict: false, tokens: true, options });
  const quick = tokens.filter((token) => token.kind === "option" && token.name === "quick");
  const places = tokens.filter(({ kind }) => kind === "positional").map(({ index }) => index);
  const taken = new Set([...places, ...quick.map(({ index }) => index)]);
  const paths = places.map((index) => args[index]!);
  return {
    paths: paths.length > 0 ? paths : [ALL_TESTS],
    flags: args.filter((_, index) => !taken.has(index)),
    quick: quick.length > 0,
  };
}

/**
 * Checks all at once: the files' processes would each do it again. All tests are checked as a part of
 * the project, because what `deno check .` has found is kept for the same paths only.
 */
async function typeCheck(paths: string[], signal: AbortSignal): Promise<boolean> {
  const args = ["check", "--quiet", ...paths];
  const { success } = await new Deno.Command(Deno.execPath(), { args, signal }).spawn().status;
  return success;
}

/** Finds what the files need; what was started ends with `services`. */
async function findServices(files: string[], services: AsyncDisposableStack, signal: AbortSignal) {
  const env: Record<string, string> = {};
  const leftOut: LeftOut[] = [];
  for (const [name, find] of Object.entries(SERVICES)) {
    const users = files.filter((file) => servicesOf(file).includes(name));
    if (users.length === 0) continue;
    try {
      const service = services.use(await find(signal));
      console.log(service.description);
      Object.assign(env, service.env);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      leftOut.push({ service: name, reason, files: users });
    }
  }
  return { env, leftOut };
}

/**
 * What shows each file as it ends: all that it has written if it is the only one or has failed,
 * else a line.
 */
function showing(total: number): (run: FileRun) => void {
  let ended = 0;
  return ({ file, counts: { passed, failed, skipped }, output, seconds }) => {
    ended++;
    if (failed > 0 || total === 1) console.log(`\n${file}\n${output.trim()}\n`);
    const skips = skipped > 0 ? `, ${skipped} skipped` : "";
    const result = failed > 0 ? `${failed} FAILED, ${passed} passed` : `${passed} passed`;
    console.log(`[${ended}/${total}] ${file}: ${result}${skips} (${seconds.toFixed(1)} s)`);
  };
}

function reportSlowest(runs: FileRun[]): void {
  const slowest = runs.toSorted((a, b) => b.seconds - a.seconds).slice(0, NAMED_FILES);
  console.log("\nWhat took longest:");
  for (const { file, seconds } of slowest) {
    console.log(`${seconds.toFixed(0).padStart(6)} s  ${file}`);
  }
}

function reportLeftOut(leftOut: LeftOut[]): void {
  for (const { service, reason, files } of leftOut) {
    console.log(`\nNOT RUN, for want of ${service}:`);
    for (const file of files) console.log(`  ${file}`);
    console.log(`  because: ${reason}`);
  }
}

/** The given files, and the test files in the given folders. */
async function* filesIn(paths: string[]): AsyncGenerator<string> {
  for (const path of paths) {
    const isFolder = await Deno.stat(path).then((info) => info.isDirectory, () => false);
    if (!isFolder) {
      yield path;
      continue;
    }
    const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
    for await (const file of filesIn(names.sort().map((name) => join(path, name)))) {
      if (isTestFile(file)) yield file;
    }
  }
}

/** As `deno test` tells them: `test.ts`, `…_test.ts`, `….test.ts`, or the like in JavaScript. */
function isTestFile(path: string): boolean {
  return /(^|[._])test\.[cm]?[jt]sx?$/.test(basename(path));
}

/** The services that a file needs by its name; none if it is not a test file. */
export function servicesOf(path: string): string[] {
  return isTestFile(path)
    ? Object.keys(SERVICES).filter((name) => wordsOf(path).includes(name))
    : [];
}

/** Whether a file needs no service, by its name, and is not marked as slow. */
export function isQuick(path: string): boolean {
  return servicesOf(path).length === 0 && !SLOW.test(Deno.readTextFileSync(path));
}

function wordsOf(path: string): string[] {
  return basename(path).split(/[_.]/);
}
