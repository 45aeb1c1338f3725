/** The process of a database server in tests, which can be suspended and killed. */
import { within } from "../../src/async/deadline.ts";
import { HANG_MS } from "./deadline.ts";
import { kill } from "./kill.ts";
import { until } from "./stage.ts";

export class ServerProcess {
  #process: Deno.ChildProcess | null = null;

  /**
   * Starts the server and waits for its first answer.
   * @throws Error if it ends before, as on a port that is taken, or does not answer within `HANG_MS`
   */
  protected async startWith(
    [program = "", ...args]: readonly string[],
    answer: () => Promise<unknown>,
  ): Promise<void> {
    const command = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
    const fails = (how: string): never => {
      throw new Error(`${how} before it answered: ${program} ${args.join(" ")}`);
    };
    this.#process = command.spawn();
    const end = this.#process.status.then(({ code }) => fails(`ended with ${code}`));
    await within(Promise.race([answer(), end]), HANG_MS, () => fails(`${HANG_MS} ms passed`));
  }

  async kill(): Promise<void> {
    if (this.#process) kill(this.#process);
    await this.#process?.status;
    this.#process = null;
  }

  /** Suspends the server: it keeps its connections and answers nothing from then on. */
  async suspend(): Promise<void> {
    if (!this.#process) return;
    const { pid } = this.#process;
    kill(this.#process, "SIGSTOP");
    // Until the kernel has scheduled it once more, it may answer what comes.
    await until(() => hasStopped(pid), "the server has stopped");
  }

  resume(): void {
    if (this.#process) kill(this.#process, "SIGCONT");
  }
}

/** Whether no thread of it runs, or it has ended; only Linux says so, and only other programs may look. */
async function hasStopped(pid: number): Promise<boolean> {
  if (Deno.build.os !== "linux") return true;
  const script = `cat /proc/${pid}/task/*/status`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  const states = new TextDecoder().decode(stdout).match(/^State:.*$/gm) ?? [];
  return states.every((state) => /^State:\s+[TXZ]/.test(state));
}
