/** `deno task dev`: it follows the code, ends whole, and never takes a port behind somebody's back. */
// @slow: starts many processes
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { START_MS } from "./harness/deadline.ts";
import { until } from "./harness/stage.ts";
import { freePort } from "./servers/service.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VERSION = "src/version.ts";

/** A copy of the project, so that a test may edit it, with `deno task dev` running in it. */
class DevTask {
  readonly #child: Deno.ChildProcess;
  /** Resolves once it has ended and all its output is there. */
  readonly ended: Promise<Deno.CommandStatus>;
  #output = "";

  private constructor(readonly folder: string, command: string[], env: Record<string, string>) {
    const [program = "", ...args] = command;
    this.#child = new Deno.Command(program, {
      args,
      cwd: folder,
      env: { PORT: "0", LOG_LEVEL: "error", NO_COLOR: "1", ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const read = [this.#child.stdout, this.#child.stderr].map(async (stream) => {
      for await (const chunk of stream.pipeThrough(new TextDecoderStream())) this.#output += chunk;
    });
    this.ended = Promise.all(read).then(() => this.#child.status);
  }

  static async copyProject(): Promise<string> {
    const folder = await Deno.makeTempDir();
    for (const name of ["main.ts", "deno.json", "deno.lock", "src", "web", "dev"]) {
      await copy(join(ROOT, name), join(folder, name));
    }
    return folder;
  }

  static run(folder: string, env: Record<string, string> = {}, command = DENO_TASK_DEV): DevTask {
    return new DevTask(folder, command, env);
  }

  get output(): string {
    return this.#output;
  }

  /** Where the server listens that started for the `nth` time. */
  async ready(nth = 1): Promise<string> {
    const urls = () => [...this.#output.matchAll(/ready at (http:\S+)/g)].map(([, url]) => url!);
    await until(() => urls().length >= nth, `start ${nth}`, START_MS);
    return urls()[nth - 1]!;
  }

  /** Saves a file in one step: where it is emptied first, that is a change of its own. */
  async save(path: string, text: string): Promise<void> {
    const draft = await Deno.makeTempFile();
    await Deno.writeTextFile(draft, text);
    await Deno.rename(draft, join(this.folder, path));
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** The ids of its process and of all below it. */
  async processes(): Promise<number[]> {
    const children = Map.groupBy(await listProcesses(), ({ parent }) => parent);
    const below = (pid: number): number[] => [
      pid,
      ...(children.get(pid) ?? []).flatMap(({ pid }) => below(pid)),
    ];
    return below(this.#child.pid);
  }
}

const DENO_TASK_DEV = [Deno.execPath(), "task", "dev"];

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(join(from, name), join(to, name));
}

async function listProcesses(): Promise<{ pid: number; parent: number }[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid=,stat="] })
    .output();
  return new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => line.trim().split(/\s+/))
    // What has ended and was not yet asked for its status does nothing any more.
    .filter(([, , state]) => !state!.startsWith("Z"))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}

async function allGone(pids: number[]): Promise<void> {
  await until(async () => {
    const living = new Set((await listProcesses()).map(({ pid }) => pid));
    return !pids.some((pid) => living.has(pid));
  }, "all its processes have ended");
}

async function isServing(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health`);
  await response.body?.cancel();
  return response.ok;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`dev: ${signal} ends every process, and logs no error`, async () => {
    const task = DevTask.run(await DevTask.copyProject());
    await task.ready();
    const processes = await task.processes();
    assert.ok(processes.length >= 3, "the task, the runner and the server");
    task.kill(signal);
    await task.ended;
    await allGone(processes);
    assert.doesNotMatch(task.output, /error|reject/i);
  });
}

Deno.test("dev: Ctrl-C, which every process is sent, ends them, and logs no error", async () => {
  const task = DevTask.run(await DevTask.copyProject());
  await task.ready();
  const processes = await task.processes();
  for (const pid of processes) Deno.kill(pid, "SIGINT");
  await task.ended;
  await allGone(processes);
  assert.doesNotMatch(task.output, /error|reject/i);
});

Deno.test("dev: each saved edit restarts the server on its port, and logs no error", async () => {
  const task = DevTask.run(await DevTask.copyProject(), { PORT: String(freePort()) });
  const url = await task.ready();
  for (const version of ["7.7.1", "7.7.2"]) {
    const text = await Deno.readTextFile(join(task.folder, VERSION));
    await task.save(VERSION, text.replace(/\d+\.\d+\.\d+/, version));
    const isReady = () => task.output.includes(`EchoRoom ${version} is ready at ${url}`);
    await until(isReady, version, START_MS);
    assert.ok(await isServing(url));
  }
  assert.equal((await task.processes()).length, 3);
  task.kill("SIGTERM");
  await task.ended;
  assert.doesNotMatch(task.output, /error|reject/i);
});

Deno.test("dev: after an edit that cannot run, the next one that can is served", async () => {
  const task = DevTask.run(await DevTask.copyProject());
  await task.ready();
  const text = await Deno.readTextFile(join(task.folder, VERSION));
  await task.save(VERSION, `${text}\nthrow new Error("broken");\n`);
  await until(() => task.output.includes("Not running: "), "the broken one has ended", START_MS);
  await task.save(VERSION, text);
  assert.ok(await isServing(await task.ready(2)));
  task.kill("SIGTERM");
  await task.ended;
});

Deno.test("dev: a second start on the same port fails at once with one line", async () => {
  const folder = await DevTask.copyProject();
  const first = DevTask.run(folder, { PORT: String(freePort()) });
  const url = await first.ready();
  const { port } = new URL(url);
  const second = DevTask.run(folder, { PORT: port });
  assert.equal((await second.ended).code, 1);
  assert.match(
    second.output,
    new RegExp(`^EchoRoom cannot start: PORT is ${port}, which is taken`, "m"),
  );
  assert.ok(await isServing(url), "the first goes on");
  first.kill("SIGTERM");
  await first.ended;
});

for (
  const [signal, where, hasPs] of [
    ["SIGTERM", "", true],
    ["SIGKILL", "", true],
    ["SIGTERM", " where there is no ps", false],
  ] as const
) {
  Deno.test(`dev: ${signal} to the npm that started it leaves nothing behind${where}`, async () => {
    // What npx makes of it: npm above a shell above the task. Neither passes the signal on.
    const npm = [
      "bash",
      "-c",
      `exec -a npm bash -c 'sh -c "${DENO_TASK_DEV.join(" ")}; true"; true'`,
    ];
    const env = hasPs ? {} : { PATH: await smallBin() };
    const task = DevTask.run(await DevTask.copyProject(), env, npm);
    await task.ready();
    const processes = await task.processes();
    assert.ok(processes.length >= 5);
    task.kill(signal);
    await allGone(processes);
  });
}

Deno.test("dev: a runner that is killed takes the server with it", async () => {
  const task = DevTask.run(await DevTask.copyProject());
  await task.ready();
  const processes = await task.processes();
  Deno.kill(processes[1]!, "SIGKILL");
  await allGone(processes);
});

Deno.test("dev: options are passed on to the server", async () => {
  const folder = await DevTask.copyProject();
  const task = DevTask.run(folder, {}, [...DENO_TASK_DEV, "--", "--version"]);
  assert.equal((await task.ended).code, 0);
  assert.match(task.output, /^EchoRoom \d+\.\d+\.\d+$/m);
});

/** A folder with the few programs that a small image has. */
async function smallBin(): Promise<string> {
  const bin = await Deno.makeTempDir();
  for (const name of ["bash", "sh", "cat"]) await Deno.symlink(`/bin/${name}`, join(bin, name));
  return bin;
}
