/** A service that suites need: found, started, or missing with a reason. */
import { delimiter, join } from "node:path";

/** A service that suites can use; disposing of it ends what was started for it. */
export interface Service extends AsyncDisposable {
  /** One line: what it is and where it comes from. */
  description: string;
  /** Environment variables that tell test files how to reach it. */
  env: Record<string, string>;
}

/**
 * Finds a service or starts it.
 * @param signal ends whatever is being installed or was started
 * @throws an error with the reason why it is not available
 */
export type FindService = (signal: AbortSignal) => Promise<Service>;

/** The path of the first of these programs that is on PATH. */
export async function onPath(...names: string[]): Promise<string | undefined> {
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    if (await isFile(path)) return path;
  }
}

export async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

/** Below the ephemeral ports: an outgoing connection could take one before it is listened on. */
const PORTS = { min: 10_000, max: 30_000 } as const;
/** How far apart processes that follow one another begin. */
const PORTS_OF_A_PROCESS = 100;

let ports = Deno.pid * PORTS_OF_A_PROCESS;

/**
 * A port that is free now. They are given in turn, each process its own first, so that others hardly
 * take one before it is listened on.
 */
export function freePort(): number {
  while (true) {
    const port = PORTS.min + ports++ % (PORTS.max - PORTS.min);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
