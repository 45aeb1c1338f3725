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

/** @returns null where the system cannot tell */
async function look(pids: number[]): Promise<Map<number, Process> | null> {
  const lines = await run("ps", ["-o", "pid=,ppid=,args=", "-p", pids.join(",")]);
  if (lines === null) return await lookInProc(pids);
  return new Map(
    lines.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm).map(([, pid, parent, command]) => [
      Number(pid),
      { pid: Number(pid), parent: Number(parent), command: command! },
    ]),
  );
}

/** For small images of Linux, which have no `ps`; the runtime itself may not read these files. */
async function lookInProc(pids: number[]): Promise<Map<number, Process> | null> {
  const found = await Promise.all(pids.map(async (pid): Promise<Process | null> => {
    const text = await run("cat", [`/proc/${pid}/stat`, `/proc/${pid}/cmdline`]);
    // The name in brackets may hold spaces, and brackets.
    const [, parent, command = ""] = text?.match(/^\d+ \(.*\) \S (\d+) [^\n]*\n(.*)$/s) ?? [];
    if (parent === undefined) return null;
    return { pid, parent: Number(parent), command: command.replaceAll("\0", " ") };
  }));
  const processes = found.filter((each) => each !== null);
  const isKnown = processes.length > 0 || await run("cat", ["/proc/self/stat"]);
  return isKnown ? new Map(processes.map((each) => [each.pid, each])) : null;
}

/** What a program prints; null if there is no such program. */
async function run(program: string, args: string[]): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return new TextDecoder().decode(stdout);
  } catch {
    return null;
  }
}
