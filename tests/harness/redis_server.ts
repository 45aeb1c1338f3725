/** A Redis server for one test, which can be suspended, killed and restarted. */
import { createClient } from "@redis/client";
import { freePort } from "../servers/service.ts";
import { ServerProcess } from "./server_process.ts";

/** How to start one: a JSON array of arguments with `{port}`; undefined where none is. */
const COMMAND = Deno.env.get("TEST_REDIS_COMMAND");

export class RedisServer extends ServerProcess {
  /** Whether servers can be started at all; where not, tests that need one are named as ignored. */
  static readonly available = COMMAND !== undefined;

  readonly port = freePort();
  readonly url = `redis://127.0.0.1:${this.port}`;
  readonly #options: string[];

  /** @param options of `redis-server`, beside the usual ones of tests */
  constructor(options: string[] = []) {
    super();
    this.#options = options;
  }

  /** Starts the server and waits until it answers. */
  async start(): Promise<void> {
    const template: string[] = JSON.parse(COMMAND ?? "[]");
    const command = template.map((part) => part.replaceAll("{port}", String(this.port)));
    const client = createClient({ url: this.url, socket: { reconnectStrategy: 20 } });
    client.on("error", () => {});
    try {
      await this.startWith([...command, ...this.#options], () => client.connect());
    } finally {
      client.destroy();
    }
  }

  /** Ends the server; it keeps nothing. */
  async remove(): Promise<void> {
    await this.kill();
  }
}
