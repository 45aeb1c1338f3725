/** One instance: composed, listening on its port, and ended in good order. */
import { addressFault } from "./address.ts";
import { within } from "./async/deadline.ts";
import { compose, type Server, type Siblings } from "./compose.ts";
import { type Config, ConfigError } from "./config.ts";

/**
 * How long after the end began requests may take to be answered. Sockets have closed 2.5 s after it
 * at the latest, and what comes then has to be done before `main.ts` gives up at 4.5 s.
 */
const REQUESTS_END_MS = 3_500;

export interface Running {
  /** Where it listens. */
  readonly port: number;
  /** What the start line says of store, bus and limits. */
  readonly description: string;
  /** Closes sockets with 1012, finishes what was accepted and lets go of everything. */
  end(): Promise<void>;
}

/**
 * @param siblings the other instances on this port, if it is shared
 * @throws ConfigError if a setting cannot be used
 */
export async function startInstance(config: Config, siblings?: Siblings): Promise<Running> {
  const server = await compose(config, siblings);
  const requests = new PendingRequests(server);
  const { host: hostname, port } = config;
  let listener: Deno.HttpServer<Deno.NetAddr>;
  try {
    const reusePort = siblings !== undefined;
    listener = Deno.serve({ hostname, port, reusePort, onListen: () => {} }, requests.fetch);
  } catch (error) {
    await server.close();
    throw new ConfigError(addressFault(config, error));
  }
  return {
    port: listener.addr.port,
    description: server.description,
    async end() {
      const deadline = performance.now() + REQUESTS_END_MS;
      const inTime = (work: Promise<void>) => within(work, deadline - performance.now(), () => {});
      // Sockets before the listener: its own way to end them would be the wrong close code.
      await server.drain();
      // Requests before the listener, which takes their bodies from them when it is shut; the store
      // last, because they need it.
      await inTime(requests.answered());
      await inTime(listener.shutdown());
      await server.close();
    },
  };
}

/** Knows which requests have not been answered. */
class PendingRequests {
  /** Counted apart from those before the last call of `answered`, so that newer ones hold up nothing. */
  #latest = new Countdown();
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  readonly fetch: Server["fetch"] = (request, info) => {
    const response = this.#server.fetch(request, info);
    if (response instanceof Response) return response;
    const latest = this.#latest;
    latest.add();
    return response.finally(() => latest.remove());
  };

  /** Resolves once the requests that have come so far are answered. */
  async answered(): Promise<void> {
    const latest = this.#latest;
    this.#latest = new Countdown();
    await latest.reachesZero();
  }
}

class Countdown {
  #count = 0;
  #onZero: (() => void) | undefined;

  add(): void {
    this.#count++;
  }

  remove(): void {
    this.#count--;
    if (this.#count === 0) this.#onZero?.();
  }

  reachesZero(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onZero = resolve);
  }
}
