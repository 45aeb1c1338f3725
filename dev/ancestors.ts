/** The processes above this one: the task runner and, with `npx`, npm and its shell. */

interface Process {
  pid: number;
  parent: number;
  command: string;
}

const PACKAGE_MANAGER = /^(\S*\/)?(node\s+\S*\/)?(npm|npx|pnpm|yarn|bun|bunx)\b/;
const MAX_DEPTH = 8;

/**
 * Returns a function that checks whether one of them has ended. A signal that ends npm does not reach
 * its children. Shells above are ignored, since people put servers in the background and log out.
 */
export async function watchAncestors(): Promise<() => Promise<boolean>> {
  const parent = Deno.ppid;
  const watched = await packageManagerAbove(parent);
  return async () => {
    if (Deno.ppid !== parent) return true;
    if (watched.length === 0) return false;
    const now = await look(watched.map(({ pid }) => pid));
    return now !== null && watched.some(({ pid, parent }) => now.get(pid)?.parent !== parent);
  };
}

/** From `pid` up to what stands below the topmost package manager; nothing if there is none. */
async function packageManagerAbove(pid: number): Promise<Process[]> {
  const line: Process[] = [];
  let below = 0;
  for (let next = pid; next > 1 && line.length < MAX_DEPTH;) {
    const process = (await look([next]))?.get(next);
    if (!process) break;
    if (PACKAGE_MANAGER.test(process.command)) below = line.length;
    line.push(process);
    next = process.parent;
  }
  return line.slice(0, below);
}

/** @returns null where `ps` cannot tell */
async function look(pids: number[]): Promise<Map<number, Process> | null> {
  try {
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "pid=,ppid=,args=", "-p", pids.join(",")],
      stderr: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm);
    return new Map(
      lines.map(([, pid, parent, command]) => [
        Number(pid),
        { pid: Number(pid), parent: Number(parent), command: command! },
      ]),
    );
  } catch {
    return null;
  }
}
