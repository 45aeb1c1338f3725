/**
 * Runs the tests: `deno task test [paths or options of deno test]`.
 *
 * A test file names the services that it needs as words of its own name, and reads how to reach
 * them from the environment:
 *
 * - `…_mongodb_test.ts`: `TEST_MONGODB_URI`, without a database; `TEST_MONGODB_COMMAND`, which starts
 *   a server of the test's own, a JSON array of arguments with `{port}` and `{dir}` to be filled in.
 *   The latter is missing where a URI is given and no server is installed.
 * - `…_redis_test.ts`: `TEST_REDIS_COMMAND`, the same for Redis, with `{port}`.
 * - `…_browser_test.ts`: `TEST_CHROMIUM`, the path of a Chromium.
 *
 * What the chosen files need is found or started once. Files whose service cannot be had are left
 * out and count as skipped, each as one; in CI (`CI` is set) as failed.
 */
import { basename, join } from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { findChromium } from "./servers/chromium.ts";
import { findMongodb } from "./servers/mongodb.ts";
import { findRedis } from "./servers/redis.ts";
import type { FindService } from "./servers/service.ts";

const SERVICES: Record<string, FindService> = {
  mongodb: findMongodb,
  redis: findRedis,
  browser: findChromium,
};

const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi", "run"];

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Files that were not run, and why. */
interface LeftOut {
  service: string;
  reason: string;
  files: string[];
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
  const { paths, flags } = readArguments(args);
  const files = await Array.fromAsync(filesIn(paths));

  await using services = new AsyncDisposableStack();
  const { env, leftOut } = await findServices(files, services, signal);
  const without = new Set(leftOut.flatMap(({ files }) => files));
  const rest = files.filter((file) => !without.has(file));
  // Named one by one: with several paths `deno test --ignore` runs some of what it should ignore.
  const counts = rest.length > 0
    ? await denoTest([...flags, ...rest], env, signal)
    : { passed: 0, failed: files.length > 0 ? 0 : 1, skipped: 0 };
  report(leftOut);
  counts[Deno.env.get("CI") ? "failed" : "skipped"] += without.size;
  return counts;
}

/** Tells paths, all tests if there are none, from options of `deno test` and their values. */
function readArguments(args: string[]): { paths: string[]; flags: string[] } {
  const options = { filter: { type: "string" } } as const;
  const { tokens } = parseArgs({ args, strict: false, tokens: true, options });
  const places = tokens.filter(({ kind }) => kind === "positional").map(({ index }) => index);
  const paths = places.map((index) => args[index]!);
  return {
    paths: paths.length > 0 ? paths : [import.meta.dirname!],
    flags: args.filter((_, index) => !places.includes(index)),
  };
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

function report(leftOut: LeftOut[]): void {
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
  if (!isTestFile(path)) return [];
  const words = basename(path).split(/[_.]/);
  return Object.keys(SERVICES).filter((name) => words.includes(name));
}

/** Runs `deno test`, shows its output as it comes, and counts. */
async function denoTest(
  args: string[],
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<Counts> {
  if (signal.aborted) return { passed: 0, failed: 1, skipped: 0 };
  // Tests make folders as they like; they all go with this one.
  const temporary = await Deno.makeTempDir({ prefix: "echoroom_tests_" });
  const permissions = PERMISSIONS.map((name) => `--allow-${name}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-prompt", ...permissions, ...args],
    env: { ...env, TMPDIR: temporary },
    signal,
    stdout: "piped",
  }).spawn();
  const [shown, kept] = child.stdout.tee();
  const [output, { success }] = await Promise.all([
    new Response(kept).text(),
    child.status,
    shown.pipeTo(Deno.stdout.writable, { preventClose: true }),
  ]);
  await Deno.remove(temporary, { recursive: true });
  const counts = readCounts(output);
  // Without a type-checked program, or when killed, it fails without a failed test.
  if (!success && counts.failed === 0) counts.failed = 1;
  return counts;
}

/**
 * Reads what `deno test` sums up in its last line. Its JUnit report would count a step like a test
 * and leave out files that throw when they are loaded.
 */
export function readCounts(output: string): Counts {
  const summary = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(?:.*? \| (\d+) ignored)?/gm;
  const last = [...stripVTControlCharacters(output).matchAll(summary)].at(-1);
  if (!last) return { passed: 0, failed: 1, skipped: 0 };
  const [passed, failed, skipped] = last.slice(1).map((digits) => Number(digits ?? 0));
  return { passed: passed!, failed: failed!, skipped: skipped! };
}
