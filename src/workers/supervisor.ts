/** Runs several instances in one process, each in a worker of its own, on one port. */
import { getLogger } from "@logtape/logtape";
import { type BirpcReturn, createBirpc } from "birpc";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { within } from "../async/deadline.ts";
import type { LimiterOptions } from "../ports/rate_limits.ts";
import { type Config, ConfigError } from "../config.ts";
import type { Running } from "../instance.ts";
import type { SupervisorCalls, WorkerCalls } from "./calls.ts";

const logger = getLogger(["echoroom", "supervisor"]);

/** How long /metrics waits for a worker; after that its counts are left out. */
const METRICS_LIMIT_MS = 1_000;

export interface Supervision {
  script: string;
  /** Between two pings of a worker. */
  heartbeatMs: number;
  /** A worker that has not answered for so many heartbeats is replaced. */
  missedHeartbeats: number;
  /** From a worker's end to its replacement; doubled after each failure. */
  restartMs: number;
  maxRestartMs: number;
}

const SUPERVISION: Supervision = {
  script: import.meta.resolve("./worker.ts"),
  heartbeatMs: 1_000,
  missedHeartbeats: 10,
  restartMs: 1_000,
  maxRestartMs: 30_000,
};

type WorkerRpc = BirpcReturn<WorkerCalls, SupervisorCalls>;

interface Member {
  worker: Worker;
  rpc: WorkerRpc;
  /** Whether it serves, so that it is replaced when it ends. */
  started: boolean;
  /** Heartbeats since its last answer. */
  missed: number;
}

/**
 * Starts `config.workers` workers that share the port, and replaces any that dies or hangs,
 * until that succeeds. Their bus events go through here, without loss.
 * @throws ConfigError if a setting cannot be used
 */
export async function startWorkers(
  config: Config,
  supervision: Partial<Supervision> = {},
): Promise<Running> {
  if (!("listenDatagram" in Deno)) {
    throw new ConfigError(
      `WORKERS is ${config.workers}, for which the runtime needs --unstable-net; start with \`deno task start\`, or unset it`,
    );
  }
  return await new Supervisor(config, { ...SUPERVISION, ...supervision }).start();
}

class Supervisor {
  #config: Config;
  readonly #supervision: Supervision;
  readonly #members = new Set<Member>();
  readonly #limiters = new Map<string, RateLimiterMemory>();
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #ending = false;

  constructor(config: Config, supervision: Supervision) {
    this.#config = config;
    this.#supervision = supervision;
  }

  async start(): Promise<Running> {
    // The first one migrates the store and, if the port is 0, chooses one.
    const { port, description } = await this.#startWorker();
    this.#config = { ...this.#config, port };
    const others = Array.from({ length: this.#config.workers - 1 }, () => this.#startWorker());
    await Promise.all(others);
    this.#heartbeat = setInterval(() => this.#checkAll(), this.#supervision.heartbeatMs);
    return {
      port,
      description: `${description}; ${this.#config.workers} workers`,
      end: () => this.#end(),
    };
  }

  async #startWorker(): Promise<{ port: number; description: string }> {
    const member = this.#spawn();
    try {
      const started = await member.rpc.start(this.#config);
      if ("faults" in started) throw new ConfigError(started.faults);
      member.started = true;
      // Its death may be reported before its answer.
      if (!this.#members.has(member)) this.#replaceIn(this.#supervision.restartMs);
      return started;
    } catch (error) {
      this.#discard(member, "it could not start");
      throw error;
    }
  }

  #spawn(): Member {
    const worker = new Worker(this.#supervision.script, { type: "module" });
    const member: Member = { worker, rpc: this.#converse(worker), started: false, missed: 0 };
    this.#members.add(member);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(member, event.message);
    };
    return member;
  }

  #converse(worker: Worker): WorkerRpc {
    return createBirpc<WorkerCalls, SupervisorCalls>({
      relay: (text) => {
        for (const other of this.#members) {
          if (other.worker !== worker) void other.rpc.receive.asEvent(text);
        }
      },
      count: (options, key, points) => this.#count(options, key, points),
      reset: (options, key) => this.#limiter(options).delete(key),
      collectMetrics: () => this.#collectMetrics(),
    }, {
      post: (data) => worker.postMessage(data),
      on: (listener) => worker.onmessage = ({ data }) => listener(data),
      // A start takes as long as the migration of the store; who hangs later misses heartbeats.
      timeout: -1,
    });
  }

  /** Ends a worker that died or hangs, and starts another one in its place. */
  #lose(member: Member, reason: string): void {
    // `#startWorker` handles one that dies while it starts.
    const { started } = member;
    if (!this.#discard(member, reason) || !started || this.#ending) return;
    logger.error("A worker died and will be replaced: {reason}", { reason });
    this.#replaceIn(this.#supervision.restartMs);
  }

  /** @returns false if it was discarded before */
  #discard(member: Member, reason: string): boolean {
    if (!this.#members.delete(member)) return false;
    member.rpc.$close(new Error(`The worker has ended: ${reason}`));
    member.worker.terminate();
    return true;
  }

  #replaceIn(milliseconds: number): void {
    const timer = setTimeout(async () => {
      this.#restarts.delete(timer);
      try {
        await this.#startWorker();
      } catch (error) {
        if (this.#ending) return;
        const next = Math.min(milliseconds * 2, this.#supervision.maxRestartMs);
        logger.error("A worker could not be replaced, retrying in {next} ms: {error}", {
          next,
          error,
        });
        this.#replaceIn(next);
      }
    }, milliseconds);
    this.#restarts.add(timer);
  }

  /** Heartbeats are counted, not timed: a suspended process misses none. */
  #checkAll(): void {
    for (const member of this.#members) {
      if (!member.started) continue;
      if (member.missed >= this.#supervision.missedHeartbeats) {
        this.#lose(member, "it does not answer");
        continue;
      }
      if (member.missed === 0) {
        member.rpc.ping().then(() => member.missed = 0, () => {});
      }
      member.missed++;
    }
  }

  /** The counts of the workers that answer in time. */
  async #collectMetrics() {
    const answers = await Promise.all([...this.#members].map(({ rpc }) => {
      return within(rpc.metrics(), METRICS_LIMIT_MS, () => null).catch(() => null);
    }));
    return answers.filter((answer) => answer !== null);
  }

  async #end(): Promise<void> {
    this.#ending = true;
    clearInterval(this.#heartbeat);
    for (const timer of this.#restarts) clearTimeout(timer);
    // One that dies meanwhile must not keep the others from ending.
    const members = [...this.#members];
    await Promise.allSettled(members.map(({ rpc }) => rpc.end()));
    for (const member of members) this.#discard(member, "the end");
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
