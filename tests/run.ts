/**
 * Runs every suite: finds or starts the services that tests need, runs `deno test`, and counts.
 *
 * A file that needs a service says so in its name: `…_mongodb_test.ts`, `…_browser_test.ts`. Where
 * the service is missing its files are left out, loudly; in CI a missing service is a failure.
 * Arguments are test files or flags of `deno test`; without a file all of them run.
 */
import { fileURLToPath } from "node:url";
import { findChromium } from "./servers/chromium.ts";
import { findMongodb } from "./servers/mongodb.ts";
import { Missing, type Service } from "./servers/service.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi", "run"];

const SERVICES: Record<string, () => Promise<Service>> = {
  mongodb: findMongodb,
  browser: findChromium,
};

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const services: Service[] = [];
const missing = new Map<string, string>();
let child: Deno.ChildProcess | undefined;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => void interrupted());
}

let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
try {
  await findServices();
  if (missing.size === 0 || !Deno.env.get("CI")) counts = await runTests();
} finally {
  await stopServices();
  reportMissing();
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
}
Deno.exit(counts.failed === 0 ? 0 : 1);

async function findServices(): Promise<void> {
  for (const [name, find] of Object.entries(SERVICES)) {
    try {
      const service = await find();
      services.push(service);
      console.log(service.description);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      missing.set(name, error.message);
    }
  }
}

async function runTests(): Promise<Counts> {
  const named = Deno.args.filter((arg) => arg.endsWith(".ts"));
  const flags = Deno.args.filter((arg) => !arg.endsWith(".ts"));
  const files = (named.length > 0 ? named : await testFiles()).filter((file) => !lacks(file));
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--no-prompt",
      ...PERMISSIONS.map((name) => `--allow-${name}`),
      `--junit-path=${report}`,
      ...flags,
      ...files,
    ],
    cwd: ROOT,
    env: Object.assign({}, ...services.map(({ env }) => env)),
  }).spawn();
  const { success } = await child.status;
  child = undefined;
  const counts = count(await Deno.readTextFile(report));
  await Deno.remove(report);
  // A file that does not even load fails without a test of its own.
  if (!success && counts.failed === 0) counts.failed = 1;
  return counts;
}

async function testFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(`${ROOT}/tests`)) {
    if (name.endsWith("_test.ts")) files.push(`tests/${name}`);
  }
  return files.sort();
}

/** Whether a file needs a service that is missing. */
function lacks(file: string): boolean {
  return [...missing.keys()].some((name) => file.endsWith(`_${name}_test.ts`));
}

/** Reads the totals of a JUnit report. */
function count(report: string): Counts {
  const sum = (attribute: string) =>
    [...report.matchAll(new RegExp(`<testsuite [^>]*\\b${attribute}="(\\d+)"`, "g"))]
      .reduce((total, [, number]) => total + Number(number), 0);
  const failed = sum("failures") + sum("errors");
  const skipped = sum("disabled");
  return { passed: sum("tests") - failed - skipped, failed, skipped };
}

function reportMissing(): void {
  for (const [name, why] of missing) {
    console.log(`\nNOT RUN: the suites in *_${name}_test.ts, for want of a service: ${why}.`);
  }
}

async function stopServices(): Promise<void> {
  await Promise.allSettled(services.splice(0).map((service) => service.stop()));
}

async function interrupted(): Promise<void> {
  child?.kill("SIGTERM");
  await stopServices();
  Deno.exit(130);
}
