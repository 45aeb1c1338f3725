/** Starts servers for tests: in this process, or as a process of its own that can be killed. */
import type { WaitLimits } from "../../src/backends.ts";
import { readConfig } from "../../src/config.ts";
import { startInstance } from "../../src/instance.ts";
import {
  HANG_LIMITS,
  HANG_MS,
  REDIS_HANG_LIMITS,
  SQLITE_HANG_LIMITS,
  START_MS,
} from "./deadline.ts";
import { kill as killIfRunning } from "./kill.ts";
import { playInTime } from "./patience.ts";

const MAIN = new URL("../../main.ts", import.meta.url);
const CONFIG = new URL("../../deno.json", import.meta.url);

/** Cheap hashes, no limits, a free port: what most tests want. */
const SETTINGS = { PORT: "0", BCRYPT_COST: "4", RATE_LIMIT: "off", LOG_LEVEL: "error" };

/**
 * Refusals to start that pass: by a database on a busy machine, and of a port that a client which
 * tries to connect to it meanwhile was given as its own end.
 */
const PASSING =
  /MONGODB_URI (cannot be used|leads to a server that refuses)|The database|PORT is \d+, which is taken/;

/** For tests of outages: what users' servers do. */
export const PRODUCT_LIMITS: WaitLimits = {};
/** Tests of anything else wait for what a busy machine makes slow. */
export const PATIENT: WaitLimits = {
  mongodb: HANG_LIMITS,
  sqlite: SQLITE_HANG_LIMITS,
  redis: REDIS_HANG_LIMITS,
  blobStepMs: HANG_MS,
  sharedCountMs: HANG_MS,
};

export interface TestServer {
  /** Without a slash at the end. */
  url: string;
  /** What the server runs with; another one started with it shares its store. */
  settings: Record<string, string>;
  stop(): Promise<void>;
}

/**
 * Starts a server in this process.
 * @param settings environment variables beside the usual ones of tests; without a store among them
 *   the server gets a fresh folder for SQLite
 * @param limits how long it waits for what it depends on; by default for ever, as far as tests go
 */
export async function startServer(
  settings: Record<string, string> = {},
  limits = PATIENT,
): Promise<TestServer> {
  const all = { ...SETTINGS, DATA_DIR: await Deno.makeTempDir(), ...settings };
  const config = { ...await readConfig(all), host: "127.0.0.1", port: 0 };
  const instance = await startInstance(config, undefined, limits);
  return {
    url: `http://127.0.0.1:${instance.port}`,
    settings: all,
    stop: () => instance.end(),
  };
}

export interface ServerProcess extends TestServer {
  /** Its output so far. */
  output(): string;
  readonly pid: number;
  kill(signal: Deno.Signal): void;
  /** Resolves once it has ended and all its output is there. */
  readonly ended: Promise<Deno.CommandStatus>;
}

/**
 * Starts a server as users do, from `main.ts`, and resolves once it has logged its address.
 * @param folder where it runs; by default one without a `.env`, so that the developer's own
 *   settings do not interfere
 * @param launcher a command that runs the one after it
 */
export async function spawnServer(
  settings: Record<string, string> = {},
  folder?: string,
  args: string[] = [],
  launcher: string[] = [],
): Promise<ServerProcess> {
  const all = { ...SETTINGS, DATA_DIR: await Deno.makeTempDir(), ...settings };
  const { child, output, ended, url } = await spawnReady(all, folder, args, launcher);
  let isEnding = false;
  const kill = (signal: Deno.Signal) => {
    // One that has ended by itself throws here: it has crashed.
    if (isEnding) killIfRunning(child, signal);
    else child.kill(signal);
    isEnding ||= signal === "SIGKILL" || signal === "SIGTERM";
  };
  return {
    url,
    settings: all,
    output,
    pid: child.pid,
    ended,
    kill,
    async stop() {
      if (!isEnding) kill("SIGTERM");
      await ended;
    },
  };
}

/**
 * Plays a scene on a server that is shut down in it; anew if it fails after the shutdown was cut short
 * on a busy machine.
 */
export async function playShutdown(
  scene: (server: ServerProcess) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  let output = () => "";
  await playInTime(async () => {
    const server = await spawnServer({ LOG_LEVEL: "warning", ...settings });
    ({ output } = server);
    await scene(server);
    await server.stop();
  }, () => /was cut short/.test(output()));
}

/**
 * Runs `main.ts` to its end, for starts that are refused.
 * @param folder as for `spawnServer`
 * @param args behind `main.ts`
 */
export async function runMain(
  settings: Record<string, string>,
  folder?: string,
  args: string[] = [],
) {
  const { ended, output } = spawnMain({ ...SETTINGS, ...settings }, folder, args);
  const { code } = await ended;
  return { code, output: output() };
}

/** Starts `main.ts` without waiting. */
export function spawnMain(
  env: Record<string, string>,
  folder = Deno.makeTempDirSync(),
  args: string[] = [],
  launcher: string[] = [],
) {
  const deno = [Deno.execPath(), "run", ...PERMISSIONS, "--config", CONFIG.pathname];
  const [command, ...rest] = [...launcher, ...deno, MAIN.pathname, ...args];
  const child = new Deno.Command(command!, {
    args: rest,
    cwd: folder,
    env: { ...env, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const read = [child.stdout, child.stderr].map(async (stream) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) text += chunk;
  });
  const ended = Promise.all(read).then(() => child.status);
  return { child, output: () => text, ended };
}

const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi"].map((name) => `--allow-${name}`);

/** Starts `main.ts` until it serves: again after a refusal that passes. */
async function spawnReady(...start: Parameters<typeof spawnMain>) {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const main = spawnMain(...start);
    const url = await firstUrl(main, deadline);
    if (url !== null) return { ...main, url };
    if (Date.now() > deadline || !PASSING.test(main.output())) {
      throw new Error(`the server did not start:\n${main.output()}`);
    }
  }
}

/** @returns null if it has ended, or does not serve in time */
async function firstUrl(
  { ended, output }: ReturnType<typeof spawnMain>,
  deadline: number,
): Promise<string | null> {
  let hasEnded = false;
  ended.then(() => hasEnded = true);
  while (Date.now() < deadline) {
    const url = output().match(/ready at (http:\/\/[^\s/]+)/)?.[1];
    if (url) return url;
    if (hasEnded) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return null;
}
