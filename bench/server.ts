/** A program that listens on a port: started for one run, and ended after it. */

const START_DEADLINE_MS = 60_000;
const LAST_WORDS = 400;

export interface Launch {
  command: string[];
  env: Record<string, string>;
  /** Where it runs: a folder without a `.env` of the developer's. */
  folder: string;
  port: number;
}

export interface Server extends AsyncDisposable {
  pid: number;
}

/** Starts a program and waits until its port is open; disposing of the server ends it. */
export async function startServer(
  { command: [program, ...args], env, folder, port }: Launch,
  signal: AbortSignal,
): Promise<Server> {
  signal.throwIfAborted();
  const child = new Deno.Command(program!, {
    args,
    env: { ...env, NO_COLOR: "1" },
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const words = new Response(child.stderr).text();
  const server = { pid: child.pid, [Symbol.asyncDispose]: () => end(child) };
  const ended = child.status.then(async ({ code }) => {
    throw new Error(`${program} ended with code ${code}: ${(await words).slice(-LAST_WORDS)}`);
  });
  // Once it is ready, its end must not be an unhandled rejection.
  ended.catch(() => {});
  try {
    await Promise.race([untilOpen(port, signal), ended]);
    return server;
  } catch (error) {
    await end(child);
    throw error;
  }
}

async function untilOpen(port: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** Its data is deleted after the run, so it needs no graceful shutdown. */
async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await child.status;
}
