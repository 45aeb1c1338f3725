/** Runs the server for development: restarts it when its code changes, ends with the process that started it. */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { watchAncestors } from "./ancestors.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi"].map((name) => `--allow-${name}`);
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** The server is restarted when anything in these folders, or one of these files, changes. */
const FOLDERS = ["src", "web"];
const FILES = new Set(["main.ts", "deno.json", ".env"]);
/** Editors write a file in several steps. */
const SETTLE_MS = 100;
const ANCESTORS_POLL_MS = 1_000;
/** The server itself takes at most 5 s. */
const KILL_AFTER_MS = 6_000;

/** The server's process, of which there is never more than one. */
class Server {
  #process: Deno.ChildProcess;

  constructor() {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...PERMISSIONS, join(ROOT, "dev/server.ts"), ...Deno.args],
      stdin: "null",
    }).spawn();
  }

  get ended(): Promise<Deno.CommandStatus> {
    return this.#process.status;
  }

  async stop(): Promise<void> {
    this.#signal("SIGTERM");
    const kill = setTimeout(() => this.#signal("SIGKILL"), KILL_AFTER_MS);
    await this.ended;
    clearTimeout(kill);
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }
}

let server = new Server();
let ending = false;

for (const signal of SIGNALS) Deno.addSignalListener(signal, () => void end());
void endWithAncestors();

const changes = watch();
const changed = changes.next();
// A server that cannot start, because its port is taken or a setting is wrong, ends the runner.
const status = await Promise.race([server.ended, changed.then(() => null)]);
if (status) {
  if (!ending) Deno.exit(status.code);
} else await restart();
for await (const _ of changes) await restart();

async function restart(): Promise<void> {
  if (ending) return;
  console.log("The code has changed: starting again");
  await server.stop();
  if (ending) return;
  const next = new Server();
  server = next;
  void next.ended.then(({ code }) => {
    if (server === next && code !== 0) {
      console.log("Not running: starting again at the next change");
    }
  });
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await server.stop();
  Deno.exit(0);
}

async function endWithAncestors(): Promise<void> {
  const isGone = await watchAncestors();
  while (!await isGone()) await sleep(ANCESTORS_POLL_MS);
  await end();
}

/** Yields once for each burst of changes. */
async function* watch(): AsyncGenerator<void> {
  let wake = Promise.withResolvers<void>();
  const follow = async (watcher: Deno.FsWatcher, matters: (path: string) => boolean) => {
    for await (const { kind, paths } of watcher) {
      if (kind !== "access" && paths.some(matters)) wake.resolve();
    }
  };
  const folders = FOLDERS.map((folder) => join(ROOT, folder));
  void follow(Deno.watchFs(folders), (path) => !isEditors(basename(path)));
  void follow(Deno.watchFs(ROOT, { recursive: false }), (path) => FILES.has(basename(path)));
  while (true) {
    await wake.promise;
    await sleep(SETTLE_MS);
    wake = Promise.withResolvers();
    yield;
  }
}

/** Whether it is an editor's own file, such as a swap file or a backup. */
function isEditors(name: string): boolean {
  return name.startsWith(".") || name.endsWith("~") || name === "4913";
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
