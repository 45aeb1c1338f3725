/** A command in a group of its own: what it starts in turn ends with it, and nothing waits for ever. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { within } from "../../src/async/deadline.ts";
import { START_MS } from "./deadline.ts";

export class ProcessGroup implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #isRead: Promise<unknown>;
  #output = "";
  #grown = Promise.withResolvers<void>();

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#isRead = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
  }

  /** Starts a command in a folder; it finds the Deno that runs the tests. */
  static start([program = "", ...args]: readonly string[], cwd: string): ProcessGroup {
    const PATH = `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`;
    const command = new Deno.Command(program, {
      args,
      cwd,
      env: { PATH, PORT: "0", NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
      detached: true,
    });
    return new ProcessGroup(command.spawn());
  }

  /** What it has written so far, errors included. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with all output once it matches. */
  async prints(expected: RegExp): Promise<string> {
    const deadline = performance.now() + START_MS;
    const ended = this.#isRead.then(() => true);
    while (!expected.test(this.#output)) {
      const grown = this.#grown.promise.then(() => false);
      const left = deadline - performance.now();
      const isOver = await within(Promise.race([ended, grown]), left, () => true);
      if (isOver && !expected.test(this.#output)) assert.fail(`printed only:\n${this.#output}`);
    }
    return this.#output;
  }

  /** Resolves with all output once it has ended well. */
  async ends(milliseconds = START_MS): Promise<string> {
    assert.equal(await this.endsWithin(milliseconds), 0, this.#output);
    return this.#output;
  }

  /** Resolves with its exit code once all output is there, or with null if that takes longer. */
  endsWithin(milliseconds: number): Promise<number | null> {
    const code = this.#isRead.then(async () => (await this.#child.status).code);
    return within(code, milliseconds, () => null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      Deno.kill(-this.#child.pid, "SIGKILL");
    } catch (error) {
      // All of it has ended by itself.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.#child.status;
    await this.#isRead;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += chunk;
      this.#grown.resolve();
      this.#grown = Promise.withResolvers();
    }
  }
}
