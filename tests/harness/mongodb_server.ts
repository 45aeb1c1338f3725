/** A MongoDB server for one test, which can be suspended, killed and restarted on the same data. */
import { MongoClient } from "mongodb";
import { HANG_MS } from "./deadline.ts";
import { freePort } from "../servers/service.ts";
import { ServerProcess } from "./server_process.ts";

/** How to start one: a JSON array of arguments with `{port}` and `{dir}`; undefined where none is. */
const COMMAND = Deno.env.get("TEST_MONGODB_COMMAND");

export class MongodbServer extends ServerProcess {
  /** Whether servers can be started at all; where not, tests that need one are named as ignored. */
  static readonly available = COMMAND !== undefined;

  readonly port = freePort();
  readonly uri = `mongodb://127.0.0.1:${this.port}`;
  readonly #command: string[];
  readonly #folder = Deno.makeTempDirSync();

  constructor() {
    super();
    const template: string[] = JSON.parse(COMMAND ?? "[]");
    this.#command = template.map((part) =>
      part.replaceAll("{port}", String(this.port)).replaceAll("{dir}", this.#folder)
    );
  }

  /** Starts the server and waits until it answers. */
  async start(): Promise<void> {
    await this.startWith(
      this.#command,
      () => onServer(this.uri, (client) => client.db("admin").command({ ping: 1 })),
    );
  }

  /** Ends the server and removes its data. */
  async remove(): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Does something on a server with a client of its own. */
export async function onServer<T>(
  uri: string,
  work: (client: MongoClient) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 2 * HANG_MS });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
