/** Another process that holds the write lock on a SQLite file, as a backup or `VACUUM` does. */
import { kill } from "./kill.ts";

const PROGRAM = `
  import { DatabaseSync } from "node:sqlite";
  const db = new DatabaseSync(Deno.args[0], { timeout: 60_000 });
  db.exec("BEGIN IMMEDIATE");
  console.log("locked");
  setInterval(() => {}, 1_000);
`;

export class DatabaseLock implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Resolves once the lock is held. */
  static async take(path: string): Promise<DatabaseLock> {
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/lock.ts`, PROGRAM);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "-A", `${folder}/lock.ts`, path],
      stdout: "piped",
    }).spawn();
    for await (const _ of child.stdout) return new DatabaseLock(child);
    throw new Error("the lock was not taken");
  }

  /** Stops the process; it keeps the lock. */
  suspend(): void {
    this.#child.kill("SIGSTOP");
  }

  /** Kills the process, and with it the lock. */
  async release(): Promise<void> {
    // It may have been released already.
    kill(this.#child);
    await this.#child.status;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
