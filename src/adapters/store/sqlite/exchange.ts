/** Calls to the database's worker: batched, with deadlines, and answered when the worker dies. */
import { ChatError, unavailable } from "../../../domain/errors.ts";
import {
  type Call,
  clock,
  type Failure,
  METHODS,
  type Outcome,
  type PortName,
  type Reply,
} from "./calls.ts";
import { LOCKED } from "./faults.ts";
import type { Health } from "./health.ts";
import { DatabaseThread } from "./thread.ts";

/** Reads, and writes, that may wait for the worker at once; over it the store is `unavailable`. */
const MAX_WAITING = 50_000;

/** From one exchange with the worker to the next, when the loop has no time to spare. */
const MAX_SPACING_MS = 10;

/**
 * Ports whose calls tell whether the store can be used: not the probe, which others outweigh, nor the
 * index of search, which may be damaged alone.
 */
const TELLING: ReadonlySet<PortName> = new Set(
  (Object.keys(METHODS) as PortName[]).filter((port) => port !== "probe" && port !== "search"),
);

const NO_ANSWER = "The database did not answer in time.";

interface Pending {
  port: PortName;
  method: string;
  args: unknown[];
  deadline: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Calls of one kind: reads, or writes. */
interface Lane {
  /** For the next exchange. */
  waiting: Pending[];
  /** With the worker. */
  sent: Pending[];
}

export interface ExchangeOptions {
  /** See `Erasure`. */
  eraseMs: number;
  /** How busy this thread is, from 0 to 1. */
  load(): number;
  /** Milliseconds after which a call is answered `unavailable`. */
  timeoutMs: number;
}

/**
 * Sends calls to the database's worker in batches, one batch in flight: what is asked for while one
 * runs is the next. An idle store adds no delay, and a busy one commits many calls with one wait for
 * the disk. An exchange costs both threads more than what is in it: the busier the loop, the fewer
 * and larger they are.
 *
 * While another process holds the write lock, writes stay with the worker and reads go on. A call's
 * deadline is kept here, where neither a blocked nor a dead worker can exceed it.
 */
export class Exchange {
  readonly #thread: DatabaseThread;
  readonly #health: Health;
  readonly #options: ExchangeOptions;
  readonly #reads: Lane = { waiting: [], sent: [] };
  readonly #writes: Lane = { waiting: [], sent: [] };
  /** Calls that were not answered yet, in the order of their deadlines. */
  readonly #pending = new Set<Pending>();
  /** Whether the worker has to answer before anything else is sent. */
  #exchanging = false;
  #lastExchange = -Infinity;
  /** Whether the writes that were sent wait for another process. */
  #locked = false;
  #spacing: ReturnType<typeof setTimeout> | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  #drained: (() => void) | null = null;
  #closed = false;

