/** The process of a database server in tests, which can be suspended and killed. */
export class ServerProcess {
  #process: Deno.ChildProcess | null = null;

  protected spawn([program = "", ...args]: readonly string[]): void {
    this.#process = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
  }

  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.status;
    this.#process = null;
  }

  /** Suspends the server: it keeps its connections and answers nothing. */
  suspend(): void {
    this.#process?.kill("SIGSTOP");
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }
}
