/** One instance: composed, listening on its port, and shut down in order. */
import { addressFault } from "./address.ts";
import { within } from "./async/deadline.ts";
import type { WaitLimits } from "./backends.ts";
import { compose, type Server, type Siblings } from "./compose.ts";
import { type Config, ConfigError } from "./config.ts";

/**
 * How long after the shutdown began requests may take to be answered. Sockets are closed after 2.5 s
 * at the latest, and what follows must be done before `main.ts` exits at 4.5 s.
 */
const REQUESTS_END_MS = 3_500;
/** The same for the listener, once nothing is to be sent: it waits for peers that never read. */
const LISTENER_ENDS_MS = 250;

export interface Running {
  /** The port it listens on. */
  readonly port: number;
  /** What the start line says of store, bus and limits. */
  readonly description: string;
  /** Closes sockets with 1012, completes what was accepted and releases all resources. */
  end(): Promise<void>;
}

/**
 * @param siblings the other instances on this port, if it is shared
 * @param limits other waits than the documented ones
 * @throws ConfigError if a setting cannot be used
 */
export async function startInstance(
  config: Config,
  siblings?: Siblings,
  limits: WaitLimits = {},
): Promise<Running> {
  const server = await compose(config, siblings, limits);
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
      const inTime = (work: Promise<void>, limit = Infinity) =>
        within(work, Math.min(limit, deadline - performance.now()), () => {});
      // Sockets before the listener, which would close them with the wrong code.
      await server.drain();
      // Requests before the listener, which cuts off their bodies when it is closed; the store last,
      // because they need it.
      await inTime(requests.answered());
      const closed = listener.shutdown();
      await inTime(requests.answered());
      await inTime(closed, LISTENER_ENDS_MS);
      await server.close();
    },
  };
}

/** Counts the requests whose answers are not sent to their end. */
class PendingRequests {
  /** Apart from those before the last call of `answered`, so that later ones do not delay it. */
  #latest = new Countdown();
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  readonly fetch: Deno.ServeHandler<Deno.NetAddr> = (request, info) => {
    const latest = this.#latest;
    latest.add();
    const remove = () => latest.remove();
    info.completed.then(remove, remove);
    return this.#server.fetch(request, info);
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
