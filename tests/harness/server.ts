/** Starts servers for tests: in this process, or as a process of its own that can be killed. */
import { readConfig } from "../../src/config.ts";
import { startInstance } from "../../src/instance.ts";
import { HANG_MS } from "./deadline.ts";

const MAIN = new URL("../../main.ts", import.meta.url);
const CONFIG = new URL("../../deno.json", import.meta.url);

/** Cheap hashes, no limits, a free port: what most tests want. */
const SETTINGS = { PORT: "0", BCRYPT_COST: "4", RATE_LIMIT: "off", LOG_LEVEL: "error" };

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
 */
export async function startServer(settings: Record<string, string> = {}): Promise<TestServer> {
  const all = { ...SETTINGS, DATA_DIR: await Deno.makeTempDir(), ...settings };
  const instance = await startInstance({ ...await readConfig(all), host: "127.0.0.1", port: 0 });
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
  const { child, output } = spawnMain(all, folder, args, launcher);
  const url = await firstUrl(child, output);
  let isEnding = false;
  const kill = (signal: Deno.Signal) => {
    isEnding ||= signal === "SIGKILL" || signal === "SIGTERM";
    child.kill(signal);
  };
  return {
    url,
    settings: all,
    output,
    pid: child.pid,
    ended: child.status,
    kill,
    async stop() {
      // One that has ended otherwise throws here: it has crashed.
      if (!isEnding) kill("SIGTERM");
      await child.status;
    },
  };
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
  const { child, output } = spawnMain({ ...SETTINGS, ...settings }, folder, args);
  const { code } = await child.status;
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
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write(chunk) {
          text += chunk;
        },
      }),
    );
  }
  return { child, output: () => text };
}

const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi"].map((name) => `--allow-${name}`);

async function firstUrl(child: Deno.ChildProcess, output: () => string): Promise<string> {
  let ended = false;
  child.status.then(() => ended = true);
  const deadline = Date.now() + HANG_MS;
  while (Date.now() < deadline) {
    const url = output().match(/ready at (http:\/\/[^\s/]+)/)?.[1];
    if (url) return url;
    if (ended) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the server did not start:\n${output()}`);
}
