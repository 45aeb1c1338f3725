/** What EchoRoom counts and times, in Prometheus' form. */
import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import type { ErrorCode } from "../domain/errors.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const LOOP_PROBE_MS = 100;
/** Methods counted by name. A client may send any word, and each would be kept for ever. */
const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** What one worker has counted, for another to add up. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

export class Metrics {
  readonly #registry = new Registry();
  readonly #queues = new Map<string, () => number>();
  readonly #watched = new Map<string, () => number>();
  readonly #loopProbe: ReturnType<typeof setInterval>;

  readonly #requests = this.#histogram({
    name: "echoroom_http_request_seconds",
    help: "Time from a request to its answer",
    labelNames: ["method", "route", "status"] as const,
    buckets: SECONDS,
  });
  readonly #errors = this.#counter({
    name: "echoroom_errors_total",
    help: "Errors answered, by code",
    labelNames: ["code", "transport"] as const,
  });
  readonly #messages = this.#counter({
    name: "echoroom_messages_appended_total",
    help: "Entries appended to rooms' logs by this instance",
  });
  readonly #deliveries = this.#counter({
    name: "echoroom_deliveries_total",
    help: "Entries handed to sockets",
  });
  readonly #deliveryDelay = this.#histogram({
    name: "echoroom_delivery_delay_seconds",
    help: "From an entry's acceptance to its hand-over to the sockets of this instance",
    buckets: SECONDS,
  });
  readonly #batchSize = this.#histogram({
    name: "echoroom_append_batch_size",
    help: "Messages in one append",
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  });
  readonly #appendTime = this.#histogram({
    name: "echoroom_append_seconds",
    help: "Time that one append took",
    buckets: SECONDS,
  });
  readonly #loopDelay = this.#histogram({
    name: "echoroom_event_loop_delay_seconds",
    help: "How late a timer fired",
    buckets: SECONDS,
  });

  readonly #collect: (() => Promise<MetricsSnapshot[]>) | undefined;

  /** @param collect gives what all workers of the process have counted, if there are several */
  constructor(collect?: () => Promise<MetricsSnapshot[]>) {
    this.#collect = collect;
    const rss = () => Deno.memoryUsage().rss;
    this.#gauge("process_resident_memory_bytes", "Resident memory", rss, "max");
    this.#gauge("process_heap_used_bytes", "Used heap", () => Deno.memoryUsage().heapUsed);
    const start = Date.now() / 1000;
    this.#gauge("process_start_time_seconds", "When the process started", () => start, "min");
    this.#gauge("process_cpu_seconds", "CPU time used, user and system", cpuSeconds, "max");
    this.#watchQueues();
    this.#loopProbe = this.#probeLoop();
  }

  /** A batch of `size` commands took `milliseconds` and became `count` entries of a room's log. */
  appended(size: number, count: number, milliseconds: number): void {
    this.#batchSize.observe(size);
    this.#appendTime.observe(milliseconds / 1000);
    this.#messages.inc(count);
  }

  /** `count` sockets were handed an entry that was accepted `delayMs` milliseconds ago. */
  delivered(count: number, delayMs: number): void {
    this.#deliveries.inc(count);
    this.#deliveryDelay.observe(Math.max(0, delayMs) / 1000);
  }

  /**
   * A request was answered.
   * @param method as the client sent it; one that is not HTTP's own counts as `other`
   * @param route the pattern that matched, never the path itself
   */
  answered(method: string, route: string, status: number, milliseconds: number): void {
    const label = METHODS.has(method) ? method : "other";
    this.#requests.observe({ method: label, route, status }, milliseconds / 1000);
  }

  /** A request or a command was answered with an error. */
  failed(code: ErrorCode, transport: "http" | "websocket"): void {
    this.#errors.inc({ code, transport });
  }

  /** Reads a queue's length whenever metrics are asked for. */
  watchQueue(queue: string, length: () => number): void {
    this.#queues.set(queue, length);
  }

  /** Reads a number whenever metrics are asked for. */
  watch(name: string, help: string, read: () => number): void {
    this.#watched.set(name, read);
    this.#gauge(`echoroom_${name}`, help, read);
  }

  /** A number that is watched by this name, as it is now; 0 if there is none yet. */
  watched(name: string): number {
    return this.#watched.get(name)?.() ?? 0;
  }

  /** The text for Prometheus, and its content type. */
  async expose(): Promise<{ text: string; contentType: string }> {
    const registry = this.#collect
      ? AggregatorRegistry.aggregate(await this.#collect())
      : this.#registry;
    return { text: await registry.metrics(), contentType: this.#registry.contentType };
  }

  /** What this worker has counted. */
  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  close(): void {
    clearInterval(this.#loopProbe);
  }

  #watchQueues(): void {
    const queues = this.#queues;
    new Gauge({
      name: "echoroom_queue_length",
      help: "What waits now, by queue",
      labelNames: ["queue"] as const,
      registers: [this.#registry],
      collect() {
        for (const [queue, length] of queues) this.set({ queue }, length());
      },
    });
  }

  #probeLoop(): ReturnType<typeof setInterval> {
    let expected = performance.now() + LOOP_PROBE_MS;
    return setInterval(() => {
      const now = performance.now();
      this.#loopDelay.observe(Math.max(0, now - expected) / 1000);
      expected = now + LOOP_PROBE_MS;
    }, LOOP_PROBE_MS);
  }

  /** @param aggregator how the numbers of several workers become one */
  #gauge(
    name: string,
    help: string,
    read: () => number,
    aggregator: "sum" | "min" | "max" = "sum",
  ): void {
    new Gauge({
      name,
      help,
      aggregator,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #counter<L extends string>(options: { name: string; help: string; labelNames?: readonly L[] }) {
    return new Counter<L>({ ...options, registers: [this.#registry] });
  }

  #histogram<L extends string>(
    options: { name: string; help: string; labelNames?: readonly L[]; buckets: number[] },
  ) {
    return new Histogram<L>({ ...options, registers: [this.#registry] });
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
