/** Instances as processes that are killed, suspended and started again in the same place. */
import { START_MS } from "../harness/deadline.ts";
import { kill } from "../harness/kill.ts";
import { sleep } from "../harness/stage.ts";
import { freePort } from "../servers/service.ts";
import { Lateness } from "./lateness.ts";

const CONFIG = new URL("../../deno.json", import.meta.url);
const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi"].map((name) => `--allow-${name}`);
const MAIN = new URL("../../main.ts", import.meta.url);
const LOSSY_MAIN = new URL("./lossy_main.ts", import.meta.url);

const START_DEADLINE_MS = 2 * START_MS;
const START_PAUSE_MS = 250;
/** Kept of a line. */
const MAX_LENGTH = 400;

/** Errors that a server writes also when the machine, or the test, holds it up. */
const SLOW = ["The database did not answer in time.", "it does not answer"];

/** Errors in the log are failures of the test; warnings are kept to explain them. */
const SETTINGS = {
  BCRYPT_COST: "4",
  RATE_LIMIT: "off",
  LOG_LEVEL: "warning",
  LOG_FORMAT: "json",
  JWT_SECRET: "one secret for all instances of a site",
  JWT_REFRESH_SECRET: "another one for the refresh tokens of it",
  JWT_ACCESS_EXPIRES_IN: "1d",
  NO_COLOR: "1",
};

export class Instance {
  readonly name: string;
  readonly url: string;
  /** Unexpected output or exits, each a sentence. */
  readonly complaints: string[] = [];
  /** The output of all its processes, by line. */
  readonly lines: string[] = [];
  readonly #env: Record<string, string>;
  readonly #main: URL;
  readonly #folder = Deno.makeTempDirSync();
  readonly #lateness = new Lateness();
  #removed = false;
  #process: Deno.ChildProcess | null = null;
  #ready: PromiseWithResolvers<boolean> | null = null;
  /** Resolves once its output has been read to the end. */
  #outputRead: Promise<unknown> = Promise.resolve();

  /** @param settings beside the usual ones; `LOSSY_ONE_IN` among them gives it a lossy bus */
  constructor(name: string, settings: Record<string, string>) {
    const port = freePort();
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.#main = settings.LOSSY_ONE_IN ? LOSSY_MAIN : MAIN;
    this.#env = { DATA_DIR: this.#folder, ...SETTINGS, ...settings, PORT: String(port) };
  }

  /** Starts it and waits until it serves; retries failed starts, as a supervisor would. */
  async start(): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!await this.#spawn()) {
      if (this.#removed) return;
      if (Date.now() > deadline) throw new Error(`${this.name} did not start:\n${this.tail()}`);
      await sleep(START_PAUSE_MS);
    }
  }

  /** Ends it as a supervisor does; the graceful shutdown is a part of the test. */
  async stop(): Promise<void> {
    const code = await this.#end("SIGTERM");
    if (code !== null && code !== 0) this.complaints.push(`SIGTERM made it exit with ${code}`);
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Kills it permanently. */
  async remove(): Promise<void> {
    this.#removed = true;
    this.#lateness[Symbol.dispose]();
    await this.kill();
  }

  suspend(): void {
    if (this.#process) kill(this.#process, "SIGSTOP");
  }

  resume(): void {
    this.#lateness.note();
    if (this.#process) kill(this.#process, "SIGCONT");
  }

  /** The last lines of its output. */
  tail(lines = 20): string {
    return this.lines.slice(-lines).join("\n");
  }

  /** Resolves with whether it serves; false if the start failed or took too long. */
  #spawn(): Promise<boolean> {
    const ready = Promise.withResolvers<boolean>();
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...PERMISSIONS, "--config", CONFIG.pathname, this.#main.pathname],
      cwd: this.#folder,
      env: this.#env,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#process = process;
    this.#ready = ready;
    this.#outputRead = Promise.all(
      [process.stdout, process.stderr].map((out) => this.#listen(out)),
    );
    process.status.then(({ code, signal }) => {
      ready.resolve(false);
      if (this.#process !== process) return;
      this.#process = null;
      if (this.#ready === null) this.complaints.push(`it ended by itself (${signal ?? code})`);
    });
    const limit = setTimeout(() => this.#giveUp(process), START_MS);
    return ready.promise.finally(() => clearTimeout(limit));
  }

  #giveUp(process: Deno.ChildProcess): void {
    this.complaints.push("it neither served nor refused to");
    kill(process);
  }

  async #end(signal: Deno.Signal): Promise<number | null> {
    const process = this.#process;
    this.#process = null;
    if (process) kill(process, signal);
    await this.#outputRead;
    return process ? (await process.status).code : null;
  }

  async #listen(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#handleLine(line);
    }
    if (rest !== "") this.#handleLine(rest);
  }

  #handleLine(line: string): void {
    const { level, message, reason, text } = readLine(line);
    this.lines.push(text);
    if (message.includes(" is ready at ")) {
      this.#ready?.resolve(true);
      this.#ready = null;
    }
    // Without its database or bus a start may fail.
    const refusal = message.startsWith("EchoRoom cannot start: ");
    if (refusal || ["INFO", "WARN"].includes(level)) return;
    if (SLOW.includes(reason) && this.#lateness.isRecent()) return;
    this.complaints.push(`it wrote: ${text}`);
  }
}

/** Reads a line of the log; any other output, such as a stack trace, counts as an error. */
function readLine(line: string) {
  try {
    const { "@timestamp": timestamp, level, message, properties } = JSON.parse(line);
    const reason = properties?.cause ?? properties?.reason ?? "";
    const cause = level === "ERROR" ? JSON.stringify(properties.error ?? reason) : "";
    const text = `${timestamp.slice(11, 23)} ${level} ${message} ${cause}`;
    return { level, message, reason: String(reason), text: text.slice(0, MAX_LENGTH) };
  } catch {
    return { level: "ERROR", message: line, reason: "", text: line.slice(0, MAX_LENGTH) };
  }
}
