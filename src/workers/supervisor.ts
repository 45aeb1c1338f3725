/** Runs several instances in one process, each in a worker of its own, on one port. */
import { getLogger } from "@logtape/logtape";
import { type BirpcReturn, createBirpc } from "birpc";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { LimiterOptions } from "../application/rate_limits.ts";
import { type Config, ConfigError } from "../config.ts";
import type { Running } from "../instance.ts";
import type { SupervisorCalls, WorkerCalls } from "./calls.ts";

const logger = getLogger(["echoroom", "supervisor"]);

const RESTART_MS = 1_000;

type WorkerRpc = BirpcReturn<WorkerCalls, SupervisorCalls>;

/**
 * Starts `config.workers` workers that share the port, and starts anew any that dies. What they tell
 * each other goes through here, and is not lost on the way.
 * @throws ConfigError if a setting cannot be used
 */
export async function startWorkers(config: Config): Promise<Running> {
  if (!("listenDatagram" in Deno)) {
    throw new ConfigError(
      `WORKERS is ${config.workers}, for which the runtime needs --unstable-net; start with \`deno task start\`, or unset it`,
    );
  }
  const supervisor = new Supervisor(config);
  return await supervisor.start();
}

class Supervisor {
  #config: Config;
  readonly #workers = new Map<Worker, WorkerRpc>();
  readonly #limiters = new Map<string, RateLimiterMemory>();
  #ending = false;

  constructor(config: Config) {
    this.#config = config;
  }

  async start(): Promise<Running> {
    // The first one migrates the store and finds the port, if any will do.
    const { port, description } = await this.#startWorker();
    this.#config = { ...this.#config, port };
    const others = Array.from({ length: this.#config.workers - 1 }, () => this.#startWorker());
    await Promise.all(others);
    return {
      port,
      description: `${description}; ${this.#config.workers} workers`,
      end: () => this.#end(),
    };
  }

  async #startWorker(): Promise<{ port: number; description: string }> {
    const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
    const rpc = this.#converse(worker);
    this.#workers.set(worker, rpc);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#replace(worker, event.message);
    };
    const started = await rpc.start(this.#config);
    if ("faults" in started) throw new ConfigError(started.faults);
    return started;
  }

  #converse(worker: Worker): WorkerRpc {
    return createBirpc<WorkerCalls, SupervisorCalls>({
      relay: (text) => {
        for (const [other, rpc] of this.#workers) {
          if (other !== worker) void rpc.hear.asEvent(text);
        }
      },
      count: (options, key, points) => this.#count(options, key, points),
      forgive: (options, key) => this.#limiter(options).delete(key),
      collectMetrics: () => {
        return Promise.all(this.#workers.values().map((rpc) => rpc.metrics()));
      },
    }, {
      post: (data) => worker.postMessage(data),
      on: (listener) => worker.onmessage = ({ data }) => listener(data),
    });
  }

  #replace(worker: Worker, reason: string): void {
    this.#workers.get(worker)?.$close();
    this.#workers.delete(worker);
    worker.terminate();
    if (this.#ending) return;
    logger.error("A worker died and is started anew: {reason}", { reason });
    setTimeout(() => {
      this.#startWorker().catch((error) => {
        logger.error("A worker could not be started anew: {error}", { error });
      });
    }, RESTART_MS);
  }

  async #end(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#workers.values().map((rpc) => rpc.end()));
  }

  async #count(options: LimiterOptions, key: string, points: number) {
    const count = await this.#limiter(options).penalty(key, points);
    // Its properties are getters, which do not cross threads.
    const { consumedPoints, remainingPoints, msBeforeNext } = count;
    return { consumedPoints, remainingPoints, msBeforeNext };
  }

  #limiter({ keyPrefix, points, duration }: LimiterOptions): RateLimiterMemory {
    let limiter = this.#limiters.get(keyPrefix);
    if (!limiter) {
      limiter = new RateLimiterMemory({ keyPrefix, points, duration });
      this.#limiters.set(keyPrefix, limiter);
    }
    return limiter;
  }
}