  constructor(path: string, health: Health, options: ExchangeOptions) {
    this.#health = health;
    this.#options = options;
    this.#thread = new DatabaseThread(path, options.eraseMs, {
      onReply: (reply) => this.#receive(reply),
      onDeath: (error) => this.#abandon(error),
      onReady: () => this.#exchange(),
    });
  }

  /** @throws StartupFault */
  async start(): Promise<void> {
    await this.#thread.start();
  }

  /** Refuses new calls, waits for those that are pending, and ends the worker. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#drained = resolve);
    await this.#thread.close(this.#options.timeoutMs);
    clearTimeout(this.#spacing);
    clearTimeout(this.#expiry);
  }

  /**
   * Calls a method of a port.
   * @throws ChatError `unavailable`, or as the method does
   */
  call(port: PortName, method: string, args: unknown[]): Promise<unknown> {
    const lane = kindOf({ port, method }) === "write" ? this.#writes : this.#reads;
    if (this.#closed) return Promise.reject(unavailable("The store is closed."));
    if (lane.waiting.length >= MAX_WAITING) {
      return Promise.reject(unavailable("The store is overloaded."));
    }
    return new Promise((resolve, reject) => {
      const deadline = clock() + this.#options.timeoutMs;
      const call = { port, method, args, deadline, resolve, reject };
      lane.waiting.push(call);
      this.#pending.add(call);
      this.#expiry ??= setTimeout(() => this.#expire(), this.#options.timeoutMs);
      this.#exchange();
    });
  }

  /** Why a write has no answer yet. */
  delay(): string {
    return this.#locked ? LOCKED : NO_ANSWER;
  }

  /** Sends what waits, unless the worker has not answered yet or the loop is too busy. */
  #exchange(): void {
    if (this.#exchanging || this.#spacing !== undefined || !this.#thread.isReady) return;
    const canWrite = this.#writes.sent.length === 0 && this.#writes.waiting.length > 0;
    if (this.#reads.waiting.length === 0 && !canWrite) return;
    const now = performance.now();
    const rest = this.#options.load() * MAX_SPACING_MS - (now - this.#lastExchange);
    if (rest >= 1 && !this.#closed) {
      this.#spacing = setTimeout(() => {
        this.#spacing = undefined;
        this.#exchange();
      }, rest);
      return;
    }
    this.#exchanging = true;
    this.#lastExchange = now;
    this.#thread.post({ reads: take(this.#reads), writes: canWrite ? take(this.#writes) : [] });
  }

  #receive(reply: Extract<Reply, { reads: unknown } | { delayed: unknown }>): void {
    if ("delayed" in reply) {
      this.#settleWrites(reply.delayed);
    } else {
      this.#exchanging = false;
      this.#settleAll(this.#reads, reply.reads);
      if (reply.writes) this.#settleWrites(reply.writes);
      else this.#locked = this.#writes.sent.length > 0;
    }
    this.#exchange();
  }

  #settleWrites(outcomes: Outcome[]): void {
    this.#locked = false;
    const succeeded = this.#writes.sent.some(({ port }, i) => {
      return TELLING.has(port) && "value" in outcomes[i]!;
    });
    if (succeeded) this.#health.writeSucceeded();
    this.#settleAll(this.#writes, outcomes);
  }

  #settleAll(lane: Lane, outcomes: Outcome[]): void {
    const calls = lane.sent;
    lane.sent = [];
    calls.forEach((call, i) => {
      const outcome = outcomes[i]!;
      if ("value" in outcome) this.#remove(call)?.resolve(outcome.value);
      else this.#fail(call, outcome.error);
    });
  }

  #fail(call: Pending, failure: Failure): void {
    if (failure.code === "unavailable" && TELLING.has(call.port)) this.#health.callFailed(failure);
    this.#remove(call)?.reject(toError(failure));
  }

  /** Answers calls that are past their deadlines, whatever has become of them. */
  #expire(): void {
    this.#expiry = undefined;
    const now = clock();
    for (const call of this.#pending) {
      if (call.deadline > now) {
        this.#expiry = setTimeout(() => this.#expire(), call.deadline - now);
        break;
      }
      const cause = kindOf(call) === "write" ? this.delay() : NO_ANSWER;
      this.#health.notifyDown(cause);
      this.#remove(call)?.reject(unavailable(cause));
    }
    for (const lane of [this.#reads, this.#writes]) {
      lane.waiting = lane.waiting.filter((call) => this.#pending.has(call));
    }
  }

  /** The worker is dead, and so is what it was doing. */
  #abandon(error: Error): void {
    this.#exchanging = false;
    this.#locked = false;
    for (const lane of [this.#reads, this.#writes]) {
      const calls = lane.sent;
      lane.sent = [];
      for (const call of calls) this.#remove(call)?.reject(unavailable("The store failed.", error));
    }
  }

  /** Returns the call if it was not answered yet. */
  #remove(call: Pending): Pending | null {
    if (!this.#pending.delete(call)) return null;
    if (this.#pending.size === 0) this.#drained?.();
    return call;
  }
}

function kindOf({ port, method }: Pick<Pending, "port" | "method">): "read" | "write" {
  const kinds: Record<string, "read" | "write"> = METHODS[port];
  return kinds[method]!;
}

/** Moves what waits to the worker. */
function take(lane: Lane): Call[] {
  lane.sent = lane.waiting;
  lane.waiting = [];
  return lane.sent.map(({ port, method, args, deadline }) => [port, method, args, deadline]);
}

function toError({ code, message, detail }: Failure): Error {
  if (code === null) return new Error(message);
  if (code === "unavailable") return unavailable(message, detail);
  return new ChatError(code, message);
}
