/** Runs test files side by side, each in a process of its own. */
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi", "run"];
/** Only catches a file that hangs: the longest one takes a few minutes on a busy machine. */
const HANG_MS = 20 * 60_000;
/** How long a file may take to end after SIGTERM. */
const END_MS = 10_000;

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface FileRun {
  file: string;
  counts: Counts;
  /** What `deno test` has written. */
  output: string;
  seconds: number;
}

export interface FileRunOptions {
  /** Options of `deno test`. */
  flags: string[];
  /** Environment variables beside those of this process. */
  env: Record<string, string>;
  /** A folder for the files' temporary ones. */
  temporary: string;
  /** Ends what runs, and starts no more. */
  signal: AbortSignal;
  /** Called as each file ends. */
  onEnd(run: FileRun): void;
}

/**
 * Runs the files of each lane one after the other, and the lanes side by side; each file has a
 * temporary folder of its own. They are not type-checked.
 */
export async function runFiles(
  lanes: Iterable<string>[],
  options: FileRunOptions,
): Promise<FileRun[]> {
  const runs: FileRun[] = [];
  let begun = 0;
  await Promise.all(lanes.map(async (lane) => {
    for (const file of lane) {
      // A short name: the path of a Unix socket has no more than 104 bytes.
      const folder = join(options.temporary, String(++begun));
      const run = await runFile(file, folder, options);
      runs.push(run);
      options.onEnd(run);
    }
  }));
  return runs;
}

async function runFile(file: string, folder: string, options: FileRunOptions): Promise<FileRun> {
  const { flags, env, signal } = options;
  if (signal.aborted) return { file, counts: NOT_RUN, output: "", seconds: 0 };
  const started = performance.now();
  // Tests make folders as they like; they all go with this one.
  await Deno.mkdir(folder);
  const permissions = PERMISSIONS.map((name) => `--allow-${name}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-prompt", "--no-check", ...permissions, ...flags, file],
    env: { ...env, TMPDIR: folder },
    // With a group of its own, that its servers belong to.
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  using _end = endingWith(signal, child);
  const ended = child.status.finally(() => kill(child, "SIGKILL"));
  const [output, { success }] = await Promise.all([readAll(child.stdout, child.stderr), ended]);
  // A killed file's own processes may still write there for a moment; what is left goes with the run.
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  const counts = readCounts(output);
  // A file that throws when it is loaded, or is killed, fails without a failed test.
  if (!success && counts.failed === 0) counts.failed = 1;
  return { file, counts, output, seconds: (performance.now() - started) / 1000 };
}

/** Ends the process when the signal is aborted or it hangs; it has some time to tidy up. */
function endingWith(signal: AbortSignal, child: Deno.ChildProcess): Disposable {
  const timers: ReturnType<typeof setTimeout>[] = [];
  const end = () => {
    kill(child, "SIGTERM");
    timers.push(setTimeout(() => kill(child, "SIGKILL"), END_MS));
  };
  timers.push(setTimeout(end, HANG_MS));
  signal.addEventListener("abort", end);
  return {
    [Symbol.dispose]() {
      signal.removeEventListener("abort", end);
      timers.forEach(clearTimeout);
    },
  };
}

/** Signals the process, and those it has started, also if it has ended before them. */
function kill({ pid }: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    Deno.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

const NOT_RUN: Counts = { passed: 0, failed: 1, skipped: 0 };

/** Reads several streams, in the order in which their parts come. */
async function readAll(...streams: ReadableStream<Uint8Array>[]): Promise<string> {
  let text = "";
  await Promise.all(streams.map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) text += part;
  }));
  return text;
}

/**
 * Reads what `deno test` sums up in its last line. Its JUnit report would count a step like a test
 * and leave out files that throw when they are loaded.
 */
export function readCounts(output: string): Counts {
  const summary = /^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(?:.*? \| (\d+) ignored)?/gm;
  const last = [...stripVTControlCharacters(output).matchAll(summary)].at(-1);
  if (!last) return { ...NOT_RUN };
  const [passed, failed, skipped] = last.slice(1).map((digits) => Number(digits ?? 0));
  return { passed: passed!, failed: failed!, skipped: skipped! };
}

/** Adds up. */
export function sumCounts(all: readonly Counts[]): Counts {
  const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of all) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}
